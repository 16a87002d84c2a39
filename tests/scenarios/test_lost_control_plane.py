# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The control plane with which the cluster began is gone for good, and one run puts another host in its place.

The cluster was converted by the collection. cp1 is killed and never started again; w3, a host with another name and address, takes its
place in the inventory. What came of it say kubectl, etcdctl and a prober of the endpoint.
"""

from __future__ import annotations

import dataclasses
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.prober.analysis import summarize_log
from tests.prober.results import ScenarioResults
from tests.scenarios.audited import SINGLE_BALANCER, grave_findings
from tests.scenarios.cluster import Lab, etcdctl, fingerprint, ready_nodes, wait_until
from tests.scenarios.convert import Conversion, changed_hosts, etcd_members, new_results
from tests.scenarios.plan_and_run import changed_objects, different_values, planned_objects
from tests.scenarios.playbook import Run
from tests.scenarios.shape import PLAIN

pytestmark = pytest.mark.full

LOST, NEW = "cp1", "w3"
#: A control plane that stays, which is asked.
STAYING = "cp2"
CONTROL_PLANES = ("cp2", "cp3", NEW)
NODES = (*CONTROL_PLANES, "w1", "w2")
HOSTS = (*NODES, "lb1")
#: The lab's own groups have the lost host. Names of groups are read before the inventory's variables.
GROUP = "control_planes_that_are_left"
GROUPS = {"kubeadm_ha_control_plane_group": GROUP}
_NAMES_IT = ("--extra-vars", f"kubeadm_ha_lost_nodes={LOST}")
#: The run waits until the kubelet has been quiet for two minutes.
SECONDS_OF_QUIET = 130.0


@dataclasses.dataclass
class Story:
    """What was seen, in the order in which it happened."""

    conversion: Conversion
    results: ScenarioResults
    member: str
    while_it_runs: Run
    too_early: Run
    in_the_inventory: Run
    unnamed: Run
    checked: Run
    changed_by_check: list[str]
    replaced: Run
    again: Run
    nodes: set[str]
    ready: set[str]
    voters: Mapping[str, bool]
    statuses: Sequence[Mapping[str, Any]]
    health: Sequence[Mapping[str, Any]]
    balanced: str
    served: str
    named: list[str]
    smoke: Mapping[str, str]
    findings: Mapping[str, list[str]]


@pytest.fixture(scope="module")
def story() -> Iterator[Story]:
    """Run the whole story once."""
    with new_results("lost_control_plane") as results, Lab("convert", name="lost") as lab:
        conversion = Conversion(lab, results)
        addresses = conversion.addresses
        new_address = lab.shell(NEW, "ip -4 -o addr show dev eth0 | awk '{split($4,a,\"/\"); print a[1]}'").strip()
        converted = conversion.run("convert")
        assert converted.status == 0, converted.output[-6000:]
        wait_until(lambda: ready_nodes(lab) >= set(PLAIN.nodes), seconds=60, what="all nodes Ready")
        left = conversion.work / "left.yml"
        left.write_text(json.dumps({GROUP: {"hosts": {name: {} for name in CONTROL_PLANES}}}), encoding="utf-8")

        while_it_runs = _run(conversion, "while-it-runs", left, *_NAMES_IT)
        member = _members(lab)[LOST]["ID"]
        lab.event("kill", LOST)
        killed = time.monotonic()
        wait_until(lambda: LOST not in ready_nodes(lab, node=STAYING), seconds=120, what=f"{LOST} is not Ready")
        too_early = _run(conversion, "too-early", left, *_NAMES_IT)
        in_the_inventory = conversion.run("in-the-inventory")
        unnamed = _run(conversion, "unnamed", left)
        wait_until(
            lambda: time.monotonic() - killed > SECONDS_OF_QUIET, seconds=SECONDS_OF_QUIET, what="the kubelet is quiet"
        )

        before = fingerprint(lab, HOSTS, node=STAYING)
        checked = _run(conversion, "check", left, *_NAMES_IT, "--check", "--diff")
        after = fingerprint(lab, HOSTS, node=STAYING)
        with conversion.watched("replaced", endpoint_only=True) as prober:
            replaced = _run(conversion, "replaced", left, *_NAMES_IT)
            prober.settle()
            log = prober.stop()
        assert replaced.status == 0, replaced.output[-8000:]
        results.add_step("lost to replaced", replaced.seconds)
        results.add_probes(summarize_log(log))
        again = _run(conversion, "again", left, *_NAMES_IT)
        results.at_most("noop_changed", sum(again.changed_hosts.values()), bound=0)
        wait_until(lambda: ready_nodes(lab, node=STAYING) == set(NODES), seconds=60, what="all nodes Ready")
        wait_until(lambda: not _pods_of(lab, LOST), seconds=180, what=f"no pod is bound to {LOST}")
        statuses = etcd_members(lab, node=STAYING)
        results.exactly("members", len(statuses), bound=3)
        yield Story(
            conversion=conversion,
            results=results,
            member=f"{member:x}",
            while_it_runs=while_it_runs,
            too_early=too_early,
            in_the_inventory=in_the_inventory,
            unnamed=unnamed,
            checked=checked,
            changed_by_check=[name for name in before if before[name] != after[name]],
            replaced=replaced,
            again=again,
            nodes={item["metadata"]["name"] for item in lab.objects("nodes", node=STAYING)["items"]},
            ready=ready_nodes(lab, node=STAYING),
            voters={name: not item.get("isLearner") for name, item in _members(lab).items()},
            statuses=statuses,
            health=json.loads(etcdctl(lab, "endpoint", "health", "--cluster", "--write-out=json", node=STAYING)),
            balanced=lab.run("lb1", "grep", "server ", "/etc/haproxy/haproxy.cfg"),
            served=lab.kubectl("get", "--raw=/readyz", node=STAYING, server=f"https://{new_address}:6443"),
            named=[
                f"{name}: {path}"
                for name in HOSTS
                for path in lab.shell(
                    name,
                    f"grep -lF '{addresses[LOST]}:6443' /etc/kubernetes/*.conf /root/.kube/config 2>/dev/null; true",
                ).split()
            ],
            smoke={
                name: lab.run(name, "curl", "-sf", "-m", "5", "--retry", "5", f"http://{conversion.service}/")
                for name in NODES
            },
            findings=grave_findings(
                [*PLAIN.inventories(lab.inventory), left], conversion.work, GROUPS, arguments=PLAIN.arguments
            ),
        )
        print(results.table())


def _run(conversion: Conversion, label: str, left: Path, *arguments: str) -> Run:
    """``kubeadm.ha.site`` with the inventory in which the new host has the place of the lost one."""
    groups = ("--extra-vars", json.dumps(GROUPS))
    return conversion.run(label, *groups, *arguments, inventories=[left])


def _members(lab: Lab) -> dict[str, Any]:
    """Members of etcd by their names."""
    listed = json.loads(etcdctl(lab, "member", "list", "--write-out=json", node=STAYING))
    return {member["name"]: member for member in listed["members"]}


def _pods_of(lab: Lab, node: str) -> list[str]:
    items = lab.objects("pods", "--all-namespaces", node=STAYING)["items"]
    return [item["metadata"]["name"] for item in items if item["spec"].get("nodeName") == node]


def _said(run: Run) -> str:
    return " ".join(" ".join(run.failures).split())


def test_a_machine_that_runs_is_not_taken_out(story: Story) -> None:
    assert story.while_it_runs.status != 0
    assert changed_hosts(story.while_it_runs) == set()
    assert f"kubeadm_ha_lost_nodes names {LOST}, but that node is Ready" in _said(story.while_it_runs)


def test_a_kubelet_has_to_be_quiet_for_two_minutes(story: Story) -> None:
    assert story.too_early.status != 0
    assert changed_hosts(story.too_early) == set()
    assert f"kubeadm_ha_lost_nodes names {LOST}, but its kubelet renewed its Lease" in _said(story.too_early)


def test_who_is_in_the_inventory_or_not_named_gets_the_remedy(story: Story) -> None:
    for run in (story.in_the_inventory, story.unnamed):
        assert run.status != 0
        assert changed_hosts(run) == set()
    said = _said(story.in_the_inventory)
    assert f"{LOST} could not be inspected" in said
    assert "take it out of the inventory and name its node in kubeadm_ha_lost_nodes." in said
    assert "or in kubeadm_ha_lost_nodes if its machine is gone for good." in _said(story.unnamed)


def test_check_mode_shows_the_plan_of_the_run_and_changes_nothing(story: Story) -> None:
    assert story.checked.status == 0, story.checked.output[-6000:]
    assert story.changed_by_check == []
    assert story.checked.plan == story.replaced.plan


def test_member_and_node_go_before_the_new_host_joins(story: Story) -> None:
    repaired = [(entry["host"], entry["object"]) for entry in story.replaced.plan if entry["step"] == "repair"]
    assert repaired == [(STAYING, f"etcd member {story.member}"), (STAYING, f"node {LOST}")]
    assert {entry["host"] for entry in story.replaced.plan if entry["step"] == "join"} == {NEW}
    assert changed_objects(story.replaced) == planned_objects(story.replaced)
    assert different_values(story.replaced) == []


def test_no_probe_of_the_endpoint_failed(story: Story) -> None:
    story.conversion.assert_no_probe_failed(("endpoint",))


def test_the_cluster_has_the_new_control_plane_and_nothing_of_the_lost_one(story: Story) -> None:
    assert (story.nodes, story.ready) == (set(NODES), set(NODES))
    assert story.served == "ok"
    assert story.conversion.addresses[LOST] not in story.balanced
    assert story.named == []
    assert all(story.smoke.values())


def test_etcd_has_three_healthy_voters_with_one_leader(story: Story) -> None:
    assert story.voters == dict.fromkeys(CONTROL_PLANES, True)
    assert [item["health"] for item in story.health] == [True] * 3
    assert len({status["Status"]["leader"] for status in story.statuses}) == 1


def test_the_same_command_changes_nothing_a_second_time(story: Story) -> None:
    assert story.again.status == 0, story.again.output[-6000:]
    assert story.again.plan == []
    assert changed_hosts(story.again) == set()


def test_an_audit_finds_only_that_there_is_one_load_balancer(story: Story) -> None:
    assert set(story.findings) == SINGLE_BALANCER, story.findings


def test_the_figures_hold(story: Story) -> None:
    story.results.write()
    assert story.results.failures() == [], story.results.table()
