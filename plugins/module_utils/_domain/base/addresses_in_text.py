# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which addresses stand in a text, and a text without some."""

from __future__ import annotations

import ipaddress
import re
import typing as t

from .address import canonical_ip

#: An IPv4 address that is not a part of a longer number or name, and not a network.
_IPV4 = re.compile(r"(?<![\w.-])(\d{1,3}(?:\.\d{1,3}){3})(?![\w-]|\.\w|/\d{1,2}(?![\w.]))")
_BRACKETED = re.compile(r"\[([0-9A-Fa-f:.]+)\]")
#: What can stand between addresses in a flag's value.
_SEPARATORS = re.compile(r"[,;\s=\"']+")
#: One address by itself: neither a part of a longer one nor the beginning of a network. The addresses of a host are also those of
#: its CNI, of which one is the first of the pods' network (10.244.0.0 at flannel.1, of 10.244.0.0/16). It may be a part of a name.
_WHOLE_IPV4 = r"(?<![\d.])%s(?!\d|\.\d|/\d)"
_WHOLE_IPV6 = r"(?<![\da-fA-F:])%s(?![\da-fA-F:]|/\d)"


def addresses_in(text: str) -> tuple[str, ...]:
    """The addresses in a text (an address, URLs, lists of them) in their order. Networks such as 192.0.2.0/24 are none."""
    found = [match.group(1) for match in _IPV4.finditer(text)]
    found += [match.group(1) for match in _BRACKETED.finditer(text)]
    found += [item for item in _SEPARATORS.split(text) if item.count(":") > 1]
    canonical = (canonical_ip(item) for item in found)
    return tuple(dict.fromkeys(address for address in canonical if address is not None))


def without(text: str, addresses: t.Iterable[str], instead: str) -> str:
    """A text with another one instead of each of these addresses, as they are spelled, wherever one stands by itself."""
    for address in sorted(filter(None, addresses), key=len, reverse=True):
        text = re.sub((_WHOLE_IPV6 if ":" in address else _WHOLE_IPV4) % re.escape(address), instead, text)
    return text


def is_of_a_host(address: str) -> bool:
    """Whether an address can be one host's: neither loopback nor unspecified, link-local or multicast."""
    parsed = ipaddress.ip_address(address)
    return not (parsed.is_loopback or parsed.is_unspecified or parsed.is_link_local or parsed.is_multicast)


__all__ = ("addresses_in", "is_of_a_host", "without")
