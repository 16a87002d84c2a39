# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ``virtual_ip_info`` reports of a host that is to carry the virtual IP: the one place that knows how it is written."""

from __future__ import annotations

import dataclasses
import typing as t

from ..base.report_fields import as_dict, read
from ..host.firewall import Firewall
from .vrrp import Advertisement


@dataclasses.dataclass(frozen=True)
class InstalledFile:
    """A file of the role on the host.

    Attributes:
        path: where it is.
        sha1: SHA-1 of it, empty without one.
    """

    path: str
    sha1: str


@dataclasses.dataclass(frozen=True)
class InterfaceAddress:
    """An address of the host.

    Attributes:
        interface: that has it.
        address: the address.
        prefix: length of its network's prefix.
    """

    interface: str
    address: str
    prefix: int


@dataclasses.dataclass(frozen=True)
class Neighbour:
    """A host that answered on the network when it was asked for an address.

    Attributes:
        address: that was asked for.
        mac: hardware address of who answered, empty where nobody did.
    """

    address: str
    mac: str


@dataclasses.dataclass(frozen=True)
class ServiceState:
    """A unit of systemd.

    Attributes:
        is_active: whether it runs.
        is_enabled: whether it starts at boot.
        runs: what it was started with: SHA-1 of keepalived's configuration, the digest of the watcher; empty where unknown.
    """

    is_active: bool
    is_enabled: bool
    runs: str


@dataclasses.dataclass(frozen=True)
class VirtualIpReport:
    """What was found on a host.

    Attributes:
        is_installed: whether it has keepalived.
        owner: whose keepalived's configuration is, see :mod:`base.configuration_owner`.
        files: the files of the role.
        has_script_user: whether the user exists that keepalived runs scripts as.
        keepalived: its unit.
        watcher: the unit of what judges the local health.
        python: the interpreter for the watcher.
        addresses: of the host, loopback's and link-local ones apart.
        neighbours: who answers for the virtual IP, where this host does not have it, and for the peers.
        may_listen: whether the host lets the module receive VRRP, as keepalived has to.
        advertisements: of VRRP that were received, each sender and router once.
        firewall: the active firewall.
    """

    is_installed: bool
    owner: str
    files: tuple[InstalledFile, ...]
    has_script_user: bool
    keepalived: ServiceState
    watcher: ServiceState
    python: str
    addresses: tuple[InterfaceAddress, ...]
    neighbours: tuple[Neighbour, ...]
    may_listen: bool
    advertisements: tuple[Advertisement, ...]
    firewall: Firewall

    def sha1_of(self, path: str) -> str:
        """SHA-1 of a file of the host, empty without one."""
        return next((file.sha1 for file in self.files if file.path == path), "")

    @classmethod
    def from_dict(cls, host: str, document: t.Mapping[str, t.Any]) -> VirtualIpReport:
        """From what :meth:`as_dict` gave.

        Args:
            host: the host's name in the inventory, for messages.
            document: the return value ``virtual_ip``.

        Raises:
            MalformedReport: naming the host, the key and what was found there.
        """
        return read(cls, document, where=f"The report of the virtual IP on {host}")

    def as_dict(self) -> dict[str, t.Any]:
        """JSON-compatible."""
        return as_dict(self)


__all__ = ("InstalledFile", "InterfaceAddress", "Neighbour", "ServiceState", "VirtualIpReport")
