# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The prober as a subprocess of a test: start, mark events, read the log, stop."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Self

from tests.prober.log import Event, LogReader, LogWriter, ProbeLog

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from types import TracebackType

PROJECT = Path(__file__).resolve().parents[2]
_START_SECONDS = 10.0
_STOP_MARGIN_SECONDS = 30.0
_POLL_SECONDS = 0.05
_SETTLE_MARGIN_SECONDS = 0.1


class ProberError(Exception):
    """The prober did not start, died, or what was waited for did not come."""


class Prober:
    """Runs ``python3 -m tests.prober`` while the ``with`` block lasts.

    :param targets: name to location ``[https://|http://|tcp://]HOST:PORT[/path]``; counted from the first probe.
    :param wait: the same, counted from the first success: an endpoint that does not exist yet.
    :param ca: CA file (PEM); needed with https targets; must exist before the start.
    :param certificate: client certificate with its key (PEM) that every https target is shown.
    :param log: file of the log, overwritten. The prober's standard error goes beside it, with the suffix ``.stderr``.
    :param interval: seconds between two probes of one target.
    :param timeout: seconds from its schedule after which a probe has failed.
    :param resolve: host name to IP address to connect to, for names that this machine cannot resolve.
    :param command_prefix: what runs the prober, such as ``nsenter --net=...`` for probing from a node's network.

    The prober stops by itself when this process dies, however it dies.
    """

    def __init__(
        self,
        *,
        targets: Mapping[str, str],
        log: Path,
        wait: Mapping[str, str] | None = None,
        ca: Path | None = None,
        certificate: Path | None = None,
        interval: float = 0.05,
        timeout: float = 1.0,
        resolve: Mapping[str, str] | None = None,
        command_prefix: Sequence[str] = (),
    ) -> None:
        self.log_path = log.absolute()
        self._timeout = timeout
        self._command = [*command_prefix, sys.executable, "-m", "tests.prober", "--stop-on-eof"]
        self._command += ["--log", str(self.log_path), "--interval", str(interval), "--timeout", str(timeout)]
        if ca is not None:
            self._command += ["--ca", str(ca.absolute())]
        if certificate is not None:
            self._command += ["--certificate", str(certificate.absolute())]
        for option, pairs in (("--target", targets), ("--wait", wait), ("--resolve", resolve)):
            for name, value in (pairs or {}).items():
                self._command += [option, f"{name}={value}"]
        self._errors = self.log_path.with_name(self.log_path.name + ".stderr")
        self._process: subprocess.Popen[bytes] | None = None
        self._reader = LogReader(self.log_path)
        self._events: LogWriter | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None:
            self.stop()

    def start(self) -> None:
        """Start the prober; return when its schedule has begun.

        :raises ProberError: when it is running already, exits, or has not begun within 10 s.
        """
        if self._process is not None:
            raise ProberError("the prober is running")
        self.log_path.parent.mkdir(parents=True, exist_ok=True)
        self.log_path.unlink(missing_ok=True)
        self._reader = LogReader(self.log_path)
        with self._errors.open("wb") as errors:
            self._process = subprocess.Popen(
                self._command,
                cwd=PROJECT,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=errors,
                start_new_session=True,
            )
        _favour(self._process.pid)
        try:
            self._wait_until(lambda: self._reader.started, seconds=_START_SECONDS, what="the start of the prober")
        except BaseException:
            self._end_process()
            raise
        self._events = LogWriter(self.log_path)

    def stop(self) -> ProbeLog:
        """Stop the prober, wait for the probes in flight, return the whole log.

        :raises ProberError: when it is not running, or had died before.
        """
        process = self._process
        if process is None:
            raise ProberError("the prober is not running")
        died = process.poll() is not None
        status = self._end_process()
        log = self.read()
        if died or status != 0 or log.end is None:
            raise ProberError(f"the prober died with status {status}: {self._error_text()}")
        return log

    def mark(self, name: str) -> Event:
        """Note a moment under a name, now, in the log.

        :raises ProberError: when the prober is not running.
        """
        event = Event(name=name, monotonic=time.monotonic(), wall=time.time())
        if self._events is None:
            raise ProberError("the prober is not running")
        self._events.event(event)
        return event

    def settle(self) -> None:
        """Wait until every probe scheduled before now has its verdict.

        To be called between the end of one measurement and the event that begins the next: else a probe in flight at the
        event belongs to the first by its schedule and fails because of the second.

        :raises ProberError: when the prober dies meanwhile.
        """
        end = time.monotonic() + self._timeout + _SETTLE_MARGIN_SECONDS
        self._wait_until(
            lambda: time.monotonic() >= end, seconds=self._timeout + _START_SECONDS, what="probes in flight"
        )

    def read(self) -> ProbeLog:
        """Return the log so far; probes in flight are not in it.

        :raises LogError: when the prober has not begun.
        """
        self._reader.poll()
        return self._reader.log()

    def wait_for_success(self, target: str, *, seconds: float, after: float | None = None) -> float:
        """Wait until a probe of the target succeeds that was scheduled at or after ``after``; return its schedule.

        :param seconds: how long to wait.
        :param after: monotonic time in seconds; default now.
        :raises ProberError: when none does, the prober dies, or there is no such target.
        """
        begin = time.monotonic() if after is None else after
        self._reader.poll()
        if target not in {entry.name for entry in self._reader.log().targets}:
            raise ProberError(f"no target {target!r}")
        found: list[float] = []
        inspected = 0

        def succeeded() -> bool:
            nonlocal inspected
            arrived = self._reader.arrived(inspected)
            inspected += len(arrived)
            found.extend(
                probe.scheduled for probe in arrived if probe.target == target and probe.ok and probe.scheduled >= begin
            )
            return bool(found)

        self._wait_until(succeeded, seconds=seconds, what=f"a success of {target}")
        return min(found)

    def _wait_until(self, condition: Callable[[], bool], *, seconds: float, what: str) -> None:
        deadline = time.monotonic() + seconds
        while True:
            self._reader.poll()
            if condition():
                return
            if self._process is None or self._process.poll() is not None:
                raise ProberError(f"waiting for {what}: the prober is not running: {self._error_text()}")
            if time.monotonic() > deadline:
                raise ProberError(f"waiting for {what}: not within {seconds} s")
            time.sleep(_POLL_SECONDS)

    def _end_process(self) -> int:
        process, self._process = self._process, None
        if self._events is not None:
            self._events.close()
            self._events = None
        if process is None:
            raise ProberError("the prober is not running")
        process.terminate()
        try:
            return process.wait(self._timeout + _STOP_MARGIN_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            return process.wait()
        finally:
            if process.stdin is not None:
                process.stdin.close()

    def _error_text(self) -> str:
        return json.dumps(self._errors.read_text(encoding="utf-8", errors="replace")[-2000:])


def _favour(process: int) -> None:
    """Let the prober go first, as a client on a machine of its own would: what it is late by, it would take for others'."""
    with contextlib.suppress(OSError):
        # Niceness counts within a session only (sched(7), autogroup); the prober has one of its own.
        Path(f"/proc/{process}/autogroup").write_text("-15", encoding="ascii")
