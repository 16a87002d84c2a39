# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A failover drill of what stands before the API servers: haproxy and keepalived on two hosts that share a virtual IP, made by the collection.

ip, systemctl and ps say on which host the address is, and what is left. A drill is killed while a load balancer is frozen; the next one restores it.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest

from tests.scenarios.address_drill import BOUNDS, READ_EVERY, READ_TAKES, SharedAddress, holders_by_time
from tests.scenarios.cluster import ADMIN, wait_until
from tests.scenarios.failover_drill import CONFIRMED, JOURNAL, LEFT, Drill, rto
from tests.scenarios.playbook import Run, kill_playbook

pytestmark = pytest.mark.full

BALANCERS = ("lb1", "lb2")
_UNITS = "systemctl show --property=Id,ActiveState,SubState,UnitFileState haproxy keepalived kubeadm-ha-vip-health"


class EndpointDrill(Drill):
    """Control planes of kubeadm behind two load balancers."""

    name = "failover_drill_endpoint"
    topology = "endpoint_moves"
    hosts = ("cp1", "cp2", "cp3")
    kubeconfig = ADMIN
    events = (
        {"component": "load_balancer", "how": "kill"},
        {"component": "load_balancer", "how": "freeze"},
        {"component": "load_balancer", "how": "stop"},
        {"component": "virtual_ip", "how": "stop"},
        {"component": "virtual_ip", "how": "kill"},
    )
    bounds = BOUNDS
    state_script = "ls /etc/kubernetes; ls /run/kubeadm-ha-failover-drill-watch 2>&1"

    def prepare(self) -> None:
        """One control plane becomes three, behind the address."""
        run = self.play("kubeadm.ha.site", "site")
        assert run.status == 0, run.output[-8000:]
        self.results.add_step("site", run.seconds)

    @property
    def shared(self) -> SharedAddress:
        """The virtual IP."""
        return SharedAddress(self.lab, self.lab.endpoint.rpartition(":")[0], BALANCERS)

    @property
    def holders(self) -> list[str]:
        """Hosts that have it, by ip."""
        return self.shared.holders

    def balancers(self) -> dict[str, str]:
        """What a drill must leave as it was on the load balancers."""
        return {host: self.lab.shell(host, f"{_UNITS}; {LEFT}") for host in BALANCERS}

    def refuse(self) -> Run:
        """The other load balancer does not run."""
        (holder,) = self.holders
        (other,) = [host for host in BALANCERS if host != holder]
        self.lab.run(other, "systemctl", "stop", "haproxy")
        run = self.run("refused", **CONFIRMED)
        self.lab.run(other, "systemctl", "start", "haproxy")
        return run

    def workers(self) -> dict[str, set[str]]:
        """Processes of haproxy by host, by pgrep."""
        return {host: set(self.lab.run(host, "pgrep", "--exact", "haproxy").split()) for host in BALANCERS}

    def kill(self) -> tuple[str, str]:
        """The run is killed when a load balancer is frozen; its host, and what is stopped there then."""
        variables = self.work / "variables.yml"
        event = {"component": "load_balancer", "how": "freeze"}
        # JSON is YAML.
        document = {"all": {"vars": {**CONFIRMED, "failover_drill_events": [event]}}}
        variables.write_text(json.dumps(document), encoding="utf-8")
        (holder,) = self.holders
        kill_playbook(
            "kubeadm.ha.failover_drill",
            inventories=[self.lab.inventory, variables],
            record=self.work / "killed.jsonl",
            when=lambda line: line["event"] == "result" and "Event | It fails" in line["task"],
        )
        return holder, self.lab.shell(holder, f"ps -eo stat=,comm= | grep '^T'; ls {JOURNAL}")


@dataclasses.dataclass
class Story:
    """What was seen, in the order in which it happened."""

    drill: EndpointDrill
    state_before: Mapping[str, str]
    checked: Run
    refused: Run
    report: dict[str, Any]
    read: Sequence[tuple[float, frozenset[str]]]
    holders: Sequence[str]
    killed: tuple[str, str]
    restored: Run
    reloaded: dict[str, Any]
    workers: Mapping[str, tuple[set[str], set[str]]]
    state_after: Mapping[str, str]
    findings: Mapping[str, Sequence[str]]


