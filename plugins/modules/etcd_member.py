#!/usr/bin/python

# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: etcd_member
short_description: Take a member out of the etcd cluster of a Kubernetes cluster, or add one
version_added: 1.0.0
description:
  - With O(state=absent) it takes out what a join that did not end, or a lost host, has left in etcd. C(kubeadm reset) does so only as
    long as the host's Node exists.
  - It refuses where the removal, or a failure that is there already, would leave fewer healthy voters than etcd needs, and for
    the very member that is asked. A learner has no vote, so it can go as long as etcd has a quorum.
  - It waits until the remaining members agree on a leader. Where etcd bears less without the member, it warns with the numbers.
  - With O(state=learner) a healthy etcd cluster gets a learner, which starts with RV(initial_cluster) and the state V(existing). With
    O(state=voter) that one votes once it has caught up, and the etcd cluster is healthy with it.
  - It refuses to add or promote where etcd would stop, or would stop with more members than now by the failure of one. One voter
    becomes two only with O(expected_voters) or O(allow_two_voters). The message has the numbers, and so has RV(quorum).
  - Asks etcd by its JSON gateway. Neither etcdctl nor a Python library is needed. On a control plane it needs no options but
    O(member_id); see M(kubeadm.ha.etcd_member_info) for the others.
options:
  member_id:
    description:
      - Id of the member as RV(kubeadm.ha.etcd_member_info#module:members) and etcdctl report it. Required with O(state=absent).
    type: str
  peer_url:
    description: Where the other members reach the member. Required with O(state=learner) and O(state=voter).
    type: str
  name:
    description: Name that a member has in RV(initial_cluster) which has not started. Required with O(state=learner).
    type: str
  state:
    description:
      - With V(absent) the member is not in the cluster, with V(learner) it is, with V(voter) it has a vote.
    type: str
    choices: [absent, learner, voter]
    default: absent
  expected_voters:
    description:
      - How many voters the etcd cluster is to have once every host has been added that is known to be ready for it. Two voters stop
        with either of them, one only with that one, so with O(state=learner) and O(state=voter) one voter becomes two only on the way to
        three or more.
    type: int
  allow_two_voters:
    description:
      - Let one voter become two although no third follows. The module then warns of what is at risk.
    type: bool
    default: false
  is_lost:
    description:
      - With O(state=absent), the member's host is said to be gone for good. A member that answers is then refused, because it shows that
        its host is not.
    type: bool
    default: false
  endpoint:
    description:
      - Client URL of an etcd server that stays. By default V(https://127.0.0.1:2379) with stacked etcd, else the servers that
        the host's API server names.
    type: str
  endpoints:
    description:
      - Client URLs of several etcd servers of one etcd cluster. The first that answers is asked.
    type: list
    elements: str
    default: []
  ca_certificate:
    description:
      - The CA of etcd's servers, where it is not that of a control plane.
    type: path
  client_certificate:
    description:
      - A certificate that etcd accepts from clients.
    type: path
  client_key:
    description:
      - The key of O(client_certificate).
    type: path
  wait_timeout:
    description: Seconds until the members must work together, and in which a learner must have caught up.
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

- name: Add a member to external etcd
  kubeadm.ha.etcd_member:
    state: learner
    name: etcd4
    peer_url: https://192.0.2.34:2380
    endpoints: [https://192.0.2.31:2379, https://192.0.2.32:2379]
    ca_certificate: /etc/etcd/pki/ca.crt
    client_certificate: /etc/etcd/pki/server.crt
    client_key: /etc/etcd/pki/server.key
    expected_voters: 5
  register: added
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
      description: What it was before.
      type: raw
    after:
      description: What it is; V(null) when it went away.
      type: raw
    reason:
      description: Why.
      type: str
member_id:
  description: Id of the member. V(null) in check mode for one that would be added.
  returned: with O(state=learner) and O(state=voter)
  type: str
  sample: 7d22c179a06a6b90
initial_cluster:
  description: Peer URLs of all members by their names, for the first start of the new one. Empty in check mode where it would be added.
  returned: with O(state=learner) and O(state=voter)
  type: dict
  sample: {etcd1: https://192.0.2.31:2380, etcd4: https://192.0.2.34:2380}
quorum:
  description: What the step makes of the quorum, also in check mode.
  returned: success
  type: dict
  contains:
    now:
      description: Before the step.
      type: dict
      contains:
        voters:
          description: Members with a vote, started or not.
          type: int
        healthy_voters:
          description: Healthy ones among them.
          type: int
        needed:
          description: Healthy voters that the etcd cluster needs to work.
          type: int
        tolerance:
          description: Healthy voters that may fail before the etcd cluster stops.
          type: int
    after:
      description: After the step.
      type: dict
      contains:
        voters:
          description: Members with a vote, started or not.
          type: int
        healthy_voters:
          description: Healthy ones among them.
          type: int
        needed:
          description: Healthy voters that the etcd cluster needs to work.
          type: int
        tolerance:
          description: Healthy voters that may fail before the etcd cluster stops.
          type: int
    worst:
      description: The worst next case. One more voter fails directly after the step.
      type: dict
      contains:
        voters:
          description: Members with a vote, started or not.
          type: int
        healthy_voters:
          description: Healthy ones among them.
          type: int
        needed:
          description: Healthy voters that the etcd cluster needs to work.
          type: int
        tolerance:
          description: Healthy voters that may fail before the etcd cluster stops.
          type: int
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.kubeadm.ha.plugins.module_utils import _options
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.etcd.etcd_client import etcd_client
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host.clock import HostClock
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.etcd import etcd_addition, etcd_removal
from ansible_collections.kubeadm.ha.plugins.module_utils._module import run_decision

if t.TYPE_CHECKING:
    from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.change import Decision


def decide(module: AnsibleModule) -> Decision:
    """Decide by the module's options."""
    etcd, endpoints = etcd_client(module.params)
    state, peer_url, wait_timeout = (module.params[name] for name in ("state", "peer_url", "wait_timeout"))
    clock = HostClock()
    growth = etcd_addition.Growth(module.params["expected_voters"], module.params["allow_two_voters"])
    if state == "learner":
        name = module.params["name"]
        return etcd_addition.add(
            etcd, clock, endpoints=endpoints, name=name, peer_url=peer_url, wait_timeout=wait_timeout, growth=growth
        )
    if state == "voter":
        return etcd_addition.promote(
            etcd, clock, endpoints=endpoints, peer_url=peer_url, wait_timeout=wait_timeout, growth=growth
        )
    return etcd_removal.remove(
        etcd,
        clock,
        endpoints=endpoints,
        member_id=module.params["member_id"],
        wait_timeout=wait_timeout,
        is_lost=module.params["is_lost"],
    )


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "member_id": {"type": "str"},
            "peer_url": {"type": "str"},
            "name": {"type": "str"},
            "state": {"type": "str", "choices": ["absent", "learner", "voter"], "default": "absent"},
            "expected_voters": {"type": "int"},
            "allow_two_voters": {"type": "bool", "default": False},
            "is_lost": {"type": "bool", "default": False},
            "endpoint": {"type": "str"},
            "endpoints": {"type": "list", "elements": "str", "default": []},
            **_options.MANIFESTS_DIR,
            **_options.PKI_DIR,
            "ca_certificate": {"type": "path"},
            "client_certificate": {"type": "path"},
            "client_key": {"type": "path", "no_log": False},
            "wait_timeout": {"type": "float", "default": 30},
            "timeout": {"type": "float", "default": 5},
        },
        required_together=[("ca_certificate", "client_certificate", "client_key")],
        required_if=[
            ("state", "absent", ["member_id"]),
            ("state", "learner", ["peer_url", "name"]),
            ("state", "voter", ["peer_url"]),
        ],
        mutually_exclusive=[("endpoint", "endpoints")],
        supports_check_mode=True,
    )
    run_decision(module, lambda: decide(module))


if __name__ == "__main__":
    main()
