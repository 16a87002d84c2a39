# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role apiserver_keepalived would change on a host, over a table of what was found."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.errors import MalformedReport
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.host.firewall import Firewall
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.load_balancer import keepalived_files, virtual_ip
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.load_balancer.virtual_ip_decision import (
    VirtualIpDecision,
)
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.load_balancer.virtual_ip_report import (
    InstalledFile,
    InterfaceAddress,
    Neighbour,
    ServiceState,
    VirtualIpReport,
)
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.load_balancer.vrrp import Advertisement
from tests.tools.environment import ROOT
from tests.unit.plugins.module_utils._domain.load_balancer.providers.test_keepalived import CA, read
from tests.unit.plugins.role_template import RoleTemplate

ROLE = "apiserver_keepalived"
SOURCES = virtual_ip.Sources(
    RoleTemplate.of(ROLE, "keepalived.conf.j2"),
    RoleTemplate.of(ROLE, "kubeadm-ha.conf.j2"),
    RoleTemplate.of(ROLE, "kubeadm-ha-vip-health.service.j2"),
    (ROOT / "roles" / ROLE / "files" / "kubeadm-ha-vip-health").read_text(encoding="utf-8"),
)
ADDRESSES = (InterfaceAddress("eth1", "198.51.100.41", 24), InterfaceAddress("eth0", "192.0.2.41", 24))
STOPPED = ServiceState(is_active=False, is_enabled=False, runs="")
MAC, OTHER_MAC = "02:00:00:00:00:42", "02:00:00:00:00:99"
CLOSED = Firewall("firewalld", "public", ("public\n  ports: \n  protocols: \n", "public\n  ports: \n  protocols: \n"))
OPEN_TO_ALL = Firewall("firewalld", "public", ("public\n  ports: \n  protocols: vrrp\n",) * 2)
_OF_PEER = '\trule family="ipv4" source address="{}" protocol value="vrrp" accept\n'
OPEN_TO_PEERS = Firewall(
    "firewalld",
    "public",
    ("public\n  protocols: \n" + _OF_PEER.format("192.0.2.42") + _OF_PEER.format("192.0.2.43"),) * 2,
)

BARE = VirtualIpReport(
    is_installed=False,
    owner="absent",
    files=(),
    has_script_user=False,
    keepalived=STOPPED,
    watcher=STOPPED,
    python="/usr/bin/python3",
    addresses=ADDRESSES,
    neighbours=(Neighbour("192.0.2.10", ""), Neighbour("192.0.2.42", MAC)),
    may_listen=True,
    advertisements=(),
    firewall=Firewall(),
)


def as_wanted(**inputs: t.Any) -> VirtualIpReport:
    """A host on which the role has done its work."""
    wanted = virtual_ip.configure(read(**inputs).provider, SOURCES, "eth0", "/usr/bin/python3")
    return dataclasses.replace(
        BARE,
        is_installed=True,
        owner="role",
        files=tuple(InstalledFile(file.path, file.sha1) for file in wanted.files),
        has_script_user=True,
        keepalived=ServiceState(is_active=True, is_enabled=True, runs=wanted.files[0].sha1),
        watcher=ServiceState(is_active=True, is_enabled=True, runs=wanted.digest),
        addresses=(*ADDRESSES, InterfaceAddress("eth0", "192.0.2.10", 32)),
    )


def decided(report: VirtualIpReport, **inputs: t.Any) -> VirtualIpDecision:
    answer = virtual_ip.decide("lb1", report, read(**inputs), SOURCES)
    return VirtualIpDecision.from_dict("lb1", answer["decision"])


def objects(decision: VirtualIpDecision) -> list[str]:
    return [change.object for change in decision.changes]


def test_a_bare_host_gets_everything() -> None:
    found = decided(BARE)
    assert objects(found) == [
        "package keepalived",
        "user keepalived_script",
        "file /etc/keepalived/keepalived.conf",
        "file /etc/systemd/system/keepalived.service.d/kubeadm-ha.conf",
        "file /usr/local/sbin/kubeadm-ha-vip-health",
        "file /etc/systemd/system/kubeadm-ha-vip-health.service",
        "service kubeadm-ha-vip-health",
        "service keepalived",
    ]
    assert (found.interface, found.keepalived_state, found.watcher_state) == ("eth0", "restarted", "restarted")
    assert found.problems == ()


