# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From collected reports to the plan of a control plane of systemd services."""

from __future__ import annotations

import collections
import dataclasses
import typing as t

from ...base.address import Endpoint, canonical_ip
from ...base.problem import Problem
from ...binary import etcd_endpoints, needs
from ...component import anonymous_access
from ...host.address_owners import owner_of, owners_of
from .. import failed_inspections, name_servers
from ..build import AGAIN, host_plans
from ..checks import endpoint_checks, machine_identity
from ..desired_inputs import parse_inputs
from ..plan import Plan
from ..single_points import SinglePoint
from ..situation import Balancer
from . import build, checks, etcd, removal
from .scaling import (
    Scaling,
    find_authority,
    find_authority_keys,
    find_certificates,
    find_client_certificates,
    find_served,
    find_signing,
    parse_kubeconfigs,
)
from .steps import certify, controllers, virtual_ip

if t.TYPE_CHECKING:
    from ...._ports.x509 import X509
    from ...._ports.yaml import Yaml
    from ...base.file_fact import FileFact
    from ...binary.report import ServicesReport
    from ...host.host import Host
    from ..desired import Desired
    from ..entry import Entry
    from ..request import PlanRequest

_ENOUGH_MEMBERS = 3
#: What is empty of the facts where the inputs cannot be read.
_NOTHING = (
    *(
        "first_control_plane",
        "name_servers",
        "nodes",
        "virtual_ips",
        "control_planes",
        "api_servers",
        "joining",
        "files",
    ),
    *("targets", "ca_certificate", "creation"),
)


def facts(
    request: PlanRequest, hosts: t.Mapping[str, Host], source: str, *, yaml: Yaml, x509: X509
) -> dict[str, object]:
    """What is inspected next, as the phase ``serving`` of ``kubeadm.ha.cluster_plan`` returns it for a cluster of kubeadm.

    Args:
        request: what the plan will be built from.
        hosts: its hosts, parsed.
        source: inventory name of the master that there is.
        yaml: reads kubeconfigs.
        x509: reads certificates.
    """
    desired, _problems = parse_inputs(request.inputs)
    if desired is None:
        return {**dict.fromkeys(_NOTHING, ()), "serving": None, "signer": None, "services": source, "controllers": {}}
    scaling = _scaling(desired, request, hosts, source, {}, yaml=yaml, x509=x509)
    wanted = [item.fact.as_dict() for item in needs.find(request.services[source])]
    return {
        "creation": "",
        "signer": source,
        "first_control_plane": {},
        "name_servers": [dataclasses.asdict(item) for item in name_servers.name_servers(desired, hosts)],
        "nodes": {},
        "virtual_ips": {
            name: dataclasses.asdict(virtual_ip.record_on(scaling, name))
            for name in desired.virtual_ip_hosts
            if name in hosts
        },
        "serving": None,
        "server": str(scaling.server),
        "ca_certificate": scaling.authority.pem,
        "control_planes": [dataclasses.asdict(item) for item in scaling.api_servers],
        "api_servers": [str(Endpoint(item.address, item.port)) for item in scaling.api_servers if item.address],
        "refuses_anonymous": scaling.refuses_anonymous,
        "can_ask_etcd": False,
        "joining": [],
        "files": {name: wanted for name in scaling.targets if _differs(scaling, name)},
        "services": source,
        "controllers": controllers.records(scaling),
        "targets": etcd.targets(scaling),
    }


def build_plan(
    desired: Desired,
    request: PlanRequest,
    everything: t.Mapping[str, Host],
    source: str,
    balancers: t.Mapping[str, Balancer],
    found: t.Iterable[Problem],
    *,
    yaml: Yaml,
    x509: X509,
    with_endpoint: bool,
) -> Plan:
    """The plan.

    Args:
        desired: what the inventory describes.
        request: what the plan is built from.
        everything: its hosts, parsed.
        source: inventory name of the master that there is.
        balancers: the load balancer hosts.
        found: reasons to stop that are known already.
        yaml: reads kubeconfigs.
        x509: reads certificates.
        with_endpoint: whether the endpoint is judged, too.
    """
    problems = [*found, *machine_identity.problems((*desired.nodes, *desired.load_balancers), everything)]
    problems += failed_inspections.problems(request.failures, serving_control_plane=None, explains_cluster=True)
    desired, hosts = machine_identity.without_aliases(desired, everything)
    if source not in hosts:
        return Plan(problems=tuple(problems))
    if source not in request.services:
        problems.append(Problem(source, f"The services of {source} could not be inspected: run again with -vvv."))
        return Plan(problems=tuple(problems))
    scaling = _scaling(desired, request, hosts, source, balancers, yaml=yaml, x509=x509)
    reasons = tuple(checks.problems(scaling, with_endpoint=with_endpoint))
    entries: list[Entry] = []
    if not reasons:
        entries = build.entries_of(scaling)
        reasons = tuple(problem for step in build.STEPS for problem in step.problems(scaling, entries))
    every = (*problems, *reasons)
    return Plan(
        entries=tuple(entries),
        problems=every,
        notes=tuple(etcd.find_notes(scaling)),
        single_points=tuple(_single_points(scaling)),
        serving_control_plane=source,
        server=scaling.server,
        ca_certificate=scaling.authority.pem,
        control_planes=scaling.api_servers,
        hosts=() if every else tuple(host_plans(build.STEPS, scaling, entries, common=_common(entries))),
    )


