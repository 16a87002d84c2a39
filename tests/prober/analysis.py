# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures from the prober's log: pure functions, no clock, no file.

Times are monotonic seconds as in the log. A probe *belongs* to the moment it was scheduled for; it *completes* at
``scheduled + latency``. All functions over one target take its counted probes (``counted``) in the order of their
schedule.
"""

from __future__ import annotations

import bisect
import itertools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.prober.log import Probe, ProbeLog


class NoProbesError(ValueError):
    """The log says nothing about the time asked for, so that any figure would be made up."""


#: Name of the target that nothing is done to: its failures are the machine's.
CONTROL = "control"
#: A failed probe within half a second of a failed one of the control, so within one second, is the machine's, too.
_SECONDS_OF_CONTROL = 0.5
#: Share of failed probes of the control above which the machine spoilt the measurement.
_SPOILT = 0.01


@dataclass(frozen=True, kw_only=True)
class TargetSummary:
    """The figures of one target in DESIGN's results file: counts, and times.

    :param excused: how many of the failed probes the control's failures excuse.
    :param timeouts: how many of those that nothing excuses were too slow, and not refused, cut or answered wrongly.
    :param longest_gap_ms: longest time without a success.
    :param longest_outage_seconds: longest time in which every probe failed and none was excused.
    """

    sent: int
    failed: int
    longest_gap_ms: float
    excused: int = 0
    timeouts: int = 0
    longest_outage_seconds: float = 0.0

    @property
    def held_against_us(self) -> int:
        """Failed probes that nothing excuses."""
        return self.failed - self.excused

    @property
    def is_spoilt(self) -> bool:
        """For the control: whether it failed so often that the run says nothing."""
        return self.failed > self.sent * _SPOILT


@dataclass(frozen=True, kw_only=True)
class SeenCertificate:
    """A certificate that verified probes were served: when the first and last of them were due, and their number."""

    serial: str
    fingerprint: str
    first_monotonic: float
    first_wall: float
    last_monotonic: float
    last_wall: float
    probes: int


def counted(log: ProbeLog, target: str) -> tuple[Probe, ...]:
    """Return the probes of a target that count: all, or for a ``--wait`` target those from its first success on.

    What was asked before anybody had answered counts only when it is a success: it met what was not there yet, however late it failed.

    :raises KeyError: when the log has no such target.
    """
    waits = {entry.name: entry.wait for entry in log.targets}[target]
    probes = tuple(probe for probe in log.probes if probe.target == target)
    if not waits:
        return probes
    answered = min((probe.completed for probe in probes if probe.ok), default=math.inf)
    return tuple(probe for probe in probes if probe.ok or probe.scheduled >= answered)


def named_from(probes: Sequence[Probe], proved: float) -> tuple[Probe, ...]:
    """Return the probes without those before a moment that met a certificate without the target's name.

    A new name or address leads to servers of which one after the other gets it into its certificate. Until it is proved nobody is sent
    there; whatever else fails before, once somebody has answered, counts.

    :param proved: wall time from which every server must have the name.
    """
    return tuple(probe for probe in probes if probe.wall >= proved or not _lacks_name(probe))


def _lacks_name(probe: Probe) -> bool:
    error = probe.error or ""
    return error.startswith("handshake: certificate:") and "mismatch, certificate is not valid for" in error


def window(probes: Sequence[Probe], *, start: float = -math.inf, end: float = math.inf) -> tuple[Probe, ...]:
    """Return the probes scheduled in [start, end]."""
    return tuple(probe for probe in probes if start <= probe.scheduled <= end)


def failures(probes: Sequence[Probe]) -> tuple[Probe, ...]:
    """Return the failed probes."""
    return tuple(probe for probe in probes if not probe.ok)


def judged(probes: Sequence[Probe], control: Sequence[Probe]) -> tuple[Probe, ...]:
    """Return the probes without the failed ones that the control excuses: it failed within the same second."""
    moments = sorted(probe.scheduled for probe in failures(control))

    def is_excused(probe: Probe) -> bool:
        position = bisect.bisect_left(moments, probe.scheduled - _SECONDS_OF_CONTROL)
        return position < len(moments) and moments[position] <= probe.scheduled + _SECONDS_OF_CONTROL

    return tuple(probe for probe in probes if probe.ok or not is_excused(probe))


def longest_outage_seconds(probes: Sequence[Probe]) -> float:
    """Return the longest time from the schedule of a failed probe to that of the last failed one without a success."""
    longest, began = 0.0, None
    for probe in probes:
        if probe.ok:
            began = None
            continue
        began = probe.scheduled if began is None else began
        longest = max(longest, probe.scheduled - began)
    return longest


def control_of(log: ProbeLog) -> tuple[Probe, ...]:
    """Return the control's probes; none where there is no control."""
    return counted(log, CONTROL) if CONTROL in {target.name for target in log.targets} else ()


