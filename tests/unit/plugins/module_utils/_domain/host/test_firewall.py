# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Closed ports from what firewall-cmd and ufw print."""

from __future__ import annotations

import dataclasses

import pytest

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.report_fields import read
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.host.firewall import (
    Firewall,
    FirewallNeeds,
    Port,
    Protocol,
    default_interface,
    lacks_zone,
    needs,
)


def closed_ports(found: Firewall, ports: list[int], protocol: str = "tcp") -> list[int]:
    return [port.port for port in needs(found, [Port(number, protocol) for number in ports]).ports]


FIREWALLD = """\
public (default, active)
  target: {target}
  ingress-priority: 0
  egress-priority: 0
  icmp-block-inversion: no
  interfaces: eth0
  sources:
  services: dhcpv6-client ssh {services}
  ports: {ports}
  protocols: {protocols}
  forward: yes
  masquerade: no
  forward-ports:
  source-ports: 8443/tcp
  icmp-blocks:
  rich rules:
{rich}"""


def firewalld(
    *, target: str = "default", services: str = "", ports: str = "", protocols: str = "", rich: str = ""
) -> str:
    return FIREWALLD.format(target=target, services=services, ports=ports, protocols=protocols, rich=rich)


ACCEPT = '\trule family="ipv4" source address="192.0.2.0/24" port port="6443" protocol="tcp" accept\n'
SERVICE = '\trule family="ipv4" source address="192.0.2.0/24" service name="kube-apiserver" accept\n'
EVERYTHING = '\trule family="ipv4" source address="192.0.2.0/24" accept\n'


@pytest.mark.parametrize(
    ("rules", "closed"),
    [
        ([firewalld()], [6443, 8443]),
        ([firewalld(ports="6443/tcp 8443/tcp")], []),
        ([firewalld(ports="6443/udp 8000-9000/tcp")], [6443]),
        ([firewalld(ports="16443/tcp 644/tcp")], [6443, 8443]),
        ([firewalld(services="kube-apiserver")], [8443]),
        ([firewalld(target="ACCEPT")], []),
        ([firewalld(target="%%REJECT%%")], [6443, 8443]),
        ([firewalld(rich=ACCEPT)], [8443]),
        ([firewalld(rich=ACCEPT.replace("accept", "drop"))], [6443, 8443]),
        ([firewalld(rich=SERVICE)], [8443]),
        ([firewalld(rich=SERVICE.replace("accept", "reject"))], [6443, 8443]),
        ([firewalld(rich=SERVICE.replace("kube-apiserver", "ssh"))], [6443, 8443]),
        ([firewalld(rich=EVERYTHING)], [6443, 8443]),
        ([firewalld(rich=EVERYTHING + ACCEPT)], [8443]),
        ([firewalld(protocols="tcp")], []),
        ([firewalld(protocols="udp")], [6443, 8443]),
        # Open at runtime only, and in the permanent configuration only.
        ([firewalld(ports="6443/tcp 8443/tcp"), firewalld(ports="8443/tcp")], [6443]),
        ([firewalld(ports="8443/tcp"), firewalld(ports="6443/tcp 8443/tcp")], [6443]),
    ],
)
def test_firewalld(rules: list[str], closed: list[int]) -> None:
    assert closed_ports(Firewall("firewalld", rules=tuple(rules)), [8443, 6443]) == closed


@pytest.mark.parametrize(
    ("rules", "is_open"),
    [
        (firewalld(ports="8472/tcp", services="kube-control-plane"), False),
        (firewalld(ports="8472/udp"), True),
        (firewalld(ports="8000-9000/udp"), True),
        (firewalld(protocols="udp"), True),
        (firewalld(rich=ACCEPT.replace("6443", "8472")), False),
        (firewalld(rich=ACCEPT.replace("6443", "8472").replace("tcp", "udp")), True),
    ],
)
def test_firewalld_and_udp(rules: str, is_open: bool) -> None:
    assert closed_ports(Firewall("firewalld", rules=(rules,)), [8472], "udp") == ([] if is_open else [8472])
    # A service of TCP is none of UDP.
    assert closed_ports(Firewall("firewalld", rules=(firewalld(services="kubelet"),)), [10250], "udp") == [10250]


