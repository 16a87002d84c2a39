# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which host an address belongs to, and which addresses stand in a text."""

from __future__ import annotations

import ipaddress
import re
import typing as t

from ..base.address import canonical_ip

if t.TYPE_CHECKING:
    from .host import Host

#: An IPv4 address that is not a part of a longer number or name, and not a network.
_IPV4 = re.compile(r"(?<![\w.-])(\d{1,3}(?:\.\d{1,3}){3})(?![\w-]|\.\w|/\d{1,2}(?![\w.]))")
_BRACKETED = re.compile(r"\[([0-9A-Fa-f:.]+)\]")
#: What can stand between addresses in a flag's value.
_SEPARATORS = re.compile(r"[,;\s=\"']+")

Owners = t.Mapping[str, t.Sequence[str]]


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


def owners_of(hosts: t.Mapping[str, Host]) -> dict[str, list[str]]:
    """The hosts (inventory names) that have each address."""
    found: dict[str, list[str]] = {}
    for name, host in hosts.items():
        for address in dict.fromkeys(canonical_ip(item) for item in host.report.addresses):
            if address is not None:
                found.setdefault(address, []).append(name)
    return found


def owner_of(address: str, owners: Owners) -> str | None:
    """The host that alone has an address; ``None`` when there is no such host, or when several have it."""
    names = owners.get(address) or ()
    return names[0] if len(names) == 1 else None


def shown_owner(address: str, owners: Owners) -> str:
    """Whose an address is, for a message."""
    names = list(owners.get(address) or ())
    if not names:
        return "no host's address"
    if len(names) == 1:
        return f"{names[0]}'s address"
    shown = names if len(names) <= 4 else [*names[:3], f"{len(names) - 3} more"]
    return f"an address of {', '.join(shown[:-1])} and {shown[-1]}"


__all__ = ("Owners", "addresses_in", "is_of_a_host", "owner_of", "owners_of", "shown_owner")
