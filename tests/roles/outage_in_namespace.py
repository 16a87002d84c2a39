#!/usr/bin/env python3
# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lets something happen to one of three API servers behind a load balancer and measures how long new connections suffer from it.

    unshare --net outage_in_namespace.py <<<JSON

It has a network namespace to itself, so that each configuration runs with the very addresses and ports that it names, and the host of
an API server is lost by taking its address away: what is sent to it is then dropped, as by a network without that host.

The event comes right after a check has reached the server, which is the worst moment: the next check is as far away as it can be.
Connections are tried one after the other, whether or not the last one is answered; one without an answer 200 within 1 s has failed. It is
over with the first connection from which on none failed for :data:`CALM` seconds. A connection straight to another API server is the
control: where that fails, the machine has no time, and what failed within the same second counts for nothing.

Standard output is a mapping: ``seconds`` (null where it was not over within ``limit``), ``sent``, ``failed``, ``starved`` (of the control),
and ``open_seconds``, after which the open connection to that server ended (null where it did not).
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import json
import os
import pathlib
import signal
import socket
import ssl
import subprocess
import sys
import time
import typing as t

HERE = pathlib.Path(__file__).resolve().parent
#: Where the load balancer listens, and the API servers. Every configuration names these.
BALANCER = "192.0.2.10"
SERVERS = {"cp1": "192.0.2.11", "cp2": "192.0.2.12", "cp3": "192.0.2.13"}
PORT = 6443
#: To which it happens.
VICTIM = "cp1"
DEAD, FROZEN, UNREADY, GONE = "dead", "frozen", "unready", "gone"
ANSWER_SECONDS, CALM = 1.0, 2.5
#: The API server of the control.
CONTROL = "cp2"
#: Seconds within which a load balancer serves, and one that checks has sent the next check.
START_SECONDS, CHECK_SECONDS = 20.0, 40.0


class Job(t.TypedDict):
    """What is measured.

    Attributes:
        programs: command lines, started in this order.
        port: of the load balancer.
        event: what happens.
        directory: for files of this measurement, which has ``NAME.crt`` and ``NAME.key`` of each server and ``ca.crt``.
        limit: seconds after which it is given up.
        open_limit: seconds for which the end of the open connection is waited for.
        settle: seconds from the start to the event, at least.
        checks: whether the load balancer sends checks by itself.
        every: seconds between two connections.
        held: connections that are open to each other server meanwhile. An algorithm that counts connections then prefers the victim, as one
            that has just come back.
    """

    programs: list[list[str]]
    port: int
    event: str
    directory: str
    limit: float
    open_limit: float
    settle: float
    checks: bool
    every: float
    held: int


class Probe(t.NamedTuple):
    """A connection: when it was begun, and whether it was answered in time."""

    start: float
    passed: bool


class Attempts:
    """Counts connections that somebody begins to the victim. haproxy's check of TCP ends before a server would have accepted it."""

    _ETHERNET_IPV4 = 0x0800

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(self._ETHERNET_IPV4))
        # What a host sends to an address of its own goes this way.
        self._socket.bind(("lo", self._ETHERNET_IPV4))
        self._socket.setblocking(False)

    def new(self) -> int:
        """Attempts since the last time."""
        found = 0
        with contextlib.suppress(BlockingIOError):
            while True:
                packet, (_interface, _protocol, kind, *_rest) = self._socket.recvfrom(128)
                found += kind == socket.PACKET_HOST and self._is_attempt(packet)
        return found

    @staticmethod
    def _is_attempt(packet: bytes) -> bool:
        header = (packet[0] & 0x0F) * 4
        flags = packet[header + 13] if packet[9] == socket.IPPROTO_TCP else 0
        port = int.from_bytes(packet[header + 2 : header + 4], "big")
        return flags & 0x12 == 0x02 and packet[16:20] == socket.inet_aton(SERVERS[VICTIM]) and port == PORT


