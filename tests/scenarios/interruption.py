# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs of a job that are killed, and those after them: at the boundaries of steps, at random moments, on a lab of the job's.

A kill ends ansible-playbook, its workers and its connections at once. Meanwhile a prober asks the first API server, from its first
answer on. What came of it is compared with the end of a run that nobody interrupted.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import random
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.prober.analysis import CONTROL, control_of, counted, judged, summarize_log
from tests.prober.process import Prober
from tests.prober.results import ScenarioResults, Verdict
from tests.scenarios import end_state
from tests.scenarios.audited import DNS_ON_ONE_NODE, SINGLE_BALANCER, grave_findings
from tests.scenarios.cluster import ADMIN, PROJECT, Lab, wait_until
from tests.scenarios.control import control
from tests.scenarios.convert import addresses_of, leave_out_inconclusive
from tests.scenarios.kills import Boundary, Kill, at_new_boundary, boundaries
from tests.scenarios.kubeadm_state import REASONS_AFTER_MENDING, State, differences, kubeadm_state
from tests.scenarios.playbook import Run, kill_playbook, run_playbook
from tests.scenarios.secret_scan import secrets_in_cluster, secrets_on, secrets_on_controller
from tests.scenarios.services_cluster import INLINE
from tests.scenarios.shape import PLAIN
from tests.tools import machine

#: More kills than any job has boundaries: a lab that is not done by then never will be.
_MOST = 100
_SECONDS_FOR_A_STATE = 300.0


@dataclasses.dataclass(frozen=True, kw_only=True)
class Job:
    """A job of site.yml on the smallest lab that has all of its steps.

    :param topology: the lab's.
    :param nodes: hosts that are nodes of kubeadm's at the end; empty where kubeadm has no part in the cluster.
    :param hosts: hosts of the inventory.
    :param first: the host whose API server must never be lost.
    :param ca: the CA's certificate there.
    :param administrator: a kubeconfig there.
    :param has_cluster: whether that API server is there before the job begins.
    :param units: units of time that an uninterrupted run takes, rather less than more, so that a random moment lies in it.
    :param example: an inventory before the lab's.
    :param variables: further inputs.
    :param finds: ids of what an audit finds of severity warning or worse at the end, because the topology is so.
    :param only_without_kills: boundaries to which no run comes that follows a killed one, with the reason.
    """

    name: str
    topology: str
    nodes: tuple[str, ...]
    hosts: tuple[str, ...]
    first: str
    ca: str
    administrator: str
    units: float
    has_cluster: bool = True
    example: Path | None = None
    variables: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    finds: frozenset[str] = SINGLE_BALANCER
    only_without_kills: Mapping[Boundary, str] = dataclasses.field(default_factory=dict)

    @property
    def seconds(self) -> float:
        """What an uninterrupted run takes on this machine."""
        return self.units * machine.factor()


CONVERT = Job(
    name="convert",
    topology=PLAIN.topology,
    nodes=PLAIN.nodes,
    hosts=PLAIN.hosts,
    first="cp1",
    ca="/etc/kubernetes/pki/ca.crt",
    administrator=ADMIN,
    units=100.0,
    example=PLAIN.example,
    only_without_kills={
        Boundary(
            "Point the other workers to the endpoint", ("w2",)
        ): "the last worker is then the one that is pointed first"
    },
)
CREATE = Job(
    name="create",
    topology="create_small",
    nodes=("cp1", "cp2", "cp3", "w1"),
    hosts=("cp1", "cp2", "cp3", "w1", "lb1"),
    first="cp1",
    ca="/etc/kubernetes/pki/ca.crt",
    administrator=ADMIN,
    units=180.0,
    has_cluster=False,
    variables={"kubeadm_ha_kubernetes_version": "1.34.4"},
)
BINARY = Job(
    name="binary",
    topology=INLINE.topology,
    nodes=(),
    hosts=("m1", "m2", "m3", "w1", "w2", "lb1"),
    first="m1",
    ca="/etc/kubernetes/cert/ca.pem",
    administrator=INLINE.admin,
    units=90.0,
    # Its cluster DNS has one replica, as before.
    finds=SINGLE_BALANCER | DNS_ON_ONE_NODE,
)
JOBS = {job.name: job for job in (CONVERT, CREATE, BINARY)}


