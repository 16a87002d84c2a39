# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The program that checks API servers for nginx: its verdicts over tables, what it makes of a configuration, and real servers."""

from __future__ import annotations

import contextlib
import signal
import socket
import subprocess
import sys
import textwrap
import time
import typing as t

import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.load_balancer.providers import nginx
from tests.tools.environment import ROOT
from tests.unit.plugins.certificates import make_ca, make_certificate
from tests.unit.plugins.module_utils._domain.load_balancer.providers.test_nginx import INPUTS
from tests.unit.plugins.role_template import RoleTemplate

if t.TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PROGRAM = ROOT / "roles" / "apiserver_nginx" / "files" / "kubernetes-apiserver-watch"
SECONDS = 20.0
RUNTIME = "/run/nginx-kubernetes-apiserver"
#: Stands for the API server: /readyz answers with the status that a file holds, to a client certificate where it asks for one.
SERVER = """
import http.server, ssl, sys
port, state, certificate, key, authority = sys.argv[1:6]
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(int(open(state).read()) if self.path == "/readyz" else 404)
        self.end_headers()
    def log_message(self, *arguments):
        pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", int(port)), Handler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(certificate, key)
if authority:
    context.load_verify_locations(authority)
    context.verify_mode = ssl.CERT_REQUIRED
server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
print("listening", flush=True)
server.serve_forever()
"""
#: Stands for nginx: it takes a configuration that has no word "broken", and as a server it shows what it has loaded.
NGINX = """#!%s
import http.server, os, signal, socketserver, sys
path = sys.argv[-1]
text = open(path).read()
if "-t" in sys.argv:
    sys.exit("broken" in text and "nginx: [emerg] it is broken")
directory = os.path.dirname(path)
def load(*ignored):
    global shown
    shown = open(path).read().split("return 200 '")[1].split("'")[0]
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(shown.encode())
    def log_message(self, *arguments):
        pass
    def address_string(self):
        return "unix"
load()
signal.signal(signal.SIGHUP, load)
server = socketserver.UnixStreamServer(os.path.join(directory, "status.sock"), Handler)
open(os.path.join(directory, "nginx.pid"), "w").write(str(os.getpid()))
server.serve_forever()
"""


def load() -> t.Any:
    """The program as a module. It leaves no bytecode beside it."""
    module = type(sys)("apiserver_watch")
    exec(compile(PROGRAM.read_text(encoding="utf-8"), str(PROGRAM), "exec"), module.__dict__)
    return module


WATCH = load()


def configuration(**targets: str) -> str:
    """What the role writes for these servers."""
    backends = [
        {"name": name, "address": target.rpartition(":")[0].strip("[]"), "port": target.rpartition(":")[2]}
        for name, target in targets.items()
    ]
    provider = nginx.parse("lb1", {**INPUTS, "backends": backends}, has_ipv6=True).provider
    return RoleTemplate.of("apiserver_nginx", "nginx.conf.j2").render({**provider.values, "digest": "d1g3st"})


@pytest.mark.parametrize(
    ("heard", "verdicts"),
    [
        ("+", "+"),
        ("-", "-"),
        ("+-", "++"),
        ("+--", "++-"),
        ("+-+-+-", "++++++"),
        ("+--+", "++--"),
        ("+--++", "++---"),
        ("+--+++", "++---+"),
        ("-++-+++", "------+"),
    ],
)
def test_verdicts(heard: str, verdicts: str) -> None:
    server = WATCH.Server("cp1", "192.0.2.11:6443")
    assert server.is_ready is None
    found = ""
    for each in heard:
        server.hear(each == "+")
        found += "+" if server.is_ready else "-"
    assert found == verdicts


def server_of(name: str, target: str, *, ready: bool) -> t.Any:
    made = WATCH.Server(name, target)
    made.hear(ready)
    return made


