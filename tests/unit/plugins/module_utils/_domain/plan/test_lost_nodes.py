# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Machines that are gone for good: what a plan takes out of etcd and the cluster, and where it stops."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.cluster.life_signs import LifeSigns
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.etcd.etcd import Quorum
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.plan.lost_nodes import LostNode
from tests.unit.plugins.module_utils._domain.plan.test_planning import (
    ADDRESSES,
    Arguments,
    after,
    bare_host,
    before,
    cluster_dns,
    kubeconfig,
    node_report,
    objects,
    plan_of,
    record,
    situation_of,
)
from tests.unit.plugins.module_utils._domain.test_growing import etcd_cluster, etcd_member

Change = t.Callable[[Arguments], None]

MEMBER = ("repair", "etcd member 1")
NODE = ("repair", "node cp1")
DEAD = etcd_member("cp1", "cp1", "1", healthy=False)
LIVING = (etcd_member("cp2", "cp2", "2"), etcd_member("cp3", "cp3", "3"))
PROBLEM = "cp1 is not healthy: https://192.0.2.11:2379 did not answer"


def etcd(*members: dict[str, t.Any], problems: t.Sequence[str] = (PROBLEM,)) -> dict[str, t.Any]:
    """An etcd cluster of these members."""
    return {**etcd_cluster(problems=problems), "members": list(members)}


def lost(*, name: str = "cp4") -> Arguments:
    """cp1, with which the cluster began, is gone; another host takes its place in the inventory, under this inventory name."""
    arguments = after()
    del arguments["hosts"]["cp1"]
    arguments["hosts"][name] = bare_host(name)
    arguments["control_planes"] = ["cp2", "cp3", name]
    arguments["cluster"]["cluster_dns"] = cluster_dns("cp1", "cp2")
    for node in arguments["cluster"]["nodes"]:
        if node["name"] == "cp1":
            node.update(ready=False, ready_status="Unknown", addresses=[ADDRESSES["cp1"]])
    signs = LifeSigns("cp1", lease_age=700.0, api_server="192.0.2.11:6443")
    arguments["cluster"]["life_signs"] = [{**signs.__dict__}]
    arguments["etcd"] = etcd(DEAD, *LIVING)
    arguments["lost_nodes"] = ["cp1"]
    return arguments


def messages(arguments: Arguments) -> list[str]:
    """What the plan's problems say."""
    return [problem.message for problem in plan_of(arguments).problems]


def test_it_is_taken_out_and_another_host_joins_in_the_same_run() -> None:
    plan = plan_of(lost())
    assert plan.problems == ()
    assert [item for item in objects(plan, "cp2") if item[0] == "repair"] == [MEMBER, NODE]
    changes = {entry.change.object: entry.change for entry in plan.entries}
    assert {changes[item].reason for item in ("etcd member 1", "node cp1")} == {
        "its host is gone for good",
        "its machine is gone for good",
    }
    assert ("join", "node cp4") in objects(plan, "cp4")
    steps = [entry.step for entry in plan.entries if entry.step in ("repair", "join")]
    assert steps.index("join") > steps.index("repair")
    given = record(plan, "cp2", "repair")
    assert (given.lost_members, given.lost_nodes, given.stale_members) == (
        ("1",),
        (LostNode("cp1", ("192.0.2.11",)),),
        (),
    )
    assert [(step.host, step.outlook.now, step.outlook.after) for step in plan.quorum] == [
        ("cp1", Quorum(3, 2), Quorum(2, 2)),
        ("cp4", Quorum(2, 2), Quorum(3, 3)),
    ]
    assert [server.name for server in plan.control_planes] == ["cp2", "cp3", "cp4"]


def test_only_the_serving_control_plane_is_given_what_is_taken_out() -> None:
    arguments = lost()
    arguments["hosts"]["cp3"]["bootstrap_token"] = "abcdef"
    plan = plan_of(arguments)
    assert plan.problems == ()
    given = record(plan, "cp3", "repair")
    assert (given.lost_members, given.lost_nodes) == ((), ())


