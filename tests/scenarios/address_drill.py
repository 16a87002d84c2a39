# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A failover drill of a virtual IP address and of what makes it move, in a scenario that has one.

ip and ps say meanwhile who has the address, and what becomes of the processes of a program.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.prober.results import ScenarioResults
from tests.scenarios.cluster import ADMIN, Lab
from tests.scenarios.failover_drill import Drill, label, rto
from tests.scenarios.playbook import Run

#: Of virtual_ip: four advertisements of 0.3 s and a second; what is tracked is noticed within two seconds.
BOUNDS = {"virtual_ip": 2.2, "load_balancer": 4.2}
#: Seconds between two reads of the address, and what a read may take on a busy machine.
READ_EVERY, READ_TAKES = 0.2, 1.5
_ENDS = "/run/address-reader-ends"


@dataclasses.dataclass(frozen=True)
class Read:
    """What ip and ps said on a host.

    :param processes: states of the processes of a program, by their PIDs.
    """

    time: float
    host: str
    has_address: bool
    processes: Mapping[int, str]

    @classmethod
    def parse(cls, host: str, line: str) -> Read:
        """From a line of the reader."""
        when, addresses, processes = line.split("|")
        pairs = [item.split() for item in processes.split(",") if item.strip()]
        return cls(float(when), host, addresses.strip() != "0", {int(pid): state for pid, state in pairs})


@dataclasses.dataclass(frozen=True)
class SharedAddress:
    """A virtual IP address, and the hosts of which one has it."""

    lab: Lab
    address: str
    hosts: Sequence[str]

    @property
    def holders(self) -> list[str]:
        """Those that have it, by ip."""
        script = f"ip -4 -oneline address show to {self.address}"
        return [host for host in self.hosts if self.lab.shell(host, script).strip()]

    @contextlib.contextmanager
    def reader(self, program: str = "") -> Iterator[list[Read]]:
        """What each host says again and again, in the order of time, once the block has ended.

        :param program: whose processes are read, too.
        """
        found: list[Read] = []
        processes = f"ps -C {program} -o pid=,stat= | tr '\\n' ','" if program else "true"
        script = f"""
rm -f {_ENDS}
while ! test -e {_ENDS}; do
  printf '%s|%s|%s\\n' "$(date +%s.%N)" "$(ip -4 -oneline address show to {self.address} | wc -l)" "$({processes})"; sleep {READ_EVERY}
done"""
        readers = {host: self.lab.start_process(host, "sh", "-c", script) for host in self.hosts}
        try:
            yield found
        finally:
            for host in self.hosts:
                self.lab.shell(host, f"touch {_ENDS}")
            for host, process in readers.items():
                lines = process.communicate(timeout=30)[0].splitlines()
                found += [Read.parse(host, line) for line in lines if line.count("|") == 2]
            found.sort(key=lambda read: read.time)


def holders_by_time(reads: Sequence[Read]) -> list[tuple[float, frozenset[str]]]:
    """Who had the address whenever one of the hosts was asked."""
    known: dict[str, bool] = {}
    found = []
    for read in reads:
        known[read.host] = read.has_address
        found.append((read.time, frozenset(name for name, has in known.items() if has)))
    return found


@dataclasses.dataclass(frozen=True)
class Drilled:
    """What was seen of a drill.

    :param events: those that were asked for, and what the report says of each.
    :param figures: names of what was measured.
    """

    planned: Sequence[Mapping[str, str]]
    events: Sequence[Mapping[str, Any]]
    passed: bool
    reads: Sequence[Read]
    holders: Sequence[str]
    state_before: Mapping[str, str]
    state_after: Mapping[str, str]
    results: ScenarioResults
    figures: frozenset[str]

    def event(self, component: str, how: str) -> Mapping[str, Any]:
        """What the report says of the only one such."""
        (found,) = [event for event in self.events if (event["component"], event["how"]) == (component, how)]
        return found

    def processes_at(self, event: Mapping[str, Any], *, after: float, before: float) -> list[Mapping[int, str]]:
        """What ps said on the event's host, between seconds since the event."""
        began, reads = event["began"], [read for read in self.reads if read.host == event["host"]]
        return [read.processes for read in reads if began + after <= read.time <= began + before]


