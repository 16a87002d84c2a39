# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures by tables: a log is written as a string of probes, one every 50 ms from time 100.0."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING

import pytest

from tests.prober.analysis import (
    NoProbesError,
    TargetSummary,
    certificates,
    counted,
    describe_log,
    failed_after,
    judged,
    longest_gap_ms,
    longest_outage_seconds,
    named_from,
    rto_seconds,
    summarize,
    summarize_log,
    window,
)
from tests.prober.log import Event, LogError, LoggedTarget, LogReader, LogWriter, Probe, ProbeLog, read_log
from tests.prober.target import parse_target

if TYPE_CHECKING:
    from pathlib import Path


def timeline(text: str, *, target: str = "cp1") -> tuple[Probe, ...]:
    """``.`` succeeds after 10 ms, ``s`` after 600 ms; ``x`` fails after 10 ms, ``t`` after 1000 ms."""
    latencies = {".": 10.0, "s": 600.0, "x": 10.0, "t": 1000.0}
    return tuple(
        Probe(
            target=target,
            scheduled=100 + position * 0.05,
            wall=1000 + position * 0.05,
            late_ms=0.0,
            ok=letter in ".s",
            latency_ms=latencies[letter],
            error=None if letter in ".s" else "connect: refused",
        )
        for position, letter in enumerate(text)
    )


@pytest.mark.parametrize(
    ("text", "event", "rto", "failed"),
    [
        ("..........", 100.20, 0.0, 0),
        ("....xx....", 100.20, 0.1, 2),
        ("....xx....", 100.15, 0.15, 2),
        ("....x.x...", 100.20, 0.15, 2),
        ("....x.....", 100.21, 0.04, 1),
        ("....x.....", 100.22, 0.0, 0),
        ("..t.......", 100.20, 0.0, 1),
        ("..t.t.....", 100.20, 0.05, 2),
        ("....s.x.s.", 100.20, 0.15, 1),
        ("xx........", 100.20, 0.0, 0),
        ("....xxxxxx", 100.20, math.inf, 6),
        ("....s....x", 100.20, math.inf, 1),
    ],
)
def test_rto(text: str, event: float, rto: float, failed: int) -> None:
    probes = timeline(text)
    assert rto_seconds(probes, event) == pytest.approx(rto)
    assert len(failed_after(probes, event)) == failed


def test_rto_up_to_the_next_event() -> None:
    probes = timeline("....xx......xxxx")
    assert rto_seconds(probes, 100.2) == math.inf
    assert rto_seconds(probes, 100.2, end=100.55) == pytest.approx(0.1)
    assert rto_seconds(probes, 100.2, end=100.26) == math.inf
    assert len(failed_after(probes, 100.2, end=100.55)) == 2


@pytest.mark.parametrize("event", [100.5, 200.0])
def test_rto_without_probes_is_not_zero(event: float) -> None:
    with pytest.raises(NoProbesError):
        rto_seconds(timeline("....xx...."), event)
    with pytest.raises(NoProbesError):
        rto_seconds((), event)


@pytest.mark.parametrize(
    ("text", "gap"),
    [
        ("", 0),
        (".", 0),
        ("...", 50),
        (".x..", 100),
        (".t..", 100),
        (".ss.", 490),
        (".s", 640),
        ("xx.", 110),
        (".xx", 100),
        (".t", 1040),
        ("tt", 1050),
    ],
)
def test_longest_gap(text: str, gap: float) -> None:
    assert longest_gap_ms(timeline(text)) == pytest.approx(gap)


def log_of(*timelines: tuple[Probe, ...], wait: tuple[str, ...] = ()) -> ProbeLog:
    names = dict.fromkeys(probe.target for probes in timelines for probe in probes)
    return ProbeLog(
        interval=0.05,
        timeout=1.0,
        targets=tuple(LoggedTarget(name=name, url="", wait=name in wait) for name in names),
        probes=tuple(probe for probes in timelines for probe in probes),
    )


def test_summary_by_target_and_window() -> None:
    log = log_of(timeline("..x...x."), timeline("xxx..x..", target="endpoint"), wait=("endpoint",))
    assert summarize_log(log) == {
        "cp1": TargetSummary(sent=8, failed=2, longest_gap_ms=100.0),
        "endpoint": TargetSummary(sent=5, failed=1, longest_gap_ms=100.0),
    }
    assert summarize_log(log, start=100.149, end=100.251)["cp1"] == TargetSummary(sent=3, failed=0, longest_gap_ms=50.0)
    assert [probe.scheduled for probe in window(counted(log, "cp1"), start=100.35)] == [100.35]
    with pytest.raises(KeyError):
        counted(log, "cp9")


@pytest.mark.parametrize(
    ("error", "counts_before"),
    [
        ("handshake: certificate: IP address mismatch, certificate is not valid for '192.0.2.100'.", False),
        ("handshake: certificate: Hostname mismatch, certificate is not valid for 'k8s.example.org'.", False),
        ("handshake: certificate: certificate has expired", True),
        ("handshake: certificate: unable to get local issuer certificate", True),
        ("handshake: closed", True),
        ("connect: refused", True),
        ("connect: timeout", True),
    ],
)
def test_a_certificate_may_lack_the_name_only_until_it_is_proved(error: str, counts_before: bool) -> None:
    probes = tuple(
        probe if probe.ok else dataclasses.replace(probe, error=error)
        for probe in timeline(".xx.x.", target="endpoint")
    )
    # The moment of the fourth probe.
    left = named_from(probes, 1000.15)
    assert [probe.ok for probe in left] == ([True, False, False] if counts_before else [True]) + [True, False, True]
    assert named_from(probes, 0) == probes