def test_a_host_of_the_same_name_joins_in_its_place() -> None:
    arguments = lost(name="cp1")
    arguments["hosts"]["cp1"] = {**bare_host("cp1"), "addresses": ["192.0.2.99"]}
    plan = plan_of(arguments)
    assert plan.problems == ()
    assert [item for item in objects(plan, "cp2") if item[0] == "repair"] == [MEMBER, NODE]
    assert ("join", "node cp1") in objects(plan, "cp1")
    # Without the input the plan stops, once, and names it.
    arguments["lost_nodes"] = []
    assert any("name cp1 in kubeadm_ha_lost_nodes if cp1 replaces its machine" in text for text in messages(arguments))


def test_the_second_run_is_empty() -> None:
    arguments = after()
    arguments["lost_nodes"] = ["cp9", "gone.example.org"]
    plan = plan_of(arguments)
    assert (plan.entries, plan.problems) == ((), ())


def _without_node(arguments: Arguments) -> None:
    nodes = arguments["cluster"]["nodes"]
    arguments["cluster"]["nodes"] = [node for node in nodes if node["name"] != "cp1"]


def _without_member(arguments: Arguments) -> None:
    arguments["etcd"] = etcd(*LIVING, problems=())


def _never_started(arguments: Arguments) -> None:
    arguments["etcd"] = etcd(etcd_member("", "cp1", "1"), *LIVING, problems=["member 1 has not started"])


def _never_started_and_of_a_host(arguments: Arguments) -> None:
    """Another host has taken the address over, and has begun to join."""
    _never_started(arguments)
    arguments["hosts"]["cp4"]["addresses"] = [ADDRESSES["cp1"]]


def _learner(arguments: Arguments) -> None:
    dead = etcd_member("cp1", "cp1", "1", healthy=False, is_learner=True)
    arguments["etcd"] = etcd(dead, *LIVING, problems=[PROBLEM, "cp1 is still a learner"])


def _external(arguments: Arguments) -> None:
    data = arguments["cluster"]["configmaps"]["kube-system/kubeadm-config"]["data"]
    data["ClusterConfiguration"] += "etcd:\n  external:\n    endpoints: [https://192.0.2.31:2379]\n"
    arguments["etcd"] = etcd(
        etcd_member("cp1", "192.0.2.31", "9", healthy=False), problems=["cp1 is not healthy: it did not answer"]
    )


LEFT: dict[str, tuple[Change, list[tuple[str, str]]]] = {
    "a run that was killed between had taken the member out": (_without_member, [NODE]),
    "somebody has deleted the Node": (_without_node, [MEMBER]),
    "a member that never started": (_never_started, [MEMBER, NODE]),
    "one that is another host's by now": (_never_started_and_of_a_host, [NODE]),
    "a learner": (_learner, [MEMBER, NODE]),
    "external etcd, whose member has the same name": (_external, [NODE]),
}


@pytest.mark.parametrize("case", LEFT)
def test_what_is_left_of_it_is_taken_out(case: str) -> None:
    change, expected = LEFT[case]
    arguments = lost()
    change(arguments)
    found = [(entry.step, entry.change.object) for loss in situation_of(arguments).losses for entry in _entries(loss)]
    assert found == expected


def _entries(loss: t.Any) -> list[t.Any]:
    class Entry(t.NamedTuple):
        step: str
        change: t.Any

    return [Entry("repair", change) for change in loss.changes()]


def test_a_worker_has_a_node_only() -> None:
    arguments = after()
    del arguments["hosts"]["w2"]
    arguments["workers"] = ["w1"]
    arguments["cluster"]["nodes"][-1].update(ready=False, addresses=[ADDRESSES["w2"]])
    arguments["lost_nodes"] = ["w2"]
    plan = plan_of(arguments)
    assert plan.problems == ()
    assert [(entry.host, entry.step, entry.change.object) for entry in plan.entries if entry.step == "repair"] == [
        ("cp1", "repair", "node w2")
    ]
    assert plan.quorum == ()


def _ready(arguments: Arguments) -> None:
    next(node for node in arguments["cluster"]["nodes"] if node["name"] == "cp1").update(ready=True)


def _signs(**found: t.Any) -> Change:
    def change(arguments: Arguments) -> None:
        arguments["cluster"]["life_signs"][0].update(found)

    return change


