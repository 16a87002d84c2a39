# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The program that judges whether a host may hold the virtual IP: its verdicts over tables, and real servers."""

from __future__ import annotations

import contextlib
import importlib.machinery
import importlib.util
import signal
import socket
import subprocess
import sys
import time
import typing as t

import pytest

from tests.tools.environment import ROOT
from tests.unit.plugins.certificates import make_ca, make_certificate

if t.TYPE_CHECKING:
    from pathlib import Path

PROGRAM = ROOT / "roles" / "apiserver_keepalived" / "files" / "kubeadm-ha-vip-health"
SECONDS = 20.0
#: A server of HTTP: on a Unix socket, or with TLS. It answers with the status that a file holds.
SERVER = """
import http.server, socketserver, ssl, sys
kind, where, state = sys.argv[1:4]
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        self.send_response(int(open(state).read()))
        self.send_header("Content-Length", "0")
        self.end_headers()
    def log_message(self, *arguments):
        pass
if kind == "unix":
    server = socketserver.ThreadingUnixStreamServer(where, Handler)
else:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", int(where)), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[4], sys.argv[5])
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
print("listening", flush=True)
server.serve_forever()
"""
#: An outcome, when it began and when it ended.
Heard = tuple[str, float, float]


def load() -> t.Any:
    """The program as a module. It leaves no bytecode beside it."""
    loader = importlib.machinery.SourceFileLoader("vip_health", str(PROGRAM))
    specification = importlib.util.spec_from_loader("vip_health", loader)
    assert specification is not None
    module = importlib.util.module_from_spec(specification)
    exec(compile(PROGRAM.read_text(encoding="utf-8"), str(PROGRAM), "exec"), module.__dict__)
    return module


HEALTH = load()


@pytest.mark.parametrize(
    ("heard", "fit"),
    [
        ([("gone", 0.0, 0.0)], True),
        ([("gone", 0.0, 0.0), ("gone", 0.2, 0.2), ("gone", 0.4, 0.4)], True),
        ([("gone", 0.0, 0.0), ("gone", 0.2, 0.2), ("gone", 0.6, 0.6)], False),
        # A restart within the limit.
        ([("gone", 0.0, 0.0), ("gone", 0.4, 0.4), ("alive", 0.6, 0.6), ("gone", 0.8, 0.8)], True),
        # A slow second is none, a longer silence is one.
        ([("alive", 0.0, 1.1), ("alive", 1.5, 1.5)], True),
        ([("silent", 0.0, 1.2)], False),
        # The host had no CPU time itself.
        ([("silent", 0.0, 1.9)], True),
        # An API server that starts.
        ([("unwell", 0.0, 0.1), ("unwell", 4.0, 4.1)], True),
        ([("unwell", 0.0, 0.1), ("unwell", 5.0, 5.1)], False),
        # What is worse counts for what is better, too.
        ([("gone", 0.0, 0.0), ("unwell", 0.2, 0.2), ("gone", 0.7, 0.7)], True),
        ([("gone", 0.0, 0.0), ("unwell", 2.5, 2.5), ("gone", 5.0, 5.0)], False),
    ],
)
def test_verdicts(heard: list[Heard], fit: bool) -> None:
    judge = HEALTH.Judge(True)
    assert [judge.hear(*each) for each in heard][-1] is fit


def test_two_answers_end_a_failure() -> None:
    judge = HEALTH.Judge(False)
    assert [judge.hear(kind, 0.0, 0.0) for kind in ("alive", "gone", "alive", "alive")] == [False, False, False, True]


def test_a_host_without_cpu_time_counts_only_who_is_gone() -> None:
    judge = HEALTH.Judge(True)
    judge.hear("unwell", 0.0, 0.1)
    judge.starve()
    assert judge.hear("unwell", 5.0, 5.1)
    judge.hear("gone", 5.2, 5.2)
    judge.starve()
    assert not judge.hear("gone", 5.9, 5.9)


def test_the_whole_of_a_failure_takes_less_than_two_seconds() -> None:
    """With what keepalived itself takes to hand the address over: an advertisement's interval, 0.3 s, at the most."""
    for kind in (HEALTH.GONE, HEALTH.SILENT):
        assert HEALTH.INTERVAL + HEALTH.LIMITS[kind] + 0.3 < 2.0
    assert HEALTH.LIMITS[HEALTH.SILENT] > 1.0


