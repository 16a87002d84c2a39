# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a drill has measured: verdicts, a table, and JUnit's XML."""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
import typing as t

from ..base.report_fields import absent, as_dict, read
from ..component.leader_election import host_of
from .event import LEADER, subject_of
from .leadership import Handover

if t.TYPE_CHECKING:
    from .event import Subject

#: Characters that XML 1.0 cannot hold.
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_COLUMNS = ("event", "host", "begin", "new holder", "transitions", "seconds", "bound", "endpoint", "pods", "verdict")
_SUITE = "kubeadm.ha.failover_drill"


@dataclasses.dataclass(frozen=True)
class EndpointAnswers:
    """How the endpoint answered; see the measurement."""

    sent: int
    failed: int
    failed_before: int
    rto: float | None


@dataclasses.dataclass(frozen=True)
class Result:
    """An event and what was measured.

    Attributes:
        number: of the event.
        component: whose leader, or what else failed.
        how: what happened to it.
        object: the same in words.
        host: inventory name of the host whose component led.
        others: hosts whose instances failed with it.
        bound: seconds within which another instance had to lead, or what else was expected had to be so; ``None`` where an outage was
            accepted.
        observer: the host that watched the endpoint; empty for the host of the event.
        began: the event, in seconds since the epoch; ``None`` when nothing was measured, like everything below.
        previous_holder: identity that held the lock, or host that had the virtual IP.
        new_holder: identity that took it, or all hosts that have the virtual IP in the end.
        transitions: by how many the lock's own count has grown, or how often another host had the virtual IP.
        seconds: from the event to the new holder.
        endpoint: how the endpoint answered.
        pods_seconds: from the event to new pods.
        handovers: of each that led, where several failed at once.
        which: whether the leader failed or a follower.
    """

    number: int
    component: str
    how: str
    object: str
    host: str
    others: tuple[str, ...]
    bound: float | None
    began: float | None = None
    previous_holder: str | None = None
    new_holder: str | None = None
    transitions: int | None = None
    seconds: float | None = None
    endpoint: EndpointAnswers | None = None
    pods_seconds: float | None = None
    observer: str = dataclasses.field(default="", metadata=absent(""))
    handovers: tuple[Handover, ...] = dataclasses.field(default=(), metadata=absent(()))
    which: str = dataclasses.field(default=LEADER, metadata=absent(LEADER))

    @classmethod
    def from_dict(cls, document: t.Any) -> Result:
        """The result of an event.

        Raises:
            MalformedReport: when it is none.
        """
        return read(cls, document, where="The result of an event")

    @property
    def fault(self) -> str:
        """What is wrong with it, as a sentence; empty when nothing is."""
        if self.began is None:
            return "It was not measured: the run ended before."
        subject, seconds = self._subject, self.figure
        if subject.loses_nothing:
            return self._lost
        if self.bound is None and not subject.is_of_endpoint:
            # An outage was accepted, and what comes after it is inspected.
            is_away = self.endpoint is not None and self.endpoint.rto is None
            return "The endpoint did not answer again." if is_away else ""
        if seconds is None:
            return f"{subject.never}{'.' if self.bound is None else f'; the bound is {self.bound:g} s.'}"
        if self.bound is not None and seconds > self.bound:
            return f"{subject.late} {seconds:g} s; the bound is {self.bound:g} s."
        if subject.needs_endpoint and self.endpoint is not None and self.endpoint.rto is None:
            return "The endpoint did not answer again."
        if subject.bounds_endpoint and self.bound is not None and self._rto > self.bound:
            return f"The endpoint answered after {self._rto:g} s; the bound is {self.bound:g} s."
        if subject.has_count and (not self.transitions or self.transitions < 1):
            return f"The lock counts {self.transitions or 0} transitions, although its holder changed."
        return ""

    @property
    def figure(self) -> float | None:
        """The seconds that are held against the bound; of an outage that was accepted, those that it took."""
        if self._subject.is_of_endpoint or (self.bound is None and self.began is not None):
            return None if self.endpoint is None else self.endpoint.rto
        return self.seconds

    @property
    def _rto(self) -> float:
        """Seconds until the endpoint answered; 0 where nobody asked it."""
        return 0.0 if self.endpoint is None or self.endpoint.rto is None else self.endpoint.rto

    @property
    def _subject(self) -> Subject:
        return subject_of(self.component, self.which, self.how)

    @property
    def _lost(self) -> str:
        """What is wrong where no probe may fail."""
        if self.endpoint is None:
            return "Nobody watched the endpoint."
        lost = self.endpoint.failed - self.endpoint.failed_before
        return f"{lost} of {self.endpoint.sent} probes of the endpoint failed; none may." if lost else ""

    @property
    def passed(self) -> bool:
        """The verdict."""
        return not self.fault

    def as_dict(self) -> dict[str, t.Any]:
        """JSON-compatible."""
        return {**as_dict(self), "seconds": self.figure, "passed": self.passed, "fault": self.fault}


