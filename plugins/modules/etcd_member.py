#!/usr/bin/python

# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: etcd_member
short_description: Take a member out of the etcd cluster of a Kubernetes cluster
version_added: 0.1.0
description:
  - Takes out what a join that did not end, or a lost host, has left in etcd. C(kubeadm reset) does so only as long as the
    host's Node exists.
  - Refuses where the removal, or a failure that is there already, would leave fewer healthy voters than etcd needs, and for
    the very member that is asked. A learner has no vote, so it can go as long as etcd has a quorum.
  - Waits until the remaining members agree on a leader.
  - Asks etcd by its JSON gateway. Neither etcdctl nor a Python library is needed. On a control plane it needs no options but
    O(member_id); see M(kubeadm.ha.etcd_member_info) for the others.
options:
  member_id:
    description:
      - Id of the member as RV(kubeadm.ha.etcd_member_info#module:members) and etcdctl report it.
    type: str
    required: true
  state:
    description: The member is not in the cluster.
    type: str
    choices: [absent]
    default: absent
  endpoint:
    description:
      - Client URL of an etcd server that stays. By default V(https://127.0.0.1:2379) with stacked etcd, else the servers that
        the host's API server names.
    type: str
  wait_timeout:
    description: Seconds until the remaining members must work together.
    type: float
    default: 30
  timeout:
    description: Seconds that a server may take for each answer.
    type: float
    default: 5
extends_documentation_fragment:
  - kubeadm.ha.control_plane.manifests_dir
  - kubeadm.ha.control_plane.pki_dir
  - kubeadm.ha.attributes
  - kubeadm.ha.attributes.actiongroup
  - kubeadm.ha.attributes.changing_module
author:
  - kubeadm.ha contributors (@kubeadm-ha)
seealso:
  - module: kubeadm.ha.etcd_member_info
"""

EXAMPLES = r"""
- name: Take out the learner of a join that failed
  kubeadm.ha.etcd_member:
    member_id: 7d22c179a06a6b90
    state: absent
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
      sample: etcd member 7d22c179a06a6b90
    before:
      description: Its name, peers and role before.
      type: raw
    after:
      description: V(null), because it went away.
      type: raw
    reason:
      description: Why.
      type: str
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.kubeadm.ha.plugins.module_utils import _options
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.etcd.etcd_of_host import open_etcd
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host.clock import HostClock
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.etcd import etcd_removal
from ansible_collections.kubeadm.ha.plugins.module_utils._module import run_decision

if t.TYPE_CHECKING:
    from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.change import Decision


def decide(module: AnsibleModule) -> Decision:
    """Decide by the module's options."""
    etcd, endpoints = open_etcd(
        module.params["manifests_dir"],
        module.params["pki_dir"],
        timeout=module.params["timeout"],
        endpoints=tuple(filter(None, [module.params["endpoint"]])),
    )
    return etcd_removal.remove(
        etcd,
        HostClock(),
        endpoints=endpoints,
        member_id=module.params["member_id"],
        wait_timeout=module.params["wait_timeout"],
    )


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "member_id": {"type": "str", "required": True},
            "state": {"type": "str", "choices": ["absent"], "default": "absent"},
            "endpoint": {"type": "str"},
            **_options.MANIFESTS_DIR,
            **_options.PKI_DIR,
            "wait_timeout": {"type": "float", "default": 30},
            "timeout": {"type": "float", "default": 5},
        },
        supports_check_mode=True,
    )
    run_decision(module, lambda: decide(module))


if __name__ == "__main__":
    main()