@dataclasses.dataclass(frozen=True)
class Moment:
    """A moment of a run, at random over its time.

    :param seconds: since the start of ansible-playbook.
    """

    seconds: float

    @classmethod
    def at_random(cls, numbers: random.Random, seconds: float) -> Self:
        """Any moment of a run that takes so many seconds alike."""
        return cls(round(numbers.uniform(0.0, seconds), 1))

    def __str__(self) -> str:
        """As a table shows it."""
        return f"{self.seconds:g} s"


@dataclasses.dataclass(frozen=True)
class FirstBoundary(Moment):
    """The first boundary after a moment of a run, which is counted from the begin of its first play."""

    def __str__(self) -> str:
        """As a table shows it."""
        return f"boundary after {self.seconds:g} s"


@dataclasses.dataclass
class Interruption:
    """A run, and what was seen until the next one began.

    :param number: from 1 on, one for each run.
    :param cause: what was to interrupt it: a boundary, a moment, ...; empty for a run that was to end by itself.
    :param began: of the prober's clock.
    """

    number: int
    cause: str
    run: Run
    began: float
    ended: float
    failed_probes: int | None = None

    @property
    def is_killed(self) -> bool:
        """Whether the kill met it."""
        return self.run.status == -9

    @property
    def place(self) -> str:
        """Play, task and hosts of the last thing that was recorded of it."""
        if not self.run.records:
            return "before its first play"
        last = self.run.records[-1]
        if last["event"] == "play":
            return f"begin of {Boundary(str(last['play']), tuple(last['hosts']), last['occurrence'])}"
        if last["event"] == "stats":
            return "its end"
        task = str(last["task"]).rpartition(" : ")[2]
        return f"{last['play']}: after {task} on {last['host']}"

    @property
    def changed(self) -> int:
        """Tasks that changed something."""
        return len(self.run.changed)

    def as_dict(self) -> dict[str, Any]:
        """For a file of results."""
        return {
            "number": self.number,
            "cause": self.cause,
            "killed": self.is_killed,
            "status": self.run.status,
            "place": self.place,
            "seconds": round(self.run.seconds, 1),
            "changed": self.changed,
            "failed_probes": self.failed_probes,
            "waited": waited_for(self.run),
        }


def waited_for(run: Run) -> list[str]:
    """Whom a run waited for before it inspected a host, as it warns."""
    words = " ".join(run.output.split())
    return [f"waited {part.partition(', perhaps')[0]}" for part in words.split(": waited ")[1:] if ", perhaps" in part]


