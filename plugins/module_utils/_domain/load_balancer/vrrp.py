# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Advertisements of VRRP as they are on the wire, and the virtual router id of a virtual IP.

Version 2 is RFC 3768 (IPv4), version 3 RFC 5798 (IPv4 and IPv6).
"""

from __future__ import annotations

import dataclasses
import hashlib
import ipaddress
import re

#: IP protocol number.
PROTOCOL = 112
#: Groups to which routers of others advertise.
GROUPS = {4: "224.0.0.18", 6: "ff02::12"}

_ADVERTISEMENT = 1
_HEADER = 8
_LARGEST_ROUTER_ID = 255


@dataclasses.dataclass(frozen=True)
class Advertisement:
    """What one virtual router said.

    Attributes:
        source: address of its sender.
        version: of VRRP, 2 or 3.
        router_id: the virtual router's.
        priority: the sender's; 0 gives the addresses up.
        addresses: the virtual IPs.
    """

    source: str
    version: int
    router_id: int
    priority: int
    addresses: tuple[str, ...]


def parse(source: str, packet: bytes) -> Advertisement | None:
    """The advertisement in what a raw socket gave, ``None`` for anything else.

    Args:
        source: address of its sender. A raw socket of IPv4 gives the header of IP as well, one of IPv6 does not.
        packet: what was received.
    """
    family = ipaddress.ip_address(source.partition("%")[0]).version
    payload = packet[(packet[0] & 0x0F) * 4 :] if family == 4 and packet else packet
    if len(payload) < _HEADER:
        return None
    version, kind = payload[0] >> 4, payload[0] & 0x0F
    size = 4 if family == 4 else 16
    count = payload[3]
    end = _HEADER + count * size
    if kind != _ADVERTISEMENT or version not in (2, 3) or (version == 2 and family == 6) or len(payload) < end:
        return None
    raw = (payload[start : start + size] for start in range(_HEADER, end, size))
    addresses = tuple(str(ipaddress.ip_address(each)) for each in raw)
    return Advertisement(source, version, payload[1], payload[2], addresses)


def router_id(vip: str) -> int:
    """The virtual router id of a virtual IP, from 1 to 255: the same on every host and in every run.

    Clusters in one network have virtual IPs of their own, and so mostly ids of their own; those that do not are heard on the wire.
    """
    digest = hashlib.sha256(str(ipaddress.ip_address(vip)).encode()).digest()
    return 1 + int.from_bytes(digest[:8], "big") % _LARGEST_ROUTER_ID


def is_configured(configuration: str, vip: str, given_router_id: str) -> bool:
    """Whether keepalived's configuration has exactly this virtual IP under the router id that it is to have.

    Args:
        configuration: the text.
        vip: the virtual IP without its prefix.
        given_router_id: the operator's; empty for the computed one.
    """
    wanted = given_router_id.strip() or str(router_id(vip))
    numbers = re.findall(r"^\s*virtual_router_id\s+(\S+)", configuration, re.MULTILINE)
    held = re.search(rf"^\s*{re.escape(vip)}(/\d+)?\s", configuration, re.MULTILINE)
    return numbers == [wanted] and held is not None


__all__ = ("GROUPS", "PROTOCOL", "Advertisement", "is_configured", "parse", "router_id")