class AddressDrill(Drill):
    """On a lab that is up, without an application of its own."""

    kubeconfig = ADMIN

    def __init__(
        self,
        lab: Lab,
        results: ScenarioResults,
        *,
        hosts: Sequence[str],
        shared: SharedAddress,
        units: Sequence[str],
        events: Sequence[Mapping[str, str]],
        examples: Sequence[Path] = (),
        given: Mapping[str, Any] | None = None,
    ) -> None:
        """``units``: services that must be afterwards as they were; ``given``: further variables of each run."""
        super().__init__(lab, results)
        self.hosts, self.shared, self.events, self.examples = hosts, shared, events, examples
        self.state_script = (
            "ls /etc/kubernetes /run/kubeadm-ha-failover-drill-watch 2>&1; "
            f"systemctl show --property=Id,ActiveState,SubState,UnitFileState {' '.join(units)}"
        )
        self._given = {"failover_drill_namespace": "", **(given or {})}

    def play(self, playbook: str, record: str, *, arguments: Sequence[str] = (), **variables: Any) -> Run:
        """With what was given."""
        return super().play(playbook, record, arguments=arguments, **{**self._given, **variables})

    def performed(self, *, program: str = "") -> Drilled:
        """All events, one after the other. ``program``: whose processes are read meanwhile."""
        before, known = self.state(), len(self.results.figures)
        with self.shared.reader(program) as reads:
            _run, report, _junit = self.measured("drill")
        for event in report["events"]:
            if event["how"] == "reload":
                lost = event["endpoint"]["failed"] - event["endpoint"]["failed_before"]
                self.results.at_most(f"{label(event)}_lost_probes", lost, bound=0)
            else:
                self.results.timing(f"{label(event)}_rto_seconds", rto(event), bound=BOUNDS["load_balancer"])
        return Drilled(
            planned=[dict(event) for event in self.events],
            events=report["events"],
            passed=report["passed"],
            reads=reads,
            holders=self.shared.holders,
            state_before=before,
            state_after=self.state(),
            results=self.results,
            figures=frozenset(figure.name for figure in self.results.figures[known:]),
        )


class DrillChecks:
    """What holds whatever has the address; a test class has the fixture ``drilled``."""

    def test_every_event_of_the_drill_has_passed(self, drilled: Drilled) -> None:
        assert drilled.passed is True
        assert [(event["component"], event["how"]) for event in drilled.events] == [
            (event["component"], event["how"]) for event in drilled.planned
        ]
        for event in drilled.events:
            assert event["passed"] is True, event
            assert event["endpoint"]["sent"] > 10
            if event["how"] != "reload":
                assert event["seconds"] <= event["bound"], event
            if event["component"] in BOUNDS:
                assert event["bound"] == (0 if event["how"] == "reload" else BOUNDS[event["component"]])
                assert event["observer"] not in ("", event["host"])

    def test_ip_saw_the_address_where_the_drill_did(self, drilled: Drilled) -> None:
        """Soon after each event exactly one host has it, another one where it does not come back by itself."""
        assert drilled.holders
        for event in drilled.events:
            settled = event["began"] + READ_EVERY + READ_TAKES
            if event["how"] != "reload":
                settled += rto(event)
            if event["component"] == "virtual_ip":
                settled += event["seconds"]
            (first, *_later) = [holders for when, holders in holders_by_time(drilled.reads) if when >= settled]
            assert len(first) == 1, (event, first)
            if event["component"] in BOUNDS and event["how"] != "reload":
                assert first == {event["new_holder"]}, event
            if event["how"] in ("stop", "freeze"):
                assert event["host"] not in first, event

    def test_the_drill_leaves_everything_as_it_was(self, drilled: Drilled) -> None:
        assert drilled.state_after == drilled.state_before

    def test_the_figures_of_the_drill_hold(self, drilled: Drilled) -> None:
        assert len(drilled.figures) >= len(drilled.events)
        failures = drilled.results.failures()
        assert [reason for reason in failures if reason.partition(":")[0] in drilled.figures] == []


__all__ = (
    "BOUNDS",
    "READ_EVERY",
    "READ_TAKES",
    "AddressDrill",
    "DrillChecks",
    "Drilled",
    "Read",
    "SharedAddress",
    "holders_by_time",
)
