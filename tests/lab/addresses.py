# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Addresses: a free subnet for a lab, and each node's own address, always the same for the same topology."""

from __future__ import annotations

import ipaddress
import zlib
from collections.abc import Iterable, Mapping
from ipaddress import IPv4Address, IPv4Interface, IPv4Network, IPv6Address, IPv6Network

from tests.lab.errors import InputError, LabError
from tests.lab.topology import Topology

# 100 subnets of 256 addresses, away from podman's own default 10.88.0.0/16, the pods and the Services.
_POOL = tuple(IPv4Network(f"10.87.{third}.0/24") for third in range(100, 200))

_NODES_PER_GROUP = 10
_FIRST_HOST = {"kube_control_plane": 11, "kube_node": 21, "spare": 31, "kube_load_balancer": 41}
_FIRST_HOST_OF_OTHERS = 51
_LAST_HOST = 99
_VIP_HOST = 100


def choose_subnet(lab: str, taken: Iterable[IPv4Network]) -> IPv4Network:
    """A subnet that overlaps none of ``taken``; the search starts at a place given by the lab's name.

    :raises LabError: when every subnet of the pool is taken.
    """
    others = tuple(taken)
    start = zlib.crc32(lab.encode()) % len(_POOL)
    for candidate in _POOL[start:] + _POOL[:start]:
        if not any(candidate.overlaps(other) for other in others):
            return candidate
    raise LabError(f"no free subnet between {_POOL[0]} and {_POOL[-1]}: remove labs with `down --all`")


def assign(topology: Topology, subnet: IPv4Network) -> dict[str, IPv4Address]:
    """Address of every node: control planes from .11, workers .21, spares .31, balancers .41, others .51.

    :raises InputError: when a group has more nodes than there are addresses for it.
    """
    counted: dict[str, int] = {}
    addresses: dict[str, IPv4Address] = {}
    for node in topology.nodes:
        block = node.group if node.group in _FIRST_HOST else ""
        number = counted.get(block, 0)
        host = _FIRST_HOST.get(block, _FIRST_HOST_OF_OTHERS) + number
        if (block and number >= _NODES_PER_GROUP) or host > _LAST_HOST:
            raise InputError(f"nodes.{node.name}: a lab has at most {_NODES_PER_GROUP} nodes in group {node.group}")
        counted[block] = number + 1
        addresses[node.name] = subnet.network_address + host
    return addresses


def ipv6_subnet(subnet: IPv4Network) -> IPv6Network:
    """The unique local /64 that goes with a lab's subnet: the same numbers behind fd00."""
    numbers = ":".join(f"{number:x}" for number in subnet.network_address.packed[:3])
    return IPv6Network(f"fd00:{numbers}::/64")


def ipv6_address(address: IPv4Address) -> IPv6Address:
    """A node's IPv6 address: its last number in the lab's /64."""
    subnet = ipv6_subnet(IPv4Network((address, 24), strict=False))
    return subnet.network_address + int(address) % 256


def vip(addresses: Mapping[str, IPv4Address]) -> IPv4Interface:
    """The address of the lab's network that is kept free for a virtual IP address."""
    subnet = IPv4Network((next(iter(addresses.values())), 24), strict=False)
    return IPv4Interface((subnet.network_address + _VIP_HOST, subnet.prefixlen))


def endpoint(topology: Topology, addresses: Mapping[str, IPv4Address]) -> str:
    """The control plane endpoint as HOST:PORT."""
    if topology.vip:
        return f"{vip(addresses).ip}:{topology.vip_port}"
    if topology.dns_endpoint is not None:
        return topology.dns_endpoint
    wanted = topology.endpoint
    assert wanted is not None
    if wanted.ipv6:
        return f"[{ipv6_address(addresses[wanted.node])}]:{wanted.port}"
    return f"{wanted.name or addresses[wanted.node]}:{wanted.port}"


def pod_subnets(topology: Topology, addresses: Mapping[str, IPv4Address]) -> dict[str, IPv4Network]:
    """The /24 of each node's pods: the third octet is the last of the node's address."""
    base = ipaddress.IPv4Network(topology.pod_subnet).network_address
    return {node.name: IPv4Network((base + int(addresses[node.name]) % 256 * 256, 24)) for node in topology.nodes}
