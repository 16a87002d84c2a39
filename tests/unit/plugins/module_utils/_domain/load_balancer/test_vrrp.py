# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Packets of VRRP as routers send them."""

from __future__ import annotations

import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.load_balancer import vrrp
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.load_balancer.vrrp import Advertisement

IP4 = bytes.fromhex("45c0002800000000ff70d6f0c0000233e0000012")
VIP4, VIP6 = socket.inet_aton("192.0.2.10"), socket.inet_pton(socket.AF_INET6, "2001:db8::10")
#: Router 51, priority 100, one address; version 2 has an interval of 1 s and a password behind the address.
V2 = bytes.fromhex("213364010101beef") + VIP4 + b"secret\0\0"
V3 = bytes.fromhex("31336401001ebeef") + VIP4
V3_6 = bytes.fromhex("31336402001ebeef") + socket.inet_pton(socket.AF_INET6, "fe80::1") + VIP6


@pytest.mark.parametrize(
    ("source", "packet", "expected"),
    [
        ("192.0.2.51", IP4 + V2, Advertisement("192.0.2.51", 2, 51, 100, ("192.0.2.10",))),
        ("192.0.2.51", IP4 + V3, Advertisement("192.0.2.51", 3, 51, 100, ("192.0.2.10",))),
        # With options in the header of IP.
        (
            "192.0.2.51",
            b"\x46" + IP4[1:] + b"\x94\x04\0\0" + V3,
            Advertisement("192.0.2.51", 3, 51, 100, ("192.0.2.10",)),
        ),
        ("192.0.2.51", IP4 + V3[:2] + b"\0\0" + V3[4:8], Advertisement("192.0.2.51", 3, 51, 0, ())),
        ("fe80::51%eth0", V3_6, Advertisement("fe80::51%eth0", 3, 51, 100, ("fe80::1", "2001:db8::10"))),
        ("192.0.2.51", b"", None),
        ("192.0.2.51", IP4, None),
        ("192.0.2.51", IP4 + V3[:-1], None),
        ("192.0.2.51", IP4 + b"\x32" + V3[1:], None),
        ("192.0.2.51", IP4 + b"\x41" + V3[1:], None),
        ("fe80::51", b"\x21" + V3_6[1:], None),
        ("fe80::51", V3_6[:-1], None),
    ],
)
def test_packets(source: str, packet: bytes, expected: Advertisement | None) -> None:
    assert vrrp.parse(source, packet) == expected


@given(packet=st.binary(max_size=80), source=st.sampled_from(["192.0.2.1", "2001:db8::1"]))
def test_whatever_comes_is_an_advertisement_or_none(packet: bytes, source: str) -> None:
    found = vrrp.parse(source, packet)
    assert found is None or found.version in (2, 3)


def test_router_ids_are_spread() -> None:
    found = {vrrp.router_id(f"192.0.2.{last}") for last in range(1, 255)}
    assert found <= set(range(1, 256))
    assert len(found) > 100


def test_the_router_id_of_an_address_stays_what_it_is() -> None:
    assert vrrp.router_id("10.99.0.9") == 137


CONFIGURATION = """\
vrrp_instance kubernetes-apiserver {
    virtual_router_id 77
    virtual_ipaddress {
        192.0.2.10/24 dev eth0
    }
}
"""


@pytest.mark.parametrize(
    ("configuration", "vip", "router_id", "is_configured"),
    [
        (CONFIGURATION, "192.0.2.10", "77", True),
        (CONFIGURATION, "192.0.2.10", "78", False),
        (CONFIGURATION, "192.0.2.1", "77", False),
        (CONFIGURATION.replace("77", str(vrrp.router_id("192.0.2.10"))), "192.0.2.10", "", True),
        (f"{CONFIGURATION}    virtual_router_id 78\n", "192.0.2.10", "77", False),
        ("", "192.0.2.10", "77", False),
    ],
)
def test_what_keepalived_speaks_already(configuration: str, vip: str, router_id: str, is_configured: bool) -> None:
    assert vrrp.is_configured(configuration, vip, router_id) is is_configured