class Interrupted:
    """Runs of one job on one lab, watched by a prober.

    As a context manager it watches as long as the block lasts; then :attr:`results` has the probes.
    """

    def __init__(self, job: Job, lab: Lab, results: ScenarioResults, *, label: str = "") -> None:
        self.job = job
        self.lab = lab
        self.results = results
        self.work = PROJECT / "build" / "scenarios" / lab.name / label
        shutil.rmtree(self.work, ignore_errors=True)
        self.work.mkdir(parents=True, exist_ok=True)
        self.addresses = addresses_of(lab, job.hosts)
        self.inventories = [*([job.example] if job.example else []), lab.inventory]
        self.history: list[Interruption] = []
        self.visited: list[Boundary] = []
        self._stack = contextlib.ExitStack()
        self._prober: Prober | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._stack:
            if error is None:
                self._end_watch()

    def visit_boundaries(self, until: Callable[[Boundary], bool] = lambda _boundary: False) -> None:
        """Kill a run at each boundary in turn that none was killed at, up to a run that ends by itself, or to this one."""
        for _attempt in range(_MOST):
            entry = self._kill("boundary", when=at_new_boundary(self.visited))
            if not entry.is_killed:
                return
            places = map(Boundary.of, entry.run.records)
            # What the run recorded between the boundary and the kill comes after it.
            self.visited.append(next(place for place in places if place and place not in self.visited))
            if until(self.visited[-1]):
                return

    def kill(self, cause: Moment | Kill) -> Interruption:
        """A run that is killed, if it lasts so long."""
        if isinstance(cause, Kill):
            return self._kill(cause.task or cause.play, when=cause.begins, after=cause.seconds)
        if isinstance(cause, FirstBoundary):
            return self._kill(str(cause), when=at_new_boundary((), cause.seconds))
        return self._kill(str(cause), when=None, after=cause.seconds)

    def kill_while(self, cause: Kill, is_so: Callable[[], bool]) -> Interruption:
        """A run that is killed as soon as something is so after a moment of it."""

        def has_come(line: Mapping[str, Any]) -> bool:
            if not cause.begins(line):
                return False
            wait_until(is_so, seconds=_SECONDS_FOR_A_STATE, what=f"what was to be met after {cause}", every=0.1)
            return True

        return self._kill(cause.task or cause.play, when=has_come)

    def run(self, label: str = "", *arguments: str) -> Interruption:
        """A run that is to end by itself."""
        return self._watched(
            "",
            lambda record: run_playbook(
                "kubeadm.ha.site",
                inventories=self.inventories,
                record=record,
                variables=self.job.variables,
                arguments=arguments,
            ),
            label,
        )

    def _kill(
        self,
        cause: str,
        *,
        when: Callable[[Mapping[str, Any]], bool] | None,
        after: float = 0.0,
    ) -> Interruption:
        return self._watched(
            cause,
            lambda record: kill_playbook(
                "kubeadm.ha.site",
                inventories=self.inventories,
                record=record,
                when=when,
                after=after,
                variables=self.job.variables,
            ),
        )

    def _watched(self, cause: str, start: Callable[[Path], Run], label: str = "") -> Interruption:
        self._begin_watch()
        began = self._mark(f"run {len(self.history) + 1}")
        number = len(self.history) + 1
        run = start(self.work / f"{label or f'run-{number:03}'}.jsonl")
        entry = Interruption(number, cause, run, began, self._mark(f"end of run {number}"))
        self.history.append(entry)
        print(
            f"{number:3} {'killed' if entry.is_killed else run.status} {run.seconds:6.1f} s {entry.place}", flush=True
        )
        return entry

    def _mark(self, name: str) -> float:
        return self._prober.mark(name).monotonic if self._prober is not None else 0.0

    def _begin_watch(self) -> None:
        """Ask the first API server from now on, if there is one yet, and the endpoint once somebody answers there."""
        authority = self.lab.run(self.job.first, "cat", self.job.ca, check=False)
        if self._prober is not None or "END CERTIFICATE" not in authority:
            return
        ca = self.work / "ca.crt"
        ca.write_text(authority, encoding="utf-8")
        untouched = self._stack.enter_context(control(ca))
        first = {self.job.first: f"https://{self.addresses[self.job.first]}:6443/readyz"}
        host, _colon, port = self.lab.endpoint.rpartition(":")
        endpoint = {"endpoint": f"https://{self.addresses.get(host, host)}:{port}/readyz"}
        is_there = self.job.has_cluster
        self._prober = self._stack.enter_context(
            Prober(
                targets={**(first if is_there else {}), CONTROL: untouched.target},
                wait={**({} if is_there else first), **endpoint},
                ca=untouched.ca,
                log=self.work / "probes.jsonl",
            )
        )

    def _end_watch(self) -> None:
        if self._prober is None:
            return
        self._prober.settle()
        log = self._prober.stop()
        self._prober = None
        self.results.add_probes(summarize_log(log))
        untouched = control_of(log)
        failed = [
            probe.scheduled
            for target in (self.job.first, "endpoint")
            for probe in judged(counted(log, target), untouched)
            if not probe.ok
        ]
        for entry, following in zip(self.history, [*self.history[1:], None], strict=True):
            until = following.began if following is not None else float("inf")
            if entry.began:
                entry.failed_probes = sum(entry.began <= moment < until for moment in failed)

    def findings(self) -> dict[str, list[str]]:
        """What an audit finds of severity warning or worse, by its id."""
        return grave_findings(self.inventories, self.work, self.job.variables)

    def state(self) -> State:
        """The end: hosts, and the cluster."""
        found = end_state.host_states(self.lab, self.job.hosts, self.addresses)
        found.update(end_state.objects_state(self.lab, self.job.first, self.job.administrator))
        return {**found, **self.kubeadm_state()}

    def kubeadm_state(self) -> State:
        """What kubeadm would recognise as its own; nothing where it has no part in the cluster."""
        return kubeadm_state(self.lab, self.job.nodes, self.addresses) if self.job.nodes else {}

    def secrets(self) -> list[str]:
        """What secret is left behind: on hosts, on the controller, in a cluster of kubeadm's."""
        left = secrets_on(self.lab, self.job.hosts)
        left += secrets_on_controller([self.work])
        return left + (secrets_in_cluster(self.lab) if self.job.nodes else [])

    def table(self) -> str:
        """One line for each run."""
        header = ("run", "killed at", "where it was", "seconds", "changed", "failed probes", "waited for")
        rows = [
            (
                str(entry.number),
                entry.cause if entry.is_killed else "not killed",
                entry.place,
                f"{entry.run.seconds:.1f}",
                str(entry.changed),
                "-" if entry.failed_probes is None else str(entry.failed_probes),
                "; ".join(waited_for(entry.run)) or "-",
            )
            for entry in self.history
        ]
        widths = [max(len(row[column]) for row in (header, *rows)) for column in range(len(header))]
        lines = [
            "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip()
            for row in (header, *rows)
        ]
        return "\n".join(lines)


