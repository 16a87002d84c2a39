# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Clients of a load balancer: the prober, and a connection that stays open like a watch."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import ssl
import threading
import time
from typing import TYPE_CHECKING, Self

from tests.prober import analysis, process

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.prober.log import Probe

SERVER_NAME = "kubernetes"
_TARGET = "balancer"


def client_context(ca_file: str) -> ssl.SSLContext:
    """Return a context that verifies servers against ``ca_file`` only."""
    return ssl.create_default_context(cafile=ca_file)


class Prober(process.Prober):
    """The project's prober before one balancer. Which server answered is known by its certificate.

    :param port: where the balancer listens.
    :param path: what is asked for.
    :param ca: CA file of the servers.
    :param certificates: the servers' certificates, a file each, by name.
    :param log: file of the prober's log.
    :param address: of the balancer.
    """

    def __init__(
        self,
        *,
        port: int,
        path: str,
        ca: Path,
        certificates: Mapping[str, Path],
        log: Path,
        address: str = "127.0.0.1",
    ) -> None:
        location = f"https://{SERVER_NAME}:{port}{path}"
        super().__init__(targets={_TARGET: location}, resolve={SERVER_NAME: address}, ca=ca, log=log)
        self._names = {_fingerprint(certificate): name for name, certificate in certificates.items()}

    @property
    def probes(self) -> tuple[Probe, ...]:
        """The probes that have their verdict, by their schedule."""
        return analysis.counted(self.read(), _TARGET)

    @property
    def failed(self) -> tuple[Probe, ...]:
        """The failed probes, by their schedule."""
        return analysis.failures(self.probes)

    def servers(self, *, after: float = 0.0) -> set[str]:
        """The servers that answered probes scheduled after ``after``."""
        answered = (probe.fingerprint for probe in analysis.window(self.probes, start=after) if probe.ok)
        return {self._names[fingerprint] for fingerprint in answered if fingerprint is not None}

    def rto(self, event: float) -> float:
        """Seconds from ``event`` to the start of the first success after which no probe failed."""
        return analysis.rto_seconds(self.probes, event)


def _fingerprint(certificate: Path) -> str:
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(certificate.read_text(encoding="ascii"))).hexdigest()


class Watch:
    """One connection that receives a line every 100 ms and is never opened again, in a thread of its own."""

    def __init__(self, *, port: int, context: ssl.SSLContext, address: str = "127.0.0.1") -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._task: asyncio.Task[None] | None = None
        self._address, self._port, self._context = address, port, context
        self._connected = threading.Event()
        self.server = ""
        self.last_event = 0.0
        self.ended: float | None = None

    async def _run(self) -> None:
        writer: asyncio.StreamWriter | None = None
        try:
            reader, writer = await asyncio.open_connection(
                self._address, self._port, ssl=self._context, server_hostname=SERVER_NAME
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
        self._thread.start()
        self._loop.call_soon_threadsafe(self._begin)
        if not self._connected.wait(timeout=5):
            raise TimeoutError("the watch was not answered within 5 s")
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(timeout=10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=10)
        self._loop.close()

    def _begin(self) -> None:
        self._task = self._loop.create_task(self._run())

    async def _end(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

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
