# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Joins that failed or were killed: what the next plan says of what they left."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.cluster.control_plane_node import ROLE
from tests.unit.plugins.module_utils._domain.plan.test_planning import (
    Arguments,
    after,
    control_plane,
    node_report,
    objects,
    plan_of,
    record,
    record_of,
)
from tests.unit.plugins.module_utils._domain.test_growing import LEARNER, etcd_cluster, etcd_member, grown, messages

EXCLUDE = "node.kubernetes.io/exclude-from-external-load-balancers"
TAINT = {"key": ROLE, "effect": "NoSchedule"}
COMMAND = (
    "kubectl --kubeconfig=/etc/kubernetes/admin.conf -n kube-system exec etcd-cp1 -- etcdctl "
    "--endpoints=https://127.0.0.1:2379 --cacert=/etc/kubernetes/pki/etcd/ca.crt "
    "--cert=/etc/kubernetes/pki/etcd/server.crt --key=/etc/kubernetes/pki/etcd/server.key member remove a1"
)


def marked(*taints: dict[str, str], labels: t.Sequence[str] = (ROLE, EXCLUDE)) -> dict[str, t.Any]:
    """Labels and taints of a control plane's Node."""
    return {"labels": dict.fromkeys(labels, ""), "taints": list(taints)}


def with_nodes(**found: t.Mapping[str, t.Any]) -> Arguments:
    """The converted cluster with labels and taints of its control planes."""
    arguments = after()
    for node in arguments["cluster"]["nodes"]:
        node.update(found.get(node["name"], {}))
    return arguments


@pytest.mark.parametrize("host", ["cp3", "w1"])
@pytest.mark.parametrize(
    ("tokens", "shown"),
    [
        ([], "token abcdef, which the cluster does not know"),
        ([("123456", "an operator's")], "token abcdef, which the cluster does not know"),
        ([("abcdef", "kubeadm.ha join")], "token abcdef, which a killed run has left"),
        ([("abcdef", "an operator's")], None),
        ([("abcdef", "")], None),
    ],
)
def test_the_kubeconfig_of_a_join_without_an_end_is_deleted_unless_somebody_needs_it(
    host: str, tokens: list[tuple[str, str]], shown: str | None
) -> None:
    arguments = after()
    arguments["hosts"][host]["bootstrap_token"] = "abcdef"
    arguments["cluster"]["bootstrap_tokens"] = [
        {"name": f"bootstrap-token-{name}", "description": description} for name, description in tokens
    ]
    plan = plan_of(arguments)
    assert plan.problems == ()
    path = "/etc/kubernetes/bootstrap-kubelet.conf"
    found = [(item.host, item.change.before, item.change.after) for item in plan.entries if item.change.object == path]
    assert found == ([(host, shown, None)] if shown else [])
    left = {item.name: item.records["repair"].left_files for item in plan.hosts if "repair" in item.records}
    assert {name: files for name, files in left.items() if files} == ({host: (path,)} if shown else {})


def test_a_join_that_ended_before_its_last_phase_is_completed() -> None:
    plan = plan_of(with_nodes(cp1=marked(TAINT), cp2=marked(TAINT)))
    assert plan.problems == ()
    assert ("repair", "node cp3") in objects(plan, "cp3")
    entry = next(entry for entry in plan.entries if entry.change.object == "node cp3")
    assert (entry.change.before, entry.change.after) == (
        [],
        [f"label {ROLE}", f"label {EXCLUDE}", f"taint {ROLE}:NoSchedule"],
    )
    repairs = {host.name: host.records["repair"] for host in plan.hosts if "repair" in host.records}
    assert [name for name, repair in repairs.items() if repair.is_unmarked] == ["cp3"]
    assert [host for host, steps in plan.steps.items() if "join" in steps] == []


UNTOUCHED: dict[str, dict[str, t.Any]] = {
    "all are marked": {name: marked(TAINT) for name in ("cp1", "cp2", "cp3")},
    "the operator wants workloads everywhere": {name: marked() for name in ("cp1", "cp2", "cp3")},
    "the operator took the taint of one away": {"cp1": marked(TAINT), "cp2": marked(TAINT), "cp3": marked()},
    "the operator took another label away": {
        "cp1": marked(TAINT),
        "cp2": marked(TAINT),
        "cp3": marked(TAINT, labels=(ROLE,)),
    },
    "the operator took the role's label from all": {},
    "the older label": {
        name: marked(TAINT, labels=("node-role.kubernetes.io/master",)) for name in ("cp1", "cp2", "cp3")
    },
}


@pytest.mark.parametrize("name", UNTOUCHED)
def test_what_an_operator_decided_is_not_repaired(name: str) -> None:
    plan = plan_of(with_nodes(**UNTOUCHED[name]))
    assert (plan.entries, plan.problems) == ((), ())


@pytest.mark.parametrize(
    ("others", "has", "expected"),
    [
        (marked(), (), [f"label {ROLE}", f"label {EXCLUDE}"]),
        (marked(TAINT, labels=(ROLE,)), (), [f"label {ROLE}", f"taint {ROLE}:NoSchedule"]),
        (marked(TAINT, {"key": "dedicated", "effect": "NoExecute"}, labels=(ROLE,)), (TAINT,), [f"label {ROLE}"]),
    ],
)
def test_what_is_usual_in_the_cluster_is_given(
    others: dict[str, t.Any], has: t.Sequence[dict[str, str]], expected: list[str]
) -> None:
    plan = plan_of(with_nodes(cp1=others, cp2=others, cp3={"labels": {}, "taints": list(has)}))
    assert [entry.change.after for entry in plan.entries if entry.change.object == "node cp3"] == [expected]


