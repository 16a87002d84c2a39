# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who connects to whom: what the drawing shows and the JSON document holds."""

from __future__ import annotations

import collections
import dataclasses
import typing as t

from ..base.address import canonical_ip, endpoint_or_none
from ..component import leader_election
from .audit_input import KUBE_PROXY, KUBELET
from .survival import ENDPOINT, ETCD_MEMBER

if t.TYPE_CHECKING:
    from .audit_input import AuditInput
    from .survival import Part

#: Kinds of connections: to the endpoint, from it to what has its address, from there to API servers, past it to one of them.
TO_ENDPOINT, TO_BALANCER, TO_API_SERVER, PAST = "to endpoint", "to balancer", "to API server", "past the endpoint"
WORKERS = "workers"
_MEMBER = "member of etcd"


@dataclasses.dataclass(frozen=True)
class Box:
    """A host, or several workers that connect alike.

    Attributes:
        name: inventory name, ``workers`` for several.
        row: ``clients``, ``endpoint``, ``balancers``, ``control planes`` or ``etcd``.
        lines: what runs there.
        verdict: of the part, in its word; empty for several.
        count: how many hosts it stands for.
    """

    name: str
    row: str
    lines: tuple[str, ...]
    verdict: str = ""
    count: int = 1


@dataclasses.dataclass(frozen=True)
class Connection:
    """A connection between two boxes, by their names.

    Attributes:
        source: who connects.
        target: to whom.
        kind: one of the kinds above.
        by: who or what names the target.
    """

    source: str
    target: str
    kind: str
    by: str


@dataclasses.dataclass(frozen=True)
class Topology:
    """What the drawing shows."""

    boxes: tuple[Box, ...]
    connections: tuple[Connection, ...]


def of(audit: AuditInput, parts: t.Sequence[Part]) -> Topology:
    """The topology of a cluster."""
    verdicts = {part.name: part.verdict.value for part in parts}
    endpoint = audit.endpoint
    balancers = _balancers(audit)
    boxes, connections = _workers(audit, verdicts)
    if endpoint is not None:
        boxes.append(Box(str(endpoint), "endpoint", ("control plane endpoint",), _endpoint_verdict(parts)))
        connections += [Connection(str(endpoint), name, TO_BALANCER, "address") for name in balancers]
    for name in balancers:
        if name not in audit.control_planes:
            boxes.append(Box(name, "balancers", tuple(_services(audit, name)), verdicts.get(name, "")))
            connections += [
                Connection(name, other, TO_API_SERVER, "load balancer")
                for other, item in audit.control_planes.items()
                if item.is_serving
            ]
    for name in audit.control_planes:
        boxes.append(Box(name, "control planes", tuple(_control_plane(audit, name)), verdicts.get(name, "")))
        if endpoint is not None and not balancers:
            connections.append(Connection(str(endpoint), name, TO_API_SERVER, "not seen"))
        connections += _past(audit, name)
    for part in parts:
        if ETCD_MEMBER in part.roles:
            # A worker or a load balancer may have one, too.
            number = next((number for number, box in enumerate(boxes) if box.name == part.name), None)
            if number is None:
                boxes.append(Box(part.name, "etcd", (_MEMBER,), part.verdict.value))
            else:
                boxes[number] = dataclasses.replace(boxes[number], lines=(*boxes[number].lines, _MEMBER))
    unique = {(item.source, item.target, item.kind): item for item in connections if item.source != item.target}
    return Topology(tuple(boxes), tuple(unique.values()))


def _endpoint_verdict(parts: t.Sequence[Part]) -> str:
    return next((part.verdict.value for part in parts if ENDPOINT in part.roles), "")


def _balancers(audit: AuditInput) -> tuple[str, ...]:
    """Hosts that have, or may take over, the endpoint's address, and those of the group."""
    endpoint = audit.endpoint
    addresses = audit.resolved(endpoint) if endpoint is not None else ()
    holders = [name for address in addresses for name in audit.owners.get(canonical_ip(address) or "", ())]
    named = [name for name in audit.groups.load_balancers if name in audit.hosts]
    return tuple(dict.fromkeys((*holders, *named, *audit.takers(addresses))))


def _services(audit: AuditInput, name: str) -> t.Iterator[str]:
    host = audit.hosts[name]
    endpoint = audit.endpoint
    for service in ("haproxy", "nginx", "nginx-kubernetes-apiserver", "gdnsd", "keepalived"):
        if host.is_active(service):
            yield service
    if endpoint is not None and any(host.has_address(address) for address in audit.resolved(endpoint)):
        yield "has the address"


def _control_plane(audit: AuditInput, name: str) -> t.Iterator[str]:
    item = audit.control_planes[name]
    yield f"API server {'serves' if item.is_serving else 'does not serve'}"
    for member in audit.etcd.members if audit.etcd is not None else ():
        if audit.place_of(member) == name:
            state = "learner" if member.is_learner else "member"
            yield f"etcd {state}, {'healthy' if member.is_healthy else 'not healthy'}"
    facts = audit.cluster.report.audit if audit.cluster is not None else None
    for leader in facts.leaders if facts is not None else ():
        if leader.is_held and leader_election.host_of(leader.holder) in (
            item.host.node_name,
            item.host.report.hostname,
        ):
            yield f"leads {leader.component.replace('kube-', '')}"
    if name in _balancers(audit):
        yield from _services(audit, name)


def _workers(audit: AuditInput, verdicts: t.Mapping[str, str]) -> tuple[list[Box], list[Connection]]:
    """Hosts with a kubelet and no API server, one box for those that connect alike."""
    alike: dict[str, list[str]] = collections.defaultdict(list)
    for client in audit.clients:
        if client.component == KUBELET and client.host not in audit.control_planes:
            alike[_target(audit, client.server, client.host)].append(client.host)
    boxes: list[Box] = []
    connections: list[Connection] = []
    for target, names in sorted(alike.items()):
        label = names[0] if len(names) == 1 else f"{len(names)} {WORKERS}"
        # Two groups of the same size are two boxes.
        label = label if label not in [box.name for box in boxes] else f"{label} ({names[0]} ...)"
        verdict = verdicts.get(names[0], "") if len(names) == 1 else ""
        boxes.append(Box(label, "clients", (_shown(names),), verdict, len(names)))
        is_past = target in audit.control_planes
        if target:
            connections.append(Connection(label, target, PAST if is_past else TO_ENDPOINT, "kubelet"))
    return boxes, connections


def _shown(names: t.Sequence[str]) -> str:
    return (
        "kubelet" if len(names) == 1 else ", ".join(names[:3]) + (f", {len(names) - 3} more" if len(names) > 3 else "")
    )


def _target(audit: AuditInput, server: str, host: str) -> str:
    """Where a kubelet connects to: the endpoint, or a host; empty for a load balancer of its own."""
    bound = audit.api_server_at(server, seen_from=host)
    if bound is not None:
        return bound
    endpoint = endpoint_or_none(server)
    return str(endpoint) if endpoint is not None and endpoint == audit.endpoint else ""


def _past(audit: AuditInput, name: str) -> t.Iterator[Connection]:
    """Control planes whose components connect to another one."""
    for client in audit.clients:
        owner = audit.api_server_at(client.server, seen_from=client.host)
        if client.host == name and owner is not None and owner != name:
            yield Connection(
                name, owner, PAST, client.component if client.component in (KUBELET, KUBE_PROXY) else client.path
            )


__all__ = ("PAST", "TO_API_SERVER", "TO_BALANCER", "TO_ENDPOINT", "Box", "Connection", "Topology", "of")
