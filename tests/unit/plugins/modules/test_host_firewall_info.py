# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``main()`` of host_firewall_info: options in, result out, with a firewall of the test's own."""

from __future__ import annotations

import typing as t

import pytest
import yaml

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.host.firewall import Firewall
from ansible_collections.kubeadm.ha.plugins.modules import host_firewall_info

if t.TYPE_CHECKING:
    from tests.unit.plugins.modules.conftest import RunModule

UFW = Firewall("ufw", rules=("Default: deny (incoming)\n2379/tcp                   ALLOW IN    Anywhere\n",))
WANTED: dict[str, t.Any] = {
    "ports": [{"port": 2379}, {"port": 2380, "comment": "etcd peers"}, {"port": 8472, "protocol": "udp"}],
    "protocols": [{"protocol": "vrrp"}],
}


@pytest.fixture
def found(monkeypatch: pytest.MonkeyPatch) -> t.Callable[[Firewall], None]:
    """Sets the host's firewall."""

    def let(firewall: Firewall) -> None:
        monkeypatch.setattr(host_firewall_info, "collect_firewall", lambda _commands, _zone: firewall)

    return let


@pytest.mark.parametrize("check", [False, True])
def test_what_is_closed(run_module: RunModule, found: t.Callable[[Firewall], None], *, check: bool) -> None:
    found(UFW)
    result = run_module("host_firewall_info", check=check, **WANTED)
    assert (result["changed"], result["lacks_zone"]) == (False, False)
    assert result["firewall"] == {
        "name": "ufw",
        "zone": "",
        "ports": [
            {"port": 2380, "protocol": "tcp", "comment": "etcd peers"},
            {"port": 8472, "protocol": "udp", "comment": ""},
        ],
        "protocols": [{"protocol": "vrrp"}],
        "networks": [],
    }
    documented = yaml.safe_load(host_firewall_info.RETURN)
    assert set(documented["firewall"]["contains"]) == set(result["firewall"])
    assert set(documented) < set(result)


def test_a_host_without_a_firewall(run_module: RunModule, found: t.Callable[[Firewall], None]) -> None:
    found(Firewall())
    result = run_module("host_firewall_info", **WANTED)
    assert result["firewall"] == {"name": "", "zone": "", "ports": [], "protocols": [], "networks": []}


def test_sources_and_networks(run_module: RunModule, found: t.Callable[[Firewall], None]) -> None:
    found(UFW)
    ports = [{"port": 2380, "sources": ["192.0.2.1"]}]
    result = run_module("host_firewall_info", ports=ports, networks=["10.244.0.0/16"])
    assert result["firewall"]["networks"] == ["10.244.0.0/16"]
    assert [port.get("sources") for port in result["firewall"]["ports"]] == [["192.0.2.1"]]


def test_what_is_open_to_everybody(run_module: RunModule, found: t.Callable[[Firewall], None]) -> None:
    found(UFW)
    protocols = [{"protocol": "vrrp", "sources": ["192.0.2.1"]}]
    result = run_module("host_firewall_info", ports=[{"port": 2379, "sources": ["192.0.2.1"]}], protocols=protocols)
    (port,) = result["firewall"]["ports"]
    assert (port["port"], port["sources"], port["open_to_all"]) == (2379, ["192.0.2.1"], True)
    assert result["firewall"]["protocols"] == protocols


def test_a_zone_that_firewalld_does_not_have(run_module: RunModule, found: t.Callable[[Firewall], None]) -> None:
    found(Firewall("firewalld", "nope", ("", "")))
    assert run_module("host_firewall_info", firewalld_zone="nope")["lacks_zone"] is True


@pytest.mark.parametrize("port", [0, 65536, -1])
def test_a_number_that_no_port_has(run_module: RunModule, port: int) -> None:
    result = run_module("host_firewall_info", ports=[{"port": port}, {"port": 22}])
    assert result["failed"] is True
    assert result["msg"].endswith(f"from 1 to 65535: {port}.")
