# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""virtual_ip_info and virtual_ip_decision on a network of two hosts, with real ARP and real packets of VRRP."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
import typing as t

import pytest

from tests.integration.control_plane import REPOSITORY
from tests.integration.modules import Modules, Result

if t.TYPE_CHECKING:
    from pathlib import Path

ROLE = REPOSITORY / "roles" / "apiserver_keepalived"
VIP = "192.0.2.10"
PEERS = [{"name": "lb1", "address": "192.0.2.41"}, {"name": "lb2", "address": "192.0.2.42"}]
ROUTER_ID = 97
INPUTS: dict[str, t.Any] = {
    "vip": f"{VIP}/24",
    "peers": PEERS,
    "track": "haproxy",
    "router_id": "",
    "advert_interval": "0.3",
    "priority": "",
    "interface": "",
    "api_port": "6443",
    "ca_certificate": "",
    "replace_configuration": False,
    "manage_firewall": True,
}
#: Sends advertisements of VRRP version 3 to the group. Arguments: router id and address.
SENDER = """
import socket, sys, time
body = bytes([0x31, int(sys.argv[1]), 100, 1, 0, 100, 0, 0]) + socket.inet_aton(sys.argv[2])
sender = socket.socket(socket.AF_INET, socket.SOCK_RAW, 112)
sender.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton("192.0.2.99"))
while True:
    sender.sendto(body, ("224.0.0.18", 0))
    time.sleep(0.2)
"""


class Network:
    """Two network namespaces with a cable between them: this host, and another that has an address of its own."""

    def __init__(self) -> None:
        self.here, self.there = (f"vip-{side}-{os.getpid()}" for side in ("here", "there"))

    def ip(self, *arguments: str) -> None:
        """Run ip."""
        subprocess.run(["ip", *arguments], check=True, timeout=30)

    def make(self) -> None:
        """Make it."""
        for name in (self.here, self.there):
            self.ip("netns", "add", name)
            self.ip("-n", name, "link", "set", "lo", "up")
        self.ip("-n", self.here, "link", "add", "eth0", "type", "veth", "peer", "name", "eth0", "netns", self.there)
        for name, last in ((self.here, 41), (self.there, 99)):
            self.ip("-n", name, "link", "set", "eth0", "up")
            self.ip("-n", name, "address", "add", f"192.0.2.{last}/24", "dev", "eth0")

    def remove(self) -> None:
        """Remove it."""
        for name in (self.here, self.there):
            subprocess.run(["ip", "netns", "delete", name], check=False, timeout=30)

    @contextlib.contextmanager
    def sending(self, router_id: int, address: str) -> t.Iterator[None]:
        """The other host advertises an address."""
        command = ["ip", "netns", "exec", self.there, sys.executable, "-c", SENDER, str(router_id), address]
        with subprocess.Popen(command) as process:
            try:
                time.sleep(0.5)
                yield
            finally:
                process.kill()


@pytest.fixture
def network() -> t.Iterator[Network]:
    made = Network()
    try:
        made.make()
        yield made
    finally:
        made.remove()


@pytest.fixture
def modules(network: Network, tmp_path: Path) -> Modules:
    return Modules(dict(os.environ), tmp_path, prefix=["ip", "netns", "exec", network.here])


def inspect(modules: Modules, **more: t.Any) -> Result:
    found = modules.run("virtual_ip_info", vip=f"{VIP}/24", peers=PEERS, **more)
    assert found["changed"] is False
    return t.cast("Result", found["virtual_ip"])


def decide(modules: Modules, report: Result, **inputs: t.Any) -> Result:
    found = modules.run_by_ansible(
        "virtual_ip_decision",
        virtual_ip=report,
        name="lb1",
        configuration=str(ROLE / "templates" / "keepalived.conf.j2"),
        drop_in=str(ROLE / "templates" / "kubeadm-ha.conf.j2"),
        unit=str(ROLE / "templates" / "kubeadm-ha-vip-health.service.j2"),
        watcher=str(ROLE / "files" / "kubeadm-ha-vip-health"),
        inputs={**INPUTS, **inputs},
    )
    assert found["changed"] is False
    return found


def messages(found: Result) -> str:
    return " ".join(problem["message"] for problem in found["decision"]["problems"])


def test_a_free_address(modules: Modules) -> None:
    report = inspect(modules, check=True)
    assert {(each["interface"], each["address"], each["prefix"]) for each in report["addresses"]} == {
        ("eth0", "192.0.2.41", 24)
    }
    assert [each["mac"] for each in report["neighbours"]] == ["", ""]
    assert (report["may_listen"], report["advertisements"]) == (True, [])
    found = decide(modules, report)
    assert (messages(found), found["decision"]["interface"], found["decision"]["router_id"]) == ("", "eth0", ROUTER_ID)
    assert f"{VIP}/32 dev eth0" in found["content"]


def test_somebody_else_has_the_address(modules: Modules, network: Network) -> None:
    network.ip("-n", network.there, "address", "add", f"{VIP}/24", "dev", "eth0")
    report = inspect(modules)
    mac = next(each["mac"] for each in report["neighbours"] if each["address"] == VIP)
    assert len(mac) == 17
    assert f"Somebody else answers for the virtual IP {VIP}: lb1 found the hardware address {mac}" in messages(
        decide(modules, report)
    )


def test_a_peer_has_the_address(modules: Modules, network: Network) -> None:
    for last in (42, 10):
        network.ip("-n", network.there, "address", "add", f"192.0.2.{last}/24", "dev", "eth0")
    assert messages(decide(modules, inspect(modules))) == ""


def test_a_foreign_router(modules: Modules, network: Network) -> None:
    with network.sending(ROUTER_ID, "192.0.2.98"):
        report = inspect(modules)
    (heard,) = report["advertisements"]
    assert heard == {
        "source": "192.0.2.99",
        "version": 3,
        "router_id": ROUTER_ID,
        "priority": 100,
        "addresses": ["192.0.2.98"],
    }
    said = messages(decide(modules, report))
    assert f"192.0.2.99 has the virtual router id {ROUTER_ID} for 192.0.2.98" in said
    assert "set kubeadm_ha_vrid" in said
    assert messages(decide(modules, report, router_id="98")) == ""


def test_a_router_that_claims_the_address(modules: Modules, network: Network) -> None:
    with network.sending(51, VIP):
        report = inspect(modules)
    assert f"192.0.2.99 advertises the virtual IP {VIP} by VRRP" in messages(decide(modules, report))
