# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From collected reports to the plan of a run."""

from __future__ import annotations

import dataclasses
import typing as t

from ..base.address import Endpoint
from ..base.configuration_owner import OTHER
from ..base.malformed_report import of_another_kind
from ..base.problem import Problem
from ..cluster.cluster import Cluster
from ..component import anonymous_access
from ..host.host import Host
from . import (
    bare_hosts,
    etcd_clients,
    failed_inspections,
    further_inspections,
    half_joined,
    inputs,
    lost_nodes,
    name_servers,
    quorum_steps,
    single_points,
    virtual_ip,
)
from .binary import planning as binary_planning
from .binary import stage as binary_stage
from .build import AGAIN, STEPS, entries_of, host_plans, problems_of
from .checks import (
    control_plane_parity,
    endpoint_checks,
    etcd_urls,
    expiry,
    join_secrets,
    kubeadm_objections,
    machine_identity,
    membership,
    node_health,
    proxies,
    reachability,
)
from .checks.preflight import problems as find_problems
from .create import build as creation_build
from .create import checks as creation_checks
from .create import network_manifest
from .create import stage as creation_stage
from .create.creation import Creation, future_server
from .create.steps.init import record as init_record
from .create.steps.nodes import Nodes
from .desired import SERVICES
from .desired_inputs import parse_inputs
from .kubeconfig_edits import kubeconfig_edits
from .notes import find_notes
from .plan import Plan
from .serving_control_plane import ADMIN_KUBECONFIG, find_serving_control_plane
from .situation import Balancer, Situation, api_servers, is_closed
from .steps import nodes as nodes_step

if t.TYPE_CHECKING:
    from ..._ports.controller_files import ControllerFiles
    from ..._ports.x509 import X509
    from ..._ports.yaml import Yaml
    from ..etcd.report import EtcdReport
    from ..host.inspected_host import InspectedHost
    from ..load_balancer.decision import BalancerDecision
    from .desired import Desired
    from .entry import Entry
    from .request import Failures, PlanRequest


_UNEXPLAINED = Problem(
    "cluster",
    "The cluster could not be inspected, and nothing says why: run again with -vvv, and please report what the task that inspects the "
    "cluster returned.",
)


def build_plan(request: PlanRequest, *, yaml: Yaml, x509: X509, files: ControllerFiles) -> Plan:
    """The plan. Without hosts only the inputs are checked.

    Args:
        request: what it is built from.
        yaml: reads the cluster's objects and manifests.
        x509: reads certificates.
        files: reads what inputs name on the controller, where a cluster is created.
    """
    desired, unreadable = parse_inputs(request.inputs)
    asked = inputs.merged(unreadable, request.input_problems)
    if desired is None or asked or not (request.hosts or request.failures.hosts):
        return Plan(problems=asked, is_complete=False)
    hosts = parse_hosts(request.hosts, yaml=yaml, x509=x509)
    stage = creation_stage.find(hosts, desired.control_planes)
    source = binary_stage.find(hosts, desired.control_planes) if stage is None else None
    if source is not None:
        return _plan_of_services(desired, request, hosts, source, yaml=yaml, x509=x509)
    if stage is not None:
        manifest = tuple(network_manifest.problems(desired.cluster.network, files=files, yaml=yaml))
        return _plan_of_creation(desired, request, hosts, stage, manifest)
    situation, problems = assess(desired, request, hosts, yaml=yaml, x509=x509)
    if situation is None:
        return Plan(problems=problems)
    entries = entries_of(situation)
    found = (*problems, *problems_of(situation, entries), *_unannounced(request, entries))
    serving_control_plane = situation.serving_control_plane
    return Plan(
        entries=tuple(entries),
        problems=found,
        notes=(*endpoint_checks.find_notes(situation), *proxies.find_notes(situation), *find_notes(situation)),
        single_points=single_points.find(situation),
        quorum=quorum_steps.find(situation),
        serving_control_plane=serving_control_plane.name,
        hosts=() if found else tuple(host_plans(STEPS, situation, entries, common=(AGAIN,) if situation.bare else ())),
        left=tuple(join_secrets.ends(situation.cluster.report, serving_control_plane.name)),
        server=situation.server,
        ca_certificate=serving_control_plane.ca_pem,
        control_planes=situation.api_servers,
        endpoint_unproved=tuple(endpoint_checks.unproved(situation)),
    )


