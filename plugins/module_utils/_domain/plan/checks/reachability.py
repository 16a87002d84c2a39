# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which hosts must reach each other when control planes join, and what an attempt reports.

Ports: https://kubernetes.io/docs/reference/networking/ports-and-protocols/
"""

from __future__ import annotations

import dataclasses
import ipaddress
import typing as t

from ...base.address import Endpoint, canonical_ip, endpoint_or_none
from ...base.connection_attempt import REACHED, REJECTED, SILENT
from ...base.enumeration import listed
from ...base.problem import Problem
from .membership import is_joined

if t.TYPE_CHECKING:
    from ...base.connection_attempt import ConnectionAttempt
    from ...cluster.cluster import Cluster
    from ...host.host import Host
    from ..groups import Groups

KUBELET_PORT = 10250
_CLIENT_PORT, _PEER_PORT = 2379, 2380
#: Ports of stacked etcd, with who connects to them.
ETCD_PORTS = {_CLIENT_PORT: "etcd's clients", _PEER_PORT: "etcd's members"}


@dataclasses.dataclass(frozen=True)
class Connection:
    """A connection that the cluster will need: from one host (inventory name) to another, and what it is for."""

    source: str
    target: str
    endpoint: Endpoint
    purpose: str


def connections(
    groups: Groups,
    hosts: t.Mapping[str, Host],
    cluster: Cluster,
    serving_control_plane: Host,
    peers: t.Mapping[str, t.Sequence[Endpoint]] | None = None,
) -> list[Connection]:
    """Every connection to inspect, none when no control plane is to join.

    Control planes among each other, and control planes to workers, as far as one of the two joins; those that join to external etcd; load
    balancers to every API server.

    Args:
        groups: what the hosts are or shall be.
        hosts: by inventory name.
        cluster: what the API reported.
        serving_control_plane: the serving control plane.
        peers: where etcd's record has the member of each host; a host without a member will be at its API server's address.
    """
    like = serving_control_plane.api_server
    joining = {
        name for name, host in hosts.items() if not is_joined(host, cluster, serving_control_plane.cluster_ca_hashes)
    }
    if like is None or not joining.intersection(groups.control_planes):
        return []
    api_servers = {name: hosts[name].future_api_server(like) for name in groups.control_planes if name in hosts}
    found: list[Connection] = []
    for source in api_servers:
        for target, server in api_servers.items():
            if source != target and joining & {source, target}:
                found.append(Connection(source, target, server, "API server"))
                if not cluster.uses_external_etcd:
                    recorded = (peers or {}).get(target) or [Endpoint(server.host, _PEER_PORT)]
                    etcd = [Endpoint(server.host, _CLIENT_PORT), *recorded]
                    purposes = [ETCD_PORTS[_CLIENT_PORT], *[ETCD_PORTS[_PEER_PORT]] * len(recorded)]
                    found += [Connection(source, target, *item) for item in zip(etcd, purposes)]
        if source in joining:
            found += [Connection(source, "etcd", member, ETCD_PORTS[_CLIENT_PORT]) for member in _external(cluster)]
        for target in (name for name in (*groups.control_planes, *groups.workers) if name in hosts):
            if source != target and joining & {source, target}:
                address = node_address(hosts[target], cluster, like)
                found.append(Connection(source, target, Endpoint(address, KUBELET_PORT), "kubelet"))
    for source in groups.load_balancers:
        found += [Connection(source, target, server, "API server") for target, server in api_servers.items()]
    return [
        connection
        for connection in dict.fromkeys(found)
        if connection.source in hosts
        and connection.source != connection.target
        and canonical_ip(connection.endpoint.host) is not None
    ]


def _external(cluster: Cluster) -> t.Iterator[Endpoint]:
    """Members of external etcd that API servers ask. What is no URL with an address is not tried."""
    external = (cluster.configuration.get("etcd") or {}).get("external") or {}
    found = (endpoint_or_none(str(url).partition("://")[2]) for url in external.get("endpoints") or ())
    yield from (endpoint for endpoint in found if endpoint is not None)


def by_source(wanted: t.Iterable[Connection]) -> dict[str, list[dict[str, str | int]]]:
    """The addresses and ports that each host is to connect to, as ``kubeadm.ha.reachability_info`` takes them."""
    found: dict[str, list[dict[str, str | int]]] = {}
    for connection in wanted:
        found.setdefault(connection.source, []).append(
            {"address": connection.endpoint.host, "port": connection.endpoint.port}
        )
    return found


def problems(
    wanted: t.Iterable[Connection], attempts: t.Mapping[str, t.Sequence[ConnectionAttempt]]
) -> t.Iterator[Problem]:
    """What blocks the connections: one problem for each host and the hosts that reach the same ports of it in vain.

    Args:
        wanted: the connections.
        attempts: what became of them by the host that tried. What was not tried is not reported.
    """
    seen = {(source, item.address, item.port): item for source, items in attempts.items() for item in items}
    sources: dict[tuple[str, str, int, str], list[str]] = {}
    for connection in wanted:
        result = seen.get((connection.source, connection.endpoint.host, connection.endpoint.port))
        if result is not None and result.outcome not in REACHED:
            port = f"{connection.endpoint.port} ({connection.purpose}: {_described(result)})"
            key = (connection.target, connection.endpoint.host, connection.endpoint.port, port)
            sources.setdefault(key, []).append(connection.source)
    ports: dict[tuple[str, str, tuple[str, ...]], dict[int, str]] = {}
    for (target, address, number, port), names in sources.items():
        ports.setdefault((target, address, tuple(names)), {})[number] = port
    for (target, address, group), described in ports.items():
        yield _problem(target, address, group, described)


def _problem(target: str, address: str, sources: t.Sequence[str], ports: t.Mapping[int, str]) -> Problem:
    numbers = sorted(ports)
    return Problem(
        target,
        f"{listed(sources)} cannot reach {target} ({address}) on TCP {listed([ports[number] for number in numbers])}: "
        f"open TCP {listed([str(number) for number in numbers])} on {target} for {listed(sources)}, in its firewall, in "
        "theirs for what goes out, and in the network between. Set kubeadm_ha_skip_reachability: true if only attempts like "
        "these are filtered.",
    )


def _described(result: ConnectionAttempt) -> str:
    texts = {SILENT: "no answer", REJECTED: "rejected by a firewall or a router"}
    return texts.get(result.outcome) or result.error


def node_address(host: Host, cluster: Cluster, like: Endpoint) -> str:
    """Where API servers reach the kubelet: the Node's first address, else what it will register, by flag or by route."""
    node = cluster.nodes.get(host.node_name)
    given = (
        *(node.addresses if node is not None else ()),
        *(host.report.kubelet_flags.get("node-ip") or "").split(","),
    )
    addresses = [address for address in map(canonical_ip, map(str, given)) if address is not None]
    usable = (
        address
        for address in addresses
        if (":" in address) == (":" in like.host) and not ipaddress.ip_address(address).is_unspecified
    )
    return next(usable, None) or host.default_address(is_ipv6=":" in like.host)


__all__ = (
    "ETCD_PORTS",
    "KUBELET_PORT",
    "Connection",
    "by_source",
    "connections",
    "node_address",
    "problems",
)