@pytest.mark.parametrize(
    ("rules", "is_open"),
    [
        (firewalld(), False),
        (firewalld(ports="112/tcp", protocols="ah"), False),
        (firewalld(protocols="ah vrrp"), True),
        (firewalld(target="ACCEPT"), True),
        (firewalld(rich='\trule family="ipv4" source address="192.0.2.0/24" protocol value="vrrp" accept\n'), True),
        (firewalld(rich='\trule protocol value="vrrp" drop\n'), False),
    ],
)
def test_firewalld_and_a_protocol(rules: str, is_open: bool) -> None:
    found = needs(Firewall("firewalld", "public", (rules,)), [], [Protocol("vrrp")])
    assert (found.name, found.zone, found.ports) == ("firewalld", "public", ())
    assert found.protocols == (() if is_open else (Protocol("vrrp"),))


def test_a_zone_that_firewalld_does_not_have() -> None:
    rules = firewalld(ports="6443/tcp")
    for texts in (["", ""], [rules, ""], ["", rules]):
        assert lacks_zone(Firewall("firewalld", "nope", tuple(texts)))
    assert not lacks_zone(Firewall("firewalld", "public", (rules, rules)))
    assert not lacks_zone(Firewall("", "", ()))


ROUTES = """\
Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
eth1\t00000000\t0174570A\t0003\t0\t0\t200\t00000000\t0\t0\t0
eth0\t00000000\t0174570A\t0003\t0\t0\t100\t00000000\t0\t0\t0
tun0\t00000000\t00000000\t0001\t0\t0\t0\t00000080\t0\t0\t0
eth2\t0074570A\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0
"""


@pytest.mark.parametrize(
    ("routes", "interface"),
    [
        (ROUTES, "eth0"),
        ("".join(line for line in ROUTES.splitlines(keepends=True) if "eth0" not in line), "eth1"),
        (ROUTES.splitlines()[0], ""),
        ("", ""),
    ],
)
def test_interface_of_the_default_route(routes: str, interface: str) -> None:
    assert default_interface(routes) == interface


UFW = """\
Status: active
Logging: on (low)
Default: {default} (incoming), allow (outgoing), disabled (routed)
New profiles: skip

To                         Action      From
--                         ------      ----
22/tcp                     ALLOW IN    Anywhere
OpenSSH                    ALLOW IN    Anywhere
{row}
22/tcp (v6)                ALLOW IN    Anywhere (v6)
"""


@pytest.mark.parametrize(
    ("row", "is_open"),
    [
        ("", False),
        ("6443/tcp                   ALLOW IN    Anywhere                   # Kubernetes API", True),
        ("6443/tcp (v6)              ALLOW IN    Anywhere (v6)", True),
        ("6443                       ALLOW IN    Anywhere", True),
        ("6443/tcp                   LIMIT IN    Anywhere", True),
        ("6443/tcp                   DENY IN     Anywhere", False),
        ("6443/tcp                   ALLOW OUT   Anywhere", False),
        ("6443/udp                   ALLOW IN    Anywhere", False),
        ("16443/tcp                  ALLOW IN    Anywhere", False),
        ("80,443,6443/tcp            ALLOW IN    Anywhere", True),
        ("6000:7000/tcp              ALLOW IN    Anywhere", True),
        ("192.0.2.10 6443/tcp        ALLOW IN    192.0.2.0/24", True),
        ("6443/tcp on eth0           ALLOW IN    Anywhere", True),
        ("Anywhere                   ALLOW IN    192.0.2.0/24", False),
        ("Anywhere                   ALLOW IN    Anywhere", True),
        ("Anywhere on lo             ALLOW IN    Anywhere", False),
    ],
)
def test_ufw(row: str, is_open: bool) -> None:
    report = Firewall("ufw", rules=(UFW.format(default="deny", row=row),))
    assert closed_ports(report, [6443]) == ([] if is_open else [6443])


@pytest.mark.parametrize(
    ("row", "is_open"),
    [
        ("8472/udp                   ALLOW IN    Anywhere", True),
        ("8472/tcp                   ALLOW IN    Anywhere", False),
        ("8472                       ALLOW IN    Anywhere", True),
        ("Anywhere/udp               ALLOW IN    Anywhere/udp", True),
        ("Anywhere/tcp               ALLOW IN    Anywhere/tcp", False),
        ("Anywhere/udp               ALLOW IN    192.0.2.0/24/udp", False),
    ],
)
def test_ufw_and_udp(row: str, is_open: bool) -> None:
    found = Firewall("ufw", rules=(UFW.format(default="deny", row=row),))
    assert closed_ports(found, [8472], "udp") == ([] if is_open else [8472])