def _plan_of_services(
    desired: Desired,
    request: PlanRequest,
    hosts: t.Mapping[str, Host],
    source: str,
    *,
    yaml: Yaml,
    x509: X509,
    with_endpoint: bool = True,
) -> Plan:
    """The plan of a control plane whose components are services of systemd; a role that is used alone takes the endpoint as it is."""
    explained = [name for name, message in request.failures.hosts.items() if message]
    found = [*_not_inspected(desired, hosts, explained)]
    if desired.lost_nodes:
        found.append(
            Problem(
                lost_nodes.VARIABLE,
                f"kubeadm_ha_lost_nodes names {', '.join(desired.lost_nodes)}, but the control plane of {source} runs as services of systemd, of "
                "which nothing is taken out: leave the variable out, and take out by hand what etcd and the cluster have of the machine.",
            )
        )
    for decision in request.balancers.values():
        found += decision.problems
    balancers = {
        name: _balancer(desired, hosts[name], decision) for name, decision in request.balancers.items() if name in hosts
    }
    return binary_planning.build_plan(
        desired, request, hosts, source, balancers, found, yaml=yaml, x509=x509, with_endpoint=with_endpoint
    )


def _plan_of_creation(
    desired: Desired,
    request: PlanRequest,
    hosts: t.Mapping[str, Host],
    stage: creation_stage.Stage,
    input_problems: t.Iterable[Problem],
) -> Plan:
    """The plan of a new cluster."""
    explained = [name for name, message in request.failures.hosts.items() if message]
    found: list[Problem] = list(_not_inspected(desired, hosts, explained))
    found += machine_identity.problems((*desired.nodes, *desired.load_balancers), hosts)
    found += failed_inspections.problems(request.failures, serving_control_plane=None, explains_cluster=True)
    for decision in request.balancers.values():
        found += decision.problems
    desired, hosts = machine_identity.without_aliases(desired, hosts)
    creation = Creation(
        desired=desired,
        hosts=hosts,
        stage=stage,
        balancers={
            name: _balancer(desired, hosts[name], decision)
            for name, decision in request.balancers.items()
            if name in hosts
        },
        decisions=request.decisions,
        etcd=request.external_etcd,
    )
    found += [*input_problems, *creation_checks.problems(creation)]
    entries = creation_build.entries_of(creation)
    found += _unannounced(request, entries)
    steps, common = creation_build.STEPS, (creation_build.CREATE, AGAIN)
    return Plan(
        entries=tuple(entries),
        problems=tuple(found),
        hosts=() if found else tuple(host_plans(steps, creation, entries, common=common, others=desired.etcd_hosts)),
        server=creation.server,
        ca_certificate=creation.first.ca_pem,
        control_planes=creation.api_servers,
    )


def _unannounced(request: PlanRequest, entries: t.Iterable[Entry]) -> t.Iterator[Problem]:
    """A run changes nothing that its first plan did not announce."""
    for entry in entries:
        if request.announced and entry.id not in request.announced:
            yield Problem(
                entry.host,
                f"{entry.change.object} of {entry.host} would be changed (step {entry.step}), which the plan that this run "
                "began with did not announce: run again to see the plan as it is now.",
            )


