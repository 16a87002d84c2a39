# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A failover drill of the controllers' leaders on a cluster of any shape: leaders stopped, killed and frozen.

:class:`Checks` has what holds in each shape; a test file names its own. kubectl, ps and sha256sum say what happened meanwhile and what is left.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import pytest

from tests.prober.results import ScenarioResults
from tests.scenarios.audited import grave_findings
from tests.scenarios.cluster import PROJECT, Lab, static_pods_are_ready, wait_until
from tests.scenarios.convert import new_results
from tests.scenarios.playbook import Run, run_playbook

MANAGER, SCHEDULER = "kube-controller-manager", "kube-scheduler"
COMPONENTS = (MANAGER, SCHEDULER)
NAMESPACE = "kubeadm-ha-failover-drill"
JOURNAL = "/var/lib/kubeadm-ha/failover_drill.json"
CONFIRMED: Mapping[str, Any] = {"failover_drill_confirm": True}
#: Lease duration + 4.4 x retry period + 1 s, with the defaults of Kubernetes.
BOUND = 24.8
#: Seconds between two reads of the Leases by kubectl, and what a read may take on a busy machine.
READ_EVERY, READ_TAKES = 0.5, 2.5
#: Tables and chains of a drill that cuts a network, by nft and iptables.
RULES = "(nft list tables; iptables -S; ip6tables -S) 2>/dev/null | grep -E 'inet kubeadm-ha-failover-drill|KUBEADM-HA-DRILL'"
#: What a drill must leave as it was on every host: its own files, no process that a signal has stopped, and no rule.
LEFT = f"ls /var/lib/kubeadm-ha 2>/dev/null | grep failover; ps -eo stat=,args= | grep '^T'; {RULES}; true"
_COLUMNS = r"{range .items[*]}|{.spec.holderIdentity}|{.spec.leaseTransitions}{end}"


@dataclasses.dataclass(frozen=True)
class Leases:
    """What kubectl has read of both Leases."""

    time: float
    holders: Mapping[str, str]
    transitions: Mapping[str, int]

    @classmethod
    def parse(cls, line: str) -> Leases:
        """From a line of :func:`_read`."""
        when, manager, manager_count, scheduler, scheduler_count = line.split("|")
        return cls(
            float(when),
            {MANAGER: manager, SCHEDULER: scheduler},
            {MANAGER: int(manager_count), SCHEDULER: int(scheduler_count)},
        )


