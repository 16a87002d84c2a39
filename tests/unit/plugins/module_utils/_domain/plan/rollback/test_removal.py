# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan of the removal of one node, and every reason to stop before it."""

from __future__ import annotations

import typing as t

import pytest

from tests.unit.plugins.module_utils._domain.plan.rollback.test_rollback import (
    converted,
    drained,
    etcd,
    facts_of,
    plan_of,
)
from tests.unit.plugins.module_utils._domain.plan.test_planning import before, member, objects, record

if t.TYPE_CHECKING:
    from collections.abc import Callable

Arguments = dict[str, t.Any]

BACKUP = ("backup", "backup /var/backups/kubeadm-ha")


def removal(name: str) -> Arguments:
    """The arguments for the removal of a node of a converted cluster; no journal is needed."""
    arguments = converted()
    arguments["previous"], arguments["proofs"] = {}, {}
    arguments["remove_node"] = name
    arguments["drains"] = {name: drained(name)}
    return arguments


def test_a_worker_leaves() -> None:
    plan = plan_of(removal("w2"))
    assert plan.problems == ()
    assert objects(plan, "w2") == [
        ("leave", "pods of node w2"),
        ("leave", "host w2"),
        ("leave", "node w2"),
    ]
    assert {entry.host for entry in plan.entries} == {"w2", "cp1"}
    assert objects(plan, "cp1") == [BACKUP]
    assert record(plan, "w2", "leave").member_id == ""
    assert [note for note in plan.notes if "Take w2 out of the inventory afterwards" in note.message]


@pytest.mark.parametrize(("name", "member_id", "staying"), [("cp3", "3a", "cp1"), ("cp1", "1a", "cp2")])
def test_a_control_plane_leaves(name: str, member_id: str, staying: str) -> None:
    """The first one, too, as long as nobody depends on it."""
    plan = plan_of(removal(name))
    assert plan.problems == ()
    assert [entry.change.object for entry in plan.entries if entry.host == name] == [
        f"pods of node {name}",
        f"etcd member {member_id}",
        f"host {name}",
        f"node {name}",
    ]
    assert (record(plan, name, "leave").staying, record(plan, name, "leave").member_id) == (staying, member_id)


def test_what_is_asked_before_the_plan() -> None:
    found = facts_of(removal("w2"))
    assert (found["targets"], found["leaving"], found["staying"]) == ({}, {"w2": "w2"}, "cp1")


def test_a_second_run_changes_nothing() -> None:
    arguments = removal("w2")
    arguments["hosts"]["w2"] = before()["hosts"]["cp2"] | {
        "hostname": "w2", "addresses": ["192.0.2.22"], "machine_id": "machine-w2", "product_uuid": "uuid-w2",
    }  # fmt: skip
    arguments["cluster"]["nodes"] = [item for item in arguments["cluster"]["nodes"] if item["name"] != "w2"]
    arguments["drains"] = {}
    plan = plan_of(arguments)
    assert (plan.entries, plan.problems, plan.notes) == ((), (), ())


def _unknown(arguments: Arguments) -> None:
    arguments["remove_node"] = "w9"


def _last_control_plane(arguments: Arguments) -> None:
    arguments.update(before())
    del arguments["balancers"]
    arguments["remove_node"] = "cp1"


def _nobody_serves(arguments: Arguments) -> None:
    for name in ("cp1", "cp2", "cp3"):
        arguments["hosts"][name]["listening"] = []


def _used_itself(arguments: Arguments) -> None:
    arguments["remove_node"], arguments["drains"] = "cp3", {"cp3": drained("cp3")}
    arguments["hosts"]["w1"] = member("w1", "https://192.0.2.13:6443")


def _balances(arguments: Arguments) -> None:
    arguments["remove_node"], arguments["drains"] = "cp3", {"cp3": drained("cp3")}
    arguments["load_balancers"] = ["lb1", "cp3"]


def _quorum(arguments: Arguments) -> None:
    arguments["remove_node"], arguments["drains"] = "cp3", {"cp3": drained("cp3")}
    arguments["etcd"] = etcd("cp1", "cp2", "cp3", healthy=("cp1", "cp3"))


def _at_work(arguments: Arguments) -> None:
    arguments["hosts"]["w2"]["kubeadm_processes"] = [4711]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (_unknown, "kubeadm_ha_remove_node is w9, which is no node of the inventory"),
        (_last_control_plane, "cp1 is the last control plane that serves the API"),
        (_nobody_serves, "Nobody serves the Kubernetes API"),
        (_used_itself, "/etc/kubernetes/kubelet.conf of w1 names the API server of cp3 itself"),
        (_balances, "cp3 is a load balancer, too"),
        (_quorum, "without it 1 of 2 voters would be healthy and 2 needed"),
        (_at_work, "kubeadm is running on w2 (process 4711)"),
    ],
)
def test_what_speaks_against_it(change: Callable[[Arguments], None], expected: str) -> None:
    arguments = removal("w2")
    change(arguments)
    plan = plan_of(arguments)
    assert [problem.message for problem in plan.problems if expected in problem.message], plan.problems
    assert plan.hosts == ()