def assess(
    desired: Desired, request: PlanRequest, everything: t.Mapping[str, Host], *, yaml: Yaml, x509: X509
) -> tuple[Situation | None, tuple[Problem, ...]]:
    """The situation, and the reasons to stop that were seen on the way to it; ``None`` when these are why there is none.

    Args:
        desired: what the inventory describes.
        request: what the plan is built from.
        everything: its hosts, parsed.
        yaml: reads the cluster's objects.
        x509: reads certificates.
    """
    explained = [name for name, message in request.failures.hosts.items() if message]
    found: list[Problem] = list(_not_inspected(desired, everything, explained))
    found += machine_identity.problems((*desired.nodes, *desired.load_balancers), everything)
    desired, hosts = machine_identity.without_aliases(desired, everything)
    cluster = Cluster.from_report(request.cluster, yaml=yaml) if request.cluster is not None else None
    serving_control_plane = find_serving_control_plane(hosts, desired.control_planes)
    etcd = request.etcd
    losses: tuple[lost_nodes.Loss, ...] = ()
    if cluster is not None and serving_control_plane is not None:
        verdicts = lost_nodes.verdicts(desired, hosts, cluster, etcd)
        found += lost_nodes.problems(verdicts)
        losses = lost_nodes.losses(verdicts)
        cluster, etcd = lost_nodes.after(losses, cluster, etcd)
    resets = _resets(desired, hosts, cluster, serving_control_plane, etcd)
    if cluster is not None:
        hosts, cluster, etcd = half_joined.after(resets, hosts, cluster, etcd)
    bare = bare_hosts.find(desired, hosts, cluster) if cluster is not None else ()
    hosts = bare_hosts.after(bare, hosts, desired.cluster.version)
    found += find_problems(desired, hosts, cluster, etcd)
    found += _failed_inspections(request.failures, serving_control_plane, desired.nodes)
    found += [problem for decision in request.balancers.values() for problem in decision.problems]
    if serving_control_plane is None or cluster is None or not cluster.configuration:
        if cluster is not None:
            found += node_health.problems(desired.nodes, hosts, cluster, mended=())
        # A plan without a situation has no entries: without a reason it would pass for one that has nothing to change.
        return None, tuple(found) or (_UNEXPLAINED,)
    situation = Situation(
        desired=desired,
        hosts=hosts,
        cluster=cluster,
        serving_control_plane=serving_control_plane,
        balancers={
            name: _balancer(desired, hosts[name], decision)
            for name, decision in request.balancers.items()
            if name in hosts
        },
        files=half_joined.files_after(resets, request.files),
        decisions=request.decisions,
        etcd=etcd,
        resets=resets,
        losses=losses,
        bare=bare,
        attempts=request.attempts,
        kubeadm=request.kubeadm,
        kubeadm_failures=request.failures.kubeadm,
    )
    situation = dataclasses.replace(
        situation,
        endpoint_views=endpoint_checks.views_of(situation, x509),
        kubeconfig_edits={name: tuple(kubeconfig_edits(situation, host)) for name, host in hosts.items()},
    )
    return situation, tuple(found)


def _failed_inspections(
    failures: Failures, serving_control_plane: Host | None, nodes: t.Collection[str]
) -> t.Iterator[Problem]:
    """Inspections that failed; that the API refuses an expired admin.conf is reported by the expiry."""
    yield from failed_inspections.problems(
        failures,
        serving_control_plane=serving_control_plane.name if serving_control_plane else None,
        explains_cluster=serving_control_plane is not None
        and expiry.has_expired(serving_control_plane, ADMIN_KUBECONFIG),
        nodes=nodes,
    )


def _resets(
    desired: Desired,
    hosts: t.Mapping[str, Host],
    cluster: Cluster | None,
    serving_control_plane: Host | None,
    etcd: EtcdReport | None,
) -> tuple[half_joined.Reset, ...]:
    """The hosts that the run resets first, because their join did not end and the operator lets it."""
    if cluster is None or serving_control_plane is None or not desired.reset_half_joined:
        return ()
    verdicts = membership.half_joined_hosts(desired, hosts, cluster, serving_control_plane, etcd)
    return tuple(verdict for verdict in verdicts.values() if isinstance(verdict, half_joined.Reset))


def parse_hosts(reports: t.Mapping[str, InspectedHost], *, yaml: Yaml, x509: X509) -> dict[str, Host]:
    """Hosts by inventory name."""
    return {name: Host.from_report(name, report, yaml=yaml, x509=x509) for name, report in reports.items()}


