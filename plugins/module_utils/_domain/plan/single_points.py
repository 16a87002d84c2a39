# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What still dies with one host when everything is as desired.

The promise of a highly available control plane is an empty list; anything else is said, at the end of each plan and run.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ..base.address import canonical_ip
from ..base.addresses_in_text import addresses_in
from ..base.etcd_url import EtcdUrl
from ..cluster import deployment_spread
from ..component import control_plane_health
from ..host.address_owners import owner_of, owners_of
from .checks import host_bound_addresses

if t.TYPE_CHECKING:
    from ..host.host import Host
    from .situation import Situation

#: What holds a virtual IP address, by the name of its static pod.
_VIP_PODS = ("kube-vip", "keepalived")


@dataclasses.dataclass(frozen=True)
class SinglePoint:
    """Something that is lost with one host.

    Attributes:
        host: the host (inventory name, or what is known of one outside the inventory).
        message: what is lost, in one sentence.
    """

    host: str
    message: str


def find(situation: Situation) -> tuple[SinglePoint, ...]:
    """Everything that would be lost with one host after the run."""
    return (
        *_control_plane(situation),
        *_not_running(situation),
        *_endpoint(situation),
        *_etcd(situation),
        *_cluster_dns(situation),
        *_dependencies(situation),
        *_pinned(situation),
    )


def lines(points: t.Sequence[SinglePoint]) -> list[str]:
    """The list as text."""
    if not points:
        return ["Nothing of the control plane dies with one host."]
    return ["What still dies with one host:", *(f"- {point.host}: {point.message}" for point in points)]


def _control_plane(situation: Situation) -> t.Iterator[SinglePoint]:
    names = situation.desired.control_planes
    if len(names) == 1:
        yield SinglePoint(names[0], "it is the only control plane.")


def _not_running(situation: Situation) -> t.Iterator[SinglePoint]:
    """What should stand in for another one and does not."""
    health = situation.cluster.report.health
    if health is None:
        return
    servers = ((host, host.api_server) for host in situation.joined(situation.desired.control_planes))
    control_planes = [
        {"name": host.node_name, "address": server.host} for host, server in servers if server is not None
    ]
    for text in control_plane_health.problems(health, control_planes, now=situation.serving_control_plane.report.clock):
        yield SinglePoint("control plane", f"{text}.")


def _endpoint(situation: Situation) -> t.Iterator[SinglePoint]:
    desired, hosts = situation.desired, situation.hosts
    if (desired.has_own_balancers or desired.has_own_dns) and len(desired.load_balancers) == 1:
        what = "server that answers the endpoint's name" if desired.has_own_dns else "load balancer"
        yield SinglePoint(desired.load_balancers[0], f"it is the only {what}, {desired.endpoint} goes away with it.")
        return
    holder = owner_of(canonical_ip(desired.endpoint.host) or "", owners_of(hosts))
    if holder is None:
        return
    takers = [
        name
        for name, host in hosts.items()
        if host.is_active("keepalived") or any(pod.startswith(_VIP_PODS) for pod in host.manifests)
    ]
    if not set(takers) - {holder}:
        yield SinglePoint(
            holder,
            f"it has the address of {desired.endpoint}, and no other host runs keepalived or kube-vip to take it over.",
        )
    elif not desired.vip and _is_main_address(hosts[holder], desired.endpoint.host):
        # What others hold is another address, such as that of an endpoint before.
        yield SinglePoint(
            holder, f"it has the address of {desired.endpoint}, which is its main one: nobody takes it over."
        )


def _is_main_address(host: Host, text: str) -> bool:
    """Whether it is the address with which a host connects to others: virtual ones are further ones."""
    address = canonical_ip(text)
    return address is not None and address == canonical_ip(host.default_address(is_ipv6=":" in address))


def _etcd(situation: Situation) -> t.Iterator[SinglePoint]:
    """Hosts without which too few voters are left."""
    if not situation.cluster.uses_external_etcd:
        names = situation.desired.control_planes
        if len(names) == 2:
            yield SinglePoint(" or ".join(names), "etcd has two members and stops when either is lost.")
        return
    places = [place for place in map(_place, _external_members(situation)) if place]
    needed = len(places) // 2 + 1
    for place in dict.fromkeys(places):
        if len(places) - places.count(place) < needed:
            count = f"{places.count(place)} of {len(places)} members of" if len(places) > 1 else "the only member of"
            yield SinglePoint(_named(place, situation), f"it carries {count} external etcd, which stops without it.")


def _external_members(situation: Situation) -> t.Iterator[str]:
    """One client URL of each voter: etcd's own record, else what the ClusterConfiguration names."""
    known = situation.etcd.members if situation.etcd is not None else ()
    members = [item for item in known if not item.is_learner]
    if members:
        yield from (next(iter(item.client_urls or item.peer_urls), "") for item in members)
        return
    yield from map(str, situation.cluster.configuration["etcd"]["external"].get("endpoints") or ())


def _place(url: str) -> str:
    """The address or name in a URL."""
    found = EtcdUrl.parse(url)
    return "" if found is None else found.host


def _named(place: str, situation: Situation) -> str:
    return owner_of(place, owners_of(situation.hosts)) or place


def _cluster_dns(situation: Situation) -> t.Iterator[SinglePoint]:
    found = situation.cluster.report.cluster_dns
    nodes = deployment_spread.ready_by_node(found.pods)
    if found.deployment is None or len(nodes) != 1 or deployment_spread.decide(found, situation.nodes) is not None:
        return
    yield SinglePoint(min(nodes), f"it has all ready pods of {found.deployment.object}.")


def _dependencies(situation: Situation) -> t.Iterator[SinglePoint]:
    for item in host_bound_addresses.dependencies(situation.desired, situation.hosts, situation.cluster):
        yield SinglePoint(item.host, f"{item.message}.")


def _pinned(situation: Situation) -> t.Iterator[SinglePoint]:
    """Workloads that name one API server's address, by host."""
    owners = owners_of(situation.hosts)
    found: dict[str, list[str]] = {}
    for item in situation.cluster.report.consumers.found:
        names = {owner_of(address, owners) for text in item.endpoints for address in addresses_in(text)} - {None}
        for name in sorted(str(name) for name in names):
            found.setdefault(name, []).append(item.object)
    for name, objects in found.items():
        shown = objects if len(objects) <= 4 else [*objects[:3], f"{len(objects) - 3} more (see the notes)"]
        verb = "names" if len(objects) == 1 else "name"
        yield SinglePoint(name, f"{', '.join(shown)} {verb} its address, not the endpoint.")


__all__ = ("SinglePoint", "find", "lines")