class Servers:
    """The stand-ins of API servers."""

    def __init__(self, directory: pathlib.Path) -> None:
        self._directory = directory
        self.processes: dict[str, subprocess.Popen[str]] = {}

    def start(self) -> None:
        """Start them, ready."""
        for name, address in SERVERS.items():
            state = self.state(name)
            state.write_text("ready\n")
            certificate, key = self._directory / f"{name}.crt", self._directory / f"{name}.key"
            command = [
                sys.executable,
                str(HERE / "tls_server.py"),
                name,
                address,
                str(PORT),
                str(certificate),
                str(key),
            ]
            self.processes[name] = subprocess.Popen([*command, str(state)], stdout=subprocess.PIPE, text=True)
        for process in self.processes.values():
            assert process.stdout is not None
            assert process.stdout.readline() == "listening\n"

    def state(self, name: str) -> pathlib.Path:
        """The file that says whether a server is ready."""
        return self._directory / f"{name}.state"

    def let(self, event: str) -> None:
        """Let it happen to the victim."""
        if event == DEAD:
            self.processes[VICTIM].kill()
            self.processes[VICTIM].wait()
        elif event == FROZEN:
            self.processes[VICTIM].send_signal(signal.SIGSTOP)
        elif event == UNREADY:
            self.state(VICTIM).write_text("unready\n")
        else:
            ip("address", "delete", f"{SERVERS[VICTIM]}/32", "dev", "hosts")

    def stop(self) -> None:
        """End them."""
        for process in self.processes.values():
            process.kill()
            process.wait()


def ip(*arguments: str) -> None:
    """Change this namespace's network."""
    subprocess.run(["ip", *arguments], check=True)


def network() -> None:
    """The addresses of the hosts, on an interface at whose other end nobody takes what is sent to any other of their network."""
    ip("link", "set", "lo", "up")
    ip("link", "add", "hosts", "type", "veth", "peer", "name", "wire")
    ip("address", "add", f"{BALANCER}/24", "dev", "hosts")
    for address in SERVERS.values():
        ip("address", "add", f"{address}/32", "dev", "hosts")
        # Its address is known still when the host is not there any more, as to a router.
        ip("neighbour", "add", address, "lladdr", "02:00:00:00:00:01", "dev", "hosts", "nud", "permanent")
    for end in ("hosts", "wire"):
        ip("link", "set", end, "up")


