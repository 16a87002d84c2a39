# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each play of a run has its hosts in the order of the inventory, and its role what it needs."""

from __future__ import annotations

import dataclasses
import json
import re
import sys
import types
import typing as t

import pytest

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.change import Change
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.plan.binary import build as binary_build
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.plan.build import NAMES, STEPS
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.plan.create import build as creation_build
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.plan.entry import Entry
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.plan.rollback import build as rollback_build
from tests.tools.environment import ROOT
from tests.tools.playbooks import plays_of
from tests.unit.plugins.module_utils._domain.plan.test_planning import after, bare_host, before, plan_of

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterable

CONTROL_PLANES = [f"cp{number}" for number in range(1, 8)]
WORKERS = [f"w{number}" for number in range(1, 8)]
BALANCERS = [*(f"lb{number}" for number in range(1, 8)), "cp7"]
EVERY_HOST = list(dict.fromkeys([*CONTROL_PLANES, *WORKERS, *BALANCERS]))
#: What the steps read of a situation to find their hosts.
SITUATION = types.SimpleNamespace(
    desired=types.SimpleNamespace(
        control_planes=CONTROL_PLANES,
        workers=WORKERS,
        load_balancer="haproxy",
        load_balancers=BALANCERS,
        nodes=[*CONTROL_PLANES, *WORKERS],
    ),
    serving_control_plane=types.SimpleNamespace(name="cp1"),
    bare=(),
)
IN_ORDER = {
    "point_one_worker": WORKERS[:1],
    "point_cluster": ["cp1"],
    "point_workers": WORKERS[1:],
    "point_control_planes": CONTROL_PLANES,
    "point_load_balancers": BALANCERS[:-1],
    "join_control_planes": CONTROL_PLANES,
    "join_workers": WORKERS,
    "prove": EVERY_HOST,
}


def groups_of(order: Callable[[list[str]], Iterable[str]] = list, /, **steps: list[str]) -> dict[str, list[str]]:
    """The hosts of each play when these hosts have an entry of these steps, in some order."""
    change = Change("object", None, "there", "because")
    entries = [Entry(name, step, change) for step, names in steps.items() for name in order(names)]
    found = {}
    for step in STEPS:
        found.update(step.groups(t.cast("t.Any", SITUATION), entries))
    return {group: list(names) for group, names in found.items()}


@pytest.mark.parametrize("order", [list, reversed], ids=["as the inventory", "the other way round"])
def test_a_play_keeps_the_order_of_the_inventory(order: Callable[[list[str]], Iterable[str]]) -> None:
    found = groups_of(order, **dict.fromkeys(NAMES, EVERY_HOST))
    assert {group: found[group] for group in IN_ORDER} == IN_ORDER


@pytest.mark.parametrize("order", [list, reversed], ids=["as the inventory", "the other way round"])
def test_a_play_has_only_hosts_with_an_entry(order: Callable[[list[str]], Iterable[str]]) -> None:
    some = ["w2", "cp3", "lb4", "cp1", "lb2", "w1"]
    found = groups_of(order, point=some, join=some)
    assert {group: names for group, names in found.items() if group in IN_ORDER and group != "prove"} == {
        "point_one_worker": ["w1"],
        "point_cluster": ["cp1"],
        "point_workers": ["w2"],
        "point_control_planes": ["cp1", "cp3"],
        "point_load_balancers": ["lb2", "lb4"],
        "join_control_planes": ["cp1", "cp3"],
        "join_workers": ["w1", "w2"],
    }


def test_every_host_that_is_to_use_the_endpoint_proves_it_before() -> None:
    assert groups_of(point=["lb2", "w2"])["prove"] == [*CONTROL_PLANES, *WORKERS, "lb2"]
    assert groups_of(join=["cp3", "w7"])["prove"] == ["cp3", "w7"]
    assert groups_of(certify=["cp1"])["prove"] == []
    order = [play["name"] for play in plays_of("site")]
    prove = order.index("Prove the endpoint on every host that is to use it")
    assert prove < min(order.index(play) for play in order if play.startswith(("Point ", "Join ", "Begin masters")))