@dataclasses.dataclass
class Checked:
    """What was seen of a job that was interrupted, in the order in which it happened.

    :param last: the run that came to the end.
    :param again: the one after it.
    :param state: the end.
    :param secrets: where something secret is left.
    :param findings: what an audit finds, by its id.
    """

    interrupted: Interrupted
    last: Interruption
    again: Interruption
    state: State
    secrets: Sequence[str]
    findings: Mapping[str, Sequence[str]]

    @property
    def history(self) -> Sequence[Interruption]:
        """Every run."""
        return self.interrupted.history

    @property
    def kills(self) -> int:
        """How many runs were killed."""
        return sum(entry.is_killed for entry in self.history)

    @property
    def table(self) -> str:
        """One line for each run."""
        return self.interrupted.table()

    def failed(self) -> dict[int, list[str]]:
        """What runs said that failed by themselves, by their numbers."""
        return {entry.number: entry.run.failures for entry in self.history if entry.run.status not in (0, -9)}

    def locked(self) -> list[str]:
        """Hosts that a lock is left on."""
        return [name for name in self.interrupted.job.hosts if self.state[f"{name} locks"]]

    def failures(self) -> list[str]:
        """Everything that is not as it should be, but for the probes."""
        found = [f"run {number} failed: {'; '.join(reasons)}" for number, reasons in self.failed().items()]
        found += [f"{where} has something secret" for where in self.secrets]
        found += [f"{name} is locked" for name in self.locked()]
        expected = self.interrupted.job.finds
        found += [f"an audit does not find {name}" for name in sorted(expected - {*self.findings})]
        return found + [
            f"an audit finds {name}: {'; '.join(what)}" for name, what in self.findings.items() if name not in expected
        ]


def to_the_end(
    job: Job, lab: Lab, results: ScenarioResults, interrupt: Callable[[Interrupted], object], *, label: str = ""
) -> Checked:
    """Runs that are interrupted on a lab; then one to the end, if none has come there, and a second one.

    :param results: get the probes.
    :param label: of the directory of records, where a lab's name is used several times.
    """
    with Interrupted(job, lab, results, label=label) as interrupted:
        interrupt(interrupted)
        has_ended = bool(interrupted.history) and interrupted.history[-1].run.status == 0
        last = interrupted.history[-1] if has_ended else interrupted.run()
        again = interrupted.run("again")
    # What is left of the runs is searched before there is another one.
    state, secrets = interrupted.state(), interrupted.secrets()
    return Checked(interrupted, last, again, state, secrets, interrupted.findings())


@dataclasses.dataclass
class Story:
    """An end, and what was measured on the way."""

    end: Checked
    results: ScenarioResults


@contextmanager
def interrupted_story(
    job: Job, results: ScenarioResults, lab_name: str, interrupt: Callable[[Interrupted], object]
) -> Iterator[Story]:
    """A lab of the job's, whose runs are interrupted."""
    with Lab(job.topology, name=lab_name) as lab:
        results.add_step("before state", lab.up_seconds)
        end = to_the_end(job, lab, results, interrupt)
        results.add_step("runs", sum(entry.run.seconds for entry in end.history))
        results.exactly("again_changed", end.again.changed, bound=0)
        print(end.table)
        yield Story(end, results)
        print(results.table())


