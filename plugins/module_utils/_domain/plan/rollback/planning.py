# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From collected reports to the plan of a rollback."""

from __future__ import annotations

import typing as t

from ...base.change import Change
from ...base.enumeration import listed, listed_some
from ...base.problem import Note, Problem
from ...cluster.cluster import Cluster
from .. import failed_inspections, inputs
from ..binary import stage as binary_stage
from ..build import host_plans
from ..checks import machine_identity, node_health
from ..checks.preflight import problems_at_work
from ..desired_inputs import parse_inputs
from ..plan import Plan
from ..planning import parse_hosts
from ..step import problems_of
from . import first_control_plane, removal
from .build import STEPS, entries_of
from .rollback import Drain, Rollback, parse_given
from .steps.certificate import lacking
from .steps.prove import asking

if t.TYPE_CHECKING:
    from ...._ports.x509 import X509
    from ...._ports.yaml import Yaml
    from ..entry import Entry
    from ..request import PlanRequest

_CONTROL_PLANE = "node-role.kubernetes.io/control-plane"
#: What a result of kubeadm.ha.endpoint_info has only where the address is proved.
_PROVED = "ready"


def facts(request: PlanRequest, *, yaml: Yaml, x509: X509) -> dict[str, object]:
    """What is inspected before the plan: the addresses of before, and the drain of hosts that leave.

    Returns:
        ``targets`` by inventory name, ``leaving`` with the names of Nodes by inventory name, ``staying``, ``server`` and ``ca_certificate``.
    """
    situation, _problems = _situation(request, yaml=yaml, x509=x509)
    if situation is None:
        return {"targets": {}, "leaving": {}, "staying": "", "server": "", "ca_certificate": ""}
    return {
        "targets": {} if situation.removed else {name: list(situation.targets) for name in asking(situation)},
        "leaving": {host.name: host.node_name for host in situation.leaving},
        "staying": situation.first.name,
        "server": str(situation.server),
        "ca_certificate": situation.first.ca_pem,
    }


def build_plan(request: PlanRequest, *, yaml: Yaml, x509: X509) -> Plan:
    """The plan of the way back.

    Args:
        request: what it is built from.
        yaml: reads the cluster's objects and manifests.
        x509: reads certificates.
    """
    situation, found = _situation(request, yaml=yaml, x509=x509)
    if situation is None:
        return Plan(problems=found)
    if situation.removed:
        return _removal(situation, found)
    entries = entries_of(situation)
    found = (
        *found,
        *_unexplained(situation),
        *_unproved(request),
        *problems_of(STEPS, situation, entries),
        *_nodes(situation, entries),
    )
    return Plan(
        entries=tuple(entries),
        problems=found,
        notes=tuple(_notes(situation, entries)),
        serving_control_plane=situation.first.name,
        hosts=() if found else tuple(host_plans(STEPS, situation, entries)),
        server=situation.server,
        ca_certificate=situation.first.ca_pem,
    )


def _removal(situation: Rollback, found: tuple[Problem, ...]) -> Plan:
    """The plan of a cluster that loses one node and stays as it is otherwise."""
    entries = removal.entries_of(situation)
    found = (*found, *removal.problems(situation), *problems_of(removal.STEPS, situation, entries))
    return Plan(
        entries=tuple(entries),
        problems=found,
        notes=tuple(removal.notes(situation)) if entries else (),
        serving_control_plane=situation.first.name,
        hosts=() if found else tuple(host_plans(removal.STEPS, situation, entries)),
        server=situation.server,
        ca_certificate=situation.first.ca_pem,
    )


