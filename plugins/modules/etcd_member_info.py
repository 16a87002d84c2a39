#!/usr/bin/python

# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: etcd_member_info
short_description: Inspect the etcd cluster of a Kubernetes cluster, or wait until it is healthy
version_added: 1.0.0
description:
  - Asks an etcd server for the members of its cluster, and every started member for its own health, by etcd's JSON
    gateway. The servers' certificates are verified. Neither etcdctl nor a Python library is needed.
  - A voter is healthy when it makes a linearizable read, which needs a leader and a quorum.
  - The etcd cluster is healthy when every member has started, is healthy and votes, all voters agree on one leader, and
    there is no alarm.
  - With O(wait_timeout) it is a gate. It waits for a healthy cluster and fails with the reasons if there is none in time.
  - On a control plane it needs no options. With a static pod of etcd that one is asked, by the pair
    C(etcd/healthcheck-client), else C(etcd/server), and C(etcd/ca.crt) in O(pki_dir). Else it is the etcd that the
    flags of the host's API server name (C(--etcd-servers), C(--etcd-cafile), C(--etcd-certfile), C(--etcd-keyfile)), be it a static pod or a
    service of systemd.
  - Changes nothing.
options:
  endpoint:
    description:
      - Client URL of an etcd server. By default it is found as described above, V(https://127.0.0.1:2379) for stacked
        etcd.
    type: str
  endpoints:
    description:
      - Client URLs of several etcd servers of one etcd cluster. The first that answers reports the members.
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
    description:
      - Seconds to wait for a healthy cluster. With V(0) it is reported as it is.
    type: float
    default: 0
  expected_voters:
    description:
      - The etcd cluster must be healthy and have this many voters, else the module fails, also with O(wait_timeout=0).
    type: int
  planned_additions:
    description:
      - How many members are about to be added one by one, by a join of control planes with stacked etcd. The module fails where the next of
        them would make the etcd cluster weaker, by the rules of M(kubeadm.ha.etcd_member). With external etcd it has no meaning.
    type: int
  allow_two_voters:
    description:
      - Let one voter become two although no third follows.
    type: bool
    default: false
  timeout:
    description:
      - Seconds that a server may take for each answer.
    type: float
    default: 5
extends_documentation_fragment:
  - kubeadm.ha.control_plane.manifests_dir
  - kubeadm.ha.control_plane.pki_dir
  - kubeadm.ha.attributes
  - kubeadm.ha.attributes.actiongroup
  - kubeadm.ha.attributes.info_module
author:
  - kubeadm.ha contributors (@kubeadm-ha)
seealso:
  - module: kubeadm.ha.kubeadm_join
"""

EXAMPLES = r"""
- name: Inspect the etcd cluster
  kubeadm.ha.etcd_member_info:
  register: etcd_cluster

- name: How many members may fail now
  ansible.builtin.debug:
    var: etcd_cluster.quorum.tolerance

- name: Go on only when three voters are healthy
  kubeadm.ha.etcd_member_info:
    wait_timeout: 120
    expected_voters: 3

- name: Inspect external etcd from a host that is no control plane
  kubeadm.ha.etcd_member_info:
    endpoints: [https://192.0.2.31:2379, https://192.0.2.32:2379]
    ca_certificate: /etc/etcd/ca.crt
    client_certificate: /etc/etcd/client.crt
    client_key: /etc/etcd/client.key
"""

RETURN = r"""
members:
  description: The members of the etcd cluster.
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: Id of the member as etcdctl prints it.
      type: str
      sample: 8e9e05c52164694d
    name:
      description: Name of the member. Empty until it has started.
      type: str
      sample: cp1
    peer_urls:
      description: Where the other members reach it.
      type: list
      elements: str
      sample: ["https://192.0.2.11:2380"]
    client_urls:
      description: Where clients reach it. Empty until it has started.
      type: list
      elements: str
      sample: ["https://192.0.2.11:2379"]
    is_learner:
      description: Whether it has no vote yet.
      type: bool
    is_leader:
      description: Whether it is the leader on which all agree.
      type: bool
    started:
      description: Whether it has ever started.
      type: bool
    healthy:
      description: Whether it answers, and as a voter reads.
      type: bool
    db_size:
      description: Bytes of its database file. V(null) if it did not answer.
      type: int
    version:
      description: Version of etcd. V(null) if it did not answer.
      type: str
      sample: 3.6.5
    raft_term:
      description: The term that it knows. V(null) if it did not answer.
      type: int
    problem:
      description: Why it is not healthy. V(null) if it is.
      type: str
leader:
  description: Id of the leader on which all healthy voters agree. V(null) if they do not.
  returned: success
  type: str
  sample: 8e9e05c52164694d
alarms:
  description: Active alarms.
  returned: success
  type: list
  elements: str
  sample: ["alarm NOSPACE of cp1"]
quorum:
  description: What the etcd cluster bears.
  returned: success
  type: dict
  contains:
    voters:
      description: Members with a vote, started or not.
      type: int
      sample: 3
    healthy_voters:
      description: Healthy ones among them.
      type: int
      sample: 3
    needed:
      description: Healthy voters that the etcd cluster needs to work.
      type: int
      sample: 2
    tolerance:
      description: Healthy voters that may fail now before the etcd cluster stops.
      type: int
      sample: 1
healthy:
  description: Whether the etcd cluster is healthy.
  returned: success
  type: bool
problems:
  description: Everything that keeps it from being healthy.
  returned: success
  type: list
  elements: str
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.kubeadm.ha.plugins.module_utils import _options
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.etcd.etcd_client import etcd_client
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.etcd.etcd_of_host import external_access
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host import component_services
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host.clock import HostClock
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.etcd import etcd_inspection, quorum_guard
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.etcd.etcd import Quorum
from ansible_collections.kubeadm.ha.plugins.module_utils._module import run_decision

if t.TYPE_CHECKING:
    from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.change import Decision


def decide(module: AnsibleModule) -> Decision:
    """Inspect and wait by the module's options."""
    found, endpoints = etcd_client(module.params)
    decision = etcd_inspection.inspect(
        found,
        HostClock(),
        endpoints=endpoints,
        wait_timeout=module.params["wait_timeout"],
        expected_voters=module.params["expected_voters"],
    )
    additions = module.params["planned_additions"]
    if additions and external_access(module.params["manifests_dir"], component_services.of_host()) is None:
        counts = decision.values["quorum"]
        quorum_guard.check_join(
            Quorum(counts["voters"], counts["healthy_voters"]),
            additions=additions,
            allows_two=module.params["allow_two_voters"],
        )
    return decision


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "endpoint": {"type": "str"},
            "endpoints": {"type": "list", "elements": "str", "default": []},
            **_options.MANIFESTS_DIR,
            **_options.PKI_DIR,
            "ca_certificate": {"type": "path"},
            "client_certificate": {"type": "path"},
            "client_key": {"type": "path", "no_log": False},
            "wait_timeout": {"type": "float", "default": 0},
            "expected_voters": {"type": "int"},
            "planned_additions": {"type": "int"},
            "allow_two_voters": {"type": "bool", "default": False},
            "timeout": {"type": "float", "default": 5},
        },
        required_together=[("ca_certificate", "client_certificate", "client_key")],
        mutually_exclusive=[("endpoint", "endpoints")],
        supports_check_mode=True,
    )
    run_decision(module, lambda: decide(module))


if __name__ == "__main__":
    main()
