# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The hosts that answer the endpoint's name."""

from __future__ import annotations

import dataclasses
import typing as t

if t.TYPE_CHECKING:
    from ..host.host import Host
    from .desired import Desired


@dataclasses.dataclass(frozen=True)
class NameServer:
    """A host that answers, and the address at which it does."""

    name: str
    address: str


def name_servers(desired: Desired, hosts: t.Mapping[str, Host]) -> tuple[NameServer, ...]:
    """Every one, by the address of its default route; none where the endpoint is no matter of DNS."""
    if not desired.has_own_dns:
        return ()
    found = (hosts[name] for name in desired.load_balancers if name in hosts)
    return tuple(
        NameServer(host.name, host.report.default_address or next(iter(host.report.addresses), "")) for host in found
    )


__all__ = ("NameServer", "name_servers")
