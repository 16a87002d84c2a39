# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The active firewall of a host, with programs made for the test."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.collect import firewall_inspection
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host.commands import HostCommands
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.report_fields import as_dict

if t.TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(name="host")
def _host(tmp_path: Path) -> Path:
    """A directory with programs."""
    (tmp_path / "bin").mkdir()
    return tmp_path


def program(host: Path, name: str, script: str) -> None:
    path = host / "bin" / name
    path.write_text(f"#!/bin/sh\n{script}\n", encoding="ascii")
    path.chmod(0o755)


def inspect(host: Path, zone: str | None = None) -> dict[str, t.Any]:
    commands = HostCommands(search_path=str(host / "bin"), timeout=5)
    return as_dict(firewall_inspection.collect_firewall(commands, zone))


def test_a_host_without_either(host: Path) -> None:
    assert inspect(host) == {"name": "", "zone": "", "rules": []}


@pytest.mark.parametrize(
    ("interface", "asked", "zone"),
    [("eth0", None, "internal"), ("eth1", None, "public"), ("", None, "public"), ("eth0", "dmz", "dmz")],
)
def test_firewalld(host: Path, monkeypatch: pytest.MonkeyPatch, interface: str, asked: str | None, zone: str) -> None:
    """The interface eth0 is in the zone internal, others are in none."""
    routes = host / "route"
    routes.write_text(f"head\n{interface} 00000000 0 3 0 0 0 00000000 0 0 0\n" if interface else "head\n")
    monkeypatch.setattr(firewall_inspection, "_ROUTES", str(routes))
    program(
        host,
        "firewall-cmd",
        'case "$*" in --get-default-zone) echo public;; --get-zone-of-interface=eth0) echo internal;; '
        '--get-zone-of-interface=*) echo "no zone" >&2; exit 2;; '
        '"--zone=trusted --list-sources") echo 10.244.0.0/16 192.0.2.7;; '
        '"--permanent --zone=trusted --list-sources") echo 10.1.0.0/16 10.244.0.0/16;; *) echo "$@";; esac',
    )
    assert inspect(host, asked) == {
        "name": "firewalld",
        "zone": zone,
        "rules": [f"--zone={zone} --list-all\n", f"--permanent --zone={zone} --list-all\n"],
        # What is trusted now and stays so.
        "trusted": ["10.244.0.0/16"],
    }


def test_firewalld_without_the_zone(host: Path) -> None:
    program(host, "firewall-cmd", 'case "$*" in --get-default-zone) echo public;; *) exit 112;; esac')
    assert inspect(host, "nope") == {"name": "firewalld", "zone": "nope", "rules": ["", ""]}


@pytest.mark.parametrize(("state", "name"), [("active", "ufw"), ("inactive", "")])
def test_ufw_while_firewalld_is_off(host: Path, state: str, name: str) -> None:
    program(host, "firewall-cmd", "echo 'FirewallD is not running'; exit 252")
    program(host, "ufw", f"echo 'Status: {state}'")
    assert inspect(host)["name"] == name