def test_an_api_server_needs_the_ca_too() -> None:
    inputs = {"track": "api_server", "ca_certificate": CA}
    assert "file /etc/keepalived/kubernetes-ca.crt" in objects(decided(BARE, **inputs))
    assert decided(as_wanted(**inputs), **inputs).changes == ()


@pytest.mark.parametrize("report", [BARE, as_wanted(track="api_server", ca_certificate=CA)])
def test_before_the_cluster_has_a_ca_all_changes_are_known(report: VirtualIpReport) -> None:
    found = decided(report, track="api_server")
    assert (found.problems, [each.subject for each in found.unmet]) == ((), ["apiserver_keepalived_ca_certificate"])
    assert (found.differs, found.watcher_state) == (True, "restarted")
    later = objects(decided(report, track="api_server", ca_certificate=CA.replace("Q0E", "Q0F")))
    assert objects(found) == later
    assert "file /etc/keepalived/kubernetes-ca.crt" in later


def test_a_host_that_is_right_stays_as_it_is() -> None:
    found = decided(as_wanted())
    assert (found.changes, found.problems, found.differs) == ((), (), False)
    assert (found.keepalived_state, found.watcher_state) == ("started", "started")


@pytest.mark.parametrize(
    ("inputs", "more", "changed", "states"),
    [
        ({"router_id": "18"}, {}, ["file /etc/keepalived/keepalived.conf", "service keepalived"], None),
        ({}, {"keepalived": ServiceState(True, True, "older")}, ["service keepalived"], ("reloaded", "started")),
        ({}, {"keepalived": STOPPED}, ["service keepalived"], ("restarted", "started")),
        (
            {},
            {"watcher": ServiceState(True, True, "older")},
            ["service kubeadm-ha-vip-health"],
            ("started", "restarted"),
        ),
        ({}, {"firewall": CLOSED}, ["firewalld protocol vrrp"], ("started", "started")),
        ({}, {"firewall": OPEN_TO_ALL}, ["firewalld protocol vrrp"], ("started", "started")),
        ({}, {"firewall": OPEN_TO_PEERS}, [], ("started", "started")),
        ({"manage_firewall": False}, {"firewall": CLOSED}, [], ("started", "started")),
        ({"manage_firewall": False}, {"firewall": OPEN_TO_ALL}, [], ("started", "started")),
    ],
)
def test_what_differs_is_changed(
    inputs: dict[str, t.Any], more: dict[str, t.Any], changed: list[str], states: tuple[str, str] | None
) -> None:
    found = decided(dataclasses.replace(as_wanted(), **more), **inputs)
    assert [item for item in changed if item not in objects(found)] == []
    if states is not None:
        assert (objects(found), (found.keepalived_state, found.watcher_state)) == (changed, states)


@pytest.mark.parametrize("found", [CLOSED, OPEN_TO_ALL])
def test_vrrp_is_let_in_from_the_peers_alone(found: Firewall) -> None:
    decision = decided(dataclasses.replace(as_wanted(), firewall=found))
    (vrrp,) = decision.firewall.protocols
    assert (vrrp.protocol, vrrp.sources, vrrp.open_to_all) == (
        "vrrp",
        ("192.0.2.42", "192.0.2.43"),
        found is OPEN_TO_ALL,
    )
    (change,) = decision.changes
    before = "open to everybody" if found is OPEN_TO_ALL else "closed"
    assert (change.before, change.after) == (before, "open to 192.0.2.42, 192.0.2.43")


def foreign(router_id: int = 17, *addresses: str, source: str = "192.0.2.99") -> tuple[Advertisement, ...]:
    return (Advertisement(source, 2, router_id, 100, addresses or ("192.0.2.98",)),)


