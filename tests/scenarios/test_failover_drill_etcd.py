# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A failover drill that is killed and restored by the next one, then one of etcd: its leader is killed, frozen and stopped.

Then a drill is killed that has cut the network of a control plane, and the next one, which restores it, lets a follower of etcd fail, cuts the network of a
leader and of a follower, and takes the quorum. etcdctl, ps, sha256sum, nft and iptables say what happened meanwhile and what is left.
"""

from __future__ import annotations

import dataclasses
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest

from tests.scenarios.audited import DNS_ON_ONE_NODE, SINGLE_OF_GUIDES
from tests.scenarios.cluster import ADMIN, etcdctl, wait_until
from tests.scenarios.failover_drill import CONFIRMED, MANAGER, RULES, Drill, label, rto
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
#: The quorum of three is lost by the last.
FURTHER: Sequence[Mapping[str, Any]] = (
    {"component": "etcd", "which": "follower", "how": "freeze"},
    {"component": "etcd", "which": "follower", "how": "cut"},
    {"component": "etcd", "how": "cut"},
    {"component": "etcd", "how": "freeze", "count": 2},
)
#: An outage lasts for five seconds, begins for some clients with the first member, and ends when a leader is elected and API servers notice it.
BOUND_OF_AN_OUTAGE = 20.0
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

    def kill(self, component: str, how: str) -> dict[str, str]:
        """The run and its module are killed in the middle of an event; what is stopped, written down or cut then, by host."""
        variables = self.work / "variables.yml"
        event = {"component": component, "how": how}
        document = {"all": {"vars": {**CONFIRMED, "failover_drill_events": [event]}}}
        # JSON is YAML.
        variables.write_text(json.dumps(document), encoding="utf-8")
        kill_playbook(
            "kubeadm.ha.failover_drill",
            inventories=[self.lab.inventory, variables],
            record=self.work / f"killed-{how}.jsonl",
            when=lambda line: line["event"] == "result" and "Event | Determine who leads now" in line["task"],
            # Until then the next task has begun on the leader's host.
            after=4.0,
        )
        # A module goes on after its run was killed, and would restore what fails by itself.
        interrupted = f"ps -eo stat=,args= | grep '^T' | cut -c1-60; {RULES}; true"
        wait_until(
            lambda: any(self.lab.shell(host, interrupted) for host in HOSTS),
            seconds=20,
            what=f"{component} fails by {how}",
            every=0.2,
        )
        # By pipelining a module has no name. Nothing else of these nodes is Python's.
        for host in HOSTS:
            self.lab.shell(host, "pkill -KILL python3; true")
        time.sleep(1)
        return {
            host: self.lab.shell(host, f"{interrupted}; ls /var/lib/kubeadm-ha | grep failover; true") for host in HOSTS
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
    findings: dict[str, list[str]]
    refused: Run
    killed_while_cut: dict[str, str]
    refused_outage: Run
    further: list[dict[str, Any]]
    further_run: Run
    rules: Mapping[str, Sequence[float]]


@pytest.fixture(scope="module")
def story() -> Iterator[Story]:
    """Run the whole story once."""
    with EtcdDrill.up() as drill:
        state_before, members_before = drill.state(), drill.members()
        killed_state = drill.kill(MANAGER, "freeze")
        restored = drill.run("restored", **CONFIRMED, **IMPATIENT)
        state_restored = drill.state()
        _run, report, _junit = drill.measured("drill")
        for event in report["events"]:
            drill.results.timing(f"etcd_{event['how']}_rto_seconds", rto(event), bound=BOUND_OF_THE_ENDPOINT)
        killed_while_cut = drill.kill("control_plane", "cut")
        # The first of these runs restores what the killed one has left; the switch is what it lacks.
        refused_outage = drill.run("refused-outage", **CONFIRMED, failover_drill_events=FURTHER)
        with drill.rules() as rules:
            accepted = {"failover_drill_events": FURTHER, "failover_drill_accept_outage": True}
            further_run, further, _junit = drill.measured("further", **accepted)
        *others, quorum = further["events"]
        for event in others:
            drill.results.timing(f"{label(event)}_rto_seconds", rto(event), bound=BOUND_OF_THE_ENDPOINT)
        drill.results.timing("etcd_quorum_rto_seconds", rto(quorum), bound=BOUND_OF_AN_OUTAGE)
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
            # Before a member is taken away.
            findings=drill.findings(),
            refused=drill.refuse(),
            killed_while_cut=killed_while_cut,
            refused_outage=refused_outage,
            further=further["events"],
            further_run=further_run,
            rules=rules,
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


def test_what_a_run_left_that_was_killed_while_it_cut_a_network_is_restored(story: Story) -> None:
    left = {host: text for host, text in story.killed_while_cut.items() if text.strip()}
    assert len(left) == 1, left
    (text,) = left.values()
    assert "failover_drill.json" in text
    assert "table inet kubeadm-ha-failover-drill" in text or "KUBEADM-HA-DRILL-IN" in text
    restored = [
        result["host"] for result in story.refused_outage.changed if "interrupted one has left" in result["task"]
    ]
    assert restored == [*left]


def test_the_quorum_is_nobodys_to_take_without_consent(story: Story) -> None:
    assert story.refused_outage.status != 0
    (message,) = [message for message in story.refused_outage.failures if "The drill has not begun" in message]
    assert "The etcd cluster has 3 healthy voters of 3 and an event takes 2 of them" in message
    assert "failover_drill_accept_outage=true" in message


def test_further_events_pass(story: Story) -> None:
    assert [(event["how"], event["which"]) for event in story.further] == [
        (event["how"], event.get("which", "leader")) for event in FURTHER
    ]
    for event in story.further:
        assert event["passed"], event
        assert event["endpoint"]["sent"] > 10
    frozen, cut, leader, quorum = story.further
    for event in (frozen, cut):
        # Nothing has to move.
        assert event["host"] not in (event["previous_holder"], event["new_holder"])
        assert (event["transitions"] == 0) == (event["previous_holder"] == event["new_holder"])
        assert event["bound"] == BOUND
    assert leader["previous_holder"] == leader["host"] != leader["new_holder"]
    assert leader["transitions"] >= 1
    assert (quorum["bound"], len(quorum["others"])) == (None, 1)
    assert quorum["endpoint"]["failed"] > 0
    assert quorum["observer"] in HOSTS
    assert "follower of etcd cut off" in story.further_run.output


def test_networks_were_cut_on_the_hosts_of_the_events_and_then_only(story: Story) -> None:
    cuts = [event for event in story.further if event["how"] == "cut"]
    for event in cuts:
        times = [when for when in story.rules[event["host"]] if event["began"] - 2 <= when <= event["began"] + 15]
        # It lasts five seconds.
        assert times, event
        assert max(times) - min(times) >= 3.0, event
    seen = {host for host, times in story.rules.items() if times}
    assert seen == {event["host"] for event in cuts}


def test_everything_is_as_it_was(story: Story) -> None:
    assert story.state_after == story.state_before


def test_it_is_refused_where_a_member_is_missing(story: Story) -> None:
    assert story.refused.status != 0
    assert not story.refused.changed
    (message,) = [message for message in story.refused.failures if "The drill has not begun" in message]
    assert "The etcd cluster has 2 healthy voters of 3 and an event takes one of them" in message


def test_an_audit_finds_only_the_load_balancer_of_guides(story: Story) -> None:
    # Where the pods of the cluster's DNS are is the lab's.
    assert set(story.findings) - DNS_ON_ONE_NODE == SINGLE_OF_GUIDES, story.findings


def test_the_figures_hold(story: Story) -> None:
    story.drill.results.write()
    assert story.drill.results.failures() == [], story.drill.results.table()