def _of_a_kubelet_without_node(arguments: Arguments) -> None:
    _without_node(arguments)
    _signs(lease_age=5.0)(arguments)


def _member(**found: t.Any) -> Change:
    def change(arguments: Arguments) -> None:
        arguments["etcd"] = etcd(etcd_member("cp1", "cp1", "1", **found), *LIVING, problems=())

    return change


def _unmanaged(arguments: Arguments) -> None:
    arguments["unmanaged_nodes"] = ["cp1"]


def _in_the_inventory(arguments: Arguments) -> None:
    arguments["lost_nodes"] = ["cp3"]
    arguments["control_planes"] = ["cp2", "cp3"]
    arguments["allow_two_control_planes"] = True
    arguments["unmanaged_nodes"] = ["cp1"]
    del arguments["hosts"]["cp4"]
    arguments["etcd"] = etcd(*LIVING, problems=())


def _another_is_dead(arguments: Arguments) -> None:
    """Two of three: etcd has no quorum. Whether it then can be asked at all is another matter."""
    silent = etcd_member("cp3", "cp3", "3", healthy=False)
    arguments["etcd"] = etcd(DEAD, LIVING[0], silent, problems=[PROBLEM, "cp3 is not healthy: it did not answer"])


def _etcd_not_asked(arguments: Arguments) -> None:
    arguments["etcd"] = None


