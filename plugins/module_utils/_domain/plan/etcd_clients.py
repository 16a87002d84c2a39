# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who asks external etcd: the addresses by which control planes may reach its hosts."""

from __future__ import annotations

import ipaddress
import typing as t

from ..base.address import canonical_ip

if t.TYPE_CHECKING:
    from ..host.host import Host


def find(control_planes: t.Iterable[str], hosts: t.Mapping[str, Host], pod_subnets: t.Iterable[str]) -> tuple[str, ...]:
    """Addresses of the control planes, in the order of the group, each once; none where one of them was not inspected.

    A control plane may reach etcd through another interface than that of its default route, so each of its networks counts. Those of pods
    come and go with their nodes, and nobody on another host is reached through them. A virtual IP address has no network.

    Args:
        control_planes: inventory names.
        hosts: by inventory name.
        pod_subnets: networks of pods.
    """
    pods = tuple(_networks(pod_subnets))
    found: dict[str, None] = {}
    names = tuple(control_planes)
    if not all(name in hosts for name in names):
        # The firewall of etcd would shut that one out.
        return ()
    for host in (hosts[name] for name in names):
        server = host.api_server
        own = [
            server.host if server is not None else host.wanted_advertise_address or "",
            host.default_address(is_ipv6=False),
            host.default_address(is_ipv6=True),
            *(item.address for item in host.report.networks),
        ]
        addresses = (address for address in map(canonical_ip, own) if address is not None)
        found.update(dict.fromkeys(address for address in addresses if not _is_in(address, pods)))
    return tuple(found)


def _networks(texts: t.Iterable[str]) -> t.Iterator[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    for text in texts:
        try:
            yield ipaddress.ip_network(text.strip(), strict=False)
        except ValueError:
            # What is wrong with the input is said elsewhere.
            continue


def _is_in(address: str, networks: t.Iterable[ipaddress.IPv4Network | ipaddress.IPv6Network]) -> bool:
    found = ipaddress.ip_address(address)
    return any(found.version == network.version and found in network for network in networks)


__all__ = ("find",)
