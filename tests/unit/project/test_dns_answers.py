# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The program that keeps the answers of the endpoint's name: its verdicts over tables, and real servers with TLS."""

from __future__ import annotations

import contextlib
import signal
import socket
import subprocess
import sys
import time
import types
import typing as t

import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID

from tests.tools.environment import ROOT
from tests.unit.plugins.certificates import make_ca, make_certificate

if t.TYPE_CHECKING:
    from pathlib import Path

PROGRAM = ROOT / "roles" / "apiserver_dns" / "files" / "kubeadm-ha-dns-answers"
SERVER = ROOT / "tests" / "roles" / "tls_server.py"
SECONDS = 20.0
#: Notes what the file holds at each load, as a DNS server would load it.
LOAD = 'cat "$1" >>"$2"; echo . >>"$2"'
#: An outcome, when it began and when it ended.
Heard = tuple[str, float, float]


def load() -> t.Any:
    """The program as a module. It leaves no bytecode beside it."""
    module = types.ModuleType("dns_answers")
    exec(compile(PROGRAM.read_text(encoding="utf-8"), str(PROGRAM), "exec"), module.__dict__)
    return module


ANSWERS = load()


@pytest.mark.parametrize(
    ("heard", "ready"),
    [
        # The first outcome decides.
        ([("ready", 0.0, 0.0)], True),
        ([("gone", 0.0, 0.0)], False),
        ([("silent", 0.0, 1.5)], False),
        # One failure of a server that answers is none.
        ([("ready", 0.0, 0.0), ("gone", 0.5, 0.5)], True),
        ([("ready", 0.0, 0.0), ("gone", 0.5, 0.5), ("gone", 0.8, 0.8), ("gone", 1.0, 1.0)], False),
        ([("ready", 0.0, 0.0), ("unready", 0.5, 0.5), ("unready", 1.0, 1.0)], False),
        ([("ready", 0.0, 0.0), ("unready", 0.5, 0.5), ("ready", 0.8, 0.8), ("unready", 1.2, 1.2)], True),
        ([("ready", 0.0, 0.0), ("silent", 0.5, 2.0)], False),
        # One that was silent is gone for good.
        ([("ready", 0.0, 0.0), ("gone", 0.5, 0.5), ("silent", 0.6, 1.6), ("silent", 1.7, 2.0)], False),
        # Two answers end a failure.
        ([("gone", 0.0, 0.0), ("ready", 0.5, 0.5)], False),
        ([("gone", 0.0, 0.0), ("ready", 0.5, 0.5), ("gone", 0.8, 0.8), ("ready", 1.0, 1.0)], False),
        ([("gone", 0.0, 0.0), ("ready", 0.5, 0.5), ("ready", 1.0, 1.0)], True),
    ],
)
def test_verdicts(heard: list[Heard], ready: bool) -> None:
    judge = ANSWERS.Judge()
    assert judge.ready is None
    for each in heard:
        judge.hear(*each)
    assert judge.ready is ready


def test_a_host_without_cpu_time_counts_only_who_is_gone() -> None:
    judge = ANSWERS.Judge()
    judge.hear("ready", 0.0, 0.0)
    judge.hear("unready", 0.5, 0.5)
    judge.starve(3.0)
    judge.hear("silent", 0.9, 3.1)
    assert judge.ready
    judge.hear("gone", 3.2, 3.2)
    judge.starve(3.5)
    judge.hear("gone", 3.7, 3.7)
    assert not judge.ready


def test_a_host_without_cpu_time_does_not_excuse_a_server_for_ever() -> None:
    judge = ANSWERS.Judge()
    judge.hear("ready", 0.0, 0.0)
    for number in range(1, 5):
        judge.starve(float(number))
        judge.hear("silent", number - 0.5, float(number))
    assert judge.ready
    judge.starve(4.6)
    judge.hear("silent", 4.1, 4.7)
    assert not judge.ready


def test_a_server_leaves_the_answers_within_three_seconds() -> None:
    """With what gdnsd takes to load a zone, 0.3 s, and two readings of the verdicts."""
    for kind, limit in ANSWERS.LIMITS.items():
        again = 0.0 if kind == ANSWERS.SILENT else 2 * ANSWERS.AGAIN
        assert ANSWERS.INTERVAL + limit + again + 2 * ANSWERS.TICK + 0.3 < 3.0
    assert ANSWERS.LIMITS[ANSWERS.SILENT] > 1.0


@pytest.mark.parametrize("missing", ["--answers", "--ca", "--server", "true"])
def test_a_wrong_command_line(missing: str) -> None:
    given = ["--answers=a", "--ca=b", "--server=192.0.2.11:6443", "--", "true"]
    assert ANSWERS.parse(given).server == ["192.0.2.11:6443"]
    with pytest.raises(SystemExit):
        ANSWERS.parse([item for item in given if not item.startswith(missing)])