class Drill:
    """A cluster on which leaders fail. What differs between shapes of clusters is overridden."""

    #: Of the scenario.
    name: str
    topology: str
    #: Its hosts with the components, the one with kubectl first.
    hosts: Sequence[str]
    #: An administrator's, on the first host.
    kubeconfig: str
    #: Inventories before the lab's.
    examples: Sequence[Path] = ()
    #: What is to fail; what the role lets happen by default, when nothing is given.
    events: Sequence[Mapping[str, Any]] = ()
    bounds: Mapping[str, float] = dict.fromkeys(COMPONENTS, BOUND)
    #: What a drill must leave as it was, beside :data:`LEFT`.
    state_script: str

    def __init__(self, lab: Lab, results: ScenarioResults) -> None:
        """``lab`` is up."""
        self.lab, self.results = lab, results
        self.work = PROJECT / "build" / "scenarios" / lab.name
        self.work.mkdir(parents=True, exist_ok=True)

    @classmethod
    @contextlib.contextmanager
    def up(cls) -> Iterator[Self]:
        """With its cluster, which is prepared."""
        with new_results(cls.name) as results, Lab(cls.topology, name=cls.name.replace("_", "")) as lab:
            results.add_step("before state", lab.up_seconds)
            drill = cls(lab, results)
            drill.prepare()
            yield drill
            print(results.table())

    def prepare(self) -> None:
        """What the cluster lacks."""

    def refuse(self) -> Run:
        """A drill that the cluster does not bear."""
        raise NotImplementedError

    @contextlib.contextmanager
    def watched(self) -> Iterator[None]:
        """What else is watched during the drill."""
        yield

    @property
    def planned(self) -> list[tuple[str, str]]:
        """Component and kind of each event."""
        default = [(component, how) for how in ("stop", "kill", "freeze") for component in COMPONENTS]
        return [(event["component"], event["how"]) for event in self.events] or default

    def run(self, record: str, *, arguments: Sequence[str] = (), **variables: Any) -> Run:
        """A run of the playbook."""
        events = {"failover_drill_events": self.events} if self.events else {}
        return self.play("kubeadm.ha.failover_drill", record, arguments=arguments, **{**events, **variables})

    def play(self, playbook: str, record: str, *, arguments: Sequence[str] = (), **variables: Any) -> Run:
        """A run of any playbook."""
        return run_playbook(
            playbook,
            inventories=[*self.examples, self.lab.inventory],
            record=self.work / f"{record}.jsonl",
            arguments=arguments,
            variables=variables,
        )

    def measured(self, record: str, **variables: Any) -> tuple[Run, dict[str, Any], ET.Element]:
        """A drill that passes, and its report as JSON and as JUnit's XML."""
        directory = self.work / f"{record}-report"
        run = self.run(record, **CONFIRMED, failover_drill_report_directory=str(directory), **variables)
        assert run.status == 0, run.output[-8000:]
        self.results.add_step(record, run.seconds)
        report = json.loads((directory / "failover_drill.json").read_text(encoding="utf-8"))
        for event in report["events"]:
            # Without a bound an outage was accepted; with one of 0 seconds it is probes that count.
            if event["bound"]:
                self.results.timing(f"{label(event)}_handover_seconds", event["seconds"], bound=event["bound"])
        return run, report, ET.fromstring((directory / "failover_drill.xml").read_bytes())

    def findings(self) -> dict[str, list[str]]:
        """What an audit finds of severity warning or worse, by its id, once everything has come back."""
        self.wait_until_whole()
        return grave_findings([*self.examples, self.lab.inventory], self.work)

    def wait_until_whole(self) -> None:
        """Until what has failed is there again."""
        wait_until(lambda: static_pods_are_ready(self.lab), seconds=400, what="every static pod is Ready")

    def leases(self) -> Leases:
        """As they are now."""
        return Leases.parse(self.lab.shell(self.hosts[0], f'printf "%s%s" "$(date +%s.%N)" "$({self._read})"'))

    @contextlib.contextmanager
    def reader(self) -> Iterator[list[Leases]]:
        """Every state of the Leases, once the block has ended."""
        found: list[Leases] = []
        line = f'printf "%s%s\\n" "$(date +%s.%N)" "$({self._read})"'
        # Ends at the latest with the lab.
        script = f"while ! test -e /run/reader-ends; do {line}; sleep {READ_EVERY}; done"
        process = self.lab.start_process(self.hosts[0], "sh", "-c", script)
        try:
            yield found
        finally:
            self.lab.shell(self.hosts[0], "touch /run/reader-ends")
            read, _nothing = process.communicate(timeout=30)
        found += [Leases.parse(line) for line in read.splitlines() if line.count("|") == 4]

    @contextlib.contextmanager
    def rules(self) -> Iterator[dict[str, list[float]]]:
        """When each host has had rules of a drill, once the block has ended."""
        found: dict[str, list[float]] = {}
        end = "/run/rules-reader-ends"
        script = f"rm -f {end}; while ! test -e {end}; do {RULES} >/dev/null && date +%s.%N; sleep 0.3; done"
        processes = {host: self.lab.start_process(host, "sh", "-c", script) for host in self.hosts}
        try:
            yield found
        finally:
            for host, process in processes.items():
                self.lab.shell(host, f"touch {end}")
                found[host] = [float(line) for line in process.communicate(timeout=30)[0].split()]

    def state(self) -> dict[str, str]:
        """What a drill must leave as it was, by host, and the namespaces."""
        found = {host: self.lab.shell(host, f"{self.state_script}; {LEFT}") for host in self.hosts}
        names = self.lab.run(
            self.hosts[0], "kubectl", f"--kubeconfig={self.kubeconfig}", "get", "namespaces", "--output=name"
        )
        return {**found, "namespaces": "\n".join(sorted(names.split()))}

    @property
    def _read(self) -> str:
        options = f"--kubeconfig={self.kubeconfig} -n kube-system --request-timeout=2s"
        return f"kubectl {options} get lease {MANAGER} {SCHEDULER} -o jsonpath='{_COLUMNS}'"


@dataclasses.dataclass
class Story:
    """What was seen, in the order in which it happened."""

    drill: Drill
    state_before: Mapping[str, str]
    before: Leases
    checked: Run
    after_check: Leases
    without_consent: Run
    refused: Run
    drilled: Run
    report: dict[str, Any]
    junit: ET.Element
    leases: list[Leases]
    state_after: Mapping[str, str]


def performed(drill: Drill) -> Story:
    """The whole story of a drill, once."""
    state_before, before = drill.state(), drill.leases()
    checked = drill.run("check", arguments=["--check"])
    after_check = drill.leases()
    without_consent = drill.run("no-consent")
    refused = drill.refuse()
    with drill.watched(), drill.reader() as leases:
        drilled, report, junit = drill.measured("drill")
    return Story(
        drill=drill,
        state_before=state_before,
        before=before,
        checked=checked,
        after_check=after_check,
        without_consent=without_consent,
        refused=refused,
        drilled=drilled,
        report=report,
        junit=junit,
        leases=leases,
        state_after=drill.state(),
    )