def control_plane_facts(request: PlanRequest, *, yaml: Yaml, x509: X509) -> dict[str, object]:
    """Which host serves the API, its address and CA, and all API servers, before there is a plan.

    Values are ``None`` or empty when no host serves. Where a cluster is to be created, they are those of its first control plane,
    which does not serve.
    """
    facts = _control_plane_facts(request, yaml=yaml, x509=x509)
    return {
        **facts,
        "further": further_inspections.kinds_by_host(request, facts),
        "etcd_clients": list(
            etcd_clients.find(
                request.groups.control_planes,
                parse_hosts(request.hosts, yaml=yaml, x509=x509),
                str(request.inputs.pod_subnet or "").split(","),
            )
        ),
    }


def _control_plane_facts(request: PlanRequest, *, yaml: Yaml, x509: X509) -> dict[str, object]:
    control_planes = request.groups.control_planes
    hosts = parse_hosts(request.hosts, yaml=yaml, x509=x509)
    stage = creation_stage.find(hosts, control_planes)
    source = binary_stage.find(hosts, control_planes) if stage is None else None
    if source is not None and source in request.services:
        return binary_planning.facts(request, hosts, source, yaml=yaml, x509=x509)
    desired, _problems = parse_inputs(request.inputs)
    serving_control_plane = None if stage is not None else find_serving_control_plane(hosts, control_planes)
    server = serving_control_plane.api_server if serving_control_plane is not None else None
    if stage is not None and desired is not None:
        server = future_server(hosts[stage.first], desired)
    servers = api_servers([name for name in control_planes if name in hosts], hosts, server or Endpoint(""))
    known = hosts[stage.first] if stage is not None else serving_control_plane
    return {
        "creation": stage.name if stage is not None else "",
        "signer": known.name if known is not None else None,
        "first_control_plane": _first_control_plane(desired, hosts, stage),
        "name_servers": [dataclasses.asdict(item) for item in name_servers.name_servers(desired, hosts)]
        if desired
        else [],
        "nodes": _nodes(desired, hosts, stage),
        "virtual_ips": _virtual_ips(desired, hosts, server, known),
        "serving": serving_control_plane.name if serving_control_plane is not None else None,
        "server": str(server) if server is not None else None,
        "ca_certificate": known.ca_pem if known is not None else "",
        "control_planes": [dataclasses.asdict(item) for item in servers],
        "api_servers": [str(Endpoint(item.address, item.port)) for item in servers if item.address],
        "refuses_anonymous": is_closed(anonymous_access.READYZ, hosts),
        "can_ask_etcd": serving_control_plane is not None and _can_ask_etcd(serving_control_plane),
        "joining": [host.name for host in hosts.values() if not host.is_member],
        "files": _files_to_inspect(serving_control_plane, [hosts[name] for name in control_planes if name in hosts]),
        "services": source or "",
        "controllers": {},
        "targets": {},
    }


def masters(request: PlanRequest, *, yaml: Yaml, x509: X509) -> dict[str, object]:
    """What each host lacks to be a master of a control plane of services, for a role that is used alone.

    Returns:
        ``records`` by inventory name, of those that lack something, and ``problems``, which are reasons to change nothing.
    """
    desired, problems = parse_inputs(request.inputs)
    hosts = parse_hosts(request.hosts, yaml=yaml, x509=x509)
    source = binary_stage.find(hosts, request.groups.control_planes)
    if desired is None or source is None:
        found = problems or (
            Problem("kube_control_plane", f"None of {', '.join(hosts)} runs kube-apiserver as a service of systemd."),
        )
        return {"records": {}, "problems": [problem.message for problem in found]}
    plan = _plan_of_services(desired, request, hosts, source, yaml=yaml, x509=x509, with_endpoint=False)
    records = {host.name: host.as_dict()["plan"] for host in plan.hosts}
    return {
        "records": {name: record["extend"] for name, record in records.items() if "extend" in record},  # type: ignore[index,operator]
        "problems": [problem.message for problem in plan.problems],
    }