def test_what_was_asked_before_anybody_had_answered_does_not_count_however_late_it_fails() -> None:
    """While an API server starts, requests hang at the load balancer and are answered out of their order."""

    def probe(scheduled: float, latency_ms: float, *, ok: bool) -> Probe:
        error = None if ok else "handshake: closed"
        return Probe(
            target="endpoint",
            scheduled=scheduled,
            wall=1000.0 + scheduled,
            late_ms=0.0,
            ok=ok,
            latency_ms=latency_ms,
            error=error,
        )

    first = probe(1.0, 900.0, ok=True)
    hanging, prompt = probe(1.3, 950.0, ok=False), probe(1.5, 100.0, ok=False)
    lost, last = probe(2.0, 5.0, ok=False), probe(2.1, 5.0, ok=True)
    log = dataclasses.replace(
        log_of((first, hanging, prompt, lost, last)), targets=(LoggedTarget(name="endpoint", url="", wait=True),)
    )
    assert counted(log, "endpoint") == (first, lost, last)
    assert describe_log(log)["targets"]["endpoint"]["not_counted"] == 2


def test_waiting_target_that_never_came() -> None:
    log = log_of(timeline("xxxx", target="endpoint"), wait=("endpoint",))
    assert summarize_log(log)["endpoint"].sent == 0
    described = describe_log(log)["targets"]["endpoint"]
    assert (described["counted_from"], described["not_counted"]) == (None, 4)


def test_certificates_by_first_appearance() -> None:
    serials = ["A", None, "B", "A", "B"]
    probes = tuple(
        Probe(
            target="cp1",
            scheduled=float(position),
            wall=1000.0 + position,
            late_ms=0,
            ok=True,
            latency_ms=1,
            serial=serial,
            fingerprint=serial and serial.lower(),
        )
        for position, serial in enumerate(serials)
    )
    seen = [(entry.serial, entry.first_monotonic, entry.last_wall, entry.probes) for entry in certificates(probes)]
    assert seen == [("A", 0.0, 1003.0, 2), ("B", 2.0, 1004.0, 2)]


def test_log_is_written_and_read_back(tmp_path: Path) -> None:
    path = tmp_path / "log"
    writer = LogWriter(path, truncate=True)
    writer.start(interval=0.05, timeout=1.0, targets=(parse_target("cp1=10.0.0.1:6443", wait=True),))
    probes = timeline(".x")
    for probe in reversed(probes):
        writer.probe(probe)
    other = LogWriter(path)
    event = Event(name="kill", monotonic=100.02, wall=1000.02)
    other.event(event)
    log = read_log(path)
    assert log.probes == probes
    assert log.event("kill") == event
    assert log.targets == (LoggedTarget(name="cp1", url="https://10.0.0.1:6443/readyz", wait=True),)
    with pytest.raises(KeyError):
        log.event("start")


def test_growing_log_is_read_line_by_line(tmp_path: Path) -> None:
    path = tmp_path / "log"
    reader = LogReader(path)
    reader.poll()
    with pytest.raises(LogError, match="no start record"):
        reader.log()
    path.write_bytes(b'{"type":"start","interval":1,"timeout":1,"targets":[]}\n{"type":"event","name":"a",')
    reader.poll()
    assert reader.started
    assert reader.log().events == ()
    with path.open("ab") as stream:
        stream.write(b'"monotonic":1,"wall":2}\n')
    reader.poll()
    assert reader.log().event("a").wall == 2


@pytest.mark.parametrize("line", ["x", "[]", "{}", '{"type":"probe"}', '{"type":"other"}'])
def test_malformed_log(tmp_path: Path, line: str) -> None:
    path = tmp_path / "log"
    path.write_text(line + "\n", encoding="utf-8")
    with pytest.raises(LogError, match="not a record"):
        read_log(path)


HEALTHY = "." * 60


@pytest.mark.parametrize(
    ("ours", "control", "failed", "excused"),
    [
        (HEALTHY, HEALTHY, 0, 0),
        ("." * 20 + "t" + "." * 39, HEALTHY, 1, 0),
        ("." * 20 + "t" + "." * 39, "." * 20 + "t" + "." * 39, 1, 1),
        # Ten probes are half a second: one more is not the same second any more.
        ("." * 20 + "t" + "." * 39, "." * 30 + "t" + "." * 29, 1, 1),
        ("." * 20 + "t" + "." * 39, "." * 31 + "t" + "." * 28, 1, 0),
        # An outage of a second and a half that began when the machine stalled for a moment.
        ("." * 20 + "x" * 30 + "." * 10, "." * 20 + "t" + "." * 39, 30, 11),
        # A control that fails where we do not excuses nothing.
        (HEALTHY, "t" * 60, 0, 0),
    ],
)
def test_the_control_excuses_what_fails_within_the_same_second(
    ours: str, control: str, failed: int, excused: int
) -> None:
    found = summarize(timeline(ours), timeline(control, target="control"))
    assert (found.failed, found.excused, found.held_against_us) == (failed, excused, failed - excused)
    assert len(judged(timeline(ours), timeline(control, target="control"))) == len(ours) - excused


@pytest.mark.parametrize(
    ("text", "seconds"), [(HEALTHY, 0.0), ("..x..", 0.0), ("..xxx..", 0.1), ("xx.xxxxx", 0.2), ("x" * 31, 1.5)]
)
def test_an_outage_lasts_from_the_first_to_the_last_failed_probe_without_a_success(text: str, seconds: float) -> None:
    assert longest_outage_seconds(timeline(text)) == pytest.approx(seconds)


def test_a_stall_of_the_machine_is_no_outage() -> None:
    stalled = "." * 10 + "t" * 30 + "." * 20
    assert summarize(timeline(stalled), timeline(stalled, target="control")).longest_outage_seconds == 0.0
