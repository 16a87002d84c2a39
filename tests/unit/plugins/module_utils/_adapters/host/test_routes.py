# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Routes as the kernel writes them. What it answers is asked of the kernel in tests/integration/test_addresses.py."""

from __future__ import annotations

import struct
from ipaddress import ip_address

from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host import routes


def word(address: str) -> str:
    """An IPv4 address as /proc/net/route has it."""
    return f"{struct.unpack('=I', ip_address(address).packed)[0]:08X}"


def ipv4(destination: str, mask: str, *, flags: int = 1) -> str:
    """A line of /proc/net/route."""
    return f"eth0\t{word(destination)}\t{word('0.0.0.0')}\t{flags:04X}\t0\t0\t0\t{word(mask)}\t0\t0\t0"


def ipv6(destination: str, prefix: int, *, device: str = "eth0", flags: int = 1) -> str:
    """A line of /proc/net/ipv6_route."""
    zero = "0" * 32
    return f"{ip_address(destination).packed.hex()} {prefix:02x} {zero} 00 {zero} 00000100 0 0 {flags:08x} {device:>8}"


def test_networks_of_hosts() -> None:
    lines = [
        ipv4("0.0.0.0", "0.0.0.0", flags=3),
        ipv4("192.0.2.0", "255.255.255.0"),
        ipv4("198.51.100.0", "255.255.255.128", flags=3),
        ipv4("203.0.113.0", "255.255.255.0", flags=0x201),
        ipv4("203.0.113.7", "255.255.255.255", flags=5),
        ipv4("10.0.0.0", "255.0.255.0"),
        "",
    ]
    found = [network for network in routes._ipv4(lines) if routes._is_of_hosts(network)]
    assert [str(network) for network in found] == ["192.0.2.0/24", "198.51.100.0/25"]
    lines = [
        ipv6("2001:db8::", 64),
        ipv6("2001:db8::11", 128, device="lo"),
        ipv6("fe80::", 64),
        ipv6("ff00::", 8),
        ipv6("::", 0, flags=3),
    ]
    found = [network for network in routes._ipv6(lines) if routes._is_of_hosts(network)]
    assert [str(network) for network in found] == ["2001:db8::/64"]