def test_who_joins_revokes_by_itself() -> None:
    assert groups_of(revoke=["cp3", "cp1", "cp2"], join=["cp1", "w1"])["revoke"] == ["cp3", "cp2"]


def test_the_hosts_of_a_plan_are_in_the_order_of_the_inventory() -> None:
    hosts = plan_of(before()).hosts
    assert [host.name for host in hosts] == ["cp1", "cp2", "cp3", "w1", "w2", "lb1"]
    reported = json.loads(json.dumps([host.as_dict() for host in hosts]))
    assert reported[0]["groups"][0] == "kubeadm_ha_changing"
    assert reported[1]["plan"]["join"]["node_name"] == "cp2"
    assert reported[5]["plan"]["balance"]["probe_signer"] == "cp1"


def test_every_host_of_a_run_that_changes_something_is_locked_and_inspected_again() -> None:
    arguments = after()
    arguments["workers"] = ["w1", "w2", "w3"]
    arguments["hosts"]["w3"] = bare_host("w3")
    plan = plan_of(arguments)
    assert {entry.host for entry in plan.entries} <= {"w3", "cp1"}
    assert [host.name for host in plan.hosts] == ["cp1", "cp2", "cp3", "w1", "w2", "w3", "lb1"]
    assert all(host.groups[0] == "kubeadm_ha_changing" for host in plan.hosts)
    assert {host.name: host.records for host in plan.hosts}["w1"] == {}


def test_a_plan_without_changes_has_no_hosts() -> None:
    assert plan_of(after()).hosts == ()


def test_a_plan_without_changes_gives_back_what_a_killed_run_has_left_locked() -> None:
    arguments = after()
    for name in ("cp2", "lb1"):
        arguments["hosts"][name]["is_locked"] = True
    plan = plan_of(arguments)
    assert plan.entries == ()
    assert [(host.name, host.groups) for host in plan.hosts] == [
        ("cp2", ("kubeadm_ha_locked",)),
        ("lb1", ("kubeadm_ha_locked",)),
    ]


def test_within_a_run_locks_are_its_own() -> None:
    arguments = after()
    arguments["hosts"]["cp2"]["is_locked"] = True
    assert plan_of(arguments).within_a_run().hosts == ()
    changing = plan_of(before())
    assert changing.within_a_run() == changing


def test_a_plan_with_changes_takes_the_locks_over() -> None:
    arguments = before()
    arguments["hosts"]["cp1"]["is_locked"] = True
    groups = {group for host in plan_of(arguments).hosts for group in host.groups}
    assert "kubeadm_ha_changing" in groups
    assert "kubeadm_ha_locked" not in groups


def test_a_plan_with_a_reason_to_stop_has_no_hosts() -> None:
    arguments = before()
    del arguments["hosts"]["w2"]
    plan = plan_of(arguments)
    assert plan.problems
    assert plan.entries
    assert plan.hosts == ()


def test_playbooks_read_every_field_of_a_record_and_no_other() -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "playbooks").glob("*.yml"))
    read = set(re.findall(r"kubeadm_ha_plan\.(\w+\.\w+)", text))
    every = (*STEPS, *creation_build.STEPS, *binary_build.STEPS, *rollback_build.STEPS)
    assert read == {
        f"{step.name}.{field.name}"
        for step in every
        for field in dataclasses.fields(sys.modules[type(step).__module__].Record)
    }


def test_playbooks_run_on_the_groups_of_the_steps() -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "playbooks").glob("*.yml"))
    named = set(re.findall(r"groups\.kubeadm_ha_(\w+)", text))
    of_creation = {"create", "nodes", "etcd", "authorities", "etcd_client", "resolve", "init"}
    of_services = {
        *("certify_services", "extend", "controller_manager", "scheduler"),
        *(f"point_services_{name}" for name in ("workers", "control_planes", "others")),
    }
    of_rollback = {"prove_previous", "return_cluster", "leave", "return_certificate", "return_balancer"}
    assert named == {
        "changing",
        "locked",
        "report",
        *of_creation,
        *of_services,
        *of_rollback,
        *groups_of(**dict.fromkeys(NAMES, EVERY_HOST)),
    }
