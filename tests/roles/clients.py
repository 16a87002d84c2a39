# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Clients of a load balancer: an open-loop prober and a connection that stays open like a watch."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import ssl
import threading
import time
from typing import Self

PROBE_INTERVAL = 0.05
PROBE_LIMIT = 1.0
SERVER_NAME = "kubernetes"


@dataclasses.dataclass(frozen=True)
class Probe:
    """One request over a new TLS connection; ``started`` in seconds of time.monotonic, ``server`` empty if it failed."""

    started: float
    server: str
    error: str


def client_context(ca_file: str) -> ssl.SSLContext:
    """Return a context that verifies servers against ``ca_file`` only."""
    return ssl.create_default_context(cafile=ca_file)


async def get(port: int, path: str, context: ssl.SSLContext) -> str:
    """Return the name of the server that answered ``path`` with 200; raise OSError or ValueError otherwise."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context, server_hostname=SERVER_NAME)
    try:
        writer.write(f"GET {path} HTTP/1.1\r\nHost: kubernetes\r\nConnection: close\r\n\r\n".encode())
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
    finally:
        writer.close()
    status = head.split(" ")[1]
    if status != "200":
        raise ValueError(f"status {status}")
    return next(line.split(": ")[1] for line in head.split("\r\n") if line.startswith("Server: "))


class _Loop:
    """An event loop in a thread of its own."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._task: asyncio.Task[None] | None = None

    async def _run(self) -> None:
        raise NotImplementedError

    def __enter__(self) -> Self:
        self._thread.start()
        self._loop.call_soon_threadsafe(self._begin)
        return self

    def _begin(self) -> None:
        self._task = self._loop.create_task(self._run())

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(timeout=10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=10)
        self._loop.close()

    async def _end(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task


class Prober(_Loop):
    """Starts a probe every 50 ms, whatever the earlier ones do; one without a 200 within 1 s has failed."""

    def __init__(self, *, port: int, path: str, context: ssl.SSLContext) -> None:
        super().__init__()
        self._port, self._path, self._context = port, path, context
        self.probes: list[Probe] = []

    async def _run(self) -> None:
        running: set[asyncio.Task[None]] = set()
        next_start = time.monotonic()
        try:
            while True:
                task = asyncio.create_task(self._probe())
                running.add(task)
                task.add_done_callback(running.discard)
                next_start += PROBE_INTERVAL
                await asyncio.sleep(max(0.0, next_start - time.monotonic()))
        finally:
            await asyncio.gather(*running)

    async def _probe(self) -> None:
        started = time.monotonic()
        server = error = ""
        try:
            async with asyncio.timeout(PROBE_LIMIT):
                server = await get(self._port, self._path, self._context)
        except (OSError, ValueError, EOFError) as failure:
            error = f"{type(failure).__name__}: {failure}"
        self.probes.append(Probe(started=started, server=server, error=error))

    @property
    def failed(self) -> list[Probe]:
        """The failed probes, by start."""
        return sorted((probe for probe in self.probes if probe.error), key=lambda probe: probe.started)

    def servers(self, *, after: float = 0.0) -> set[str]:
        """The servers that answered probes started after ``after``."""
        return {probe.server for probe in self.probes if probe.server and probe.started >= after}

    def rto(self, event: float) -> float:
        """Seconds from ``event`` to the start of the first success after which no probe failed."""
        last_failure = max((probe.started for probe in self.failed), default=event)
        if last_failure <= event:
            return 0.0
        return min(probe.started for probe in self.probes if probe.started > last_failure) - event


class Watch(_Loop):
    """One connection that receives a line every 100 ms and is never opened again."""

    def __init__(self, *, port: int, context: ssl.SSLContext) -> None:
        super().__init__()
        self._port, self._context = port, context
        self._connected = threading.Event()
        self.server = ""
        self.last_event = 0.0
        self.ended: float | None = None

    async def _run(self) -> None:
        writer: asyncio.StreamWriter | None = None
        try:
            reader, writer = await asyncio.open_connection(
                "127.0.0.1", self._port, ssl=self._context, server_hostname=SERVER_NAME
            )
            writer.write(b"GET /watch HTTP/1.1\r\nHost: kubernetes\r\n\r\n")
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            self.server = next(line.split(": ")[1] for line in head.split("\r\n") if line.startswith("Server: "))
            self._connected.set()
            while await reader.readline():
                self.last_event = time.monotonic()
            self.ended = time.monotonic()
        except OSError:
            self.ended = time.monotonic()
        finally:
            if writer is not None:
                writer.close()

    def __enter__(self) -> Self:
        super().__enter__()
        if not self._connected.wait(timeout=5):
            raise TimeoutError("the watch was not answered within 5 s")
        return self

    @property
    def alive(self) -> bool:
        """Whether the connection is open and an event came within the last second."""
        return self.ended is None and time.monotonic() - self.last_event < 1.0

    def wait_end(self, limit: float) -> float:
        """Return when the connection ended (time.monotonic); raise TimeoutError if not within ``limit`` seconds."""
        deadline = time.monotonic() + limit
        while self.ended is None:
            if time.monotonic() > deadline:
                raise TimeoutError(f"the watch on {self.server} was still open after {limit} s")
            time.sleep(0.02)
        return self.ended