def _first_control_plane(
    desired: Desired | None, hosts: t.Mapping[str, Host], stage: creation_stage.Stage | None
) -> dict[str, object]:
    """What the role control_plane_init is given on the first control plane of a new cluster."""
    if desired is None or stage is None or desired.cluster.version is None:
        return {}
    creation = Creation(desired, hosts, stage)
    return {stage.first: dataclasses.asdict(init_record(creation, creation.first))}


def _nodes(
    desired: Desired | None, hosts: t.Mapping[str, Host], stage: creation_stage.Stage | None
) -> dict[str, object]:
    """What the role node_prepare is given when it inspects a host that is to be a node of a new cluster."""
    if desired is None or stage is None:
        return {}
    creation = Creation(desired, hosts, stage)
    return {name: dataclasses.asdict(Nodes().record(creation, hosts[name])) for name in desired.nodes if name in hosts}


def _bare_nodes(request: PlanRequest, hosts: t.Mapping[str, Host], cluster: Cluster) -> dict[str, object]:
    """What it is given when it inspects a bare host that is to join the cluster."""
    desired, _problems = parse_inputs(request.inputs)
    serving_control_plane = find_serving_control_plane(hosts, request.groups.control_planes)
    like = serving_control_plane.api_server if serving_control_plane is not None else None
    if desired is None or like is None:
        return {}
    servers = api_servers(desired.control_planes, hosts, like)
    return {
        name: dataclasses.asdict(nodes_step.record(hosts[name], desired, hosts, cluster, like=like, servers=servers))
        for name in bare_hosts.find(desired, hosts, cluster)
    }


def _virtual_ips(
    desired: Desired | None, hosts: t.Mapping[str, Host], server: Endpoint | None, known: Host | None
) -> dict[str, object]:
    """What the role apiserver_keepalived is given when it inspects a host that may have the virtual IP address."""
    if desired is None or server is None or known is None:
        return {}
    return {
        name: dataclasses.asdict(
            virtual_ip.record(
                desired,
                hosts,
                api_port=hosts[name].future_api_server(server).port,
                ca_certificate=known.ca_pem,
            )
        )
        for name in desired.virtual_ip_hosts
        if name in hosts
    }


def removals(request: PlanRequest, *, yaml: Yaml, x509: X509) -> dict[str, object]:
    """What is known of each host of a control plane of services that may go back to what it was, for a role that is used alone.

    Returns:
        ``records`` by inventory name, and ``problems`` of the inputs.
    """
    desired, problems = parse_inputs(request.inputs)
    if desired is None:
        return {"records": {}, "problems": [problem.message for problem in problems]}
    hosts = parse_hosts(request.hosts, yaml=yaml, x509=x509)
    known = [name for name in hosts if name in request.services]
    sources = {
        name: binary_stage.find(
            {other: hosts[other] for other in known if other != name}, request.groups.control_planes
        )
        for name in known
    }
    return {
        "records": binary_planning.removals(desired, request, hosts, sources, yaml=yaml, x509=x509),
        "problems": [],
    }


def before_joins(request: PlanRequest, *, yaml: Yaml, x509: X509) -> dict[str, object]:
    """What is inspected before hosts join: ``targets``, ``requests``, ``config_maps`` and ``nodes`` of ``kubeadm.ha.cluster_plan``."""
    hosts, cluster = parse_hosts(request.hosts, yaml=yaml, x509=x509), _cluster(request, yaml)
    return {
        "targets": _targets(request, hosts, cluster),
        **_requests(request, hosts, cluster),
        "nodes": _bare_nodes(request, hosts, cluster),
    }


def reachability_targets(request: PlanRequest, *, yaml: Yaml, x509: X509) -> dict[str, list[dict[str, str | int]]]:
    """The addresses and ports that each host must reach before control planes join; empty when none is to join."""
    return _targets(request, parse_hosts(request.hosts, yaml=yaml, x509=x509), _cluster(request, yaml))