def test_what_nginx_loads() -> None:
    text = configuration(cp1="192.0.2.1:6443", cp2="192.0.2.11:6443", cp3="[2001:db8::1]:6443")
    first = server_of("cp1", "192.0.2.1:6443", ready=False)
    others = [server_of("cp2", "192.0.2.11:6443", ready=True), server_of("cp3", "[2001:db8::1]:6443", ready=False)]
    found = WATCH.edit(text, [first, *others])
    assert [line.split() for line in found.splitlines() if " max_fails" in line] == [
        ["server", "192.0.2.1:6443", "down", "max_fails=0", "fail_timeout=1s;"],
        ["server", "192.0.2.11:6443", "max_fails=0", "fail_timeout=1s;"],
        ["server", "[2001:db8::1]:6443", "down", "max_fails=0", "fail_timeout=1s;"],
    ]
    assert WATCH.status_of(found) == '{"configuration":"d1g3st","ready":{"cp1":false,"cp2":true,"cp3":false}}'
    assert WATCH.status_of(text) == '{"configuration":"d1g3st","ready":{"cp1":true,"cp2":true,"cp3":true}}'


@given(ready=st.lists(st.booleans(), min_size=1, max_size=9))
def test_no_verdicts_leave_nginx_without_a_server(ready: list[bool]) -> None:
    targets = {f"cp{number}": f"192.0.2.{number}:6443" for number, _ready in enumerate(ready)}
    servers = [
        server_of(name, target, ready=is_ready) for (name, target), is_ready in zip(targets.items(), ready, strict=True)
    ]
    found = WATCH.edit(configuration(**targets), servers)
    kept = [" down " not in line for line in found.splitlines() if " max_fails" in line]
    assert kept == (ready if any(ready) else [True] * len(ready))
    assert WATCH.status_of(found).count("true") == sum(ready)


class Place(t.NamedTuple):
    """Where the program runs: its directory, and what stands for nginx and for an API server."""

    directory: Path
    program: Path
    port: int
    state: Path
    ca: Path
    client: tuple[Path, Path]
    serving: tuple[Path, Path]

    @property
    def arguments(self) -> list[str]:
        return [
            *(sys.executable, "-I", str(PROGRAM), f"--nginx={self.program}", f"--directory={self.directory}"),
            *(f"--configuration={self.directory}/all.conf", f"--ca={self.ca}", "--interval=0.1"),
            f"--server=cp1=127.0.0.1:{self.port}",
            "--server=cp2=127.0.0.1:1",
        ]

    def loaded(self) -> str:
        """What nginx shows."""
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as connection:
            connection.connect(str(self.directory / "status.sock"))
            connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
            return connection.makefile().read().rpartition("\n")[2]
        return ""


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A new one."""
    ca = make_ca()
    (tmp_path / "ca.crt").write_bytes(ca.certificate)
    serving = make_certificate(ca, "kubernetes")
    paths = []
    for name, made in (
        ("serving", serving),
        ("client", make_certificate(ca, name="probe", usage=ExtendedKeyUsageOID.CLIENT_AUTH)),
    ):
        (tmp_path / f"{name}.crt").write_bytes(made.certificate)
        (tmp_path / f"{name}.key").write_bytes(made.key)
        paths.append((tmp_path / f"{name}.crt", tmp_path / f"{name}.key"))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    program = tmp_path / "nginx"
    program.write_text(NGINX % sys.executable)
    program.chmod(0o755)
    (tmp_path / "state").write_text("200")
    directory = tmp_path / "run"
    directory.mkdir()
    text = configuration(cp1=f"127.0.0.1:{port}", cp2="127.0.0.1:1").replace(RUNTIME, str(directory))
    (directory / "all.conf").write_text(text)
    (directory / "nginx.conf").write_text(text)
    return Place(directory, program, port, tmp_path / "state", tmp_path / "ca.crt", paths[1], paths[0])


@contextlib.contextmanager
def running(*command: str, says: str = "", stdin: t.Any = subprocess.DEVNULL) -> Iterator[subprocess.Popen[str]]:
    """A process for the time of the context, that has said this."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=stdin, text=True) as process:
        try:
            assert process.stdout is not None
            if says:
                assert process.stdout.readline().strip() == says
            yield process
        finally:
            process.kill()


def api_server(place: Place, *, asks: bool = False) -> contextlib.AbstractContextManager[subprocess.Popen[str]]:
    names = [str(place.port), str(place.state), *map(str, place.serving), str(place.ca) if asks else ""]
    return running(sys.executable, "-c", textwrap.dedent(SERVER), *names, says="listening")