@pytest.mark.parametrize(
    ("row", "is_open"),
    [
        ("", False),
        ("Anywhere/vrrp              ALLOW IN    Anywhere/vrrp              # keepalived", True),
        ("Anywhere/vrrp (v6)         ALLOW IN    Anywhere/vrrp (v6)", True),
        ("Anywhere/vrrp on eth0      ALLOW IN    Anywhere/vrrp", True),
        ("224.0.0.18/vrrp            ALLOW IN    192.0.2.0/24/vrrp", True),
        ("Anywhere/vrrp              DENY IN     Anywhere/vrrp", False),
        ("Anywhere/ah                ALLOW IN    Anywhere/ah", False),
        ("Anywhere                   ALLOW IN    192.0.2.1/vrrp", True),
        ("Anywhere (v6)              ALLOW IN    2001:db8::1/vrrp", True),
        ("Anywhere                   ALLOW IN    192.0.2.1/ah", False),
        ("Anywhere                   ALLOW IN    Anywhere", True),
        ("Anywhere                   ALLOW IN    192.0.2.0/24", False),
    ],
)
def test_ufw_and_a_protocol(row: str, is_open: bool) -> None:
    found = needs(Firewall("ufw", rules=(UFW.format(default="deny", row=row),)), [], [Protocol("vrrp")])
    assert found.protocols == (() if is_open else (Protocol("vrrp"),))


PROTOCOLS = [Protocol("vrrp", ("192.0.2.1",)), Protocol("ah"), Protocol("vrrp")]


def test_each_is_opened_once_with_its_first_comment() -> None:
    ports = [Port(2380, comment="peers"), Port(2379), Port(2380, comment="again"), Port(2379, "udp")]
    found = needs(Firewall("ufw", rules=(UFW.format(default="deny", row=""),)), ports, PROTOCOLS)
    assert found.ports == (Port(2379), Port(2379, "udp"), Port(2380, comment="peers"))
    assert found.protocols == (Protocol("ah"), Protocol("vrrp", ("192.0.2.1",)))
    assert read(FirewallNeeds, found.as_dict(), where="The firewall") == found


def test_ufw_that_lets_everything_in() -> None:
    assert closed_ports(Firewall("ufw", rules=(UFW.format(default="allow", row=""),)), [6443]) == []


def test_no_active_firewall() -> None:
    assert closed_ports(Firewall("", rules=()), [6443]) == []


PODS = "10.244.0.0/16"
_TO, _FROM = f"{PODS}              ALLOW FWD   Anywhere", f"Anywhere                   ALLOW FWD   {PODS}"


@pytest.mark.parametrize(
    ("found", "is_forwarded"),
    [
        (Firewall(), True),
        (Firewall("firewalld", "public", (firewalld(), firewalld())), False),
        (Firewall("firewalld", "public", (firewalld(), firewalld()), (PODS,)), True),
        (Firewall("firewalld", "public", (firewalld(), firewalld()), ("10.0.0.0/8",)), True),
        (Firewall("firewalld", "public", (firewalld(), firewalld()), ("10.244.0.0/17", "2001:db8::/32")), False),
        (Firewall("firewalld", "trusted", (firewalld(target="ACCEPT"), firewalld(target="ACCEPT"))), True),
        (Firewall("firewalld", "trusted", (firewalld(target="ACCEPT"), firewalld())), False),
        (Firewall("ufw", rules=(UFW.format(default="deny", row=""),)), False),
        (Firewall("ufw", rules=(UFW.format(default="deny", row=_TO),)), False),
        (Firewall("ufw", rules=(UFW.format(default="deny", row=_FROM),)), False),
        (Firewall("ufw", rules=(UFW.format(default="deny", row=f"{_TO}\n{_FROM}"),)), True),
        (Firewall("ufw", rules=(UFW.format(default="deny", row=f"{_TO}\n{_FROM}").replace("FWD", "IN "),)), False),
        (Firewall("ufw", rules=(UFW.format(default="deny", row="").replace("disabled", "allow"),)), True),
    ],
)
def test_a_network_whose_traffic_is_forwarded(found: Firewall, is_forwarded: bool) -> None:
    assert needs(found, [], networks=[PODS, PODS]).networks == (() if is_forwarded else (PODS,))


def _limited(found: Firewall, *sources: str) -> bool:
    (closed,) = needs(found, [Port(2379, last=2380, sources=sources)]).ports or (None,)
    return closed is None


RICH = '\trule family="ipv4" source {of}address="{source}" port port="2379-2380" protocol="tcp" accept\n'