@pytest.fixture(scope="module")
def story() -> Iterator[Story]:
    """Run the whole story once."""
    with EndpointDrill.up() as drill:
        state_before = {**drill.state(), **drill.balancers()}
        checked = drill.run("check", arguments=["--check"])
        refused = drill.refuse()
        wait_until(lambda: len(drill.holders) == 1, seconds=30, what="one host has the address")
        with drill.shared.reader() as reads:
            _run, report, _junit = drill.measured("drill")
        for event in report["events"]:
            name = f"{event['component']}_{event['how']}_rto_seconds"
            drill.results.timing(name, rto(event), bound=BOUNDS["load_balancer"])
        holders, killed = drill.holders, drill.kill()
        restored = drill.run(
            "restored", **CONFIRMED, failover_drill_events=[{"component": "virtual_ip", "how": "stop"}]
        )
        workers = drill.workers()
        _run, reload, _junit = drill.measured(
            "reload", failover_drill_events=[{"component": "load_balancer", "how": "reload"}]
        )
        (reloaded,) = reload["events"]
        lost = reloaded["endpoint"]["failed"] - reloaded["endpoint"]["failed_before"]
        drill.results.at_most("load_balancer_reload_lost_probes", lost, bound=0)
        after = drill.workers()
        yield Story(
            drill=drill,
            state_before=state_before,
            checked=checked,
            refused=refused,
            report=report,
            read=holders_by_time(reads),
            holders=holders,
            killed=killed,
            restored=restored,
            reloaded=reloaded,
            workers={host: (workers[host], after[host]) for host in BALANCERS},
            state_after={**drill.state(), **drill.balancers()},
            findings=drill.findings(),
        )
        print(drill.results.table())


def test_check_mode_names_the_holder_and_does_nothing(story: Story) -> None:
    assert story.checked.status == 0, story.checked.output[-3000:]
    assert "1. load balancer of the endpoint killed, on lb1: the endpoint answers within 4.2 s." in story.checked.output
    assert "keepalived of the virtual IP's holder stopped, on known after apply" in story.checked.output


def test_it_is_refused_where_the_other_one_does_not_run(story: Story) -> None:
    assert story.refused.status != 0
    assert not story.refused.changed
    (message,) = [message for message in story.refused.failures if "The drill has not begun" in message]
    assert "The load balancer of lb2 has no service of haproxy or nginx that listens on port 6443" in message


def test_every_event_has_passed_its_bound(story: Story) -> None:
    events = story.report["events"]
    assert story.report["passed"] is True
    assert [(event["component"], event["how"]) for event in events] == story.drill.planned
    for event in events:
        assert event["bound"] == BOUNDS[event["component"]]
        assert event["seconds"] <= event["bound"], event
        assert event["host"] == event["previous_holder"]
        assert event["new_holder"] in BALANCERS
        assert event["observer"] == "cp1"
        assert event["endpoint"]["sent"] > 10
    # Neither comes back by itself.
    assert all(event["new_holder"] != event["host"] for event in events if event["how"] == "stop")


def test_ip_saw_the_same(story: Story) -> None:
    """Soon after each event exactly the new holder has the address, as far as a read is exact."""
    for event in story.report["events"]:
        settled = event["began"] + rto(event) + (event["seconds"] or 0) + READ_EVERY + READ_TAKES
        (first, *_later) = [holders for when, holders in story.read if when >= settled]
        assert first == {event["new_holder"]}, event
    assert story.holders == [story.report["events"][-1]["new_holder"]]


def test_what_a_killed_run_left_is_restored_by_the_next(story: Story) -> None:
    host, left = story.killed
    assert left.count("haproxy") >= 2, left
    assert JOURNAL in left
    assert story.restored.status == 0, story.restored.output[-6000:]
    changed = {result["host"] for result in story.restored.changed if "interrupted one has left" in result["task"]}
    assert changed == {host}


def test_a_reload_loses_nothing(story: Story) -> None:
    event = story.reloaded
    assert event["passed"], event
    assert (event["bound"], event["observer"]) == (0, "cp1")
    # A second before, two seconds of three reloads, three seconds afterwards.
    assert event["endpoint"]["sent"] > 40
    for host, (before, after) in story.workers.items():
        # The master stays and has other workers where it was reloaded.
        assert before & after
        assert (before == after) == (host != event["host"])


def test_everything_is_as_it_was(story: Story) -> None:
    assert story.state_after == story.state_before


def test_the_figures_hold(story: Story) -> None:
    story.drill.results.write()
    assert story.drill.results.failures() == [], story.drill.results.table()


def test_an_audit_finds_nothing(story: Story) -> None:
    """Two load balancers share the address."""
    assert story.findings == {}
