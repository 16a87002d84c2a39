#!/usr/bin/python

# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: kubernetes_node_info
short_description: Wait until a node of the cluster is Ready, or drained
version_added: 1.0.0
description:
  - Asks an API server for a Node until its kubelet reports it as Ready, and fails with what the kubelet reports instead if
    that does not happen in time.
  - Runs on a control plane, so the host of the node itself needs neither kubectl nor an administrator's kubeconfig.
  - Uses the Python library C(kubernetes) where the host has it, else the host's C(kubectl), wherever it is.
  - On a control plane of systemd services without C(/etc/kubernetes/admin.conf) an administrator's kubeconfig is found beside those of its
    components, and needs neither of the two.
  - Changes nothing.
requirements:
  - kubectl, or the Python library kubernetes
options:
  name:
    description:
      - Name of the Node object.
    type: str
    required: true
  kubeconfig:
    description:
      - Kubeconfig with the right to read nodes.
  wait_for:
    description:
      - V(ready) waits until the kubelet reports the Node as Ready.
      - V(drained) waits until the Node takes no new pods and has none but those of DaemonSets, static ones, and ones that have ended. A Node that does
        not exist is drained.
    type: str
    choices: [ready, drained]
    default: ready
  wait_timeout:
    description:
      - Seconds to wait. With V(0) the first answer must show it.
    type: float
    default: 60
extends_documentation_fragment:
  - kubeadm.ha.kubeconfig
  - kubeadm.ha.attributes
  - kubeadm.ha.attributes.actiongroup
  - kubeadm.ha.attributes.info_module
author:
  - kubeadm.ha contributors (@kubeadm-ha)
seealso:
  - module: kubeadm.ha.kubelet_lease_info
  - module: kubeadm.ha.kubeadm_join
"""

EXAMPLES = r"""
- name: The node that has just joined is Ready
  kubeadm.ha.kubernetes_node_info:
    name: cp2
    server: 192.0.2.11:6443
    wait_timeout: 180
  delegate_to: cp1
"""

RETURN = r"""
node:
  description: Name, labels, taints, addresses, kubelet version and readiness, which is always true. With O(wait_for=drained) its name, if it exists.
  returned: success
  type: dict
  sample: {"name": "cp2", "ready": true, "kubelet_version": "v1.34.4"}
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.kubeadm.ha.plugins.module_utils import _options
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.api.administrator import open_as_administrator
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host.clock import HostClock
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host.commands import HostCommands
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.cluster import node_drain, node_readiness
from ansible_collections.kubeadm.ha.plugins.module_utils._module import run_decision

if t.TYPE_CHECKING:
    from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.change import Decision


def decide(module: AnsibleModule) -> Decision:
    """Ask and wait by the module's options."""
    api = open_as_administrator(HostCommands(), kubeconfig=module.params["kubeconfig"], server=module.params["server"])
    inspect = node_drain.inspect if module.params["wait_for"] == "drained" else node_readiness.inspect
    return inspect(api, HostClock(), module.params["name"], wait_timeout=module.params["wait_timeout"])


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            **_options.KUBECONFIG,
            "wait_for": {"type": "str", "choices": ["ready", "drained"], "default": "ready"},
            "wait_timeout": {"type": "float", "default": 60},
        },
        supports_check_mode=True,
    )
    run_decision(module, lambda: decide(module))


if __name__ == "__main__":
    main()