@pytest.mark.parametrize(
    ("rich", "is_open"),
    [
        ("", False),
        (RICH.format(of="", source="192.0.2.1"), False),
        (RICH.format(of="", source="192.0.2.1") + RICH.format(of="", source="192.0.2.2"), True),
        (RICH.format(of="", source="192.0.2.0/24"), True),
        (RICH.format(of="NOT ", source="192.0.2.0/24"), False),
        (RICH.format(of="", source="192.0.2.1").replace('source address="192.0.2.1" ', ""), True),
    ],
)
def test_a_port_that_some_addresses_alone_reach(rich: str, is_open: bool) -> None:
    assert _limited(Firewall("firewalld", rules=(firewalld(rich=rich),)), "192.0.2.1", "192.0.2.2") is is_open
    # What is wider than the role's own rule is somebody else's.
    assert _limited(Firewall("firewalld", rules=(firewalld(ports="2379-2381/tcp"),)), "192.0.2.1", "192.0.2.2")


@pytest.mark.parametrize(
    ("rows", "is_open"),
    [
        ("2379:2380/tcp              ALLOW IN    192.0.2.1                  # etcd", False),
        ("2379:2380/tcp              ALLOW IN    192.0.2.1\n2379:2380/tcp              ALLOW IN    192.0.2.2", True),
        ("2379:2380/tcp              ALLOW IN    192.0.2.0/24", True),
        ("2379:2381/tcp              ALLOW IN    Anywhere", True),
        ("2379:2380/tcp              DENY IN     192.0.2.0/24", False),
        ("Anywhere                   ALLOW IN    192.0.2.0/24", True),
        ("Anywhere                   ALLOW IN    192.0.2.0/24/tcp", True),
        ("Anywhere                   ALLOW IN    192.0.2.0/24/udp", False),
    ],
)
def test_a_port_that_some_addresses_alone_reach_through_ufw(rows: str, is_open: bool) -> None:
    assert _limited(Firewall("ufw", rules=(UFW.format(default="deny", row=rows),)), "192.0.2.1", "192.0.2.2") is is_open


def test_sources_and_networks_are_reported_only_where_there_are_any() -> None:
    found = Firewall("ufw", rules=(UFW.format(default="deny", row=""),))
    document = needs(found, [Port(6443), Port(2379, sources=("192.0.2.1",))], networks=[PODS]).as_dict()
    assert document["networks"] == [PODS]
    assert [port.get("sources") for port in document["ports"]] == [["192.0.2.1"], None]
    assert read(FirewallNeeds, document, where="The firewall") == needs(
        found, [Port(6443), Port(2379, sources=("192.0.2.1",))], networks=[PODS]
    )


OF_VRRP = '\trule family="{family}" source address="{source}" protocol value="vrrp" accept\n'


@pytest.mark.parametrize(
    ("rules", "is_open", "open_to_all"),
    [
        ([firewalld()], False, False),
        ([firewalld(rich=OF_VRRP.format(family="ipv4", source="192.0.2.12"))], True, False),
        ([firewalld(rich=OF_VRRP.format(family="ipv4", source="192.0.2.13"))], False, False),
        ([firewalld(rich=OF_VRRP.format(family="ipv4", source="192.0.2.0/24"))], True, False),
        ([firewalld(protocols="ah vrrp")], False, True),
        ([firewalld(protocols="vrrp", rich=OF_VRRP.format(family="ipv4", source="192.0.2.12"))], False, True),
        # Now only, and after the next start only.
        ([firewalld(protocols="vrrp"), firewalld()], False, True),
        ([firewalld(), firewalld(protocols="vrrp")], False, True),
        # Everything of the zone is let in: that is nobody's rule for this protocol.
        ([firewalld(target="ACCEPT")], True, False),
    ],
)
def test_a_protocol_that_some_addresses_alone_reach(rules: list[str], is_open: bool, open_to_all: bool) -> None:
    wanted = Protocol("vrrp", ("192.0.2.12",))
    found = needs(Firewall("firewalld", "public", tuple(rules)), [], [wanted])
    assert found.protocols == (() if is_open else (dataclasses.replace(wanted, open_to_all=open_to_all),))