def _situation(request: PlanRequest, *, yaml: Yaml, x509: X509) -> tuple[Rollback | None, tuple[Problem, ...]]:
    """The situation, and the reasons to stop that were seen on the way to it; ``None`` when these are why there is none."""
    desired, unreadable = parse_inputs(request.inputs)
    asked = inputs.merged(unreadable, request.input_problems)
    if desired is None or asked:
        return None, tuple(asked)
    everything = parse_hosts(request.hosts, yaml=yaml, x509=x509)
    explained = [name for name, message in request.failures.hosts.items() if message]
    found = list(failed_inspections.of_missing((*desired.nodes, *desired.load_balancers), everything, explained))
    desired, hosts = machine_identity.without_aliases(desired, everything)
    for host in hosts.values():
        found += problems_at_work(host)
    services = binary_stage.find(hosts, desired.control_planes)
    if services is not None:
        message = (
            f"The control plane of {services} runs as services of systemd. It goes back by the role kubeadm.ha.binary_control_plane, entry points remove "
            "and restore; examples/binary/go_back.yml is a playbook for it."
        )
        return None, (*found, Problem(services, message))
    removed = str(request.remove_node or "")
    if removed:
        first, objections = removal.find(desired, hosts, removed)
    else:
        first, objections = first_control_plane.find(desired.control_planes, hosts, request.previous)
    found += objections
    found += failed_inspections.problems(
        request.failures, serving_control_plane=first.name if first else None, explains_cluster=first is None
    )
    if first is None or request.cluster is None or objections:
        return None, tuple(found)
    cluster = Cluster.from_report(request.cluster, yaml=yaml)
    if not cluster.configuration:
        return None, (*found, *(Problem("cluster", text) for text in cluster.unreadable.values()))
    situation = Rollback(
        desired=desired,
        hosts=hosts,
        cluster=cluster,
        etcd=request.etcd,
        first=first,
        previous=request.previous,
        given=parse_given(request.previous_endpoint),
        drains={name: _drain(result) for name, result in request.drains.items()},
        removed=removed,
    )
    return situation, tuple(found)


def _drain(result: t.Mapping[str, t.Any]) -> Drain:
    changes = [Change(**item) for item in result.get("changes") or ()]
    if changes:
        return Drain(changes[0])
    return Drain(objection="" if "changes" in result else str(result.get("msg") or ""))


def _unproved(request: PlanRequest) -> t.Iterator[Problem]:
    """Nobody is sent to an address that was not proved."""
    for name, proof in request.proofs.items():
        for result in proof.get("results") or ():
            if _PROVED not in result:
                yield Problem(
                    name, str(result.get("msg") or f"What {name} sees of {result.get('item')} could not be asked.")
                )


def _unexplained(situation: Rollback) -> t.Iterator[Problem]:
    found = situation.unexplained
    if found:
        endpoint = situation.desired.endpoint
        yield Problem(
            "kubeadm_ha_previous_endpoint",
            f"{listed_some(found, 3)} lead to {endpoint}, and no journal on the control planes (/var/lib/kubeadm-ha/journal.jsonl) says what they "
            "named before: an older version of this collection has written none. Set kubeadm_ha_previous_endpoint to the address and port that "
            f"everybody used before, for example {situation.server}.",
        )


def _nodes(situation: Rollback, entries: t.Sequence[Entry]) -> t.Iterator[Problem]:
    """Nodes that do not work, and such as no host of the inventory is."""
    if not entries:
        return
    staying = [host.name for host in situation.staying]
    mended = {entry.host for entry in entries if entry.step == "point"}
    yield from node_health.problems(staying, situation.hosts, situation.cluster, mended=mended)
    own = {host.node_name for host in situation.hosts.values()}
    for name, node in situation.cluster.nodes.items():
        if name in own or name in situation.desired.unmanaged_nodes:
            continue
        kind = "control plane" if _CONTROL_PLANE in node.labels else "node"
        yield Problem(
            name,
            f"The cluster has the {kind} {name}, which no host of the inventory is, so nobody would point it back before {situation.desired.endpoint} ends: "
            "put its host into the inventory for this run.",
        )


def _notes(situation: Rollback, entries: t.Sequence[Entry]) -> t.Iterator[Note]:
    """What stays otherwise than it was, and why."""
    previous = situation.previous.get(situation.first.name)
    for found in previous.certificates if previous is not None else ():
        names = lacking(situation, found)
        if found.remark:
            yield Note(situation.first.name, found.remark)
        elif found.returns and names:
            yield Note(
                situation.first.name,
                f"The certificate {found.name} of before is not for {listed(names)}, to which everybody goes back, so the one that is there stays.",
            )
    if entries and situation.desired.unmanaged_nodes:
        yield Note(
            "kubeadm_ha_unmanaged_nodes",
            f"{listed(sorted(situation.desired.unmanaged_nodes))} are not pointed back: whatever of them leads to {situation.desired.endpoint} loses the API.",
        )
    kept = {name for name, found in situation.previous.items() if found.records}
    for name in (
        situation.desired.load_balancers
        if situation.leaving or any(e.step == "return_cluster" for e in entries)
        else ()
    ):
        if name not in kept:
            yield Note(
                name,
                f"Nothing was kept of {name} before it became a load balancer (by an older version of this collection, or not by it), so it stays as it is. "
                "The README of its role says how to take it away.",
            )


__all__ = ("build_plan", "facts")
