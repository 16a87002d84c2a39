# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inspection of a load balancer host, with programs and files made for the test."""

from __future__ import annotations

import hashlib
import http.server
import json
import socketserver
import subprocess
import sys
import tempfile
import threading
import time
import typing as t
from pathlib import Path

import pytest

from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.collect import (
    load_balancer_inspection,
)
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.collect.load_balancer_inspection import (
    LoadBalancerInspection,
)
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host.commands import HostCommands
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.load_balancer import nginx_files

MARKER = "Configuration of the role"
CERTIFICATE = "-----BEGIN CERTIFICATE-----\nQQ==\n-----END CERTIFICATE-----\n"
CANARY = "c4n4ry-s3cr3t"


@pytest.fixture(name="host")
def _host(tmp_path: Path) -> Path:
    """A directory with haproxy.cfg and programs."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "haproxy.cfg").write_text("global\n", encoding="ascii")
    return tmp_path


def program(host: Path, name: str, script: str) -> None:
    path = host / "bin" / name
    path.write_text(f"#!/bin/sh\n{script}\n", encoding="ascii")
    path.chmod(0o755)


def inspect(host: Path, *, provider: str = "haproxy", status_socket: str = "/nowhere") -> dict[str, t.Any]:
    return LoadBalancerInspection(
        HostCommands(search_path=str(host / "bin"), timeout=5),
        provider=provider,
        configuration=str(host / "haproxy.cfg"),
        marker=MARKER,
        status_socket=status_socket,
        certificate=str(host / "probe.crt"),
    ).collect()


def test_a_host_that_never_had_haproxy(tmp_path: Path) -> None:
    report = inspect(tmp_path)
    assert report["configuration"] == {"path": str(tmp_path / "haproxy.cfg"), "owner": "absent", "sha1": ""}
    assert report["certificate"] == {"path": str(tmp_path / "probe.crt"), "pem": "", "has_key": False}
    assert (report["running"], report["firewall"]) == ("", {"name": "", "zone": "", "rules": []})
    assert json.loads(json.dumps(report)) == report


def test_whose_the_configuration_is(host: Path) -> None:
    found = inspect(host)["configuration"]
    assert (found["owner"], found["sha1"]) == ("other", hashlib.sha1(b"global\n").hexdigest())
    (host / "haproxy.cfg").write_text(f"# {MARKER}\n", encoding="ascii")
    assert inspect(host)["configuration"]["owner"] == "role"


def test_the_certificate_without_its_key(host: Path) -> None:
    (host / "probe.crt").write_text(CERTIFICATE + CANARY, encoding="ascii")
    (host / "probe.crt.key").write_text(CANARY, encoding="ascii")
    report = inspect(host)
    assert (report["certificate"]["pem"], report["certificate"]["has_key"]) == (CERTIFICATE, True)
    assert CANARY not in json.dumps(report)


def test_selinux(host: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert inspect(host)["selinux"]["mode"] == "disabled"
    state = host / "enforce"
    monkeypatch.setattr(load_balancer_inspection, "_SELINUX", str(state))
    for text, mode in (("1", "enforcing"), ("0", "permissive")):
        state.write_text(text, encoding="ascii")
        assert inspect(host)["selinux"] == {
            "mode": mode,
            "has_tools": False,
            "ports": "",
            "booleans": "",
            "modules": "",
        }
    program(host, "semanage", 'echo "$@"')
    program(host, "semodule", 'echo "$@"')
    program(host, "getsebool", "echo 'haproxy_connect_any --> off'")
    found = inspect(host)["selinux"]
    assert found["ports"] == "port --list --noheading --locallist\nport --list --noheading\n"
    assert (found["has_tools"], found["booleans"]) == (True, "haproxy_connect_any --> off\n")
    assert found["modules"] == "--list\n"


class _Status(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b'{"configuration": "digest", "ready": {}}')

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def address_string(self) -> str:
        return "unix"


def test_what_haproxy_runs(host: Path) -> None:
    with tempfile.TemporaryDirectory() as directory:
        path = f"{directory}/status.sock"
        with socketserver.UnixStreamServer(path, _Status) as server:
            threading.Thread(target=server.handle_request, daemon=True).start()
            assert inspect(host, status_socket=path)["running"] == "digest"


@pytest.mark.parametrize(
    ("program_is_there", "module_is_there", "built", "expected"),
    [
        (False, False, "", (False, "")),
        (False, True, "", (False, "module.so")),
        (True, True, "", (True, "module.so")),
        (True, False, "--with-stream --with-stream_ssl_module", (True, "")),
        (True, False, "--with-stream=dynamic", (False, "")),
    ],
)
def test_whether_nginx_can_forward_tcp(
    host: Path,
    monkeypatch: pytest.MonkeyPatch,
    program_is_there: bool,
    module_is_there: bool,
    built: str,
    expected: tuple[bool, str],
) -> None:
    if program_is_there:
        program(host, "nginx", f'echo "configure arguments: --prefix=/usr {built}" >&2')
    if module_is_there:
        (host / "module.so").touch()
    monkeypatch.setattr(nginx_files, "PROGRAM", str(host / "bin" / "nginx"))
    monkeypatch.setattr(nginx_files, "STREAM_MODULES", (str(host / "nowhere.so"), str(host / "module.so")))
    found = inspect(host, provider="nginx")
    is_installed, module = expected
    assert (found["is_installed"], found["stream_module"]) == (is_installed, str(host / module) if module else "")
    # It has a file of its own, which no package brings.
    assert found["configuration"]["owner"] == "other"


SHOWN = """\
udp UNCONN 0 0 127.0.0.53%lo:53 0.0.0.0:* users:(("systemd-resolve",pid=9,fd=13))
udp UNCONN 0 0 192.0.2.41:53 0.0.0.0:* users:(("gdnsd",pid=7,fd=5),("gdnsd",pid=8,fd=5))
tcp LISTEN 0 32 [2001:db8::41]:53 [::]:* users:(("gdnsd",pid=7,fd=6))
tcp LISTEN 0 32 0.0.0.0:53 0.0.0.0:*
"""


def inspect_dns(host: Path) -> dict[str, t.Any]:
    commands = HostCommands(search_path=str(host / "bin"), timeout=5)
    inspection = LoadBalancerInspection(
        commands,
        provider="gdnsd",
        configuration=str(host / "config"),
        marker=MARKER,
        certificate=str(host / "probe.crt"),
    )
    return inspection.collect()


def test_who_has_the_port_of_dns(host: Path) -> None:
    program(host, "ss", f"echo '{SHOWN}'")
    assert inspect_dns(host)["name_service"]["listeners"] == [
        {"bound_to": "0.0.0.0", "held_by": ""},
        {"bound_to": "127.0.0.53", "held_by": "systemd-resolve"},
        {"bound_to": "192.0.2.41", "held_by": "gdnsd"},
        {"bound_to": "2001:db8::41", "held_by": "gdnsd"},
    ]
    assert inspect(host)["name_service"] == {"listeners": [], "foreign_zones": []}


def test_zones_are_somebodys_configuration_where_there_is_no_other(host: Path) -> None:
    assert inspect_dns(host)["configuration"]["owner"] == "absent"
    (host / "zones").mkdir()
    (host / "zones" / "one.kube.test").write_text(f"; {MARKER}\n", encoding="ascii")
    assert inspect_dns(host)["configuration"]["owner"] == "absent"
    foreign = host / "zones" / "example.org"
    foreign.write_text("@ SOA ns1 hostmaster ( 1 7200 1800 259200 900 )\n", encoding="ascii")
    found = inspect_dns(host)
    assert found["configuration"]["owner"] == "other"
    assert found["configuration"]["path"] == str(foreign)
    assert found["name_service"]["foreign_zones"] == [str(foreign)]
    (host / "config").write_text(f"# {MARKER}\n", encoding="ascii")
    assert inspect_dns(host)["configuration"]["owner"] == "role"


def test_what_gdnsd_runs_is_what_it_and_its_watcher_have(host: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    loaded, digest = host / "loaded", "0123456789abcdef" * 4
    monkeypatch.setattr(load_balancer_inspection.gdnsd_files, "LOADED", str(loaded))
    monkeypatch.setattr(load_balancer_inspection.gdnsd_files, "WATCHER", "stands-for-the-watcher")
    assert inspect_dns(host)["running"] == ""
    loaded.write_text(f"#\n# {MARKER}\n# {digest}\noptions => {{}}\n", encoding="ascii")
    assert inspect_dns(host)["running"] == ""
    arguments = ["-c", "import time; time.sleep(60)", "stands-for-the-watcher", f"--configuration={digest}"]
    with subprocess.Popen([sys.executable, *arguments]) as process:
        try:
            # Until it is executed a new process has the arguments of the one before.
            arguments_of, deadline = Path(f"/proc/{process.pid}/cmdline"), time.monotonic() + 30
            while digest.encode() not in arguments_of.read_bytes():
                assert time.monotonic() < deadline
                time.sleep(0.05)
            assert inspect_dns(host)["running"] == digest
            loaded.write_text(f"# {'0' * 64}\n", encoding="ascii")
            assert inspect_dns(host)["running"] == ""
        finally:
            process.kill()
