# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Joins that end before their end, on a real cluster: killed, without power, without kubeadm's last phase, and two at once.

What they leave is reported, taken out or completed by the next run; kubectl and etcdctl are the second opinion.
"""

from __future__ import annotations

import dataclasses
import json
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.scenarios.audited import SINGLE_BALANCER
from tests.scenarios.cluster import CommandError, Lab, answers_ssh, etcdctl, ready_nodes, wait_until
from tests.scenarios.convert import Conversion, changed_hosts, new_results
from tests.scenarios.plan_and_run import changed_objects, different_values, planned_objects
from tests.scenarios.playbook import Run, kill_playbook
from tests.scenarios.shape import PLAIN

pytestmark = pytest.mark.full

_ROLE = "node-role.kubernetes.io/control-plane"
_EXCLUDE = "node.kubernetes.io/exclude-from-external-load-balancers"
#: The play after the cluster-wide objects: one worker and they name the endpoint, nobody else does.
_POINTED = "Point the other workers to the endpoint"
#: The switch that lets a run reset a host on which a join did not end.
_SWITCH = ("--extra-vars", "kubeadm_ha_reset_half_joined=true")
#: What keeps the other members of etcd away from a host.
_NO_PEERS = ("INPUT", "--protocol=tcp", "--dport=2380", "--jump=DROP")


@dataclasses.dataclass
class Story:
    """What was seen, in the order in which it happened."""

    conversion: Conversion
    killed_pointing: Run
    killed_joining: Run
    after_power_loss: Mapping[str, bool]
    refused: Run
    check: Run
    killed_again: Run
    offered: Run
    after_the_offer: Mapping[str, bool]
    converted: Run
    members: Mapping[str, bool]
    unmarked: Run
    again: Run
    marked: Mapping[str, Any]
    at_once: tuple[Run, Run]
    ready: set[str]
    leftovers: list[str]
    findings: Mapping[str, list[str]]


@pytest.fixture(scope="module")
def story() -> Iterator[Story]:
    """Run the whole story once."""
    with new_results("killed_joins") as results, Lab("convert", name="killedjoins") as lab:
        conversion = Conversion(lab, results)
        killed_pointing = _killed(conversion, "killed-pointing", play=_POINTED, after=0.5)
        killed_joining = _killed_with_a_learner(conversion, "killed-joining", "cp2")
        _power_is_back(lab, "cp2", conversion.addresses["cp2"])
        after_power_loss = _members(lab)
        refused = conversion.run("refused")
        lab.shell("cp2", "kubeadm reset --force", timeout=300)
        check = conversion.run("check", "--check", "--diff")
        killed_again = _killed_with_a_learner(conversion, "killed-again", "cp3")
        _power_is_back(lab, "cp3", conversion.addresses["cp3"])
        offered = conversion.run("offered", "--check", "--diff", *_SWITCH)
        after_the_offer = _members(lab)
        converted = conversion.run("converted", *_SWITCH)
        assert converted.status == 0, converted.output[-6000:]
        members = _members(lab)
        lab.kubectl("label", "node", "cp3", f"{_ROLE}-", f"{_EXCLUDE}-")
        lab.kubectl("taint", "node", "cp3", f"{_ROLE}:NoSchedule-")
        unmarked = conversion.run("unmarked")
        again = conversion.run("again")
        results.exactly("again_changed", sum(again.changed_hosts.values()), bound=0)
        node = lab.objects("node", "cp3")
        lab.kubectl("label", "node", "cp3", f"{_ROLE}-")
        with ThreadPoolExecutor(2) as pool:
            first, second = (pool.submit(conversion.run, f"at-once-{number}") for number in (1, 2))
            at_once = (first.result(), second.result())
        wait_until(lambda: ready_nodes(lab) >= set(PLAIN.nodes), seconds=60, what="all nodes Ready")
        yield Story(
            conversion=conversion,
            killed_pointing=killed_pointing,
            killed_joining=killed_joining,
            after_power_loss=after_power_loss,
            refused=refused,
            check=check,
            killed_again=killed_again,
            offered=offered,
            after_the_offer=after_the_offer,
            converted=converted,
            members=members,
            unmarked=unmarked,
            again=again,
            marked={"labels": node["metadata"]["labels"], "taints": node["spec"].get("taints") or []},
            at_once=at_once,
            ready=ready_nodes(lab),
            leftovers=_leftovers(lab),
            findings=conversion.findings(),
        )


def _killed(conversion: Conversion, label: str, *, play: str, after: float) -> Run:
    """SIGKILL of the whole run some seconds after a play has begun."""
    return kill_playbook(
        "kubeadm.ha.site",
        inventories=PLAIN.inventories(conversion.lab.inventory),
        record=conversion.work / f"{label}.jsonl",
        when=lambda line: line["event"] == "play" and line["play"] == play,
        after=after,
    )


def _killed_with_a_learner(conversion: Conversion, label: str, node: str) -> Run:
    """A node loses power as soon as its kubeadm has announced a member of etcd, and the run is killed by SIGKILL."""
    lab = conversion.lab

    def power_is_lost(line: Mapping[str, Any]) -> bool:
        # The last task before the join that is not skipped here.
        if line.get("host") != node or not str(line.get("task")).endswith("Make a token and upload the certificates"):
            return False
        # A learner that nobody reaches is not promoted, so that its time is not a matter of luck.
        lab.run(node, "iptables", "--wait", "--insert", *_NO_PEERS)
        wait_until(lambda: any(_members(lab).values()), seconds=120, what="a learner in etcd", every=0.2)
        lab.event("kill", node)
        return True

    return kill_playbook(
        "kubeadm.ha.site",
        inventories=PLAIN.inventories(lab.inventory),
        record=conversion.work / f"{label}.jsonl",
        when=power_is_lost,
    )


def _power_is_back(lab: Lab, node: str, address: str) -> None:
    """The node runs again, and its kubelet has had time to start what the join has left."""
    lab.event("start", node)
    wait_until(lambda: answers_ssh(address), seconds=120, what=f"{node} is back")
    lab.run(node, "iptables", "--wait", "--delete", *_NO_PEERS, check=False)
    time.sleep(20)


def _members(lab: Lab) -> dict[str, bool]:
    """Whether each member of etcd is a learner, by its first peer URL."""
    try:
        listed = json.loads(etcdctl(lab, "member", "list", "--write-out=json", node="cp1"))["members"]
    except CommandError:
        return {}
    return {item["peerURLs"][0]: bool(item.get("isLearner")) for item in listed}


def _leftovers(lab: Lab) -> list[str]:
    secrets = lab.objects("secrets", "--namespace=kube-system")["items"]
    return [
        item["metadata"]["name"]
        for item in secrets
        if item["metadata"]["name"] == "kubeadm-certs" or item["type"] == "bootstrap.kubernetes.io/token"
    ]


def test_the_killed_runs_were_killed_in_the_middle(story: Story) -> None:
    assert story.killed_pointing.status == -9
    assert story.killed_joining.status == -9
    assert sorted(story.after_power_loss.values()) == [False, True], (
        "cp2 is a learner that no kubeadm promotes any more"
    )


def test_a_host_without_power_in_its_join_is_explained_and_nothing_is_changed(story: Story) -> None:
    assert story.refused.status != 0
    assert not story.refused.changed
    reported = "\n".join(story.refused.failures)
    assert "cp2 has joined before, but the cluster has no node cp2" in reported
    assert "run kubeadm reset on it" in reported
    assert "which the next run takes out" in reported
    assert "Or set kubeadm_ha_reset_half_joined: true for a run" in reported
    assert "expires" in reported, "the token of the killed run has an end"


def test_the_learner_that_a_reset_leaves_is_taken_out_by_the_plan(story: Story) -> None:
    assert story.check.status == 0, story.check.output[-6000:]
    removed = [entry for entry in story.check.plan if entry["object"].startswith("etcd member ")]
    assert [(entry["host"], entry["step"]) for entry in removed] == [("cp1", "repair")]
    assert changed_objects(story.check) == planned_objects(story.check)
    assert different_values(story.check) == []
    assert story.killed_again.status == -9


def test_with_the_switch_one_run_resets_a_half_joined_host_and_reaches_the_end(story: Story) -> None:
    assert story.offered.status == 0, story.offered.output[-6000:]
    repaired = [entry for entry in story.offered.plan if entry["host"] == "cp3" and entry["step"] == "repair"]
    assert [entry["object"].partition(" ")[0] for entry in repaired if entry["object"] != "node cp3"] == [
        "etcd",
        "half-joined",
    ]
    assert ("cp3", "node cp3") in planned_objects(story.offered), "it joins afterwards"
    assert sorted(story.after_the_offer.values()) == [False, False, True], "check mode has taken nothing out"
    assert story.converted.status == 0
    assert ("cp3", "half-joined host cp3") in changed_objects(story.converted)
    assert changed_objects(story.converted) == planned_objects(story.converted)
    assert sorted(story.members.values()) == [False, False, False]


def test_a_node_that_kubeadms_last_phase_did_not_reach_is_marked(story: Story) -> None:
    assert story.unmarked.status == 0, story.unmarked.output[-6000:]
    assert ("cp3", "node cp3") in planned_objects(story.unmarked)
    assert changed_objects(story.unmarked) == planned_objects(story.unmarked)
    assert {_ROLE, _EXCLUDE} <= set(story.marked["labels"])
    assert {"key": _ROLE, "effect": "NoSchedule"} in story.marked["taints"]
    assert changed_hosts(story.again) == set()


def test_of_two_runs_at_once_one_is_refused_before_it_changes_anything(story: Story) -> None:
    assert sorted(run.status == 0 for run in story.at_once) == [False, True], [run.failures for run in story.at_once]
    (refused,) = (run for run in story.at_once if run.status != 0)
    assert not refused.changed
    assert any("holds the lock" in text or "is changing" in text for text in refused.failures), refused.failures


def test_nothing_is_left(story: Story) -> None:
    assert story.ready >= set(PLAIN.nodes)
    assert story.leftovers == []


def test_an_audit_finds_only_that_there_is_one_load_balancer(story: Story) -> None:
    assert set(story.findings) == SINGLE_BALANCER, story.findings