class Stage:
    """A directory, API servers on addresses of this machine, and the program that asks them."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.answers = directory / "addresses"
        self.loaded = directory / "loaded"
        self.stack = contextlib.ExitStack()
        self.servers: dict[str, subprocess.Popen[str]] = {}
        ca, self._notified = make_ca(), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.stack.callback(self._notified.close)
        self._notified.bind(str(directory / "notify"))
        self._notified.settimeout(SECONDS)
        made, other = make_certificate(ca, "kubernetes"), make_certificate(make_ca(), "kubernetes")
        files = {"ca.crt": ca.certificate, "s.crt": made.certificate, "s.key": made.key}
        files.update({"o.crt": other.certificate, "o.key": other.key})
        probe = make_certificate(ca, name="kubeadm-ha:apiserver-probe", usage=ExtendedKeyUsageOID.CLIENT_AUTH)
        files.update({"client.crt": probe.certificate, "client.crt.key": probe.key})
        for name, content in files.items():
            (directory / name).write_bytes(content)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self._port = probe.getsockname()[1]

    def run(self, *command: str, **environment: str) -> subprocess.Popen[str]:
        """A Python process until the end of the test."""
        process = self.stack.enter_context(
            subprocess.Popen(
                [sys.executable, *command], stdout=subprocess.PIPE, text=True, env=environment, cwd=self.directory
            )
        )
        self.stack.callback(process.kill)
        return process

    def state(self, address: str, state: str) -> None:
        """What a server answers from now on."""
        (self.directory / address).write_text(state, encoding="ascii")

    def serve(self, address: str, certificate: str = "s", client_ca: str = "") -> None:
        """An API server that is ready."""
        self.state(address, "ready")
        files = [f"{certificate}.crt", f"{certificate}.key", address, *([client_ca] if client_ca else [])]
        self.servers[address] = self.run(str(SERVER), address, address, str(self._port), *files)
        assert self.servers[address].stdout is not None
        assert self.servers[address].stdout.readline() == "listening\n"

    def watch(self, *addresses: str, certificate: str = "") -> None:
        """The program, once it has reported to systemd that there are answers."""
        asked = [f"--server={address}:{self._port}" for address in addresses]
        files = [f"--answers={self.answers}", "--ca=ca.crt", *([f"--certificate={certificate}"] if certificate else [])]
        command = ["--", "/bin/sh", "-c", LOAD, "load", str(self.answers), str(self.loaded)]
        self.run("-I", str(PROGRAM), *files, *asked, *command, NOTIFY_SOCKET=str(self.directory / "notify"))
        assert self._notified.recv(100) == b"READY=1"

    def wait(self, *wanted: str) -> None:
        """Wait until these addresses, and no others, were loaded last."""
        text = "".join(f"@ A {address}\n" for address in wanted)
        deadline = time.monotonic() + SECONDS
        while self.loaded.read_text(encoding="ascii").split(".\n")[-2] != text:
            assert time.monotonic() < deadline, (
                f"{self.loaded.read_text(encoding='ascii')!r} does not end with {text!r}"
            )
            time.sleep(0.05)
        assert self.answers.read_text(encoding="ascii") == text


@pytest.fixture
def stage(tmp_path: Path) -> t.Iterator[Stage]:
    """A stage on which nothing runs."""
    made = Stage(tmp_path)
    with made.stack:
        yield made


def test_who_is_ready_is_known_before_the_first_answer(stage: Stage) -> None:
    stage.serve("127.0.0.11")
    stage.watch("127.0.0.11", "127.0.0.12")
    stage.wait("127.0.0.11")
    assert stage.loaded.read_text(encoding="ascii").count(".\n") == 1


def test_unready_dead_and_frozen_servers(stage: Stage) -> None:
    every = ("127.0.0.11", "127.0.0.12", "127.0.0.13")
    for address in every:
        stage.serve(address)
    stage.watch(*every)
    stage.wait(*every)
    stage.state(every[0], "unready")
    stage.wait(*every[1:])
    stage.servers[every[1]].send_signal(signal.SIGSTOP)
    stage.wait(every[2])
    stage.servers[every[2]].kill()
    # Nobody is ready: the answer has all of them.
    stage.wait(*every)
    stage.state(every[0], "ready")
    stage.wait(every[0])
    stage.servers[every[1]].send_signal(signal.SIGCONT)
    stage.wait(*every[:2])


def test_a_server_of_another_ca_is_not_ready(stage: Stage) -> None:
    stage.serve("127.0.0.11")
    stage.serve("127.0.0.12", certificate="o")
    stage.watch("127.0.0.11", "127.0.0.12")
    stage.wait("127.0.0.11")


def test_servers_that_refuse_anonymous_requests(stage: Stage) -> None:
    stage.serve("127.0.0.11", client_ca="ca.crt")
    stage.serve("127.0.0.12", client_ca="o.crt")
    stage.watch("127.0.0.11", "127.0.0.12", certificate="client.crt")
    stage.wait("127.0.0.11")