@pytest.mark.parametrize(
    ("more", "inputs", "expected"),
    [
        ({"owner": "other"}, {}, "set apiserver_keepalived_replace_configuration: true for lb1"),
        ({"may_listen": False}, {}, "CAP_NET_RAW"),
        ({"firewall": Firewall("firewalld", "dmz", ("", ""))}, {}, "set apiserver_keepalived_firewalld_zone"),
        ({}, {"vip": "203.0.113.9"}, "is in no network of lb1, which has eth1 198.51.100.41/24, eth0 192.0.2.41/24"),
        ({}, {"interface": "eth7"}, "lb1 has no interface eth7"),
        ({}, {"interface": "eth1"}, "the address 192.0.2.41 of eth0, but the virtual IP 192.0.2.10 belongs on eth1"),
        (
            {"addresses": (InterfaceAddress("eth0", "192.0.2.77", 24),)},
            {},
            "gives lb1 the address 192.0.2.41, but lb1 has eth0 192.0.2.77/24",
        ),
        ({"advertisements": foreign()}, {}, "192.0.2.99 has the virtual router id 17 for 192.0.2.98"),
        ({"advertisements": foreign()}, {}, "set kubeadm_ha_vrid"),
        ({"advertisements": foreign(9, "192.0.2.10")}, {}, "192.0.2.99 advertises the virtual IP 192.0.2.10"),
        ({"neighbours": (Neighbour("192.0.2.10", OTHER_MAC), Neighbour("192.0.2.42", MAC))}, {}, OTHER_MAC),
        (
            {"addresses": (*ADDRESSES, InterfaceAddress("eth0", "192.0.2.10", 24))},
            {},
            "lb1 has the virtual IP 192.0.2.10 on eth0 already, without keepalived",
        ),
    ],
)
def test_reasons_to_stop(more: dict[str, t.Any], inputs: dict[str, t.Any], expected: str) -> None:
    (problem,) = decided(dataclasses.replace(BARE, **more), **inputs).problems
    assert expected in problem.message
    assert problem.subject == "lb1"


@pytest.mark.parametrize(
    ("more", "inputs"),
    [
        ({"owner": "other"}, {"replace_configuration": True}),
        ({"owner": "package"}, {}),
        # A peer that holds the address, and its own advertisements.
        ({"neighbours": (Neighbour("192.0.2.10", MAC), Neighbour("192.0.2.42", MAC))}, {}),
        ({"advertisements": foreign(17, "192.0.2.10", source="192.0.2.42")}, {}),
        # Another router in the same network.
        ({"advertisements": foreign(51)}, {}),
    ],
)
def test_what_is_no_reason(more: dict[str, t.Any], inputs: dict[str, t.Any]) -> None:
    assert decided(dataclasses.replace(BARE, **more), **inputs).problems == ()


def test_inputs_that_cannot_be_read_make_no_files_and_hide_no_other_problem() -> None:
    answer = virtual_ip.decide(
        "lb1", dataclasses.replace(BARE, owner="other"), read(vip="x", peers=[], track="x"), SOURCES
    )
    assert (answer["content"], answer["files"], answer["address"]) == ("", [], "")
    assert len(answer["decision"]["problems"]) == 4


def test_the_report_is_read_as_it_is_written() -> None:
    report = dataclasses.replace(as_wanted(), advertisements=foreign(), firewall=CLOSED)
    assert VirtualIpReport.from_dict("lb1", report.as_dict()) == report
    broken = {**report.as_dict(), "addresses": [{"interface": "eth0", "address": "192.0.2.41", "prefix": "24"}]}
    with pytest.raises(
        MalformedReport, match=r"The report of the virtual IP on lb1 .* addresses\[0\].prefix is a text"
    ):
        VirtualIpReport.from_dict("lb1", broken)


def test_the_files_are_those_that_the_inspection_reads() -> None:
    from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.collect import virtual_ip_inspection

    wanted = virtual_ip.configure(
        read(track="api_server", ca_certificate=CA).provider, SOURCES, "eth0", "/usr/bin/python3"
    )
    read_there = {keepalived_files.CONFIGURATION, *virtual_ip_inspection.FILES}
    assert {file.path for file in wanted.files} == read_there
