# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who holds the virtual IP of the role apiserver_keepalived when a holder dies in any of its parts.

Three plain hosts of the lab with haproxy and keepalived. A duration fails a test beyond three times its bound (the machine may be
busy); the bounds themselves are printed with the measured figures (pytest -rP).
"""

from __future__ import annotations

import dataclasses
import ipaddress
import json
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.roles.balancer import Authority
from tests.roles.commands import lab, run
from tests.roles.figures import BALANCER_FROZEN, BALANCER_GONE, HOST_LOST, NOISE, report

pytestmark = pytest.mark.full

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Iterator

MOVE_SECONDS = 2.0
LAB = "keepalived-behaviour"
NAMES = ("lb1", "lb2", "lb3")
LAST_NUMBER = 200
#: Sends what a router of others would: version 2, to the group. Arguments: router id and address.
FOREIGN = """
import socket, struct, sys, time
body = bytes([0x21, int(sys.argv[1]), 100, 1, 0, 1, 0, 0]) + socket.inet_aton(sys.argv[2]) + bytes(8)
total = sum(struct.unpack("!10H", body))
total = (total & 0xFFFF) + (total >> 16)
body = body[:6] + struct.pack("!H", ~(total + (total >> 16)) & 0xFFFF) + body[8:]
sender = socket.socket(socket.AF_INET, socket.SOCK_RAW, 112)
sender.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 255)
while True:
    sender.sendto(body, ("224.0.0.18", 0))
    time.sleep(0.5)
