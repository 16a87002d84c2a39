# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""load_balancer_info as a process on this machine. What it reports of a running haproxy is held by tests/roles."""

from __future__ import annotations

import hashlib
import subprocess
import typing as t

import pytest

from tests.integration import processes
from tests.integration.modules import Modules, Result

if t.TYPE_CHECKING:
    from pathlib import Path

MARKER = "Configuration of the role"


@pytest.fixture
def modules(binaries: Path, tmp_path: Path) -> Modules:
    """A host that has the standard library only."""
    return Modules(processes.environment(binaries), tmp_path, ("yaml", "cryptography", "kubernetes"))


@pytest.fixture
def host(tmp_path: Path) -> Path:
    """A directory like /etc/haproxy with a certificate and its key by openssl."""
    certificate = tmp_path / "probe.crt"
    request = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=probe", "-days", "1"]
    subprocess.run([*request, "-keyout", f"{certificate}.key", "-out", certificate], check=True, capture_output=True)
    return tmp_path


def inspect(modules: Modules, host: Path, *, check: bool = False) -> Result:
    """What the module reports of the host."""
    found = modules.run(
        "load_balancer_info",
        check=check,
        marker=MARKER,
        configuration=str(host / "haproxy.cfg"),
        certificate=str(host / "probe.crt"),
        status_socket=str(host / "status.sock"),
    )
    assert found["changed"] is False
    return t.cast("Result", found["load_balancer"])


def test_check_inspect_check_inspect(modules: Modules, host: Path) -> None:
    assert inspect(modules, host)["configuration"]["owner"] == "absent"
    text = f"# {MARKER}\nglobal\n"
    (host / "haproxy.cfg").write_text(text)
    seen = [inspect(modules, host, check=check) for check in (True, False, True, False)]
    for found in seen:
        assert found["configuration"]["owner"] == "role"
        assert found["configuration"]["sha1"] == hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()
        assert (found["running"], found["selinux"]["mode"]) == ("", "disabled")


def test_the_key_stays_on_the_host(modules: Modules, host: Path) -> None:
    found = inspect(modules, host)
    assert found["certificate"]["has_key"] is True
    assert found["certificate"]["pem"].strip() == (host / "probe.crt").read_text().strip()
    body = "".join((host / "probe.crt.key").read_text().splitlines()[1:-1])
    assert body[:40] not in str(found)
    assert "PRIVATE KEY" not in str(found)


def test_a_host_that_never_had_nginx(modules: Modules) -> None:
    found = modules.run("load_balancer_info", provider="nginx")["load_balancer"]
    assert found["configuration"]["path"] == "/etc/nginx/kubernetes-apiserver/nginx.conf"
    assert found["certificate"]["path"] == "/etc/nginx/kubernetes-apiserver/kubernetes-probe.crt"
    assert (found["configuration"]["owner"], found["running"]) == ("absent", "")
    assert found["python"]
