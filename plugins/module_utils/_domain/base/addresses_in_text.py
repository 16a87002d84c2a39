# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which addresses stand in a text."""

from __future__ import annotations

import ipaddress
import re

from .address import canonical_ip

#: An IPv4 address that is not a part of a longer number or name, and not a network.
_IPV4 = re.compile(r"(?<![\w.-])(\d{1,3}(?:\.\d{1,3}){3})(?![\w-]|\.\w|/\d{1,2}(?![\w.]))")
_BRACKETED = re.compile(r"\[([0-9A-Fa-f:.]+)\]")
#: What can stand between addresses in a flag's value.
_SEPARATORS = re.compile(r"[,;\s=\"']+")


def addresses_in(text: str) -> tuple[str, ...]:
    """The addresses in a text (an address, URLs, lists of them) in their order. Networks such as 192.0.2.0/24 are none."""
    found = [match.group(1) for match in _IPV4.finditer(text)]
    found += [match.group(1) for match in _BRACKETED.finditer(text)]
    found += [item for item in _SEPARATORS.split(text) if item.count(":") > 1]
    canonical = (canonical_ip(item) for item in found)
    return tuple(dict.fromkeys(address for address in canonical if address is not None))


def is_of_a_host(address: str) -> bool:
    """Whether an address can be one host's: neither loopback nor unspecified, link-local or multicast."""
    parsed = ipaddress.ip_address(address)
    return not (parsed.is_loopback or parsed.is_unspecified or parsed.is_link_local or parsed.is_multicast)


__all__ = ("addresses_in", "is_of_a_host")
