# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""load_balancer_decision decides by what load_balancer_info found on this machine, and a real change empties it."""

from __future__ import annotations

import contextlib
import http.server
import json
import socketserver
import tempfile
import threading
import typing as t
from pathlib import Path

import pytest

from tests.integration import processes
from tests.integration.control_plane import REPOSITORY
from tests.integration.modules import Modules, Result

ROLE = REPOSITORY / "roles" / "apiserver_haproxy"
INPUTS: dict[str, t.Any] = {
    "endpoint": "192.0.2.10:6443",
    "bind_address": "0.0.0.0",
    "bind_port": "6443",
    "backends": [{"name": "cp1", "address": "192.0.2.11"}],
    "ca_certificate": "-----BEGIN CERTIFICATE-----",
    "check": "https",
    "connect_timeout": "300ms",
    "check_timeout": "500ms",
    "check_interval": "500ms",
    "check_fast_interval": "200ms",
    "probe_certificate": False,
    "probe_signer": "",
    "probe_common_name": "probe",
    "probe_valid_days": 365,
    "probe_renew_days": 30,
    "manage_firewall": False,
    "metrics_bind": "",
    "maxconn": 4000,
    "hard_stop_after": "24h",
    "stats_socket": "/var/lib/haproxy/admin.sock",
    "replace_configuration": False,
}


@pytest.fixture
def modules(binaries: Path, tmp_path: Path) -> Modules:
    """The controller and a host."""
    return Modules(processes.environment(binaries), tmp_path)


@pytest.fixture
def host() -> t.Iterator[Path]:
    """What stands for the host's directories: the path of a Unix socket is short."""
    with tempfile.TemporaryDirectory(prefix="balancer-") as directory:
        yield Path(directory)


def inspect(modules: Modules, host: Path) -> Result:
    """What is on the host."""
    paths = {"configuration": "haproxy.cfg", "certificate": "probe.crt", "status_socket": "status.sock"}
    arguments: dict[str, t.Any] = {name: str(host / path) for name, path in paths.items()}
    return t.cast("Result", modules.run("load_balancer_info", **arguments)["load_balancer"])


def answer(modules: Modules, host: Path, *, check: bool = False, issued: str = "", **inputs: t.Any) -> Result:
    """The result of the module."""
    found = modules.run_by_ansible(
        "load_balancer_decision",
        check=check,
        load_balancer=inspect(modules, host),
        name="lb1",
        template=str(ROLE / "templates" / "haproxy.cfg.j2"),
        files=[str(ROLE / "files" / "kubernetes-apiserver.lua")],
        inputs={**INPUTS, **inputs},
        issued_certificate=issued,
    )
    assert found["changed"] is False
    return found


@contextlib.contextmanager
def running(host: Path, digest: str) -> t.Iterator[None]:
    """What haproxy reports on its status socket while it runs a configuration."""

    class Status(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps({"configuration": digest, "ready": {}}).encode())

        def log_message(self, *_arguments: t.Any) -> None:
            pass

        def address_string(self) -> str:
            return ""

    with socketserver.UnixStreamServer(str(host / "status.sock"), Status) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()
            (host / "status.sock").unlink()


def test_check_decide_check_decide(modules: Modules, host: Path) -> None:
    before = [answer(modules, host, check=check) for check in (True, False)]
    assert before[0] == before[1]
    assert (before[0]["decision"]["owner"], before[0]["decision"]["differs"]) == ("absent", True)
    (host / "haproxy.cfg").write_text(before[0]["content"])
    assert answer(modules, host)["decision"]["differs"] is True, "nothing has loaded it"
    with running(host, before[0]["digest"]):
        after = [answer(modules, host, check=check) for check in (True, False)]
    assert after[0] == after[1]
    decision = after[0]["decision"]
    assert (decision["owner"], decision["differs"], decision["changes"]) == ("role", False, [])
    with running(host, "another"):
        assert answer(modules, host)["decision"]["differs"] is True


def test_a_certificate_that_was_issued_is_in_the_digest(modules: Modules, host: Path) -> None:
    inputs: dict[str, t.Any] = {"probe_certificate": True, "probe_signer": "cp1"}
    predicted = answer(modules, host, **inputs)
    assert predicted["decision"]["renew_certificate"] is True
    assert predicted["presents"] is True
    known = answer(modules, host, issued="-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", **inputs)
    assert known["digest"] != predicted["digest"]
    assert known["content"] == predicted["content"].replace(predicted["digest"], known["digest"])


def test_inputs_are_checked(modules: Modules, host: Path) -> None:
    wrong = answer(modules, host, bind_port="http", maxconn="many")
    assert [problem["subject"] for problem in wrong["decision"]["problems"]] == [
        "apiserver_haproxy_bind_port",
        "apiserver_haproxy_maxconn",
    ]
    assert wrong["content"] == ""
    refused = answer(modules, host, maxcon=1)
    assert refused["failed"] is True
    assert refused["msg"] == "inputs of apiserver_haproxy must not have maxcon."
