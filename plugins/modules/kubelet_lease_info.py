#!/usr/bin/python

# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: kubelet_lease_info
short_description: Show that this host's kubelet reaches the API through its kubeconfig
version_added: 1.0.0
description:
  - Reads the Lease that this host's kubelet renews every ten seconds, from the server that its kubeconfig names and with
    its own client certificate. The server's certificate is verified.
  - Waits until the Lease was renewed after the start of the running kubelet, and fails if that does not happen. A kubelet
    reads its kubeconfig at its start, so this shows that it works with the server that the file names now.
  - Both times are of this host's clock, so the clocks of other hosts do not matter.
  - Changes nothing.
options:
  kubeconfig:
    description:
      - The kubelet's kubeconfig.
    type: path
    default: /etc/kubernetes/kubelet.conf
  wait_timeout:
    description:
      - Seconds to wait for the renewal. With V(0) the first inspection must show it.
    type: float
    default: 60
requirements:
  - the program openssl, or cryptography >= 3.4
  - PyYAML, where the kubeconfig is not laid out as kubeadm does it
  - systemd, which runs the kubelet
extends_documentation_fragment:
  - kubeadm.ha.attributes
  - kubeadm.ha.attributes.actiongroup
  - kubeadm.ha.attributes.info_module
author:
  - kubeadm.ha contributors (@kubeadm-ha)
seealso:
  - module: kubeadm.ha.kubeconfig_cluster
"""

EXAMPLES = r"""
- name: The restarted kubelet works with the load balancer
  kubeadm.ha.kubelet_lease_info:
    wait_timeout: 120
"""

RETURN = r"""
server:
  description: The server that the kubeconfig names.
  returned: success
  type: str
  sample: https://k8s.example.org:6443
node_name:
  description: The node that the client certificate names.
  returned: success
  type: str
  sample: worker1
renew_time:
  description: The last renewal of the Lease, as the API reports it.
  returned: success
  type: str
  sample: "2026-11-21T08:00:10.123456Z"
kubelet_started:
  description: When the running kubelet was started.
  returned: success
  type: str
  sample: "2026-11-21T08:00:01.500000Z"
renewed_after_start:
  description: Always true, because the module fails otherwise.
  returned: success
  type: bool
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.api.kubelet_client import KubeconfigClient
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host.clock import HostClock
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host.commands import HostCommands
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host.files import HostFiles
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.text.readers import (
    identities,
    identities_missing,
    yaml_reader,
)
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.host import kubelet_lease
from ansible_collections.kubeadm.ha.plugins.module_utils._module import require_library, run_decision

if t.TYPE_CHECKING:
    from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.change import Decision


def decide(module: AnsibleModule) -> Decision:
    """Inspect and wait by the module's options."""
    files, yaml = HostFiles(), yaml_reader()
    kubeconfig = module.params["kubeconfig"]
    return kubelet_lease.inspect(
        KubeconfigClient(files, yaml, kubeconfig=kubeconfig),
        HostCommands(),
        files,
        yaml,
        identities(HostCommands()),
        HostClock(),
        wait_timeout=module.params["wait_timeout"],
        kubeconfig=kubeconfig,
    )


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "kubeconfig": {"type": "path", "default": "/etc/kubernetes/kubelet.conf"},
            "wait_timeout": {"type": "float", "default": 60},
        },
        supports_check_mode=True,
    )
    require_library(module, "cryptography", identities_missing(HostCommands()), changes_something=False)
    run_decision(module, lambda: decide(module))


if __name__ == "__main__":
    main()