def _reset(arguments: Arguments) -> None:
    """The host was reset; the reset left the member, because there was no Node."""
    arguments["etcd"] = etcd_cluster(LEARNER, problems=["member a1 (https://192.0.2.12:2380) has not started"])


def _power_lost(arguments: Arguments) -> None:
    """The state of a control plane that lost power in its join: files are whole, neither Node nor vote."""
    _reset(arguments)
    made = control_plane("cp2")
    made["listening"] = []
    arguments["hosts"]["cp2"] = made


def _started_learner(arguments: Arguments) -> None:
    _power_lost(arguments)
    # The API server listens and is not ready: a learner serves no linearizable read.
    arguments["hosts"]["cp2"]["listening"] = control_plane("cp2")["listening"]
    arguments["etcd"] = etcd_cluster(etcd_member("cp2", "cp2", is_learner=True), problems=["cp2 is still a learner"])


def _voter_whose_host_was_reset(arguments: Arguments) -> None:
    arguments["etcd"] = etcd_cluster(
        etcd_member("cp3", "cp3", "3"),
        etcd_member("cp2", "cp2", healthy=False),
        problems=["cp2 is not healthy: refused"],
    )
    arguments["cluster"]["nodes"].append(node_report("cp3", ready=True))
    arguments["hosts"]["cp3"] = control_plane("cp3")


@pytest.mark.parametrize("change", [_reset, _voter_whose_host_was_reset])
def test_what_a_failed_join_left_in_etcd_is_taken_out(change: t.Callable[[Arguments], None]) -> None:
    plan = plan_of(grown(change))
    assert plan.problems == ()
    removed = [entry for entry in plan.entries if entry.change.object == "etcd member a1"]
    assert [(entry.host, entry.step, entry.change.after) for entry in removed] == [("cp1", "repair", None)]
    assert removed[0].change.before["peers"] == "https://192.0.2.12:2380"
    assert record(plan, "cp1", "repair").stale_members == ("a1",)
    assert ("join", "node cp2") in objects(plan, "cp2")


@pytest.mark.parametrize("change", [_power_lost, _started_learner])
def test_a_host_that_lost_power_in_its_join_is_explained(change: t.Callable[[Arguments], None]) -> None:
    found = messages(grown(change))
    assert len(found) == 1, found
    assert "cp2 has joined before, but the cluster has no node cp2: restart its kubelet if the Node was" in found[0]
    assert "else run kubeadm reset on it so that it can join again." in found[0]
    assert "which the next run takes out. Or set kubeadm_ha_reset_half_joined: true for a run" in found[0]


def test_a_member_that_etcd_needs_stays() -> None:
    def two_of_three(arguments: Arguments) -> None:
        _reset(arguments)
        arguments["etcd"] = etcd_cluster(
            etcd_member("cp2", "cp2", "2", healthy=False), etcd_member("cp3", "cp3", "3", healthy=False)
        )

    found = messages(grown(two_of_three))
    assert all("which cannot be taken out: etcd has lost its quorum" in message for message in found), found
    assert len(found) == 2


def test_a_join_that_still_runs_keeps_its_member() -> None:
    def running(arguments: Arguments) -> None:
        _reset(arguments)
        arguments["hosts"]["cp2"]["kubeadm_processes"] = [4711]

    found = messages(grown(running))
    assert any("which cannot be taken out: kubeadm is running on cp2" in message for message in found), found
    assert record_of(grown(running), "cp1", "repair").stale_members == ()


def test_a_learner_of_a_node_is_a_join_that_did_not_end() -> None:
    arguments = after()
    arguments["etcd"] = etcd_cluster(
        etcd_member("cp2", "cp2", "2"),
        etcd_member("cp3", "cp3", "3", is_learner=True),
        problems=["cp3 is still a learner"],
    )
    assert messages(arguments) == [
        (
            "The join of cp3 did not end: its etcd member 3 is still a learner, which has no vote and serves no API server. "
            "Run kubeadm reset on cp3, which takes the member out as long as the node exists, then kubectl "
            "--kubeconfig /etc/kubernetes/admin.conf delete node cp3 on cp1, and run again."
        )
    ]


def test_a_person_gets_a_command_that_works_without_etcdctl() -> None:
    arguments = grown()
    arguments["etcd"] = etcd_cluster(etcd_member("", "198.51.100.9"))
    assert messages(arguments)[0].endswith(f"take it out on cp1 with: {COMMAND}")
    flags = arguments["hosts"]["cp1"]["manifests"]["etcd"]["flags"]
    flags += [["cert-file", "/srv/pki/server.crt"], ["key-file", "/srv/pki/server.key"]]
    assert "--cert=/srv/pki/server.crt --key=/srv/pki/server.key member remove a1" in messages(arguments)[0]


def test_a_member_with_the_name_of_no_node_is_taken_out_by_that_name() -> None:
    arguments = grown()
    arguments["etcd"] = etcd_cluster(
        etcd_member("cp9", "198.51.100.9", healthy=False), problems=["cp9 is not healthy: x"]
    )
    assert messages(arguments)[0] == (
        "The etcd cluster has the member cp9 (a1, https://198.51.100.9:2380), but the cluster has no such node: if its host is gone for good, "
        "name cp9 in kubeadm_ha_lost_nodes, and run again."
    )


def test_a_member_is_nobodys_only_where_every_host_was_seen() -> None:
    arguments = grown()
    arguments["etcd"] = etcd_cluster(etcd_member("cp2", "cp2"))
    del arguments["hosts"]["cp2"]
    arguments["failures"] = {"hosts": {"cp2": "Failed to connect to the host via ssh: timed out"}}
    assert not [text for text in messages(arguments) if "take it out" in text]
    assert "cp2 could not be inspected: Failed to connect to the host via ssh: timed out." in messages(arguments)
