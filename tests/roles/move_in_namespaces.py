#!/usr/bin/env python3
# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lets something happen to the host that holds a virtual IP of keepalived, and measures when the other one has it.

    unshare --net move_in_namespaces.py <<<JSON

The two hosts are network namespaces joined by a wire: this one, and one that it makes. Standard output is a mapping: ``seconds``, null
where the address did not move within ``limit``.
"""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import signal
import subprocess
import sys
import time
import typing as t

INTERFACE = "vrrp"
LOST, STOPPED, FAILED = "host lost", "keepalived stopped", "check fails"
START_SECONDS = 20.0


class Job(t.TypedDict):
    """What is measured.

    Attributes:
        keepalived: the program.
        directory: with ``NAME.conf`` of each host, for files of this measurement.
        hosts: address by name, the first holder before the other.
        vip: the virtual IP.
        event: what happens to the first.
        script_interval: seconds between two runs of the first one's check; 0: it watches a file.
        limit: seconds after which it is given up.
    """

    keepalived: str
    directory: str
    hosts: dict[str, str]
    vip: str
    event: str
    script_interval: float
    limit: float


class Host:
    """One of the two."""

    def __init__(self, name: str, inside: tuple[str, ...], job: Job) -> None:
        self.name = name
        self._inside = inside
        self._job = job
        self.directory = pathlib.Path(job["directory"]) / name
        self.process: subprocess.Popen[bytes] | None = None

    def run(self, *command: str) -> str:
        """Run a command there."""
        return subprocess.run([*self._inside, *command], check=True, stdout=subprocess.PIPE, text=True).stdout

    def holds(self) -> bool:
        """Whether it has the virtual IP."""
        return f" {self._job['vip']}/32 " in self.run("ip", "-4", "-o", "address", "show", "dev", INTERFACE)

    def prepare(self) -> None:
        """What it checks is well."""
        self.directory.mkdir()
        (self.directory / "health").write_text("0\n")
        script = self.directory / "check"
        script.write_text(f"#!/bin/sh\necho run >>{self.directory}/runs\ngrep -qx 0 {self.directory}/health\n")
        script.chmod(0o755)
        (self.directory / "runs").write_text("")

    def start(self) -> None:
        """Start keepalived."""
        text = (self.directory.parent / f"{self.name}.conf").read_text()
        configuration = self.directory / "keepalived.conf"
        configuration.write_text(text.replace("/run/", f"{self.directory}/"))
        files = [f"--{kind}={self.directory}/{kind}" for kind in ("pid", "vrrp_pid", "checkers_pid")]
        command = [
            self._job["keepalived"],
            "--dont-fork",
            "--vrrp",
            "--log-console",
            "--no-syslog",
            f"--use-file={configuration}",
            *files,
        ]
        with (self.directory / "keepalived.log").open("wb") as log:
            self.process = subprocess.Popen(
                [*self._inside, *command], stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )

    def send(self, sent: signal.Signals) -> None:
        """Send a signal to keepalived and its children, or for SIGTERM to itself alone."""
        assert self.process is not None
        if sent == signal.SIGTERM:
            self.process.terminate()
        else:
            os.killpg(self.process.pid, sent)

    def stop(self) -> None:
        """End keepalived."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


def wait(condition: t.Callable[[], bool], limit: float) -> float | None:
    """The time at which it held; None where it did not within ``limit`` seconds."""
    until = time.monotonic() + limit
    while not condition():
        if time.monotonic() > until:
            return None
        time.sleep(0.02)
    return time.monotonic()


def measure(job: Job, first: Host, second: Host) -> dict[str, t.Any]:
    """Let it happen and see when the address moves."""
    first.start()
    if wait(first.holds, START_SECONDS) is None:
        raise TimeoutError("the first host does not take the address")
    second.start()
    time.sleep(3)
    if second.holds() or not first.holds():
        raise TimeoutError("both hosts hold the address, or neither")
    runs = first.directory / "runs"
    if job["event"] == FAILED and job["script_interval"]:
        before = runs.stat().st_size
        wait(lambda: runs.stat().st_size > before, 2 * job["script_interval"])
        time.sleep(0.1)
    event = time.monotonic()
    if job["event"] == LOST:
        first.send(signal.SIGKILL)
    elif job["event"] == STOPPED:
        first.send(signal.SIGTERM)
    else:
        (first.directory / "health").write_text("1\n")
    moved = wait(second.holds, job["limit"])
    return {"seconds": None if moved is None else moved - event}


def main() -> None:
    """Measure what standard input asks for."""
    job: Job = json.load(sys.stdin)
    with contextlib.suppress(PermissionError):
        # What is measured comes before what else the machine does.
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
    names = list(job["hosts"])
    other = subprocess.Popen(["unshare", "--net", "sleep", "infinity"])
    hosts = []
    try:
        own, theirs = pathlib.Path("/proc/self/ns/net").readlink(), pathlib.Path(f"/proc/{other.pid}/ns/net")
        wait(lambda: theirs.readlink() != own, START_SECONDS)
        first = Host(names[0], (), job)
        second = Host(names[1], ("nsenter", f"--net={theirs}"), job)
        hosts = [first, second]
        first.run("ip", "link", "add", INTERFACE, "type", "veth", "peer", "name", INTERFACE, "netns", str(other.pid))
        for host, address in zip(hosts, job["hosts"].values(), strict=True):
            host.run("ip", "link", "set", "lo", "up")
            host.run("ip", "address", "add", f"{address}/24", "dev", INTERFACE)
            host.run("ip", "link", "set", INTERFACE, "up")
            host.prepare()
        print(json.dumps(measure(job, first, second)))
    finally:
        for host in hosts:
            host.stop()
        other.kill()
        other.wait()


if __name__ == "__main__":
    main()
