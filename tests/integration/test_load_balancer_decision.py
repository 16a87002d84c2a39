# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""load_balancer_decision decides by what load_balancer_info found on this machine, and a real change empties it."""

from __future__ import annotations

import hashlib
import typing as t

import pytest

from tests.integration import processes
from tests.integration.modules import Modules, Result

if t.TYPE_CHECKING:
    from pathlib import Path

MARKER = "Configuration of the role"
TEXT = f"# {MARKER}\nglobal\n"


@pytest.fixture
def modules(binaries: Path, tmp_path: Path) -> Modules:
    """The controller and a host."""
    return Modules(processes.environment(binaries), tmp_path)


def look(modules: Modules, host: Path) -> Result:
    """What is on the host."""
    paths = {"configuration": "haproxy.cfg", "certificate": "probe.crt", "status_socket": "status.sock"}
    arguments: dict[str, t.Any] = {name: str(host / path) for name, path in paths.items()}
    return t.cast("Result", modules.run("load_balancer_info", marker=MARKER, **arguments)["load_balancer"])


def wanted(**more: t.Any) -> dict[str, t.Any]:
    """What is to be reached: that text, which nothing has loaded."""
    return {
        "digest": "",
        "checksum": hashlib.sha1(TEXT.encode(), usedforsecurity=False).hexdigest(),
        "listen": [6443],
        "open": [6443],
        "connect": [6443],
        "manage_firewall": False,
        "replace_configuration": False,
        "certificate": False,
        "common_name": "probe",
        "renew_before": 30,
        "ca": "",
        "inputs": {
            "endpoint": "192.0.2.10:6443",
            "bind_address": "0.0.0.0",
            "bind_port": "6443",
            "backends": [{"name": "cp1", "address": "192.0.2.11"}],
            "ca_certificate": "-----BEGIN CERTIFICATE-----",
            "presents": False,
            "probe_signer": "",
            "probe_valid_days": 365,
            "probe_renew_days": 30,
            "connect_timeout": "300ms",
            "check_timeout": "500ms",
            "check_interval": "500ms",
            "check_fast_interval": "200ms",
        },
        **more,
    }


def decide(modules: Modules, host: Path, *, check: bool = False, **more: t.Any) -> Result:
    """The decision of the module."""
    found = modules.run_by_ansible(
        "load_balancer_decision", check=check, load_balancer=look(modules, host), name="lb1", wanted=wanted(**more)
    )
    assert found["changed"] is False
    return t.cast("Result", found["decision"])


def test_check_decide_check_decide(modules: Modules, tmp_path: Path) -> None:
    before = [decide(modules, tmp_path, check=check) for check in (True, False)]
    assert before[0] == before[1]
    assert (before[0]["owner"], before[0]["differs"]) == ("absent", True)
    (tmp_path / "haproxy.cfg").write_text(TEXT)
    after = [decide(modules, tmp_path, check=check) for check in (True, False)]
    assert after[0] == after[1]
    assert (after[0]["owner"], after[0]["differs"], after[0]["changes"]) == ("role", False, [])


def test_a_configuration_that_nothing_has_loaded_differs(modules: Modules, tmp_path: Path) -> None:
    (tmp_path / "haproxy.cfg").write_text(TEXT)
    assert decide(modules, tmp_path, digest="never loaded")["differs"] is True


def test_what_is_wanted_is_checked(modules: Modules, tmp_path: Path) -> None:
    refused = modules.run_by_ansible(
        "load_balancer_decision", load_balancer=look(modules, tmp_path), name="lb1", wanted={"digest": "a"}
    )
    assert refused["failed"] is True
    assert "checksum" in refused["msg"]