def removals(
    desired: Desired,
    request: PlanRequest,
    hosts: t.Mapping[str, Host],
    sources: t.Mapping[str, str | None],
    *,
    yaml: Yaml,
    x509: X509,
) -> dict[str, object]:
    """What the role binary_control_plane is given to go back, by inventory name.

    Args:
        desired: what the inventory describes.
        request: what was found.
        hosts: its hosts, parsed.
        sources: for each host another master that serves, if there is one.
        yaml: reads kubeconfigs.
        x509: reads certificates.
    """
    found: dict[str, object] = {}
    for name, other in sources.items():
        scaling = _scaling(desired, request, hosts, other or name, {}, yaml=yaml, x509=x509)
        found[name] = dataclasses.asdict(removal.record(scaling, name, other))
    return found


def _common(entries: t.Sequence[Entry]) -> tuple[str, ...]:
    """Hosts are inspected again once a certificate has changed that others get, too."""
    return (AGAIN,) if any(entry.step == certify.NAME for entry in entries) else ()


def _scaling(
    desired: Desired,
    request: PlanRequest,
    hosts: t.Mapping[str, Host],
    source: str,
    balancers: t.Mapping[str, Balancer],
    *,
    yaml: Yaml,
    x509: X509,
) -> Scaling:
    services: t.Mapping[str, ServicesReport] = request.services
    authority = find_authority(services[source], x509)
    served = find_served(services, x509)
    kubeconfigs = parse_kubeconfigs(hosts, services, yaml)
    known = frozenset(item.fingerprint_sha256 for item in served.values())
    views = endpoint_checks.judged_views(desired, hosts, x509, ca_pem=authority.pem, known=known)
    return Scaling(
        desired=desired,
        hosts=hosts,
        services=services,
        source=source,
        authority=authority,
        signing=find_signing(services[source], authority, x509),
        served=served,
        kubeconfigs=kubeconfigs,
        balancers=balancers,
        files={name: request.files.get(name) or _reported(services.get(name)) for name in hosts},
        decisions=request.decisions,
        authority_keys=find_authority_keys(services, x509),
        certificates=find_certificates(services[source], x509),
        client_certificates=find_client_certificates(kubeconfigs.get(source, {}), x509),
        attempts=request.attempts,
        endpoint_views=views,
        refuses_anonymous=_refuses_anonymous(services[source], yaml),
    )


def _reported(report: ServicesReport | None) -> dict[str, FileFact]:
    """What the services of a host name there, by path."""
    return {} if report is None else {fact.path: fact for fact in report.facts}


def _differs(scaling: Scaling, name: str) -> bool:
    """Whether files of a host that shall be a master are still to be inspected: what its services name there is not all as it shall be."""
    found = scaling.extensions[name]
    return bool(found.files or found.programs or found.problems)


def _refuses_anonymous(report: ServicesReport, yaml: Yaml) -> bool:
    """Whether the API server does not answer ``GET /readyz`` without a certificate, or may not: then one does no harm."""
    service = report.services.get("kube-apiserver")
    flags = service.flags if service is not None else {}
    return not anonymous_access.is_open(anonymous_access.READYZ, flags, None, yaml)


def _single_points(scaling: Scaling) -> t.Iterator[SinglePoint]:
    """What is lost with one host after the run, as far as the hosts' own arguments say."""
    desired = scaling.desired
    if len(desired.control_planes) == 1:
        yield SinglePoint(desired.control_planes[0], "it is the only control plane.")
    if desired.has_own_balancers and len(desired.load_balancers) == 1:
        yield SinglePoint(
            desired.load_balancers[0], f"it is the only load balancer, {desired.endpoint} goes away with it."
        )
    service = scaling.services[scaling.source].services.get("kube-apiserver")
    yield from _members(scaling, etcd_endpoints.endpoints(service.arguments) if service is not None else ())


def _members(scaling: Scaling, members: t.Sequence[Endpoint]) -> t.Iterator[SinglePoint]:
    """Hosts without whose members etcd has no quorum, and etcd itself where it is not known which hosts these are."""
    owners = owners_of(scaling.hosts)
    places = collections.Counter(owner_of(canonical_ip(item.host) or "", owners) for item in members)
    needed = len(members) // 2 + 1
    for name, count in places.items():
        if name is not None and len(members) - count < needed:
            yield SinglePoint(
                name,
                f"it has {count} of the {len(members)} members of etcd that the API servers know; {needed} are needed.",
            )
    if places[None] and len(members) < _ENOUGH_MEMBERS:
        servers = ", ".join(str(item) for item in members)
        yield SinglePoint(
            "etcd", f"the API servers know {len(members)} of its members ({servers}), and it bears no loss."
        )


__all__ = ("build_plan", "facts", "removals")