def parse(documents: t.Sequence[t.Any]) -> tuple[Result, ...]:
    """The results of a drill.

    Raises:
        MalformedReport: when one is none.
    """
    return tuple(Result.from_dict(item) for item in documents)


def of_plan(planned: t.Sequence[Result], measured: t.Sequence[Result]) -> tuple[Result, ...]:
    """Every planned event with its result; those that were not measured as they were planned."""
    found = {item.number: item for item in measured}
    return tuple(found.get(item.number, item) for item in planned)


def table(results: t.Sequence[Result]) -> list[str]:
    """Aligned lines for the screen, and what is wrong below them."""
    rows = [list(_COLUMNS), *([*_cells(item)] for item in results)]
    widths = [max(len(row[index]) for row in rows) for index in range(len(_COLUMNS))]
    shown = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in rows]
    return [*shown, *faults(results)]


def faults(results: t.Sequence[Result]) -> list[str]:
    """What is wrong, a sentence for each event that failed."""
    return [f"Event {item.number} ({item.object}) failed. {item.fault}" for item in results if not item.passed]


def junit(results: t.Sequence[Result]) -> str:
    """The results as JUnit's XML: a test case for each event, its time the seconds of the handover."""
    errors = sum(item.began is None for item in results)
    failures = len(faults(results)) - errors
    total = sum(item.figure or 0.0 for item in results)
    began = min((item.began for item in results if item.began is not None), default=None)
    stamp = "" if began is None else f' timestamp="{_time(began)}"'
    counts = f'tests="{len(results)}" failures="{failures}" errors="{errors}" skipped="0" time="{total:.3f}"'
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', f'<testsuite name="{_SUITE}" {counts}{stamp}>']
    for item in results:
        name = _escaped(f"{item.number}. {item.object}, {item.host}")
        lines.append(f'  <testcase classname="{_SUITE}" name="{name}" time="{item.figure or 0.0:.3f}">')
        if not item.passed:
            kind = "error" if item.began is None else "failure"
            lines.append(f'    <{kind} message="{_escaped(item.fault)}"/>')
        lines += [f"    <system-out>{_escaped(_details(item))}</system-out>", "  </testcase>"]
    return "\n".join([*lines, "</testsuite>", ""])


def _cells(item: Result) -> t.Iterator[str]:
    yield f"{item.number}. {item.object}"
    yield ", ".join((item.host, *item.others))
    yield "-" if item.began is None else _time(item.began)
    yield ", ".join(dict.fromkeys(map(_holder, item.handovers))) or host_of(item.new_holder or "-")
    yield _shown(item.transitions)
    yield _shown(item.figure)
    yield _shown(item.bound)
    yield "-" if item.endpoint is None else f"{item.endpoint.failed} of {item.endpoint.sent} failed"
    yield _shown(item.pods_seconds)
    yield "passed" if item.passed else "FAILED"


def _holder(handover: Handover) -> str:
    return host_of(handover.new_holder or "-")


def _details(item: Result) -> str:
    endpoint = item.endpoint
    listed = {
        "begin": None if item.began is None else _time(item.began),
        "previous holder": item.previous_holder,
        "new holder": item.new_holder,
        "transitions": item.transitions,
        "bound of the handover in seconds": item.bound,
        "probes of the endpoint": None if endpoint is None else f"{endpoint.sent}, {endpoint.failed} failed",
        "seconds until the endpoint answered without a failure": None if endpoint is None else endpoint.rto,
        "seconds until new pods were ready": item.pods_seconds,
        **{f"seconds until another leader of {each.component}": each.seconds for each in item.handovers},
    }
    return "\n".join(f"{name}: {'-' if value is None else value}" for name, value in listed.items())


def _shown(value: float | None) -> str:
    return "-" if value is None else f"{value:g}"


def _time(seconds: float) -> str:
    return dt.datetime.fromtimestamp(seconds, dt.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def _escaped(text: str) -> str:
    clean = _FORBIDDEN.sub("\ufffd", text)
    for character, name in (
        ("&", "amp"),
        ("<", "lt"),
        (">", "gt"),
        ('"', "quot"),
        ("\n", "#10"),
        ("\t", "#9"),
        ("\r", "#13"),
    ):
        clean = clean.replace(character, f"&{name};")
    return clean


__all__ = ("EndpointAnswers", "Result", "faults", "junit", "of_plan", "parse", "table")
