# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The virtual IP address of the endpoint, which one of several hosts has."""

from __future__ import annotations

import dataclasses
import typing as t

if t.TYPE_CHECKING:
    from ..host.host import Host
    from .desired import Desired

#: The role, under whose name its decisions come.
ROLE = "apiserver_keepalived"
#: What a host must run to have the address where there is no balancer.
API_SERVER = "api_server"


@dataclasses.dataclass(frozen=True)
class Peer:
    """A host that may have the virtual IP address, and its own address there."""

    name: str
    address: str


@dataclasses.dataclass(frozen=True)
class Record:
    """What the role apiserver_keepalived is given.

    Attributes:
        vip: the address with the length of its prefix.
        peers: every host that may have it, this one among them.
        track: what a host must run to have it.
        api_port: the endpoint's, where the balancer listens, or that of the API server beside it.
        ca_certificate: the cluster's CA certificates in PEM.
    """

    vip: str
    peers: tuple[Peer, ...]
    track: str
    api_port: int
    ca_certificate: str


def record(desired: Desired, hosts: t.Mapping[str, Host], *, api_port: int, ca_certificate: str) -> Record:
    """What the role is given on a host.

    Args:
        desired: what the inventory describes.
        hosts: every host that was inspected, by inventory name.
        api_port: of the API server on the host.
        ca_certificate: of the cluster, in PEM.
    """
    is_bare = desired.load_balancer == "none"
    return Record(
        vip=desired.vip,
        peers=peers(desired, hosts),
        track=API_SERVER if is_bare else desired.load_balancer,
        api_port=api_port if is_bare else desired.endpoint.port,
        ca_certificate=ca_certificate,
    )


def peers(desired: Desired, hosts: t.Mapping[str, Host]) -> tuple[Peer, ...]:
    """The hosts that may have the address, each with its own address in that network."""
    found = (hosts[name] for name in desired.virtual_ip_hosts if name in hosts)
    return tuple(Peer(host.name, host.address_towards(desired.vip_address)) for host in found)


__all__ = ("ROLE", "Peer", "Record", "peers", "record")
