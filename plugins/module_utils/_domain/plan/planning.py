# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From collected reports to the plan of a run."""

from __future__ import annotations

import dataclasses
import typing as t

from ..base.address import Endpoint
from ..base.problem import Note, Problem
from ..cluster.cluster import Cluster
from ..component import anonymous_access
from ..etcd.report import EtcdReport
from ..host import carried_files
from ..host.host import Host
from ..host.report import HostReport
from ..kubeconfig.kubelet_kubeconfig import KUBELET_KUBECONFIG
from ..load_balancer.decision import BalancerDecision
from ..load_balancer.haproxy_files import OTHER
from . import failed_inspections, half_joined, inputs, single_points
from .build import NAMES, HostPlan, entries_of, host_plans, problems_of
from .checks import (
    container_runtime,
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
from .desired import Desired, parse_inputs
from .kubeconfig_edits import KUBELET, kubeconfig_edits
from .notes import find_notes
from .serving_control_plane import ADMIN_KUBECONFIG, find_serving_control_plane
from .situation import Balancer, Situation, api_servers, is_closed
from .steps.certify import etcd_sans

if t.TYPE_CHECKING:
    from ..._ports.x509 import X509
    from ..._ports.yaml import Yaml
    from .entry import Entry


@dataclasses.dataclass(frozen=True)
class Plan:
    """The plan of a run.

    Attributes:
        entries: every change in the order of the run.
        problems: every reason to stop before the first of them.
        notes: what the operator should know and the run does not change.
        serving_control_plane: inventory name of a control plane that serves the API, ``None`` when none was found.
        facts: what later plays need, see the documentation of ``kubeadm.ha.cluster_plan``.
        is_complete: ``False`` when only the inputs were read.
        left: what a killed run has left and only an accepted plan revokes, with its end.
        hosts: what the run does on each host; none without a change, and none while there is a reason to stop.
        single_points: what still dies with one host after the run; ``None`` when that is not known.
    """

    entries: tuple[Entry, ...] = ()
    problems: tuple[Problem, ...] = ()
    notes: tuple[Note, ...] = ()
    serving_control_plane: str | None = None
    facts: t.Mapping[str, t.Any] = dataclasses.field(default_factory=dict)
    is_complete: bool = True
    left: tuple[str, ...] = ()
    hosts: tuple[HostPlan, ...] = ()
    single_points: tuple[single_points.SinglePoint, ...] | None = None

    @property
    def steps(self) -> dict[str, list[str]]:
        """The steps of each host that has any, in their order."""
        found: dict[str, list[str]] = {}
        for step in NAMES:
            for entry in self.entries:
                if entry.step == step and step not in found.setdefault(entry.host, []):
                    found[entry.host].append(step)
        return found

    def as_dict(self) -> dict[str, t.Any]:
        """JSON-compatible."""
        return {
            "entries": [entry.as_dict() for entry in self.entries],
            "problems": [dataclasses.asdict(problem) for problem in self.problems],
            "notes": [dataclasses.asdict(note) for note in self.notes],
            "single_points": [dataclasses.asdict(point) for point in self.single_points or ()],
            "steps": self.steps,
            "hosts": [host.as_dict() for host in self.hosts],
            "serving": self.serving_control_plane,
            **self.facts,
        }


def build_plan(arguments: t.Mapping[str, t.Any], *, yaml: Yaml, x509: X509) -> Plan:
    """The plan for the arguments of ``kubeadm.ha.cluster_plan``. Without ``hosts`` only the inputs are checked."""
    arguments, mistyped = inputs.parse_options(arguments)
    desired, unreadable = parse_inputs(arguments)
    asked = inputs.merged((*mistyped, *unreadable), arguments.get("input_problems") or ())
    failed = (arguments.get("failures") or {}).get("hosts") or {}
    if desired is None or asked or not (arguments["hosts"] or failed):
        return Plan(problems=asked, is_complete=False)
    everything = parse_hosts(arguments["hosts"], yaml=yaml, x509=x509)
    found: list[Problem] = list(_not_inspected(desired, everything, failed))
    found += machine_identity.problems((*desired.nodes, *desired.load_balancers), everything)
    desired, hosts = machine_identity.without_aliases(desired, everything)
    cluster = Cluster.from_report(arguments["cluster"], yaml=yaml) if arguments["cluster"] else None
    serving_control_plane = find_serving_control_plane(hosts, desired.control_planes)
    etcd = EtcdReport.if_reported(arguments["etcd"])
    resets = _resets(desired, hosts, cluster, serving_control_plane, etcd)
    if cluster is not None:
        hosts, cluster, etcd = half_joined.after(resets, hosts, cluster, etcd)
    found += find_problems(desired, hosts, cluster, etcd)
    failures = dict(arguments.get("failures") or {})
    not_asked = failures.pop("kubeadm", None) or {}
    found += _failed_inspections(failures, serving_control_plane)
    inspected = {name: BalancerDecision.from_dict(name, item) for name, item in arguments["balancers"].items()}
    found += [problem for inspection in inspected.values() for problem in inspection.problems]
    if serving_control_plane is None or cluster is None or not cluster.configuration:
        if cluster is not None:
            found += node_health.problems(desired.nodes, hosts, cluster, mended=())
        return Plan(problems=tuple(found))
    situation = Situation(
        desired=desired,
        hosts=hosts,
        cluster=cluster,
        serving_control_plane=serving_control_plane,
        balancers={name: _balancer(hosts[name], inspection) for name, inspection in inspected.items() if name in hosts},
        backup_directory=arguments["backup_directory"],
        files=half_joined.files_after(
            resets, {name: carried_files.by_path(facts) for name, facts in (arguments.get("files") or {}).items()}
        ),
        etcd=etcd,
        resets=resets,
        attempts=arguments.get("reachability") or {},
        kubeadm=arguments.get("kubeadm") or {},
        kubeadm_failures=not_asked,
    )
    situation = dataclasses.replace(situation, endpoint_views=endpoint_checks.views_of(situation, x509))
    entries = tuple(entries_of(situation))
    found += problems_of(situation, entries)
    return Plan(
        entries=entries,
        problems=tuple(found),
        notes=(*endpoint_checks.find_notes(situation), *proxies.find_notes(situation), *find_notes(situation)),
        single_points=single_points.find(situation),
        serving_control_plane=serving_control_plane.name,
        hosts=() if found else tuple(host_plans(situation, entries)),
        left=tuple(join_secrets.ends(cluster.report, serving_control_plane.name)),
        facts={
            **_facts(situation, entries),
            "endpoint_unproved": endpoint_checks.unproved(situation),
            "worker_batches": list(desired.worker_batches),
        },
    )


def _failed_inspections(failures: t.Mapping[str, t.Any], serving_control_plane: Host | None) -> t.Iterator[Problem]:
    """Inspections that failed; that the API refuses an expired admin.conf is reported by the expiry."""
    is_explained = serving_control_plane is not None and expiry.has_expired(serving_control_plane, ADMIN_KUBECONFIG)
    explained = ("cluster",) if is_explained else ()
    yield from failed_inspections.problems(
        failures,
        explained=explained,
        serving_control_plane=serving_control_plane.name if serving_control_plane else None,
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


def parse_hosts(reports: t.Mapping[str, t.Any], *, yaml: Yaml, x509: X509) -> dict[str, Host]:
    """Hosts by inventory name from the reports of ``kubernetes_host_info``."""
    found = {name: HostReport.from_dict(name, report) for name, report in reports.items()}
    return {name: Host.from_report(name, report, yaml=yaml, x509=x509) for name, report in found.items()}


def control_plane_facts(
    reports: t.Mapping[str, t.Any], control_planes: t.Sequence[str], *, yaml: Yaml, x509: X509
) -> dict[str, t.Any]:
    """Which host serves the API, its address and CA, and all API servers, before there is a plan.

    Values are ``None`` or empty when no host serves.
    """
    hosts = parse_hosts(reports, yaml=yaml, x509=x509)
    serving_control_plane = find_serving_control_plane(hosts, control_planes)
    server = serving_control_plane.api_server if serving_control_plane is not None else None
    servers = api_servers([name for name in control_planes if name in hosts], hosts, server or Endpoint(""))
    return {
        "serving": serving_control_plane.name if serving_control_plane is not None else None,
        "server": str(server) if server is not None else None,
        "ca_certificate": serving_control_plane.ca_pem if serving_control_plane is not None else "",
        "control_planes": servers,
        "api_servers": [str(Endpoint(item["address"], item["port"])) for item in servers if item["address"]],
        "refuses_anonymous": is_closed(anonymous_access.READYZ, hosts),
        "can_ask_etcd": serving_control_plane is not None and _can_ask_etcd(serving_control_plane),
        "joining": [host.name for host in hosts.values() if not host.is_member],
        "files": _files_to_inspect(serving_control_plane, [hosts[name] for name in control_planes if name in hosts]),
    }


def before_joins(arguments: t.Mapping[str, t.Any], *, yaml: Yaml, x509: X509) -> dict[str, t.Any]:
    """What is inspected before hosts join: ``targets``, ``requests`` and ``config_maps`` of ``kubeadm.ha.cluster_plan``."""
    groups = reachability.Groups(arguments["control_planes"], arguments["workers"], arguments["load_balancers"])
    known = (arguments["hosts"], arguments["cluster"], groups)
    requests = kubeadm_requests(
        *known, Endpoint.parse(str(arguments["endpoint"])), str(arguments["patches_dir"]), yaml=yaml, x509=x509
    )
    return {"targets": reachability_targets(*known, arguments["etcd"], yaml=yaml, x509=x509), **requests}


def reachability_targets(
    reports: t.Mapping[str, t.Any],
    cluster: t.Mapping[str, t.Any],
    groups: reachability.Groups,
    etcd: t.Mapping[str, t.Any] | None = None,
    *,
    yaml: Yaml,
    x509: X509,
) -> dict[str, list[dict[str, t.Any]]]:
    """The addresses and ports that each host must reach before control planes join; empty when none is to join."""
    hosts = parse_hosts(reports, yaml=yaml, x509=x509)
    serving_control_plane = find_serving_control_plane(hosts, groups.control_planes)
    if serving_control_plane is None:
        return {}
    known = Cluster.from_report(cluster, yaml=yaml)
    peers = etcd_urls.peer_endpoints(hosts, known, serving_control_plane, EtcdReport.if_reported(etcd))
    return reachability.by_source(reachability.connections(groups, hosts, known, serving_control_plane, peers))


def kubeadm_requests(
    reports: t.Mapping[str, t.Any],
    cluster: t.Mapping[str, t.Any],
    groups: reachability.Groups,
    endpoint: Endpoint,
    patches_dir: str,
    *,
    yaml: Yaml,
    x509: X509,
) -> dict[str, t.Any]:
    """What the kubeadm of each joining host is asked before the plan, and the ConfigMaps for it."""
    hosts = parse_hosts(reports, yaml=yaml, x509=x509)
    serving_control_plane = find_serving_control_plane(hosts, groups.control_planes)
    known = Cluster.from_report(cluster, yaml=yaml)
    found = (
        kubeadm_objections.requests(groups, hosts, known, serving_control_plane, patches_dir=patches_dir)
        if serving_control_plane is not None and known.configuration
        else {}
    )
    return {"requests": found, "config_maps": kubeadm_objections.config_maps(known, endpoint) if found else []}


def _files_to_inspect(
    serving_control_plane: Host | None, control_planes: t.Iterable[Host]
) -> dict[str, list[dict[str, t.Any]]]:
    """The files that a host needs before it is a control plane, by its inventory name."""
    wanted = control_plane_parity.files_of(serving_control_plane) if serving_control_plane is not None else ()
    # One that does not serve may be half joined, and joins again.
    joining_names = (host.name for host in control_planes if not host.is_serving)
    return {name: [fact.as_dict() for fact in wanted] for name in joining_names} if wanted else {}


def _balancer(host: Host, inspection: BalancerDecision) -> Balancer:
    service = host.report.services.get("haproxy")
    return Balancer(
        is_installed=service is not None,
        is_configured=not inspection.differs,
        is_running=service is not None and service.active == "active" and service.enabled == "enabled",
        replaces_foreign=inspection.owner == OTHER,
        needs_cryptography=inspection.renews_certificate,
        changes=inspection.changes,
    )


def _can_ask_etcd(host: Host) -> bool:
    """Not while etcd's key and certificate do not belong together, which the plan repairs, nor without TLS: it stops then."""
    access = host.etcd_access
    is_interrupted = any(name.startswith("etcd-") for name in host.interrupted_certificates)
    return not is_interrupted and (access is None or access.is_secured)


def _not_inspected(desired: Desired, hosts: t.Mapping[str, Host], failed: t.Container[str] = ()) -> t.Iterator[Problem]:
    for name in dict.fromkeys((*desired.nodes, *desired.load_balancers)):
        if name not in hosts and name not in failed:
            yield Problem(name, f"{name} could not be inspected: run without --limit, and mend its connection.")


def _facts(situation: Situation, entries: t.Sequence[Entry]) -> dict[str, t.Any]:
    restarted = {entry.host for entry in entries if entry.change.object == KUBELET}
    repointed = {entry.host for entry in entries if entry.change.object == f"kubeconfig {KUBELET_KUBECONFIG}"}
    server = situation.server
    future = {name: host.future_api_server(server) for name, host in situation.hosts.items()}
    return {
        "server": str(server),
        "ca_certificate": situation.serving_control_plane.ca_pem,
        "pki_dir": situation.serving_control_plane.pki_dir,
        "control_planes": situation.api_servers,
        "refuses_anonymous": situation.refuses_anonymous,
        "hides_cluster_info": situation.hides_cluster_info,
        "sans": sorted(san.value for san in situation.sans),
        "etcd_sans": {
            host.name: list(etcd_sans(situation, host)) for host in situation.joined(situation.desired.control_planes)
        },
        "interrupted_certificates": {
            name: list(host.interrupted_certificates) for name, host in situation.hosts.items()
        },
        "stale_members": [item.member.id for item in situation.stale_members],
        "resets": {reset.host.name: reset.as_dict() for reset in situation.resets},
        "unmarked": list(situation.unmarked),
        "node_names": {name: host.node_name for name, host in situation.hosts.items()},
        "cri_sockets": _cri_sockets(situation),
        "addresses": {name: server.host for name, server in future.items()},
        "ports": {name: server.port for name, server in future.items()},
        "servers": _servers(situation),
        "carried_files": [fact.path for fact in control_plane_parity.files_of(situation.serving_control_plane)],
        "joined": [host.name for host in situation.joined(situation.desired.nodes)],
        "restart_kubelet": sorted(restarted - repointed),
        **situation.adoption.as_options(),
    }


def _cri_sockets(situation: Situation) -> dict[str, str]:
    return {
        host.name: container_runtime.socket_of(host, situation.cri_sockets)
        for host in situation.joining(situation.desired.nodes)
    }


def _servers(situation: Situation) -> dict[str, list[dict[str, str]]]:
    """The kubeconfig entries of each host that must name another server, with it."""
    edits = {
        name: [edit.as_dict() for edit in kubeconfig_edits(situation, host)] for name, host in situation.hosts.items()
    }
    return {name: found for name, found in edits.items() if found}


__all__ = ("Plan", "build_plan", "control_plane_facts", "kubeadm_requests", "parse_hosts", "reachability_targets")
