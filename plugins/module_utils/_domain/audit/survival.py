# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is lost with each part of a cluster, by the findings that name it and by counting what is left."""

from __future__ import annotations

import dataclasses
import enum
import typing as t

from ..base.finding import Severity
from ..etcd.etcd import EtcdCluster
from . import kinds

if t.TYPE_CHECKING:
    from .audit_finding import AuditFinding
    from .audit_input import AuditInput

#: Of a part.
CONTROL_PLANE, WORKER, LOAD_BALANCER, ETCD_MEMBER, ENDPOINT, OTHER = (
    *("control plane", "worker", "load balancer", "etcd member", "endpoint", "host"),
)


class Verdict(enum.Enum):
    """What becomes of the cluster when a part is lost, the worst first."""

    #: The control plane, or what it keeps alive, stops.
    LOST = "lost"
    #: Nobody can say from what was seen.
    UNKNOWN = "unknown"
    #: The control plane goes on, and something stops until a person mends it.
    FELT = "felt"
    #: Everything goes on.
    SURVIVES = "survives"


@dataclasses.dataclass(frozen=True)
class Part:
    """Something that can be lost.

    Attributes:
        name: inventory name of a host, address of a member of etcd on none of them, or the endpoint.
        roles: what it is.
        verdict: what becomes of the cluster without it.
        reasons: why, a sentence each.
        kinds: ids of the findings that say so.
    """

    name: str
    roles: tuple[str, ...]
    verdict: Verdict
    reasons: tuple[str, ...]
    kinds: tuple[str, ...] = ()


def parts(audit: AuditInput, findings: t.Sequence[AuditFinding]) -> tuple[Part, ...]:
    """Every part, hosts in the order of their groups, control planes first."""
    roles = _roles(audit)
    made = [_part(audit, findings, name, roles[name]) for name in roles]
    made += [
        Part(item.object, (ENDPOINT,), Verdict.UNKNOWN, (item.summary,), (item.kind.id,))
        for item in findings
        if item.kind is kinds.UNSEEN_BALANCER
    ]
    return tuple(made)


def _roles(audit: AuditInput) -> dict[str, tuple[str, ...]]:
    """What each part is, by its name."""
    groups = audit.groups
    names = (*audit.control_planes, *groups.control_planes, *groups.load_balancers, *audit.hosts, *groups.workers)
    members = _members(audit)
    found: dict[str, tuple[str, ...]] = {}
    for name in dict.fromkeys((*names, *audit.unseen, *sorted(members))):
        given = [
            (name in audit.control_planes or name in groups.control_planes, CONTROL_PLANE),
            (name in groups.load_balancers, LOAD_BALANCER),
            (name in groups.workers, WORKER),
            (name in members and name not in audit.control_planes, ETCD_MEMBER),
        ]
        found[name] = tuple(role for is_one, role in given if is_one) or (OTHER,)
    return found


def _members(audit: AuditInput) -> set[str]:
    """Who has a member of etcd: as its members say, and where nobody could ask them, by the services of the hosts."""
    if audit.etcd is not None:
        return {audit.place_of(member) for member in audit.etcd.members}
    return {name for name, report in audit.services.items() if report.member is not None}


def _part(audit: AuditInput, findings: t.Sequence[AuditFinding], name: str, roles: tuple[str, ...]) -> Part:
    felt = [item for item in findings if name in item.lost_with and item.kind.severity is not Severity.INFO]
    ids = tuple(dict.fromkeys(item.kind.id for item in felt))
    critical = [item for item in felt if item.kind.severity is Severity.CRITICAL]
    if critical:
        others = [item for item in felt if item not in critical]
        return Part(name, roles, Verdict.LOST, _sentences((*critical, *others)), ids)
    blind = _blind(audit, name, roles)
    if blind:
        return Part(name, roles, Verdict.UNKNOWN, (*blind, *_sentences(felt)), ids)
    if felt:
        return Part(name, roles, Verdict.FELT, _sentences(felt), ids)
    return Part(name, roles, Verdict.SURVIVES, tuple(_left(audit, name, roles)))


def _sentences(findings: t.Iterable[AuditFinding]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(item.summary for item in findings))


def _blind(audit: AuditInput, name: str, roles: t.Sequence[str]) -> tuple[str, ...]:
    """What would have to be known to say that the loss of a part is survived."""
    if name in audit.unseen:
        return (f"{name} could not be inspected.",)
    found = []
    if audit.cluster is None:
        found.append("The API could not be asked.")
    if CONTROL_PLANE in roles and name not in audit.control_planes:
        found.append(f"{name} runs no API server yet.")
    if (CONTROL_PLANE in roles or ETCD_MEMBER in roles) and audit.etcd is None:
        found.append("etcd could not be asked.")
    host = audit.hosts.get(name)
    if host is not None and host.report.user_id != 0:
        found.append(f"{name} was inspected without the rights of root.")
    return tuple(found)


def _left(audit: AuditInput, name: str, roles: t.Sequence[str]) -> t.Iterator[str]:
    """What goes on without a part."""
    if name in audit.control_planes:
        serving = [other for other, item in audit.control_planes.items() if item.is_serving and other != name]
        yield f"{_counted(len(serving), 'API server', 'goes on', 'go on')} ({', '.join(serving)})."
    if audit.etcd is not None:
        state = EtcdCluster(audit.etcd.members, audit.etcd.alarms)
        voters = [member for member in state.voters if member.is_healthy]
        carried = [member for member in voters if audit.place_of(member) == name]
        if carried:
            left = len(voters) - len(carried)
            yield f"{left} of {state.quorum.voters} members of etcd are left, {state.quorum.needed} are needed."
    if LOAD_BALANCER in roles:
        takers = audit.takers(audit.resolved(audit.endpoint) if audit.endpoint is not None else ())
        others = [
            other
            for other in audit.hosts
            if other != name and (other in audit.groups.load_balancers or other in takers)
        ]
        if others:
            yield f"{', '.join(others)} {'leads' if len(others) == 1 else 'lead'} to the API servers instead."
    if not set(roles) - {WORKER, OTHER}:
        yield "Nothing of the control plane runs there; its pods are placed elsewhere after five minutes."


def _counted(count: int, what: str, one: str, many: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'} {one if count == 1 else many}"


__all__ = (
    "CONTROL_PLANE",
    "ENDPOINT",
    "ETCD_MEMBER",
    "LOAD_BALANCER",
    "OTHER",
    "WORKER",
    "Part",
    "Verdict",
    "parts",
)