@pytest.mark.parametrize("arguments", [["--health=x"], ["--health=x", "--server=a:1"], ["--socket=a"]])
def test_a_wrong_command_line(arguments: list[str]) -> None:
    with pytest.raises(SystemExit):
        HEALTH.parse(arguments)


class Stage:
    """A directory, a server and the program in front of it."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.health = directory / "state"
        self.status = directory / "status"
        self.stack = contextlib.ExitStack()
        self.answer(200)

    def answer(self, status: int) -> None:
        """What the server answers from now on."""
        self.status.write_text(str(status), encoding="ascii")

    def run(self, *command: str) -> subprocess.Popen[str]:
        """A Python process until the end of the test."""
        process = self.stack.enter_context(
            subprocess.Popen([sys.executable, *command], stdout=subprocess.PIPE, text=True)
        )
        self.stack.callback(process.kill)
        return process

    def serve(self, kind: str, where: str, *files: str) -> subprocess.Popen[str]:
        """The server, listening."""
        process = self.run("-c", SERVER, kind, where, str(self.status), *files)
        assert process.stdout is not None
        assert process.stdout.readline() == "listening\n"
        return process

    def watch(self, *asked: str) -> None:
        """The program."""
        self.run("-I", str(PROGRAM), f"--health={self.health}", *asked, "--configuration=x")

    def wait(self, wanted: str) -> None:
        """Wait for a verdict."""
        deadline = time.monotonic() + SECONDS
        while not self.health.exists() or self.health.read_text(encoding="ascii") != f"{wanted}\n":
            assert time.monotonic() < deadline, f"the verdict is not {wanted}"
            time.sleep(0.05)

    def api_server(self, name: str) -> None:
        """An API server whose certificate has a name, and the program in front of it."""
        ca = make_ca()
        made = make_certificate(ca, name)
        for file, content in (("ca.crt", ca.certificate), ("s.crt", made.certificate), ("s.key", made.key)):
            (self.directory / file).write_bytes(content)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.serve("tls", str(port), str(self.directory / "s.crt"), str(self.directory / "s.key"))
        self.watch(f"--server=127.0.0.1:{port}", f"--ca={self.directory / 'ca.crt'}")


@pytest.fixture
def stage(tmp_path: Path) -> t.Iterator[Stage]:
    """A stage on which nothing runs."""
    made = Stage(tmp_path)
    with made.stack:
        yield made


def test_haproxy_that_lives_dies_and_comes_back(stage: Stage) -> None:
    path = str(stage.directory / "s")
    stage.watch(f"--socket={path}")
    stage.wait("1")
    server = stage.serve("unix", path)
    stage.wait("0")
    # Whatever its status page says: haproxy lives.
    stage.answer(503)
    time.sleep(1)
    stage.wait("0")
    server.kill()
    stage.wait("1")
    (stage.directory / "s").unlink()
    stage.serve("unix", path)
    stage.wait("0")


def test_haproxy_that_is_frozen(stage: Stage) -> None:
    path = str(stage.directory / "s")
    server = stage.serve("unix", path)
    stage.watch(f"--socket={path}")
    stage.wait("0")
    server.send_signal(signal.SIGSTOP)
    stage.wait("1")
    server.send_signal(signal.SIGCONT)
    stage.wait("0")


def test_an_api_server_lives(stage: Stage) -> None:
    stage.api_server("kubernetes")
    stage.wait("0")


def test_another_certificate_is_no_api_server_of_the_cluster(stage: Stage) -> None:
    stage.api_server("other")
    stage.wait("1")
    time.sleep(2)
    stage.wait("1")


@pytest.mark.parametrize("status", [401, 403])
def test_an_api_server_that_refuses_lives(stage: Stage, status: int) -> None:
    stage.answer(status)
    stage.api_server("kubernetes")
    stage.wait("0")


def test_an_api_server_that_starts_is_not_fit_yet(stage: Stage) -> None:
    stage.answer(500)
    stage.api_server("kubernetes")
    time.sleep(1.5)
    stage.wait("1")
    stage.answer(200)
    stage.wait("0")
