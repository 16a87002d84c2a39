# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""haproxy with the role's configuration, in front of TLS servers on loopback."""

from __future__ import annotations

import contextlib
import dataclasses
import http.client
import json
import os
import pathlib
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from tests.tools import environment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HERE = pathlib.Path(__file__).resolve().parent
ROLE = HERE.parents[1] / "roles" / "apiserver_haproxy"
#: The directories of the role's configuration, which are the test's own instead.
DIRECTORIES = ("/etc/haproxy", "/var/lib/haproxy")
#: What an inspection reports of a host on which nothing is yet.
NOTHING: dict[str, Any] = {
    "configuration": {"path": "/etc/haproxy/haproxy.cfg", "owner": "absent", "sha1": ""},
    "running": "",
    "certificate": {"path": "/etc/haproxy/kubernetes-probe.crt", "pem": "", "has_key": False},
    "firewall": {"name": "", "zone": "", "rules": []},
    "selinux": {"mode": "disabled", "has_tools": False, "ports": "", "booleans": "", "modules": ""},
    "is_installed": False,
    "has_ipv6": True,
    "clock": 0.0,
    "stream_module": "",
    "python": "/usr/bin/python3",
    "name_service": {"listeners": [], "foreign_zones": []},
}


def haproxy_command() -> list[str]:
    """The haproxy under test: KUBEADM_HA_TEST_HAPROXY (a command line) or the machine's; RuntimeError without one."""
    wanted = os.environ.get("KUBEADM_HA_TEST_HAPROXY")
    if wanted:
        return shlex.split(wanted)
    found = shutil.which("haproxy", path=os.environ.get("PATH", "") + ":/usr/sbin")
    if found is None:
        raise RuntimeError("haproxy is not installed on this machine: apt-get install haproxy")
    return [found]