def wait_for(place: Place, text: str) -> None:
    deadline = time.monotonic() + SECONDS
    while text not in place.loaded():
        assert time.monotonic() < deadline, place.loaded()
        time.sleep(0.02)


def test_a_server_goes_and_comes_back(place: Place) -> None:
    with (
        running(str(place.program), "-c", str(place.directory / "nginx.conf")),
        api_server(place) as server,
        running(*place.arguments),
    ):
        wait_for(place, '"cp1":true,"cp2":false')
        place.state.write_text("500")
        wait_for(place, '"cp1":false,"cp2":false')
        # A fresh API server answers so before it has its roles.
        place.state.write_text("403")
        time.sleep(1)
        wait_for(place, '"cp1":false,"cp2":false')
        assert " down " not in (place.directory / "nginx.conf").read_text()
        place.state.write_text("200")
        wait_for(place, '"cp1":true,"cp2":false')
        server.send_signal(signal.SIGSTOP)
        wait_for(place, '"cp1":false,"cp2":false')
        server.send_signal(signal.SIGCONT)
        wait_for(place, '"cp1":true,"cp2":false')


def test_an_nginx_that_starts_later_loads_the_verdicts(place: Place) -> None:
    with api_server(place), running(*place.arguments) as watcher:
        assert watcher.stdout is not None
        said = {watcher.stdout.readline().split(":")[0].strip() for _number in range(2)}
        assert said == {"cp1 is ready", "cp2 is not ready"}
        with running(str(place.program), "-c", str(place.directory / "nginx.conf")):
            wait_for(place, '"cp1":true,"cp2":false')


def test_a_reload_that_did_not_happen_is_asked_for_again(place: Place) -> None:
    loaded = place.directory / "nginx.conf"
    with api_server(place), running(str(place.program), "-c", str(loaded)):
        wait_for(place, '"cp2":true')
        # What is on the disk is right; what was loaded is not.
        right = loaded.read_text().replace('"cp2":true', '"cp2":false')
        loaded.write_text(right.replace(" server 127.0.0.1:1 ", " server 127.0.0.1:1 down "))
        with running(*place.arguments):
            wait_for(place, '"cp2":false')


def test_a_configuration_that_nginx_refuses_is_not_taken(place: Place) -> None:
    before = (place.directory / "nginx.conf").read_text()
    (place.directory / "all.conf").write_text(before.replace("least_conn", "broken"))
    with running(str(place.program), "-c", str(place.directory / "nginx.conf")), api_server(place):
        with running(*place.arguments) as watcher:
            assert watcher.stdout is not None
            said = [watcher.stdout.readline() for _number in range(3)]
            assert "nginx refuses the new configuration, the old one stays: nginx: [emerg] it is broken\n" in said
            time.sleep(1)
        assert (place.directory / "nginx.conf").read_text() == before
        assert place.loaded().count("true") == 2


def test_the_client_certificate_is_presented_with_the_key_of_the_standard_input(place: Place) -> None:
    certificate, key = place.client
    with running(str(place.program), "-c", str(place.directory / "nginx.conf")), api_server(place, asks=True):
        with key.open() as stream, running(*place.arguments, f"--certificate={certificate}", stdin=stream):
            wait_for(place, '"cp1":true,"cp2":false')
        with running(*place.arguments):
            wait_for(place, '"cp1":false,"cp2":false')


@pytest.mark.parametrize(("word", "code"), [("least_conn", 0), ("broken", 1)])
def test_a_configuration_can_be_tested_alone(place: Place, word: str, code: int) -> None:
    path = place.directory / "all.conf"
    path.write_text(path.read_text().replace("least_conn", word))
    command = [
        sys.executable,
        "-I",
        PROGRAM,
        f"--nginx={place.program}",
        f"--directory={place.directory}",
        f"--test={path}",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, "it is broken" in done.stderr) == (code, bool(code))


def test_an_authority_of_another_cluster_is_not_trusted(place: Place) -> None:
    place.ca.write_bytes(make_ca().certificate)
    with api_server(place), running(*place.arguments) as watcher:
        assert watcher.stdout is not None
        said = "".join(watcher.stdout.readline() for _number in range(2))
    assert "cp1 is not ready" in said
    assert "certificate verify failed" in said