"""


@dataclasses.dataclass(frozen=True)
class Hosts:
    """Three hosts that carry an address.

    Attributes:
        inventory: of the lab.
        variables: of both roles.
        vip: the address.
    """

    inventory: str
    variables: dict[str, Any]
    vip: str

    def on(self, name: str, *command: str) -> str:
        """Run a command on a host."""
        return lab("exec", "--name", LAB, name, "--", *command)

    def play(self, **more: Any) -> subprocess.CompletedProcess[str]:
        """Run both roles."""
        variables = json.dumps({**self.variables, **more})
        command = [sys.executable, "-m", "ansible", "playbook", "-i", self.inventory, "tests/roles/virtual_ip.yml"]
        return run(*command, "--extra-vars", variables, check=False)

    def holders(self, names: tuple[str, ...] = NAMES) -> list[str]:
        """Those of the hosts that have the address."""
        return [name for name in names if f" {self.vip}/32 " in self.on(name, "ip", "-4", "address")]

    def settle(self, names: tuple[str, ...] = NAMES) -> str:
        """Wait for one holder; its name."""
        deadline = time.monotonic() + 60
        while len(found := self.holders(names)) != 1:
            assert time.monotonic() < deadline, f"holders are {found}"
        return found[0]

    def moves(self, what: str, event: Callable[[str], object], *, leaves: bool = False, of: str = "") -> str:
        """Let something happen to the holder; the one before.

        ``leaves``: the holder is no host any more. ``of``: the event in the table of all load balancers.
        """
        before = self.settle()
        event(before)
        started = time.monotonic()
        rest = tuple(name for name in NAMES if name != before) if leaves else NAMES
        deadline = started + MOVE_SECONDS * NOISE
        while len(found := self.holders(rest)) != 1 or found == [before]:
            assert time.monotonic() < deadline, f"{what}: holders are {found}, before {before}"
        of_address = ("virtual IP address", of) if of else None
        report(f"{what}, {before} to {found[0]}", time.monotonic() - started, MOVE_SECONDS, of=of_address)
        return before


@pytest.fixture(scope="module")
def hosts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hosts]:
    """Three hosts on which both roles have done their work."""
    lab("up", "virtual_ip", "--name", LAB)
    try:
        inventory = lab("inventory", "--name", LAB).strip().splitlines()[-1]
        shown = run("ansible-inventory", "-i", inventory, "--list").stdout
        variables = json.loads(shown[shown.index("{") :])["_meta"]["hostvars"]
        peers = [{"name": name, "address": variables[name]["ansible_host"]} for name in NAMES]
        network = ipaddress.ip_interface(f"{peers[0]['address']}/24").network
        authority = Authority.create(tmp_path_factory.mktemp("pki") / "ca")
        vip = str(network[LAST_NUMBER])
        made = Hosts(
            inventory,
            {
                "kubeadm_ha_endpoint": f"{vip}:6443",
                "kubeadm_ha_vip": f"{vip}/24",
                "apiserver_keepalived_peers": peers,
                # Nobody is there: haproxy lives all the same.
                "apiserver_haproxy_backends": [{"name": "cp1", "address": str(network[250])}],
                "apiserver_haproxy_ca_certificate": authority.certificate.read_text(encoding="ascii"),
            },
            vip,
        )
        first = made.play()
        assert first.returncode == 0, first.stdout
        yield made
    finally:
        lab("down", "--name", LAB)


def test_second_run_changes_nothing(hosts: Hosts) -> None:
    hosts.settle()
    done = hosts.play()
    assert done.returncode == 0, done.stdout
    assert done.stdout.count("changed=0 ") == len(NAMES), done.stdout


def test_killed_keepalived(hosts: Hosts) -> None:
    before = hosts.settle()
    hosts.on(before, "systemctl", "kill", "--signal=SIGKILL", "keepalived")
    time.sleep(MOVE_SECONDS)
    hosts.settle()
    assert hosts.on(before, "systemctl", "is-active", "keepalived").strip() == "active"


def test_stopped_keepalived_does_not_take_the_address_back(hosts: Hosts) -> None:
    before = hosts.moves("keepalived stopped", lambda name: hosts.on(name, "systemctl", "stop", "keepalived"))
    hosts.on(before, "systemctl", "start", "keepalived")
    time.sleep(3)
    assert hosts.settle() != before


def test_haproxy_gone_for_good(hosts: Hosts) -> None:
    before = hosts.moves("haproxy gone", lambda name: hosts.on(name, "systemctl", "stop", "haproxy"), of=BALANCER_GONE)
    hosts.on(before, "systemctl", "start", "haproxy")


def test_frozen_haproxy(hosts: Hosts) -> None:
    try:
        hosts.moves(
            "haproxy frozen",
            lambda name: hosts.on(name, "systemctl", "kill", "--signal=SIGSTOP", "haproxy"),
            of=BALANCER_FROZEN,
        )
    finally:
        for name in NAMES:
            hosts.on(name, "systemctl", "kill", "--signal=SIGCONT", "haproxy")


def test_a_host_that_has_a_reason_to_stop_stops_the_others(hosts: Hosts) -> None:
    peers = hosts.variables["apiserver_keepalived_peers"][1:]
    done = hosts.play(apiserver_keepalived_peers=peers)
    assert done.returncode != 0
    assert f"apiserver_keepalived_peers of {NAMES[0]} does not have {NAMES[0]}" in " ".join(done.stdout.split())
    assert done.stdout.count("changed=0 ") == len(NAMES), done.stdout
    hosts.settle()


def test_foreign_router_is_a_reason_to_stop(hosts: Hosts) -> None:
    holder = hosts.settle()
    own = hosts.on(holder, "awk", "/virtual_router_id/ {print $2}", "/etc/keepalived/keepalived.conf").strip()
    router_id = str(int(own) % 255 + 1)
    sender = next(name for name in NAMES if name != holder)
    peers = [peer for peer in hosts.variables["apiserver_keepalived_peers"] if peer["name"] != sender]
    other = str(ipaddress.ip_address(hosts.vip) + 1)
    hosts.on(sender, "systemd-run", "--unit=foreign", "python3", "-c", FOREIGN, router_id, other)
    try:
        done = hosts.play(apiserver_keepalived_peers=peers, kubeadm_ha_vrid=router_id)
        assert done.returncode != 0
        assert f"has the virtual router id {router_id} for {other}" in " ".join(done.stdout.split())
        assert "set kubeadm_ha_vrid" in " ".join(done.stdout.split())
    finally:
        hosts.on(sender, "systemctl", "stop", "foreign")


def test_killed_host(hosts: Hosts) -> None:
    before = hosts.moves("host killed", lambda name: lab("kill", "--name", LAB, name), leaves=True, of=HOST_LOST)
    lab("start", "--name", LAB, before)
    hosts.settle()