def run(*command: str, cwd: pathlib.Path | None = None) -> str:
    """Run a command to its end and return its output; AssertionError with the output when it fails."""
    done = subprocess.run(
        command,
        cwd=cwd,
        env=environment.environment(),
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    assert done.returncode == 0, f"{shlex.join(command)} exits {done.returncode}:\n{done.stdout}"
    return done.stdout


def free_port() -> int:
    """A TCP port of the loopback interface that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until(condition: Callable[[], bool], *, limit: float, what: str) -> None:
    """Wait until ``condition`` holds; AssertionError naming ``what`` after ``limit`` seconds."""
    deadline = time.monotonic() + limit
    while not condition():
        assert time.monotonic() < deadline, f"not within {limit} s: {what}"
        time.sleep(0.02)


@dataclasses.dataclass(frozen=True)
class Authority:
    """A certificate authority made with openssl, in a directory of its own."""

    directory: pathlib.Path

    @property
    def certificate(self) -> pathlib.Path:
        """The CA's certificate."""
        return self.directory / "ca.crt"

    @classmethod
    def create(cls, directory: pathlib.Path) -> Authority:
        """Make a new CA below ``directory``."""
        directory.mkdir()
        run(
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"),
            *("-subj", "/CN=kubernetes", "-days", "2", "-keyout", "ca.key", "-out", "ca.crt"),
            cwd=directory,
        )
        return cls(directory)

    def issue(self, name: str, san: str) -> tuple[pathlib.Path, pathlib.Path]:
        """Issue a serving certificate; return its path and its key's."""
        return self._issue(name, "kube-apiserver", f"subjectAltName={san}")

    def issue_client(self, name: str, common_name: str) -> tuple[pathlib.Path, pathlib.Path]:
        """Issue a client certificate of a user without groups; return its path and its key's."""
        return self._issue(name, common_name, "extendedKeyUsage=clientAuth")

    def _issue(self, name: str, common_name: str, extension: str) -> tuple[pathlib.Path, pathlib.Path]:
        extensions = self.directory / f"{name}.ext"
        extensions.write_text(f"{extension}\n", encoding="ascii")
        run(
            *("openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"),
            *("-subj", f"/CN={common_name}", "-keyout", f"{name}.key", "-out", f"{name}.csr"),
            cwd=self.directory,
        )
        run(
            *("openssl", "x509", "-req", "-in", f"{name}.csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial"),
            *("-days", "2", "-extfile", extensions.name, "-out", f"{name}.crt"),
            cwd=self.directory,
        )
        return self.directory / f"{name}.crt", self.directory / f"{name}.key"


class Server:
    """One process of tls_server.py."""

    def __init__(
        self, *, name: str, port: int, certificate: tuple[pathlib.Path, pathlib.Path], directory: pathlib.Path
    ) -> None:
        self.name = name
        self.port = port
        self._certificate, self._key = certificate
        self._state_file = directory / f"{name}.state"
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Start it, ready."""
        self.set_state("ready")
        self._process = subprocess.Popen(
            [
                *(sys.executable, str(HERE / "tls_server.py"), self.name, "127.0.0.1", str(self.port)),
                *(str(self._certificate), str(self._key), str(self._state_file)),
            ],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "listening\n"

    def set_state(self, state: Literal["ready", "unready", "slow"]) -> None:
        """Let /readyz answer 200, or 500, or 500 after 2 s."""
        self._state_file.write_text(f"{state}\n", encoding="ascii")

    def send(self, sent: signal.Signals) -> None:
        """Send a signal to the process."""
        assert self._process is not None
        self._process.send_signal(sent)

    def stop(self) -> None:
        """Kill the process and wait for its end."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(timeout=10)
            assert self._process.stdout is not None
            self._process.stdout.close()
            self._process = None


class _UnixConnection(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path: pathlib.Path) -> None:
        super().__init__("localhost", timeout=2)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(2)
        self.sock.connect(str(self._path))


class Balancer:
    """haproxy (master and worker) with the configuration that the role renders."""

    _rendered: ClassVar[dict[str, str]] = {}

    def __init__(self, directory: pathlib.Path, **inputs: Any) -> None:
        self.directory = directory
        self.inputs = inputs
        self.port = int(inputs["apiserver_haproxy_bind_port"])
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def configuration(self) -> pathlib.Path:
        """The rendered file."""
        return self.directory / "haproxy.cfg"

    @property
    def log(self) -> str:
        """What haproxy wrote so far."""
        return (self.directory / "haproxy.log").read_text(encoding="utf-8")

    def render(self) -> None:
        """Write the configuration, rendered once for the same inputs, and the files that it loads."""
        shutil.copy(ROLE / "files" / "kubernetes-apiserver.lua", self.directory)
        ca_file = self.directory / "kubernetes-ca.crt"
        ca_file.write_text(self.inputs["apiserver_haproxy_ca_certificate"], encoding="ascii")
        inputs = self.directory / "inputs.json"
        variables = {
            "destination": str(self.configuration),
            "ansible_python_interpreter": sys.executable,
            "kubeadm_ha_endpoint": f"localhost:{self.port}",
            "apiserver_haproxy_seen": NOTHING,
            "apiserver_haproxy_stats_socket": str(self.directory / "admin.sock"),
            **self.inputs,
        }
        wanted = json.dumps(variables)
        if wanted not in self._rendered:
            inputs.write_text(wanted, encoding="utf-8")
            run(sys.executable, "-m", "ansible", "playbook", str(HERE / "render.yml"), "--extra-vars", f"@{inputs}")
            text = self.configuration.read_text(encoding="utf-8")
            for directory in DIRECTORIES:
                text = text.replace(directory, str(self.directory))
            self._rendered[wanted] = text
        self.configuration.write_text(self._rendered[wanted], encoding="utf-8")

    def check(self) -> str:
        """The output of haproxy's own check of the rendered file, which has to pass."""
        return run(*haproxy_command(), "-c", "-f", str(self.configuration))

    def status(self) -> dict[str, Any]:
        """The document of the status socket; OSError while nothing listens there."""
        connection = _UnixConnection(self.directory / "kubernetes-apiserver-status.sock")
        with contextlib.closing(connection):
            connection.request("GET", "/")
            document: dict[str, Any] = json.loads(connection.getresponse().read())
        return document

    def ready(self) -> set[str]:
        """The names of the servers that haproxy's checks found ready; empty while haproxy does not answer."""
        try:
            return {name for name, ready in self.status()["ready"].items() if ready}
        except OSError:
            return set()

    def reload(self) -> None:
        """What `systemctl reload haproxy` does."""
        assert self._process is not None
        self._process.send_signal(signal.SIGUSR2)

    @contextlib.contextmanager
    def running(self) -> Iterator[Balancer]:
        """Run it for the time of the context."""
        with (self.directory / "haproxy.log").open("wb") as log:
            command = [*haproxy_command(), "-W", "-f", str(self.configuration)]
            self._process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
        try:
            yield self
        finally:
            self._process.terminate()
            try:
                self._process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait(timeout=10)
