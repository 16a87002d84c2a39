# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Collects the active firewall of a host and its rules, by its own tool."""

from __future__ import annotations

import typing as t

from ..._domain.host import firewall
from .reading import output, read

if t.TYPE_CHECKING:
    from ..._ports.commands import Commands

_ROUTES = "/proc/net/route"


def collect_firewall(commands: Commands, zone: str | None = None) -> firewall.Firewall:
    """The active firewall and its rules; both tools have an exit status other than 0 while they are off.

    Args:
        commands: runs the host's programs.
        zone: of firewalld; without one that of the interface with the default route. An interface without a zone has
            firewalld's default.
    """
    default = output(commands, ["firewall-cmd", "--get-default-zone"]).strip()
    if default:
        return _firewalld(commands, zone or _zone(commands) or default)
    status = output(commands, ["ufw", "status", "verbose"])
    if status.startswith("Status: active"):
        return firewall.Firewall(firewall.UFW, "", (status,))
    return firewall.Firewall()


def _zone(commands: Commands) -> str:
    interface = firewall.default_interface((read(_ROUTES) or b"").decode())
    return output(commands, ["firewall-cmd", f"--get-zone-of-interface={interface}"]).strip()


def _firewalld(commands: Commands, zone: str) -> firewall.Firewall:
    """Its rules are empty texts where firewalld does not know the zone."""
    lists = (["firewall-cmd", *permanent, f"--zone={zone}", "--list-all"] for permanent in ((), ("--permanent",)))
    sources = [
        set(output(commands, ["firewall-cmd", *permanent, f"--zone={firewall.TRUSTED}", "--list-sources"]).split())
        for permanent in ((), ("--permanent",))
    ]
    return firewall.Firewall(
        firewall.FIREWALLD,
        zone,
        tuple(output(commands, each) for each in lists),
        tuple(sorted(set.intersection(*sources))),
    )


__all__ = ("collect_firewall",)
