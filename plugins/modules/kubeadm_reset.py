#!/usr/bin/python

# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: kubeadm_reset
short_description: Reset a host on which a join did not end, or that leaves its cluster
version_added: 1.0.0
description:
  - Runs C(kubeadm reset) with the host's own kubeadm where something of a join is on the host, so that it can join again.
  - The host is asked once more in the moment before, whatever a plan said. It is refused where kubeadm runs, where its API
    server answers or its etcd has a vote, where it is a Ready node as far as its kubelet's credentials show, where a
    file names another cluster or none names this one, and where the reset would delete files that kubeadm and the
    kubelet did not make.
  - The host's member of etcd is left alone, see M(kubeadm.ha.etcd_member). The data of an etcd whose manifest is there are
    deleted, because the member cannot use them again. The Node is left alone, too, see M(kubeadm.ha.kubernetes_node).
  - A host of which the cluster thinks well but whose API server the kubelet cannot reach cannot be distinguished from
    here from one whose join did not end. Ask M(kubeadm.ha.cluster_plan), as C(kubeadm.ha.site) does.
options:
  node_name:
    description: Name of the host's Node object, or what it was to be.
    type: str
    required: true
  ca_cert_hashes:
    description:
      - Hashes of the public key of the cluster's CA, V(sha256:) and 64 hexadecimal digits. Several where the CA is being
        replaced.
    type: list
    elements: str
    required: true
  certificates_dir:
    description: The cluster's C(certificatesDir), a directory below V(/etc/kubernetes), which is emptied.
    type: path
    default: /etc/kubernetes/pki
  cri_socket:
    description: Socket of the container runtime. By default kubeadm takes the only one that it finds.
    type: str
  replaceable_files:
    description: Files that kubeadm did not make and that may be deleted, because the next join brings them again.
    type: list
    elements: path
    default: []
  member:
    description:
      - The host is a whole node that leaves the cluster. That its API server answers and that it is a Ready node is no objection then. Drain it first
        (M(kubeadm.ha.kubernetes_node)). An etcd with a vote still is one, in the moment before.
    type: bool
    default: false
  assume_stopped:
    description:
      - In check mode, count on an earlier task that would have stopped the host's API server and etcd, as M(kubeadm.ha.etcd_restore) does.
        The host itself is asked in any other run.
    type: bool
    default: false
  timeout:
    description: Seconds that kubeadm may take.
    type: int
    default: 300
requirements:
  - the program openssl, or cryptography >= 3.4
  - PyYAML, where kubelet.conf is not laid out as kubeadm does it
extends_documentation_fragment:
  - kubeadm.ha.attributes
  - kubeadm.ha.attributes.actiongroup
  - kubeadm.ha.attributes.changing_module
author:
  - kubeadm.ha contributors (@kubeadm-ha)
seealso:
  - module: kubeadm.ha.kubeadm_join
  - module: kubeadm.ha.etcd_member
  - module: kubeadm.ha.kubernetes_node
"""

EXAMPLES = r"""
- name: Reset a host that lost power in its join
  kubeadm.ha.kubeadm_reset:
    node_name: cp2
    ca_cert_hashes: "{{ command.ca_cert_hashes }}"
"""

RETURN = r"""
changes:
  description: What changed, or would change in check mode.
  returned: success
  type: list
  elements: dict
  contains:
    object:
      description: The object by kind and name.
      type: str
      sample: half-joined host cp2
    before:
      description: V(half joined).
      type: raw
    after:
      description: V(reset).
      type: raw
    reason:
      description: Why.
      type: str
traces:
  description: What of a join was found on the host.
  returned: success
  type: list
  elements: str
  sample: [/etc/kubernetes/kubelet.conf]
"""

import os
import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.collect.reset_inspection import ResetInspection
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host.commands import HostCommands
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host.files import HostFiles
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.text.readers import (
    identities,
    identities_missing,
    yaml_reader,
)
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.kubeadm import kubeadm_reset
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.pki.certificates_dir import (
    DEFAULT as DEFAULT_CERTIFICATES_DIR,
)
from ansible_collections.kubeadm.ha.plugins.module_utils._module import require_library, run_decision

if t.TYPE_CHECKING:
    from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.change import Decision


def decide(module: AnsibleModule) -> Decision:
    """Decide by the module's options."""
    files = HostFiles()
    request = kubeadm_reset.Request(
        node_name=module.params["node_name"],
        certificates_dir=os.path.normpath(module.params["certificates_dir"]),
        ca_cert_hashes=frozenset(module.params["ca_cert_hashes"]),
        cri_socket=module.params["cri_socket"] or "",
        replaceable=frozenset(module.params["replaceable_files"]),
        is_member=module.params["member"],
        assumes_stopped=module.check_mode and module.params["assume_stopped"],
    )
    inspection = ResetInspection(
        files,
        yaml_reader(),
        identities(HostCommands()),
        certificates_dir=request.certificates_dir,
        node_name=request.node_name,
    )
    return kubeadm_reset.ensure(
        HostCommands(timeout=float(module.params["timeout"])),
        files,
        inspection.collect,
        request,
        data=inspection.etcd_data(),
    )


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "node_name": {"type": "str", "required": True},
            "ca_cert_hashes": {"type": "list", "elements": "str", "required": True},
            "certificates_dir": {"type": "path", "default": DEFAULT_CERTIFICATES_DIR},
            "cri_socket": {"type": "str"},
            "replaceable_files": {"type": "list", "elements": "path", "default": []},
            "member": {"type": "bool", "default": False},
            "assume_stopped": {"type": "bool", "default": False},
            "timeout": {"type": "int", "default": 300},
        },
        supports_check_mode=True,
    )
    require_library(module, "cryptography", identities_missing(HostCommands()))
    run_decision(module, lambda: decide(module))


if __name__ == "__main__":
    main()
