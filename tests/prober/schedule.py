# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The open loop: every target gets a new probe every interval, whatever became of the earlier ones."""

from __future__ import annotations

import asyncio
import math
import time
from typing import TYPE_CHECKING

from tests.prober.log import End, LogWriter, Probe
from tests.prober.probe import CertificateNames, Connection, Outcome

if TYPE_CHECKING:
    import ssl

    from tests.prober.target import Target

_STALLED = Outcome(status=None, error="schedule: the prober stalled", serial=None, fingerprint=None)


class OpenLoop:
    """Probes all targets on one fixed schedule.

    Probe k is due at ``start + k * interval / targets`` and belongs to target ``k mod targets``: each target is
    probed once an interval, and the targets take turns within it. Probes that the event loop reaches late are started
    at once, never left out; their time limit still counts from when they were due, so that at most ``timeout /
    interval`` per target are in flight.
    """

    def __init__(
        self,
        targets: tuple[Target, ...],
        *,
        interval: float,
        timeout: float,
        context: ssl.SSLContext | None,
        writer: LogWriter,
        duration: float = math.inf,
    ) -> None:
        self._targets = targets
        self._interval = interval
        self._step = interval / len(targets)
        self._timeout = timeout
        self._duration = duration
        self._context = context
        self._writer = writer
        self._names = CertificateNames()
        self._loop = asyncio.get_running_loop()
        self._in_flight: set[asyncio.Task[None]] = set()
        self._stopping = asyncio.Event()
        self._failure: BaseException | None = None
        self._sent = 0
        self._late_max_ms = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._start = 0.0

    def stop(self) -> None:
        """Start no more probes; ``run`` returns when those in flight are done."""
        self._stopping.set()
        if self._timer is not None:
            self._timer.cancel()

    async def run(self) -> None:
        """Probe until ``stop``, or until every probe due within the duration has been sent.

        :raises OSError: when the log cannot be written.
        """
        began, cpu = time.monotonic(), time.process_time()
        self._writer.start(interval=self._interval, timeout=self._timeout, targets=self._targets)
        self._start = self._loop.time()
        self._tick()
        await self._stopping.wait()
        while self._in_flight:
            await asyncio.wait(self._in_flight)
        if self._failure is not None:
            raise self._failure
        self._writer.end(
            End(
                cpu_seconds=round(time.process_time() - cpu, 3),
                wall_seconds=round(time.monotonic() - began, 3),
                late_max_ms=round(self._late_max_ms, 3),
            )
        )

    def _tick(self) -> None:
        while not self._stopping.is_set() and (due := self._start + self._sent * self._step) <= self._loop.time():
            if due - self._start >= self._duration:
                self.stop()
                return
            target = self._targets[self._sent % len(self._targets)]
            task = self._loop.create_task(self._probe(target, due))
            self._in_flight.add(task)
            task.add_done_callback(self._done)
            self._sent += 1
        if not self._stopping.is_set():
            self._timer = self._loop.call_at(self._start + self._sent * self._step, self._tick)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._in_flight.discard(task)
        failure = task.exception()
        if failure is not None:
            self._failure = self._failure or failure
            self.stop()

    async def _probe(self, target: Target, due: float) -> None:
        began, wall = self._loop.time(), time.time()
        late = began - due
        self._late_max_ms = max(self._late_max_ms, late * 1000)
        outcome = _STALLED
        if late < self._timeout:
            connection = Connection(target, context=self._context, names=self._names)
            outcome = await connection.run(due + self._timeout)
        self._writer.probe(
            Probe(
                target=target.name,
                scheduled=round(due, 6),
                wall=round(wall - late, 6),
                late_ms=round(late * 1000, 3),
                ok=outcome.error is None,
                latency_ms=round((self._loop.time() - due) * 1000, 3),
                status=outcome.status,
                error=outcome.error,
                serial=outcome.serial,
                fingerprint=outcome.fingerprint,
            )
        )
