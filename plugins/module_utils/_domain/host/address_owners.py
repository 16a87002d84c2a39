# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which host an address belongs to."""

from __future__ import annotations

import typing as t

from ..base.address import canonical_ip

if t.TYPE_CHECKING:
    from .host import Host

Owners = t.Mapping[str, t.Sequence[str]]


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


__all__ = ("Owners", "owner_of", "owners_of", "shown_owner")