@dataclasses.dataclass
class Whole:
    """A run that nobody interrupted: what the others are held against.

    :param seconds: that it took.
    """

    state: State
    boundaries: Sequence[Boundary]
    seconds: float


def uninterrupted(job: Job, results: ScenarioResults, lab_name: str) -> Whole:
    """The job on a lab of its own."""
    with Lab(job.topology, name=lab_name) as lab:
        jobs = Interrupted(job, lab, ScenarioResults(scenario=lab_name, kubernetes=results.kubernetes))
        with jobs:
            run = jobs.run().run
        assert run.status == 0, run.output[-8000:]
        results.add_step("uninterrupted", run.seconds)
        found = boundaries(run.records)
        results.at_least("boundaries_of_steps", len(found), bound=10)
        return Whole(jobs.state(), found, run.seconds)


class Checks:
    """What holds after interruptions, whatever the job. A test class beside its ``story`` has them."""

    def test_the_run_after_them_reaches_the_end(self, story: Story) -> None:
        assert story.end.last.run.status == 0, (story.end.table, story.end.last.run.output[-8000:])

    def test_no_run_between_them_failed_by_itself(self, story: Story) -> None:
        assert story.end.failed() == {}, story.end.table

    def test_a_second_run_changes_nothing(self, story: Story) -> None:
        again = story.end.again.run
        assert again.status == 0, again.output[-6000:]
        assert again.plan == []
        assert again.changed == []

    def test_the_api_was_never_lost(self, story: Story) -> None:
        probed = {one.name: one for one in story.results.probes}
        assert probed[story.end.interrupted.job.first].summary.sent > 0
        failed = [name for name, one in probed.items() if one.verdict() is Verdict.FAILED]
        assert failed == [], (story.end.table, story.results.table())
        leave_out_inconclusive(story.results)

    def test_nothing_secret_is_left(self, story: Story) -> None:
        assert story.end.secrets == []

    def test_an_audit_finds_nothing_but_what_the_topology_is(self, story: Story) -> None:
        found = story.end.findings
        assert set(found) == story.end.interrupted.job.finds, found

    def test_no_host_is_locked(self, story: Story) -> None:
        assert story.end.locked() == []

    def test_the_figures_hold(self, story: Story) -> None:
        story.results.write()
        assert story.results.failures() == [], story.results.table()


class SameEnd(Checks):
    """The same, and there is a fixture ``whole``."""

    def test_the_end_is_that_of_a_run_that_nobody_interrupted(self, story: Story, whole: Whole) -> None:
        found = differences(story.end.state, whole.state, REASONS_AFTER_MENDING)
        assert found == {}, "\n".join(f"{path}: {one!r} and not {other!r}" for path, (one, other) in found.items())


class EveryBoundary(SameEnd):
    """The same of runs that were killed at every boundary."""

    def test_it_was_killed_at_every_boundary_that_there_is(self, story: Story, whole: Whole) -> None:
        visited = story.end.interrupted.visited
        left = {one for one in whole.boundaries if one not in visited}
        assert {str(one) for one in left} == set(map(str, story.end.interrupted.job.only_without_kills)), (
            story.end.table
        )


def seed() -> int:
    """Of what happens at random: ``KUBEADM_HA_SEED``, else another one each time. It is printed."""
    chosen = int(os.environ.get("KUBEADM_HA_SEED") or random.SystemRandom().randrange(10**6))
    print(f"seed {chosen}: KUBEADM_HA_SEED={chosen} repeats it", flush=True)
    return chosen


__all__ = (
    "BINARY",
    "CONVERT",
    "CREATE",
    "JOBS",
    "Checked",
    "Checks",
    "EveryBoundary",
    "FirstBoundary",
    "Interrupted",
    "Interruption",
    "Job",
    "Moment",
    "SameEnd",
    "Story",
    "Whole",
    "interrupted_story",
    "seed",
    "to_the_end",
    "uninterrupted",
    "waited_for",
)
