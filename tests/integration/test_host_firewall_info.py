# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""host_firewall_info as a process on this machine, whose programs of firewalls stand in for real ones; those are Molecule's."""

from __future__ import annotations

import os
import typing as t

import pytest

from tests.integration import processes
from tests.integration.modules import Modules

if t.TYPE_CHECKING:
    from pathlib import Path

#: What ufw 0.36.2 prints.
STATUS = """\
Status: active
Logging: on (low)
Default: deny (incoming), allow (outgoing), disabled (routed)
New profiles: skip

To                         Action      From
--                         ------      ----
2379/tcp                   ALLOW IN    Anywhere                   # etcd clients
Anywhere/vrrp              ALLOW IN    Anywhere/vrrp
"""
PROTOCOLS = [{"protocol": "vrrp"}, {"protocol": "ah"}]


@pytest.fixture(name="programs")
def _programs(tmp_path: Path) -> Path:
    """A directory of programs that come before the machine's own. firewalld is off."""
    directory = tmp_path / "bin"
    directory.mkdir()
    _program(directory / "firewall-cmd", "echo FirewallD is not running >&2; exit 252")
    _program(directory / "ufw", f"cat <<'END'\n{STATUS}END")
    return directory


@pytest.fixture(name="modules")
def _modules(binaries: Path, programs: Path, tmp_path: Path) -> Modules:
    """A host that has the standard library only."""
    environment = processes.environment(binaries)
    path = os.pathsep.join([str(programs), environment["PATH"]])
    return Modules({**environment, "PATH": path}, tmp_path, ("yaml", "cryptography", "kubernetes"))


def test_check_inspect_check_inspect(modules: Modules, programs: Path) -> None:
    ports = [{"port": 2379}, {"port": 2380, "comment": "etcd peers"}, {"port": 2379, "protocol": "udp"}]
    for check in (True, False, True, False):
        found = modules.run("host_firewall_info", check=check, ports=ports, protocols=PROTOCOLS)
        assert found["changed"] is False
        assert found["firewall"] == {
            "name": "ufw",
            "zone": "",
            "ports": [
                {"port": 2379, "protocol": "udp", "comment": ""},
                {"port": 2380, "protocol": "tcp", "comment": "etcd peers"},
            ],
            "protocols": [{"protocol": "ah"}],
            "networks": [],
        }
    limited = modules.run("host_firewall_info", ports=[{"port": 2379, "sources": ["192.0.2.31"]}])
    assert limited["firewall"]["ports"] == [
        {"port": 2379, "protocol": "tcp", "comment": "", "sources": ["192.0.2.31"], "open_to_all": True}
    ]
    _program(programs / "ufw", "echo Status: inactive")
    off = modules.run("host_firewall_info", ports=ports, protocols=PROTOCOLS)
    assert off["firewall"] == {"name": "", "zone": "", "ports": [], "protocols": [], "networks": []}


def _program(path: Path, script: str) -> None:
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
