# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The prober's log: one JSON object a line, of type ``start``, ``probe``, ``event`` or ``end``.

Times are seconds of two clocks: ``monotonic`` (CLOCK_MONOTONIC, shared by every process of the machine and its
containers) is what durations are computed from, ``wall`` (Unix time) is for people. Several processes append to one
log: a line is one ``write`` to a file opened with O_APPEND.
"""

from __future__ import annotations

import json
import os
import time
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.prober.target import Target


class LogError(Exception):
    """The log is missing, has no start record, or holds a line that is no record."""


@dataclass(frozen=True, kw_only=True)
class Probe:
    """One finished probe.

    ``scheduled`` is the monotonic time the schedule gave it, in seconds; ``latency_ms`` and the verdict are counted
    from there. ``late_ms`` is how much later the prober itself got to start it. ``error`` is None exactly when
    ``ok``; otherwise it reads ``<phase>: <what happened>`` with the phases schedule, resolve, connect, handshake,
    request and response. ``serial`` and ``fingerprint`` (hexadecimal; SHA-256 of the DER form) belong to the served
    certificate and are None unless it was verified.
    """

    target: str
    scheduled: float
    wall: float
    late_ms: float
    ok: bool
    latency_ms: float
    status: int | None = None
    error: str | None = None
    serial: str | None = None
    fingerprint: str | None = None

    @property
    def completed(self) -> float:
        """Monotonic time of the verdict, in seconds."""
        return self.scheduled + self.latency_ms / 1000


@dataclass(frozen=True, kw_only=True)
class Event:
    """A moment that a test marked."""

    name: str
    monotonic: float
    wall: float


@dataclass(frozen=True, kw_only=True)
class LoggedTarget:
    """A target as the start record names it."""

    name: str
    url: str
    wait: bool


@dataclass(frozen=True, kw_only=True)
class End:
    """How the prober fared: its processor time and life time in seconds, and its greatest lateness in milliseconds."""

    cpu_seconds: float
    wall_seconds: float
    late_max_ms: float


@dataclass(frozen=True, kw_only=True)
class ProbeLog:
    """Everything in one log; ``probes`` are ordered by their scheduled time. ``end`` is None while the prober runs."""

    interval: float
    timeout: float
    targets: tuple[LoggedTarget, ...]
    probes: tuple[Probe, ...]
    events: tuple[Event, ...] = ()
    end: End | None = None

    def event(self, name: str) -> Event:
        """Return the latest event of that name.

        :raises KeyError: when there is none.
        """
        for event in reversed(self.events):
            if event.name == name:
                return event
        raise KeyError(f"no event {name!r} in the log")


class LogWriter:
    """Appends records to a log; ``truncate`` starts a new one.

    :raises OSError: when the file cannot be opened or written.
    """

    def __init__(self, path: Path, *, truncate: bool = False) -> None:
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | (os.O_TRUNC if truncate else 0)
        self._descriptor = os.open(path, flags, 0o644)

    def start(self, *, interval: float, timeout: float, targets: tuple[Target, ...]) -> None:
        """Write the start record; interval and timeout in seconds."""
        described = [{"name": target.name, "url": target.url, "wait": target.wait} for target in targets]
        clocks = {"monotonic": time.monotonic(), "wall": time.time()}
        self._write({"type": "start", **clocks, "interval": interval, "timeout": timeout, "targets": described})

    def probe(self, probe: Probe) -> None:
        """Write one finished probe."""
        self._write({"type": "probe", **asdict(probe)})

    def event(self, event: Event) -> None:
        """Write one event."""
        self._write({"type": "event", **asdict(event)})

    def end(self, end: End) -> None:
        """Write the end record."""
        self._write({"type": "end", **asdict(end)})

    def close(self) -> None:
        """Close the file."""
        os.close(self._descriptor)

    def _write(self, record: Mapping[str, object]) -> None:
        line = (json.dumps(record, separators=(",", ":")) + "\n").encode()
        if os.write(self._descriptor, line) != len(line):
            raise OSError("the log could not be written in full")


@dataclass
class LogReader:
    """Reads a log that may still grow: each ``poll`` parses only what was added since the last one."""

    path: Path
    _offset: int = 0
    _start: dict[str, Any] | None = None
    _end: End | None = None
    _probes: list[Probe] = field(default_factory=list)
    _events: list[Event] = field(default_factory=list)

    @property
    def started(self) -> bool:
        """Whether the start record has been read."""
        return self._start is not None

    def arrived(self, position: int = 0) -> list[Probe]:
        """Return the probes read so far, in the order of their completion, from this position on."""
        return self._probes[position:]

    def poll(self) -> None:
        """Read the lines that were completed since the last call.

        :raises LogError: when a line is no record.
        """
        if not self.path.exists():
            return
        with self.path.open("rb") as stream:
            stream.seek(self._offset)
            added = stream.read()
        complete = added[: added.rfind(b"\n") + 1]
        self._offset += len(complete)
        for line in complete.splitlines():
            self._take(line)

    def log(self) -> ProbeLog:
        """Return what has been read so far.

        :raises LogError: when there is no start record.
        """
        if self._start is None:
            raise LogError(f"{self.path}: no start record")
        return ProbeLog(
            interval=self._start["interval"],
            timeout=self._start["timeout"],
            targets=tuple(LoggedTarget(**target) for target in self._start["targets"]),
            probes=tuple(sorted(self._probes, key=lambda probe: probe.scheduled)),
            events=tuple(sorted(self._events, key=lambda event: event.monotonic)),
            end=self._end,
        )

    def _take(self, line: bytes) -> None:
        try:
            record = json.loads(line)
            kind = record.pop("type")
            if kind == "start":
                self._start = record
            elif kind == "probe":
                self._probes.append(Probe(**record))
            elif kind == "event":
                self._events.append(Event(**record))
            elif kind == "end":
                self._end = End(**record)
            else:
                raise ValueError(f"unknown type {kind!r}")
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise LogError(f"{self.path}: not a record: {line[:200]!r}: {error}") from error


def read_log(path: Path) -> ProbeLog:
    """Read a log, complete or still growing (an unfinished last line is left out).

    :raises LogError: when it is missing or malformed.
    """
    reader = LogReader(path)
    reader.poll()
    return reader.log()
