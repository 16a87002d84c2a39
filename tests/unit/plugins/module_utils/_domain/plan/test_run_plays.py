# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plays of a run as the playbooks have them, their limits as the roles have them, and what an operator reads."""

from __future__ import annotations

import re
import typing as t

import pytest
import yaml

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.plan.binary import build as binary_build
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.plan.build import STEPS
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.plan.create import build as creation_build
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.plan.plan import Plan
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.plan.rollback import build as rollback_build
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.plan.run_plays import (
    PLAYS,
    expected_plays,
    play_of,
    progress,
    steps_of_host,
)
from tests.tools.environment import ROOT
from tests.tools.playbooks import plays_of
from tests.unit.plugins.module_utils._domain.plan import test_planning
from tests.unit.plugins.module_utils._domain.plan.binary import test_scaling_out
from tests.unit.plugins.module_utils._domain.plan.rollback import test_rollback
from tests.unit.plugins.modules.test_documentation import documented_options

#: Plays that change nothing of the plan.
OTHERS = {
    "Inspect every host and build the plan",
    "Inspect every host, and build the plan of the way back",
    "Inspect every host, and build the plan of the removal",
    "Say what is lost with each part before the run",
    "Say what is lost with each part after the run",
    "Stop when there was no host to inspect",
    "Inspect the hosts again",
    "Unlock the hosts",
}
JOIN = play_of("Join control planes")


@pytest.mark.parametrize("playbook", ["site", "rollback", "remove_node"])
def test_every_play_of_a_playbook_is_known_and_in_its_order(playbook: str) -> None:
    names = [play["name"] for play in plays_of(playbook) if play["name"] not in OTHERS]
    known = [play.name for play in PLAYS]
    assert set(names) <= set(known)
    if playbook == "site":
        assert names == [name for name in known if name in names]


@pytest.mark.parametrize("playbook", ["site", "rollback", "remove_node"])
def test_every_play_says_when_it_begins_and_ends(playbook: str) -> None:
    """Its progress is the first task, even before its roles, and its end is the last, even behind its handlers."""
    for play in plays_of(playbook):
        said = [
            [task.get("ansible.builtin.import_tasks") for task in play.get(section, ())]
            for section in ("pre_tasks", "post_tasks")
        ]
        known = play_of(play["name"])
        if known is None:
            assert play["name"] in OTHERS
            assert said == [[], []]
        else:
            assert said == [["tasks/step_begins.yml"], ["tasks/step_ends.yml"]], play["name"]
            assert f"groups.kubeadm_ha_{known.group} " in play["hosts"], play["name"]


def test_every_step_has_a_play() -> None:
    steps = {step.name for step in (*STEPS, *creation_build.STEPS, *binary_build.STEPS, *rollback_build.STEPS)}
    assert {play.step for play in PLAYS} - {""} == steps


def test_names_and_numbered_groups_are_unique() -> None:
    assert len({play.name for play in PLAYS}) == len(PLAYS)
    groups = [play.group for play in PLAYS if play.is_numbered]
    assert len(set(groups)) == len(groups)


def test_every_limit_is_a_number_among_the_defaults_of_its_role() -> None:
    for wait in (wait for play in PLAYS for wait in play.waits if wait.option):
        defaults = yaml.safe_load((ROOT / "roles" / wait.role / "defaults" / "main.yml").read_text(encoding="utf-8"))
        assert isinstance(defaults[wait.variable], int), wait


def test_limits_without_a_variable_are_those_of_the_tasks() -> None:
    fixed = {wait.role: wait.seconds for play in PLAYS for wait in play.waits if not wait.option}
    for role in ("apiserver_haproxy", "apiserver_nginx"):
        gate = yaml.safe_load((ROOT / "roles" / role / "tasks" / "gate.yml").read_text(encoding="utf-8"))
        assert [task["retries"] * task["delay"] for task in gate if "retries" in task] == [fixed.pop(role)]
    default = documented_options("kubeadm_join")["timeout"]["default"]
    assert fixed == {"control_plane_join": default, "worker_join": default}
    for role in fixed:
        tasks = (ROOT / "roles" / role / "tasks" / "main.yml").read_text(encoding="utf-8")
        (task,) = re.findall(r"kubeadm_join:\n((?: {8}.*\n)+)", tasks.partition("| This host\n")[2])
        assert " timeout:" not in task