def longest_gap_ms(probes: Sequence[Probe]) -> float:
    """Return the longest time between successive successes, by completion, in milliseconds.

    Failures at either edge have no success on one side: then the gap is counted from the first schedule, or to the
    completion of the last failure, so that an outage never disappears at the edge. 0.0 without probes.
    """
    if not probes:
        return 0.0
    moments = sorted(probe.completed for probe in probes if probe.ok)
    if not probes[0].ok or not moments:
        moments.insert(0, probes[0].scheduled)
    failed = [probe.completed for probe in probes if not probe.ok]
    if not probes[-1].ok and max(failed) > moments[-1]:
        moments.append(max(failed))
    return max((later - earlier for earlier, later in itertools.pairwise(moments)), default=0.0) * 1000


def summarize(probes: Sequence[Probe], control: Sequence[Probe] = ()) -> TargetSummary:
    """Return the figures of one target; the control excuses what the machine did."""
    against_us = judged(probes, control)
    return TargetSummary(
        sent=len(probes),
        failed=len(failures(probes)),
        excused=len(probes) - len(against_us),
        timeouts=sum((probe.error or "").endswith("timeout") for probe in failures(against_us)),
        longest_gap_ms=round(longest_gap_ms(probes), 1),
        longest_outage_seconds=round(longest_outage_seconds(against_us), 3),
    )


def summarize_log(log: ProbeLog, *, start: float = -math.inf, end: float = math.inf) -> dict[str, TargetSummary]:
    """Return the figures of every target for the probes scheduled in [start, end].

    When an event follows ``end``, the test lets the probes in flight finish first (``Prober.settle``).
    """
    return {
        target.name: summarize(
            window(counted(log, target.name), start=start, end=end),
            () if target.name == CONTROL else control_of(log),
        )
        for target in log.targets
    }


def failed_after(probes: Sequence[Probe], event: float, *, end: float = math.inf) -> tuple[Probe, ...]:
    """Return the failed probes that the event can have caused: completed at or after it, scheduled up to ``end``.

    A probe in flight at the event is among them.
    """
    return tuple(probe for probe in failures(probes) if probe.completed >= event and probe.scheduled <= end)


def rto_seconds(probes: Sequence[Probe], event: float, *, end: float = math.inf) -> float:
    """Return the time from the event to the start of the first success after which no probe fails, in seconds.

    0.0 when no probe failed after the event (``failed_after``), or when the only failures were in flight and the
    first success started before the event. Infinite when the last probe failed: the target had not recovered by
    ``end``.

    :raises NoProbesError: when no probe was scheduled between the event and ``end``.
    """
    if not any(event <= probe.scheduled <= end for probe in probes):
        raise NoProbesError(f"no probe was scheduled after the event at {event} and up to {end}")
    failed = failed_after(probes, event, end=end)
    if not failed:
        return 0.0
    last_failure = max(probe.scheduled for probe in failed)
    starts = [probe.scheduled for probe in probes if probe.ok and last_failure < probe.scheduled <= end]
    return max(0.0, min(starts) - event) if starts else math.inf


def certificates(probes: Sequence[Probe]) -> tuple[SeenCertificate, ...]:
    """Return the verified certificates in the order they were first seen, also by probes that failed later on."""
    groups: dict[str, list[Probe]] = {}
    for probe in probes:
        if probe.fingerprint is not None:
            groups.setdefault(probe.fingerprint, []).append(probe)
    return tuple(
        SeenCertificate(
            serial=group[0].serial or "",
            fingerprint=fingerprint,
            first_monotonic=group[0].scheduled,
            first_wall=group[0].wall,
            last_monotonic=group[-1].scheduled,
            last_wall=group[-1].wall,
            probes=len(group),
        )
        for fingerprint, group in groups.items()
    )


def describe_target(log: ProbeLog, target: str) -> dict[str, Any]:
    """Return all that is known of one target, for JSON.

    ``counted_from`` is the start of the first counted probe (wall time; None: nothing counts yet). For a ``--wait``
    target ``not_counted`` is the number of probes before that, and ``not_counted_verified`` how many of those met a
    verified certificate and failed nevertheless.
    """
    probes = counted(log, target)
    summary = summarize(probes)
    known = {id(probe) for probe in probes}
    before = [probe for probe in log.probes if probe.target == target and id(probe) not in known]
    return {
        "sent": summary.sent,
        "failed": summary.failed,
        "longest_gap_ms": summary.longest_gap_ms,
        "counted_from": probes[0].wall if probes else None,
        "not_counted": len(before),
        "not_counted_verified": sum(probe.fingerprint is not None for probe in before),
        "failures": [
            {"monotonic": probe.scheduled, "wall": probe.wall, "ms": probe.latency_ms, "error": probe.error}
            for probe in failures(probes)
        ],
        "certificates": [
            {"serial": seen.serial, "fingerprint": seen.fingerprint, "first": seen.first_wall, "last": seen.last_wall,
             "probes": seen.probes}
            for seen in certificates(probes)
        ],
    }  # fmt: skip


def describe_log(log: ProbeLog) -> dict[str, Any]:
    """Return the summary that the command line prints: every target, and how the prober itself fared."""
    described: dict[str, Any] = {"targets": {entry.name: describe_target(log, entry.name) for entry in log.targets}}
    if log.end is not None:
        described["prober"] = {
            "wall_seconds": log.end.wall_seconds,
            "cpu_seconds": log.end.cpu_seconds,
            "late_max_ms": log.end.late_max_ms,
        }
    return described