async def connect(
    context: ssl.SSLContext, address: str, port: int, path: str
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Send a request."""
    reader, writer = await asyncio.open_connection(address, port, ssl=context, server_hostname="kubernetes")
    writer.write(f"GET {path} HTTP/1.1\r\nHost: kubernetes\r\n\r\n".encode())
    return reader, writer


async def answers(context: ssl.SSLContext, address: str, port: int) -> bool:
    """Whether a connection is answered with 200 in time."""

    async def ask() -> bool:
        reader, writer = await connect(context, address, port, "/readyz")
        try:
            return (await reader.readline()).split(b" ")[1:2] == [b"200"]
        finally:
            writer.transport.abort()

    try:
        return await asyncio.wait_for(ask(), ANSWER_SECONDS)
    except (OSError, TimeoutError):
        return False


async def opened(
    job: Job, context: ssl.SSLContext, path: str
) -> tuple[str, asyncio.StreamReader, asyncio.StreamWriter]:
    """An open connection through the load balancer, with the name of its server."""
    reader, writer = await connect(context, BALANCER, job["port"], path)
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    return next(name for name in SERVERS if f"Server: {name}\r\n" in head), reader, writer


async def open_others(job: Job, context: ssl.SSLContext) -> list[asyncio.StreamWriter]:
    """Open connections to every server but the victim."""
    kept: dict[str, list[asyncio.StreamWriter]] = {name: [] for name in SERVERS}
    while min(len(kept[name]) for name in SERVERS if name != VICTIM) < job["held"]:
        name, _reader, writer = await opened(job, context, "/hold")
        kept[name].append(writer)
    for writer in kept.pop(VICTIM):
        writer.transport.abort()
    return [writer for writers in kept.values() for writer in writers]


def close(writer: asyncio.StreamWriter, _task: asyncio.Task[float]) -> None:
    """Close what a task has read from."""
    writer.close()


async def watch(job: Job, context: ssl.SSLContext) -> asyncio.Task[float] | None:
    """An open connection to the victim, as a task that gives the time of its end."""

    async def follow(reader: asyncio.StreamReader) -> float:
        with contextlib.suppress(OSError):
            while await reader.readline():
                pass
        return time.monotonic()

    for _ in range(12):
        name, reader, writer = await opened(job, context, "/watch")
        if name == VICTIM:
            task = asyncio.create_task(follow(reader))
            # The writer is kept with the task: a connection without one is closed.
            task.add_done_callback(functools.partial(close, writer))
            return task
        writer.transport.abort()
    return None


def over(probes: t.Sequence[Probe], event: float, every: float) -> float | None:
    """Seconds from the event to the first connection from which on none failed for :data:`CALM`; None where there is none."""
    passed: list[float] = []
    for each in sorted(probes):
        passed = [*passed, each.start] if each.passed else []
        # What counts for nothing is not there: it makes the others too few.
        if len(passed) > 0.9 * CALM / every and each.start - passed[0] >= CALM:
            return max(0.0, passed[0] - event)
    return None


class Probes:
    """Connections through the load balancer from an event on, and those of the control."""

    def __init__(self, job: Job, context: ssl.SSLContext) -> None:
        self._job, self._context = job, context
        self._all: list[Probe] = []
        self.starved: list[float] = []
        self.event = 0.0

    @property
    def counted(self) -> list[Probe]:
        """Those that count."""
        return [
            each
            for each in self._all
            if each.passed or all(abs(each.start - moment) > ANSWER_SECONDS for moment in self.starved)
        ]

    async def run(self) -> None:
        """Probe until it is over, at most until the limit."""
        every = self._job["every"]
        async with asyncio.TaskGroup() as group:
            for number in range(int(self._job["limit"] / every)):
                await asyncio.sleep(max(0.0, self.event + number * every - time.monotonic()))
                group.create_task(self._ask(time.monotonic()))
                group.create_task(self._control(time.monotonic()))
                if (
                    time.monotonic() > self.event + CALM + ANSWER_SECONDS
                    and over(settled(self.counted), self.event, every) is not None
                ):
                    break

    async def _ask(self, start: float) -> None:
        self._all.append(Probe(start, await answers(self._context, BALANCER, self._job["port"])))

    async def _control(self, start: float) -> None:
        if not await answers(self._context, SERVERS[CONTROL], PORT):
            self.starved.append(start)


async def serves(job: Job, context: ssl.SSLContext) -> None:
    """Wait until the load balancer serves."""
    until = time.monotonic() + START_SECONDS
    while not await answers(context, BALANCER, job["port"]):
        if time.monotonic() > until:
            raise TimeoutError("the load balancer does not serve")
        await asyncio.sleep(0.1)


async def checked(job: Job) -> None:
    """Wait until a check has just been sent to the victim, and answered."""
    attempts, until = Attempts(), time.monotonic() + CHECK_SECONDS
    while job["checks"] and not attempts.new() and time.monotonic() < until:
        await asyncio.sleep(0.002)
    await asyncio.sleep(0.1)


async def measure(job: Job, servers: Servers) -> dict[str, t.Any]:
    """Let it happen and see how long it lasts."""
    context = ssl.create_default_context(cafile=str(pathlib.Path(job["directory"]) / "ca.crt"))
    started = time.monotonic()
    await serves(job, context)
    followed = await watch(job, context)
    held = await open_others(job, context) if job["held"] else []
    await asyncio.sleep(max(0.0, started + job["settle"] - time.monotonic()))
    await checked(job)
    probes = Probes(job, context)
    servers.let(job["event"])
    probes.event = time.monotonic()
    await probes.run()
    for writer in held:
        writer.transport.abort()
    if followed is not None:
        await asyncio.wait((followed,), timeout=max(0.0, probes.event + job["open_limit"] - time.monotonic()))
    ended = followed is not None and followed.done()
    return {
        "seconds": over(probes.counted, probes.event, job["every"]),
        "sent": len(probes.counted),
        "failed": sum(not each.passed for each in probes.counted),
        "starved": len(probes.starved),
        "open_seconds": followed.result() - probes.event if followed is not None and ended else None,
    }


def settled(probes: t.Sequence[Probe]) -> list[Probe]:
    """Those that none can come before which is still under way."""
    newest = time.monotonic() - ANSWER_SECONDS
    return [each for each in probes if each.start < newest]


def main() -> None:
    """Measure what standard input asks for."""
    job: Job = json.load(sys.stdin)
    with contextlib.suppress(PermissionError):
        # What is measured comes before what else the machine does.
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
    directory = pathlib.Path(job["directory"])
    network()
    servers = Servers(directory)
    programs: list[subprocess.Popen[bytes]] = []
    try:
        servers.start()
        with (directory / "programs.log").open("wb") as log:
            for command in job["programs"]:
                programs.append(
                    subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=directory)
                )
                time.sleep(0.3)
            print(json.dumps(asyncio.run(measure(job, servers))))
    finally:
        servers.stop()
        for program in programs:
            program.terminate()
            try:
                program.wait(timeout=3)
            except subprocess.TimeoutExpired:
                program.kill()
                program.wait()


if __name__ == "__main__":
    main()