def test_what_an_operator_reads() -> None:
    assert JOIN is not None
    groups = {"all", "kubeadm_ha_changing", "kubeadm_ha_backup", "kubeadm_ha_prove", "kubeadm_ha_join_control_planes"}
    assert progress(
        JOIN, "cp2", groups=groups, steps={"backup": 1, "join": 4}, limits={"control_plane_join_timeout": 240}
    ) == (
        "cp2: step 3 of 3: join control planes (4 changes); waits for each of discovery, TLS bootstrap and kubelet of kubeadm join at "
        "most 300 s and for each of API server, etcd and Node at most 240 s."
    )


@pytest.mark.parametrize(
    ("name", "limits", "text"),
    [
        (
            "Prove the endpoint on every host that is to use it",
            {},
            "cp2: step 1 of 1: prove the endpoint on every host that is to use it.",
        ),
        (
            "Verify",
            {"cluster_verify_timeout": 120.0},
            "All hosts: verify; waits for each proof at most 120 s.",
        ),
        ("Lock the hosts", {}, "All hosts: lock the hosts."),
    ],
)
def test_a_play_without_changes(name: str, limits: dict[str, float], text: str) -> None:
    play = play_of(name)
    assert play is not None
    assert progress(play, "cp2", groups={"kubeadm_ha_prove"}, steps={}, limits=limits) == text


def test_a_limit_of_nothing_is_no_wait() -> None:
    play = play_of("Install the pod network")
    assert play is not None
    said = progress(play, "cp1", groups={"kubeadm_ha_network"}, steps={"network": 1}, limits={"cni_timeout": 0})
    assert said == "cp1: step 1 of 1: install the pod network (1 change)."


def test_steps_of_a_host_that_becomes_a_node_first_are_counted_from_the_beginning() -> None:
    """Its later groups come with the second plan, when only the entries that are left are in the plan."""
    steps = {"nodes": 3, "join": 2}
    first = steps_of_host({"kubeadm_ha_nodes"}, steps)
    later = steps_of_host({"kubeadm_ha_nodes", "kubeadm_ha_join_workers"}, {"join": 2})
    assert (first, later) == (["nodes", "join"], ["nodes", "join_workers"])


def test_a_step_of_several_plays_on_a_host() -> None:
    groups = ["kubeadm_ha_point_control_planes", "kubeadm_ha_point_cluster", "kubeadm_ha_changing"]
    assert steps_of_host(groups, {"point": 5}) == ["point_cluster", "point_control_planes"]
    assert expected_plays(groups, "point") == [
        "Point the cluster-wide objects to the endpoint",
        "Point the control planes to the endpoint",
    ]


@pytest.mark.parametrize(
    "plan",
    [
        test_planning.plan_of(test_planning.before()),
        test_rollback.plan_of(test_rollback.converted()),
        test_scaling_out.plan(test_scaling_out.arguments()),
    ],
    ids=["conversion", "way back", "control plane of services"],
)
def test_every_entry_of_a_plan_is_made_by_a_play_of_its_host(plan: Plan) -> None:
    assert plan.entries
    groups = {host["name"]: host["groups"] for host in plan.as_dict()["hosts"]}
    assert [entry.id for entry in plan.entries if not expected_plays(groups[entry.host], entry.step)] == []


@pytest.mark.parametrize(
    ("groups", "steps", "found"),
    [
        (["kubeadm_ha_join_control_planes"], {"join": 3, "revoke": 2}, ["join_control_planes"]),
        (["kubeadm_ha_nodes"], {"nodes": 1, "join": 2, "revoke": 1}, ["nodes", "join"]),
        (["kubeadm_ha_revoke"], {"revoke": 1}, ["revoke"]),
    ],
)
def test_a_join_revokes_what_it_has_made(groups: list[str], steps: dict[str, int], found: list[str]) -> None:
    assert steps_of_host(groups, steps) == found


def test_no_play_of_another_name() -> None:
    unknown: t.Any = play_of("Somebody's play")
    assert unknown is None
