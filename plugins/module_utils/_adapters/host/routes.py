# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The networks to which this host has a route, and the address that its kernel takes towards each.

By the standard library alone. The formats are those of the kernel's ``/proc/net/route`` and ``/proc/net/ipv6_route``.
"""

from __future__ import annotations

import contextlib
import ipaddress
import socket
import struct
import typing as t

from ..._domain.host import report

_UP = 0x1
_REJECT = 0x200
#: Routes of pods fill the table on some nodes; networks of hosts are few and larger than one address.
_MOST = 256
_LONGEST_PREFIX = {4: 30, 6: 126}

Network = t.Union[ipaddress.IPv4Network, ipaddress.IPv6Network]


def networks() -> list[report.Network]:
    """Network and address of each route but the default ones, loopback and link-local ones."""
    found = [*_ipv4(_lines("/proc/net/route")[1:]), *_ipv6(_lines("/proc/net/ipv6_route"))]
    wanted = [network for network in dict.fromkeys(found) if _is_of_hosts(network)]
    sources = ((network, _source(network)) for network in wanted[:_MOST])
    return [report.Network(str(network), address) for network, address in sources if address]


def _ipv4(lines: t.Iterable[str]) -> t.Iterator[Network]:
    for fields in map(str.split, lines):
        if len(fields) > 7 and _is_open(fields[3]):
            destination, mask = (ipaddress.IPv4Address(struct.pack("=I", int(fields[index], 16))) for index in (1, 7))
            # The kernel knows masks with holes; no network of hosts has one.
            with contextlib.suppress(ValueError):
                yield ipaddress.ip_network(f"{destination}/{mask}")


def _ipv6(lines: t.Iterable[str]) -> t.Iterator[Network]:
    for fields in map(str.split, lines):
        if len(fields) > 9 and _is_open(fields[8]) and fields[9] != "lo":
            yield ipaddress.ip_network((bytes.fromhex(fields[0]), int(fields[1], 16)), strict=False)


def _is_open(flags: str) -> bool:
    return bool(int(flags, 16) & _UP) and not int(flags, 16) & _REJECT


def _is_of_hosts(network: Network) -> bool:
    address = network.network_address
    return 0 < network.prefixlen <= _LONGEST_PREFIX[network.version] and not (
        address.is_loopback or address.is_link_local or address.is_multicast
    )


def _source(network: Network) -> str:
    """The address that the kernel takes towards a network: connecting a UDP socket determines the route and sends nothing."""
    family = socket.AF_INET if network.version == 4 else socket.AF_INET6
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((str(network[2]), 9))
            return str(probe.getsockname()[0])
    except OSError:
        return ""


def _lines(path: str) -> list[str]:
    try:
        with open(path, encoding="ascii", errors="replace") as stream:
            return stream.read().splitlines()
    except OSError:
        return []


__all__ = ("networks",)