REFUSED: dict[str, tuple[Change, str]] = {
    "Ready": (
        _ready,
        "names cp1, but that node is Ready: stop its machine for good, and run again when the node is not Ready any more.",
    ),
    "a Lease": (
        _signs(lease_age=30.4),
        "names cp1, but its kubelet renewed its Lease 30 s ago: stop its machine for good, and run again 120 s later.",
    ),
    "a Lease, although somebody has deleted the Node": (
        _of_a_kubelet_without_node,
        "names cp1, but its kubelet renewed its Lease 5 s ago: stop its machine for good, and run again 120 s later.",
    ),
    "an API server": (
        _signs(is_answering=True),
        "names cp1, but its API server answers at 192.0.2.11:6443: stop its machine for good, then run again.",
    ),
    "a healthy voter": (
        _member(),
        "names cp1, but its member of etcd 1 answers: stop its machine for good, then run again.",
    ),
    "a voter that answers and is not healthy": (
        _member(healthy=False, raft_term=7),
        "names cp1, but its member of etcd 1 answers: stop its machine for good, then run again.",
    ),
    "kept on purpose": (
        _unmanaged,
        "names cp1, but kubeadm_ha_unmanaged_nodes does, too: a node is either kept or gone for good; take the name out of one of the two.",
    ),
    "a host that answers": (
        _in_the_inventory,
        (
            "names cp3, but that is the node of cp3, which answers and serves the Kubernetes API: take the name out; "
            "kubeadm.ha.remove_node removes a host that answers, if another control plane serves."
        ),
    ),
    "no quorum": (
        _another_is_dead,
        (
            "names cp1, but etcd has lost its quorum (1 of 3 voters are healthy, 2 are needed), so no member can be taken out: bring its members "
            "back first."
        ),
    ),
    "etcd was not asked": (
        _etcd_not_asked,
        "names cp1, but etcd could not be asked whether it has a member of it; run again when it answers.",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_machine_that_may_run_or_is_needed_stays(case: str) -> None:
    change, message = REFUSED[case]
    arguments = lost()
    change(arguments)
    plan = plan_of(arguments)
    found = [problem.message for problem in plan.problems if problem.subject == "kubeadm_ha_lost_nodes"]
    assert found == [f"kubeadm_ha_lost_nodes {message}"]
    assert situation_of(arguments).losses == ()
    assert plan.hosts == ()
    # Nothing else is said of the node, as of one that somebody has forgotten.
    assert not [problem for problem in plan.problems if "not in the inventory" in problem.message]


def test_a_worker_that_answers_is_refused_otherwise() -> None:
    arguments = after()
    arguments["lost_nodes"] = ["w2"]
    assert messages(arguments) == [
        (
            "kubeadm_ha_lost_nodes names w2, but that is the node of w2, which answers: take the name out; kubeadm.ha.remove_node removes a host "
            "that answers."
        )
    ]


def test_an_address_that_a_host_has_taken_over_says_nothing_of_the_old_machine() -> None:
    arguments = lost()
    arguments["cluster"]["life_signs"][0]["is_answering"] = True
    arguments["hosts"]["cp3"]["addresses"] = [ADDRESSES["cp3"], ADDRESSES["cp1"]]
    assert messages(arguments) == []


def test_two_are_judged_one_after_the_other() -> None:
    arguments = lost()
    arguments["lost_nodes"] = ["cp1", "cp9"]
    dead = etcd_member("cp9", "198.51.100.9", "9", healthy=False)
    arguments["cluster"]["nodes"].append({**node_report("cp9", ready=False), "addresses": ["198.51.100.9"]})
    fourth = etcd_member("cp8", "198.51.100.8", "8")
    arguments["cluster"]["nodes"].append({**node_report("cp8", ready=True), "addresses": ["198.51.100.8"]})
    arguments["unmanaged_nodes"] = ["cp8"]
    arguments["etcd"] = etcd(DEAD, *LIVING, dead, fourth, problems=[PROBLEM, "cp9 is not healthy: it did not answer"])
    plan = plan_of(arguments)
    assert plan.problems == ()
    assert [(step.host, step.outlook.now, step.outlook.after) for step in plan.quorum][:2] == [
        ("cp1", Quorum(5, 3), Quorum(4, 3)),
        ("cp9", Quorum(4, 3), Quorum(3, 3)),
    ]
    assert record(plan, "cp2", "repair").lost_members == ("1", "9")


def test_what_names_it_is_noted_or_follows() -> None:
    arguments = lost()
    config = {"path": "/root/.kube/config", "text": kubeconfig("https://192.0.2.11:6443"), "mode": "0600"}
    arguments["hosts"]["cp3"]["kubeconfigs"] = [*arguments["hosts"]["cp3"]["kubeconfigs"], config]
    flags = arguments["hosts"]["cp2"]["manifests"]["kube-apiserver"]["flags"]
    flags.append(["etcd-servers", "https://127.0.0.1:2379,https://192.0.2.11:2379"])
    plan = plan_of(arguments)
    assert ("point", "kubeconfig /root/.kube/config") in objects(plan, "cp3")
    noted = {note.subject: note.message for note in situation_notes(plan)}
    assert "kube-controller-manager deletes them about a minute later" in noted["cp1"]
    assert "names https://192.0.2.11:2379, where a member of etcd was that is gone for good" in noted["cp2"]


def situation_notes(plan: t.Any) -> list[t.Any]:
    """Notes of lost machines."""
    return [note for note in plan.notes if note.subject in ("cp1", "cp2")]


@pytest.mark.parametrize("balancer", ["haproxy", "external"])
def test_a_balancer_of_somebody_else_is_the_operators(balancer: str) -> None:
    arguments = lost()
    arguments["load_balancer"] = balancer
    noted = [note.message for note in plan_of(arguments).notes if note.subject == "cp1"]
    assert any(
        "192.0.2.11:6443 was the API server of cp1: take it out of the load balancer" in text for text in noted
    ) is (balancer == "external")


@pytest.mark.parametrize("is_unreachable", [False, True])
def test_a_host_that_cannot_be_reached_is_noted_how_it_is_taken_out(is_unreachable: bool) -> None:
    arguments = before()
    del arguments["hosts"]["w2"]
    arguments["failures"] = {"hosts": {"w2": "No route to host"}, "unreachable": ["w2"] if is_unreachable else []}
    remedy = (
        " If the machine is gone for good, take it out of the inventory and name its node in kubeadm_ha_lost_nodes."
    )
    assert messages(arguments) == [f"w2 could not be inspected: No route to host.{remedy if is_unreachable else ''}"]


def test_a_node_that_somebody_has_forgotten_may_be_lost() -> None:
    arguments = lost()
    arguments["lost_nodes"] = []
    assert any(
        text.startswith("The node cp1 is in the cluster but not in the inventory")
        and text.endswith("or in kubeadm_ha_lost_nodes if its machine is gone for good.")
        for text in messages(arguments)
    )
