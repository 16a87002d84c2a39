# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a plan says of the quorum, and where it stops."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.etcd.etcd import Quorum
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.plan import plan_report
from tests.unit.plugins.module_utils._domain.plan.test_planning import Arguments, after, before, plan_of
from tests.unit.plugins.module_utils._domain.test_growing import LEARNER, etcd_cluster, etcd_member


def growing(*members: dict[str, t.Any], **inputs: t.Any) -> Arguments:
    """A cluster with cp1 and these members of etcd, before cp2 and cp3 join."""
    return {**before(), "etcd": etcd_cluster(*members), **inputs}


def counts(arguments: Arguments) -> list[tuple[str, Quorum, Quorum, Quorum]]:
    """Host, and the quorum before, after and at worst, of each step."""
    return [(step.host, step.outlook.now, step.outlook.after, step.outlook.worst) for step in plan_of(arguments).quorum]


def test_each_join_says_what_etcd_bears() -> None:
    plan = plan_of(growing())
    assert plan.problems == ()
    assert counts(growing()) == [
        ("cp2", Quorum(1, 1), Quorum(2, 2), Quorum(2, 1)),
        ("cp3", Quorum(2, 2), Quorum(3, 3), Quorum(3, 2)),
    ]
    lines = plan_report.table(plan)
    begin = lines.index("What etcd bears:")
    assert lines[begin + 1 : begin + 4] == [
        "- cp2: etcd member cp2 is added and votes: 0 of 1 voters may fail before, 0 of 2 after, and the next failure stops the API.",
        "- cp3: etcd member cp3 is added and votes: 0 of 2 voters may fail before, 1 of 3 after, with one failed 0 more.",
        "- Until cp3 votes no voter may fail: the API is away while one of them restarts, until it is back. The run then stops; run it again.",
    ]
    assert plan.as_dict()["quorum"] == [
        {"host": step.host, "action": step.action, **step.outlook.as_dict()} for step in plan.quorum
    ]
    assert not any("etcd stops the API" in note.message for note in plan.notes)


def test_what_a_join_left_is_counted_before_the_next() -> None:
    assert [(host, now, then) for host, now, then, _worst in counts(growing(LEARNER))] == [
        ("cp2", Quorum(1, 1), Quorum(1, 1)),
        ("cp2", Quorum(1, 1), Quorum(2, 2)),
        ("cp3", Quorum(2, 2), Quorum(3, 3)),
    ]


def test_where_a_voter_may_fail_nothing_is_said_of_restarts() -> None:
    members = [etcd_member(name, name, number) for name, number in (("cp2", "2"), ("cp3", "3"))]
    arguments = {**before(), "etcd": etcd_cluster(*members)}
    plan = plan_of(arguments)
    assert [step.outlook.now.tolerance for step in plan.quorum] == [1, 1]
    assert "restarts" not in plan_report.table(plan)


def test_a_cluster_that_is_as_wanted_has_no_steps() -> None:
    members = [etcd_member(name, name, number) for name, number in (("cp2", "2"), ("cp3", "3"))]
    plan = plan_of({**after(), "etcd": etcd_cluster(*members)})
    assert (plan.entries, plan.quorum) == ((), ())
    assert "What etcd bears:" not in plan_report.table(plan)


def two(arguments: Arguments) -> Arguments:
    """cp3 is not in the inventory."""
    del arguments["hosts"]["cp3"]
    return {**arguments, "control_planes": ["cp1", "cp2"]}


def test_two_control_planes_are_refused_with_the_arithmetic() -> None:
    (problem,) = plan_of(two(growing())).problems
    assert problem.subject == "kube_control_plane"
    assert "afterwards 2 of 2 voters healthy, 2 needed, 0 may fail" in problem.message


def test_the_switch_names_the_risk() -> None:
    plan = plan_of(two(growing(allow_two_control_planes=True)))
    assert plan.problems == ()
    (note,) = [note for note in plan.notes if "etcd" in note.message]
    assert note.subject == "cp2"
    assert note.message.startswith(
        "kubeadm_ha_allow_two_control_planes is set: etcd member cp2 is added and votes (cp2). "
    )
    assert "the failure of any of 2 members of etcd stops the API" in note.message
    assert f"Note: {note.message}" in plan_report.table(plan)


def joined_without_a_member(arguments: Arguments) -> Arguments:
    """cp3 has joined, and somebody has taken its member out of etcd."""
    whole = after()
    arguments["hosts"]["cp3"] = whole["hosts"]["cp3"]
    nodes = [node for node in whole["cluster"]["nodes"] if node["name"] == "cp3"]
    arguments["cluster"]["nodes"] = [*arguments["cluster"]["nodes"], *nodes]
    return arguments


def test_a_third_that_has_no_vote_is_no_third() -> None:
    messages = [problem.message for problem in plan_of(joined_without_a_member(growing())).problems]
    (found,) = [message for message in messages if "does not join as a control plane" in message]
    assert found.startswith("cp2 does not join as a control plane: etcd would stop with either of two members")
    assert "cp3 of the inventory has joined and has no member of etcd" in found
    allowed = plan_of(joined_without_a_member(growing(allow_two_control_planes=True)))
    assert not any("does not join as a control plane" in problem.message for problem in allowed.problems)
    assert any("kubeadm_ha_allow_two_control_planes is set" in note.message for note in allowed.notes)


@pytest.mark.parametrize("number", ["cp2", "cp3"])
def test_nobody_joins_where_the_third_has_not_passed_its_checks(number: str) -> None:
    arguments = growing(
        kubeadm={number: {"failed_checks": [{"name": "Mem", "text": "the system RAM is too small"}], "failure": ""}}
    )
    plan = plan_of(arguments)
    assert any(f"kubeadm would not join {number}, by its check Mem" in problem.message for problem in plan.problems)
    assert plan.hosts == ()
