# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A failover drill that is killed and restored by the next one, then one of etcd: its leader is killed, frozen and stopped.

etcdctl, ps and sha256sum say what happened meanwhile and what is left.
"""

from __future__ import annotations

import dataclasses
import json
import time
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from tests.scenarios.cluster import ADMIN, etcdctl, wait_until
from tests.scenarios.failover_drill import CONFIRMED, MANAGER, Drill, rto
from tests.scenarios.playbook import Run, kill_playbook

pytestmark = pytest.mark.full

HOSTS = ("cp1", "cp2", "cp3")
MANIFEST = "/etc/kubernetes/manifests/etcd.yaml"
#: Nobody takes over so soon.
IMPATIENT: Mapping[str, Any] = {
    "failover_drill_events": [{"component": MANAGER, "how": "freeze"}],
    "failover_drill_timeout": 2,
    "failover_drill_namespace": "",
}
#: Four election timeouts of a second, and a second.
BOUND = 5.0
#: The endpoint's haproxy asks each API server every second and takes it out after two failures.
BOUND_OF_THE_ENDPOINT = 5.0


class EtcdDrill(Drill):
    """Three control planes of kubeadm with a member of etcd each."""

    name = "failover_drill_etcd"
    topology = "native"
    hosts = HOSTS
    kubeconfig = ADMIN
    events = tuple({"component": "etcd", "how": how} for how in ("kill", "freeze", "stop"))
    state_script = (
        "sha256sum /etc/kubernetes/manifests/*; ls /etc/kubernetes; "
        "ps -eo args= | grep -E '^(etcd|kube-scheduler|kube-controller-manager) ' | sort"
    )

    def members(self) -> list[dict[str, Any]]:
        """Each member's own status by etcdctl, which fails where one does not answer."""
        text = etcdctl(self.lab, "endpoint", "status", "--cluster", "--write-out=json", node="cp1")
        return [member["Status"] for member in json.loads(text)]

    def refuse(self) -> Run:
        """One member is missing, in the end: nodes whose kubelets are connected to its API server do not stay Ready."""
        self.lab.shell("cp3", f"mv {MANIFEST} /root/")
        wait_until(
            lambda: self.lab.shell("cp3", "ps -eo args= | grep -c '^etcd ' || true").strip() == "0",
            seconds=60,
            what="the member of cp3 has ended",
        )
        return self.run("refused", **CONFIRMED)

    def kill(self) -> dict[str, str]:
        """The run and its module are killed while a leader is frozen; which processes are stopped then, by host."""
        variables = self.work / "variables.yml"
        event = {"component": MANAGER, "how": "freeze"}
        document = {"all": {"vars": {**CONFIRMED, "failover_drill_events": [event]}}}
        # JSON is YAML.
        variables.write_text(json.dumps(document), encoding="utf-8")
        kill_playbook(
            "kubeadm.ha.failover_drill",
            inventories=[self.lab.inventory, variables],
            record=self.work / "killed.jsonl",
            when=lambda line: line["event"] == "result" and "Event | Determine who leads now" in line["task"],
            # Until then the next task has begun on the leader's host.
            after=4.0,
        )
        # A module goes on after its run was killed, and would restore the leader by itself.
        stopped = "ps -eo stat=,args= | grep '^T' | cut -c1-60; true"
        wait_until(
            lambda: any(self.lab.shell(host, stopped) for host in HOSTS),
            seconds=20,
            what="a leader is frozen",
            every=0.2,
        )
        # By pipelining a module has no name. Nothing else of these nodes is Python's.
        for host in HOSTS:
            self.lab.shell(host, "pkill -KILL python3; true")
        time.sleep(1)
        return {
            host: self.lab.shell(host, f"{stopped}; ls /var/lib/kubeadm-ha | grep failover; true") for host in HOSTS
        }


@dataclasses.dataclass
class Story:
    """What was seen, in the order in which it happened."""

    drill: Drill
    killed_state: dict[str, str]
    restored: Run
    state_restored: dict[str, str]
    report: dict[str, Any]
    members_before: list[dict[str, Any]]
    members_after: list[dict[str, Any]]
    state_before: dict[str, str]
    state_after: dict[str, str]
    refused: Run


@pytest.fixture(scope="module")
def story() -> Iterator[Story]:
    """Run the whole story once."""
    with EtcdDrill.up() as drill:
        state_before, members_before = drill.state(), drill.members()
        killed_state = drill.kill()
        restored = drill.run("restored", **CONFIRMED, **IMPATIENT)
        state_restored = drill.state()
        _run, report, _junit = drill.measured("drill")
        for event in report["events"]:
            drill.results.timing(f"etcd_{event['how']}_rto_seconds", rto(event), bound=BOUND_OF_THE_ENDPOINT)
        yield Story(
            drill=drill,
            killed_state=killed_state,
            restored=restored,
            state_restored=state_restored,
            report=report,
            members_before=members_before,
            members_after=drill.members(),
            state_before=state_before,
            state_after=drill.state(),
            refused=drill.refuse(),
        )


def test_what_a_killed_run_left_is_restored_by_the_next(story: Story) -> None:
    left = {host: text for host, text in story.killed_state.items() if text.strip()}
    assert len(left) == 1, left
    (text,) = left.values()
    assert MANAGER in text
    assert "failover_drill.json" in text
    assert {result["host"] for result in story.restored.changed if "interrupted one has left" in result["task"]} == set(
        left
    )


def test_an_event_beyond_its_bound_fails_the_run_when_all_is_restored(story: Story) -> None:
    assert story.restored.status != 0
    sentence = "Nobody else held the lock in time; the bound is 24.8 s. Everything is restored."
    assert any(sentence in message for message in story.restored.failures), story.restored.output[-4000:]
    # Without an application it removes none; the next run does.
    assert {host: story.state_restored[host] for host in HOSTS} == {host: story.state_before[host] for host in HOSTS}


def test_every_event_has_passed_its_bound(story: Story) -> None:
    events = story.report["events"]
    assert story.report["passed"] is True
    assert [event["how"] for event in events] == [how for _component, how in story.drill.planned]
    for event in events:
        assert event["bound"] == BOUND
        assert event["seconds"] <= BOUND, event
        assert event["transitions"] >= 1
        assert event["pods_seconds"] is None
        assert event["previous_holder"] == event["host"]
        assert event["endpoint"]["sent"] > 10


def test_etcdctl_saw_later_terms(story: Story) -> None:
    before, after = (
        {member["raftTerm"] for member in members} for members in (story.members_before, story.members_after)
    )
    assert len(story.members_after) == len(HOSTS)
    assert len(before) == len(after) == 1
    assert min(after) >= min(before) + sum(event["transitions"] for event in story.report["events"])
    assert len({member["leader"] for member in story.members_after}) == 1


def test_everything_is_as_it_was(story: Story) -> None:
    assert story.state_after == story.state_before


def test_it_is_refused_where_a_member_is_missing(story: Story) -> None:
    assert story.refused.status != 0
    assert not story.refused.changed
    (message,) = [message for message in story.refused.failures if "Nothing was touched" in message]
    assert "The etcd cluster has 2 healthy voters of 3 and an event takes one of them" in message


def test_the_figures_hold(story: Story) -> None:
    story.drill.results.write()
    assert story.drill.results.failures() == [], story.drill.results.table()
