# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of a joining host itself speaks against its join: room, swap, forwarding, name, address and ports.

Ports: https://kubernetes.io/docs/reference/networking/ports-and-protocols/. The setting of the kernel: ``RunJoinNodeChecks`` in
``cmd/kubeadm/app/preflight/checks.go``.
"""

from __future__ import annotations

import typing as t

from ...base.address import canonical_dns_name, canonical_ip
from ...base.problem import Problem
from . import membership, swap
from .reachability import ETCD_PORTS, KUBELET_PORT

if t.TYPE_CHECKING:
    from ...base.address import Endpoint
    from ...cluster.cluster import Cluster
    from ...host.host import Host
    from ..desired import Desired

Hosts = t.Mapping[str, "Host"]

#: Bytes that /var needs on a joining host (images, etcd) and for a backup.
FREE_BYTES_NEEDED = 1 << 30
#: Ports of a control plane's components that no other host has to reach
#: (https://kubernetes.io/docs/reference/networking/ports-and-protocols/).
_CONTROL_PLANE_PORTS = (10257, 10259)
#: The setting that ``kubeadm join`` wants to be 1, by the family of the endpoint's address; with a DNS name it checks
#: none (RunJoinNodeChecks in ``cmd/kubeadm/app/preflight/checks.go``).
_FORWARDING = {4: "net.ipv4.ip_forward", 6: "net.ipv6.conf.default.forwarding"}


def problems(desired: Desired, hosts: Hosts, cluster: Cluster, serving_control_plane: Host) -> t.Iterator[Problem]:
    """Every problem of the hosts that are to join."""
    like = serving_control_plane.api_server
    if like is None:
        return
    for name in desired.nodes:
        host = hosts.get(name)
        if host is None or host.is_member:
            continue
        yield from _free_bytes(host)
        yield from swap.problems(host, cluster)
        yield from forwarding(desired, host)
        yield from name_and_address(desired, host, like)
        # What a half joined host still runs there is reported separately.
        if not membership.leftovers(host, serving_control_plane):
            yield from _ports(desired, host, cluster, like)


def forwarding(desired: Desired, host: Host) -> t.Iterator[Problem]:
    """A joining host that does not forward packets, if kubeadm checks it."""
    address = canonical_ip(desired.endpoint.host)
    if address is None:
        return
    setting = _FORWARDING[6 if ":" in address else 4]
    if host.report.forwarding.get(setting) != "1":
        yield Problem(
            host.name,
            f"{setting} of {host.name} is not 1: kubeadm refuses to join by an endpoint of that family; set it in "
            "/etc/sysctl.d.",
        )


def ports_in_use(desired: Desired, host: Host, cluster: Cluster, like: Endpoint) -> list[int]:
    """Ports that a joining host needs and something uses, in their order."""
    wanted = {KUBELET_PORT}
    if host.name in desired.control_planes:
        wanted |= {host.future_api_server(like).port, *_CONTROL_PLANE_PORTS}
        wanted |= set() if cluster.uses_external_etcd else set(ETCD_PORTS)
    return sorted({item.port for item in host.report.listening} & wanted)


def _free_bytes(host: Host) -> t.Iterator[Problem]:
    if host.report.free_bytes < FREE_BYTES_NEEDED:
        yield Problem(host.name, f"{host.name} has less than 1 GiB free in /var: make room before it joins.")


def name_and_address(desired: Desired, host: Host, like: Endpoint) -> t.Iterator[Problem]:
    """A name that no Node can have, and a control plane without an address for its API server.

    Args:
        desired: what the inventory describes.
        host: one that is to be a node.
        like: an API server, like which others advertise.
    """
    if canonical_dns_name(host.node_name) != host.node_name or "_" in host.node_name:
        yield Problem(
            host.name,
            f"{host.node_name!r} cannot be the name of the node of {host.name}: a node's name has lower-case letters, "
            "digits, '-' and '.'; set kubeadm_ha_node_name for the host.",
        )
    if host.name not in desired.control_planes:
        return
    address = host.future_api_server(like).host
    if host.wanted_advertise_address and not host.has_address(address):
        yield Problem(
            host.name,
            f"kubeadm_ha_advertise_address of {host.name} is {host.wanted_advertise_address}, which is none of its "
            f"addresses ({', '.join(host.report.addresses)}): correct it.",
        )
    elif not address:
        yield Problem(
            host.name,
            f"{host.name} has no {'IPv6' if ':' in like.host else 'IPv4'} address with a default route, as the API "
            f"server {like} has: set kubeadm_ha_advertise_address for the host.",
        )


def _ports(desired: Desired, host: Host, cluster: Cluster, like: Endpoint) -> t.Iterator[Problem]:
    for port in ports_in_use(desired, host, cluster, like):
        if host.name not in desired.load_balancers or port != desired.endpoint.port:
            yield Problem(host.name, f"Port {port} is already in use on {host.name}: free it before the host joins.")


__all__ = ("FREE_BYTES_NEEDED", "forwarding", "name_and_address", "ports_in_use", "problems")