class Checks:
    """What holds whatever runs the components."""

    def test_check_mode_says_what_would_happen_and_does_nothing(self, story: Story) -> None:
        assert story.checked.status == 0, story.checked.output[-3000:]
        assert [result["task"] for result in story.checked.changed] == [
            "kubeadm.ha.failover_drill : Drill | Determine the hosts of the events, or every reason not to begin"
        ]
        leader = story.before.holders[MANAGER].partition("_")[0]
        said = f"1. leader of {MANAGER} stopped, on {leader}: another one leads within {BOUND} s."
        assert said in story.checked.output
        assert f"3. leader of {MANAGER} killed, on known after apply" in story.checked.output
        assert story.after_check.holders == story.before.holders

    def test_nothing_happens_without_consent(self, story: Story) -> None:
        assert story.without_consent.status != 0
        assert not story.without_consent.changed
        assert any("nobody has agreed to it" in message for message in story.without_consent.failures)

    def test_it_is_refused_where_an_instance_is_missing(self, story: Story) -> None:
        assert story.refused.status != 0
        assert not story.refused.changed
        (message,) = [message for message in story.refused.failures if "The drill has not begun" in message]
        assert f"{SCHEDULER} runs on 2 of 3 control planes and an event takes 2 of them" in message
        assert self.missing in message

    #: Why the last host's kube-scheduler does not run.
    missing: str

    def test_every_event_has_passed_its_own_bound(self, story: Story) -> None:
        events = story.report["events"]
        assert story.report["passed"] is True
        assert [(event["component"], event["how"]) for event in events] == story.drill.planned
        for event in events:
            assert event["bound"] == story.drill.bounds[event["component"]]
            assert event["seconds"] <= event["bound"], event
            assert event["transitions"] >= 1
            assert event["host"] in story.drill.hosts
            assert event["endpoint"]["sent"] > 10

    def test_kubectl_saw_the_same(self, story: Story) -> None:
        """Each holder took over within the seconds of the report, as far as a read of kubectl is exact."""
        slack = READ_EVERY + READ_TAKES
        for event in story.report["events"]:
            component, taken = event["component"], event["began"] + event["seconds"]
            held = [read for read in story.leases if read.holders[component] == event["new_holder"]]
            assert held, event
            assert taken - slack <= held[0].time <= taken + slack, (event, held[0])
            earlier = [read for read in story.leases if read.time < event["began"]]
            assert earlier[-1].holders[component] == event["previous_holder"]
        for component in COMPONENTS:
            grown = story.leases[-1].transitions[component] - story.before.transitions[component]
            counted = [event for event in story.report["events"] if event["component"] == component]
            assert grown >= sum(event["transitions"] for event in counted)

    def test_the_report_for_a_build_server(self, story: Story) -> None:
        assert story.junit.tag == "testsuite"
        assert [story.junit.attrib[key] for key in ("tests", "failures", "errors")] == ["6", "0", "0"]
        assert f"leader of {SCHEDULER}" in story.drilled.output

    def test_everything_is_as_it_was(self, story: Story) -> None:
        assert story.state_after == story.state_before
        assert NAMESPACE not in story.state_after["namespaces"]

    def test_no_secret_is_in_an_output(self, story: Story) -> None:
        keys = story.drill.lab.shell(
            story.drill.hosts[0], f"sed -n 's/^ *client-key-data: //p' {' '.join(self.secrets(story))}"
        ).split()
        assert keys
        assert not [key for key in keys if key[:40] in story.drilled.output]
        assert "PRIVATE KEY" not in story.drilled.output

    def secrets(self, story: Story) -> Sequence[str]:
        """Kubeconfigs of the first host, whose keys nobody may see."""
        return [story.drill.kubeconfig]

    @pytest.fixture(scope="class")
    @classmethod
    def figures(cls, story: Story) -> ScenarioResults:
        """All that was measured."""
        return story.drill.results

    def test_the_figures_hold(self, figures: ScenarioResults) -> None:
        figures.write()
        assert figures.failures() == [], figures.table()


def label(event: Mapping[str, Any]) -> str:
    """What to call its figures."""
    follower = "_follower" if event.get("which") == "follower" else ""
    return f"{event['component']}{follower}_{event['how']}".replace("-", "_")


def rto(event: Mapping[str, Any]) -> float:
    """For how long the endpoint was away; very long, when it did not come back."""
    found = event["endpoint"]["rto"]
    return 1e6 if found is None else float(found)