@pytest.mark.parametrize(
    ("row", "is_open", "open_to_all"),
    [
        ("", False, False),
        ("Anywhere                   ALLOW IN    192.0.2.12/vrrp            # keepalived", True, False),
        ("Anywhere                   ALLOW IN    192.0.2.13/vrrp", False, False),
        ("Anywhere                   ALLOW IN    192.0.2.12/ah", False, False),
        ("Anywhere                   ALLOW IN    192.0.2.12", True, False),
        ("Anywhere/vrrp              ALLOW IN    Anywhere/vrrp", False, True),
        ("Anywhere/vrrp (v6)         ALLOW IN    Anywhere/vrrp (v6)", False, True),
        ("Anywhere/vrrp              LIMIT IN    Anywhere/vrrp", True, False),
        ("Anywhere/vrrp on eth0      ALLOW IN    Anywhere/vrrp", True, False),
    ],
)
def test_a_protocol_that_some_addresses_alone_reach_through_ufw(row: str, is_open: bool, open_to_all: bool) -> None:
    wanted = Protocol("vrrp", ("192.0.2.12",))
    found = needs(Firewall("ufw", rules=(UFW.format(default="deny", row=row),)), [], [wanted])
    assert found.protocols == (() if is_open else (dataclasses.replace(wanted, open_to_all=open_to_all),))


ETCD = Port(2380, comment="etcd peers", sources=("192.0.2.31", "2001:db8::31"))


@pytest.mark.parametrize(
    ("found", "open_to_all"),
    [
        (Firewall("firewalld", "public", (firewalld(ports="22/tcp 2380/tcp"),)), True),
        (Firewall("firewalld", "public", (firewalld(ports="12380/tcp 2380/udp"),)), False),
        (Firewall("ufw", rules=(UFW.format(default="deny", row="2380/tcp    ALLOW IN    Anywhere   # peers"),)), True),
        (Firewall("ufw", rules=(UFW.format(default="deny", row="2380/tcp (v6)   ALLOW IN   Anywhere (v6)"),)), True),
        (Firewall("ufw", rules=(UFW.format(default="deny", row="2380/tcp on eth0  ALLOW IN    Anywhere"),)), None),
        (Firewall("ufw", rules=(UFW.format(default="deny", row="2380    ALLOW IN    Anywhere"),)), None),
    ],
)
def test_a_rule_for_everybody_is_to_go(found: Firewall, open_to_all: bool | None) -> None:
    """``None``: something else than the role's own rule lets the port in, and stays."""
    wanted = () if open_to_all is None else (dataclasses.replace(ETCD, open_to_all=open_to_all),)
    assert needs(found, [ETCD]).ports == wanted
    # Without sources it is what is wanted.
    assert needs(found, [Port(2380)]).ports == (() if open_to_all is not False else (Port(2380),))


@pytest.mark.parametrize("everybody", ["0.0.0.0/0", "::/0"])
def test_sources_that_name_everybody_limit_nothing(everybody: str) -> None:
    wanted = Port(2379, sources=("192.0.2.31", everybody))
    found = Firewall("ufw", rules=(UFW.format(default="deny", row="2379/tcp    ALLOW IN    Anywhere"),))
    assert needs(found, [wanted]).ports == ()
    closed = Firewall("ufw", rules=(UFW.format(default="deny", row=""),))
    assert needs(closed, [wanted]).ports == (Port(2379),)


def test_what_is_left_is_as_wanted() -> None:
    """After the role has done both, nothing is left to do."""
    rich = "".join(RICH.format(of="", source=source).replace("2379-2380", "2380") for source in ETCD.sources)
    rich += OF_VRRP.format(family="ipv4", source="192.0.2.12")
    found = Firewall("firewalld", "public", (firewalld(rich=rich), firewalld(rich=rich)))
    assert needs(found, [ETCD], [Protocol("vrrp", ("192.0.2.12",))]) == FirewallNeeds("firewalld", "public")


@pytest.mark.parametrize(
    ("rule", "entry"),
    [
        (Port(2379), ("ufw port 2379/tcp", "closed", "open")),
        (Port(2379, last=2380), ("ufw port 2379-2380/tcp", "closed", "open")),
        (ETCD, ("ufw port 2380/tcp", "closed", "open to 192.0.2.31, 2001:db8::31")),
        (
            Protocol("vrrp", ("192.0.2.12",), open_to_all=True),
            ("ufw protocol vrrp", "open to everybody", "open to 192.0.2.12"),
        ),
    ],
)
def test_an_entry_of_the_plan(rule: Port | Protocol, entry: tuple[str, str, str]) -> None:
    change = FirewallNeeds("ufw").change(rule, "why")
    assert (change.object, change.before, change.after, change.reason) == (*entry, "why")
    assert FirewallNeeds("firewalld", "dmz").change(Port(22), "why").after == "open in zone dmz"