def kubeadm_requests(request: PlanRequest, *, yaml: Yaml, x509: X509) -> dict[str, object]:
    """What the kubeadm of each joining host is asked before the plan, and the ConfigMaps for it."""
    return _requests(request, parse_hosts(request.hosts, yaml=yaml, x509=x509), _cluster(request, yaml))


def _targets(
    request: PlanRequest, hosts: t.Mapping[str, Host], cluster: Cluster
) -> dict[str, list[dict[str, str | int]]]:
    groups = request.groups
    serving_control_plane = find_serving_control_plane(hosts, groups.control_planes)
    if serving_control_plane is None:
        return {}
    peers = etcd_urls.peer_endpoints(hosts, cluster, serving_control_plane, request.etcd)
    return reachability.by_source(reachability.connections(groups, hosts, cluster, serving_control_plane, peers))


def _requests(request: PlanRequest, hosts: t.Mapping[str, Host], cluster: Cluster) -> dict[str, object]:
    groups = request.groups
    if not request.inputs.endpoint:
        # An audit without an endpoint plans nothing.
        return {"requests": {}, "config_maps": []}
    serving_control_plane = find_serving_control_plane(hosts, groups.control_planes)
    endpoint, patches_dir = Endpoint.parse(str(request.inputs.endpoint)), str(request.inputs.patches_dir)
    found = (
        kubeadm_objections.requests(groups, hosts, cluster, serving_control_plane, patches_dir=patches_dir)
        if serving_control_plane is not None and cluster.configuration
        else {}
    )
    return {"requests": found, "config_maps": kubeadm_objections.config_maps(cluster, endpoint) if found else []}


def _cluster(request: PlanRequest, yaml: Yaml) -> Cluster:
    """The cluster, without which nobody joins.

    Raises:
        MalformedReport: when there is no report of it.
    """
    if request.cluster is None:
        raise of_another_kind("The report of the cluster", "", None, "a mapping")
    return Cluster.from_report(request.cluster, yaml=yaml)


def _files_to_inspect(
    serving_control_plane: Host | None, control_planes: t.Iterable[Host]
) -> dict[str, list[dict[str, object]]]:
    """The files that a host needs before it is a control plane, by its inventory name."""
    wanted = control_plane_parity.files_of(serving_control_plane) if serving_control_plane is not None else ()
    # One that does not serve may be half joined, and joins again.
    joining_names = (host.name for host in control_planes if not host.is_serving)
    return {name: [fact.as_dict() for fact in wanted] for name in joining_names} if wanted else {}


def _balancer(desired: Desired, host: Host, inspection: BalancerDecision) -> Balancer:
    services = [host.report.services.get(name) for name in SERVICES.get(desired.load_balancer, ())]
    return Balancer(
        is_installed=host.report.services.get("gdnsd" if desired.has_own_dns else desired.load_balancer) is not None,
        is_configured=not inspection.differs,
        is_running=all(each is not None and (each.active, each.enabled) == ("active", "enabled") for each in services),
        replaces_foreign=inspection.owner == OTHER,
        needs_cryptography=inspection.renews_certificate,
        changes=inspection.changes,
    )


def _can_ask_etcd(host: Host) -> bool:
    """Not while etcd's key and certificate do not belong together, which the plan repairs, nor without TLS: it stops then."""
    access = host.etcd_access
    is_interrupted = any(name.startswith("etcd-") for name in host.interrupted_certificates)
    return not is_interrupted and (access is None or access.is_secured)


def _not_inspected(desired: Desired, hosts: t.Mapping[str, Host], failed: t.Container[str]) -> t.Iterator[Problem]:
    return failed_inspections.of_missing((*desired.nodes, *desired.load_balancers), hosts, failed)


__all__ = (
    "Plan",
    "assess",
    "before_joins",
    "build_plan",
    "control_plane_facts",
    "kubeadm_requests",
    "masters",
    "parse_hosts",
    "reachability_targets",
    "removals",
)
