# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Findings about control planes: who serves, who leads, and in what they differ."""

from __future__ import annotations

import re
import typing as t

from ..base import addresses_in_text
from ..base.address import canonical_ip
from ..base.errors import InvalidInput
from ..base.file_fact import CARRIED, FILE
from ..base.version import KubernetesVersion
from ..cluster import control_plane_node
from ..component import control_plane_health
from ..kubeadm.manifest_flags import PER_HOST
from ..plan.checks.control_plane_parity import files_of
from . import kinds
from .audit_finding import found
from .audit_input import API_SERVER, CONTROLLER_MANAGER, ETCD, SCHEDULER

if t.TYPE_CHECKING:
    from .audit_finding import AuditFinding
    from .audit_input import AuditInput, ControlPlane

_COMPONENTS = (API_SERVER, CONTROLLER_MANAGER, SCHEDULER, ETCD)
_MANIFESTS = "/etc/kubernetes/manifests"
_FALSE = ("false", "f", "0", "FALSE", "False", "F")
_NOT_SET = "not set"
_WHOLE_NAME = r"(?<![A-Za-z\d])%s(?![A-Za-z\d])"


def find(audit: AuditInput) -> t.Iterator[AuditFinding]:
    """Every finding about control planes."""
    yield from _serving(audit)
    yield from _health(audit)
    yield from _flags(audit)
    yield from _files(audit)
    yield from _versions(audit)
    yield from _leaders(audit)
    yield from _nodes(audit)


def _serving(audit: AuditInput) -> t.Iterator[AuditFinding]:
    serving = [name for name, item in audit.control_planes.items() if item.is_serving]
    for name, item in audit.control_planes.items():
        if not item.is_serving and item.host.report.user_id == 0:
            words = item.host.report.stopped_pods.get(API_SERVER)
            yield found(
                kinds.CONTROL_PLANE_NOT_SERVING,
                name,
                f"Nothing listens on port {item.api_server.port} of {name}.",
                f"listening ports: {', '.join(sorted({str(each.port) for each in item.host.report.listening})) or 'none'}",
                *([f"last line of its log: {words.text}"] if words is not None and words.text else []),
                remedy=f"Read why on {name}: crictl ps -a, crictl logs, or journalctl -u kube-apiserver.",
            )
        advertised = item.flags_of(API_SERVER).get("advertise-address", "")
        if canonical_ip(advertised) and not item.host.has_address(advertised):
            yield found(
                kinds.CONTROL_PLANE_ADVERTISES_ANOTHER,
                name,
                f"The API server of {name} advertises {advertised}, which is none of its addresses.",
                f"--advertise-address={advertised}",
                remedy=f"Write --advertise-address={item.api_server.host} into its manifest or unit on {name}.",
            )
        # Without the rights of root none can be read.
        manifests = item.host.manifests.items() if item.host.report.user_id == 0 else ()
        for component, reason in ((key, each.unreadable) for key, each in manifests if each.unreadable):
            yield found(
                kinds.CONTROL_PLANE_MANIFEST_UNREADABLE,
                name,
                f"The manifest of {component} on {name} cannot be read.",
                reason,
                remedy=f"Repair {_MANIFESTS}/{component}.yaml on {name}; compare it with another control plane's.",
            )
    if len(serving) == 1:
        yield found(
            kinds.CONTROL_PLANE_SINGLE,
            serving[0],
            f"The API server of {serving[0]} is the only one that serves.",
            *(f"{name} {'serves' if name in serving else 'does not serve'}" for name in audit.control_planes),
            remedy="Add hosts to kube_control_plane, three in all, and run kubeadm.ha.site (steps certify, balance, point and join).",
            lost_with=serving,
        )


def _health(audit: AuditInput) -> t.Iterator[AuditFinding]:
    cluster = audit.cluster
    health = cluster.report.health if cluster is not None else None
    if health is None:
        return
    own = {item.host.node_name: name for name, item in audit.control_planes.items()}
    now = max((item.host.report.clock for item in audit.control_planes.values()), default=0.0)
    planes = [{"name": item.host.node_name, "address": item.api_server.host} for item in audit.control_planes.values()]
    if health.static_pods:
        for component, node, reason in control_plane_health.unready(health, planes, now=now):
            yield found(
                kinds.CONTROL_PLANE_COMPONENT_NOT_READY,
                own.get(node, node),
                f"{component} of {node} {reason}.",
                f"pod of {component} on {node}: {reason}",
                remedy=f"kubectl -n kube-system logs {component}-{node} --previous; compare its manifest with another control plane's.",
            )
    announced = {canonical_ip(item): item for item in health.api_server_addresses}
    wanted = {canonical_ip(str(item["address"])): str(item["name"]) for item in planes}
    for address, node in wanted.items():
        if announced and address not in announced:
            yield found(
                kinds.CONTROL_PLANE_NOT_IN_SERVICE,
                own.get(node, node),
                f"The Service kubernetes does not lead to {node} ({address}).",
                f"addresses of the Service: {', '.join(health.api_server_addresses)}",
                remedy="The API server enters itself while it is ready: read its log, and its --advertise-address.",
            )
    # Control planes that were not inspected may have the others.
    missing = set(audit.groups.control_planes) - set(audit.control_planes)
    nodes = {address for node in (cluster.nodes.values() if cluster is not None else ()) for address in node.addresses}
    for address, text in announced.items():
        if address not in wanted and not missing and text not in nodes:
            yield found(
                kinds.CONTROL_PLANE_SERVICE_LEADS_NOWHERE,
                "Service default/kubernetes",
                f"The Service kubernetes leads to {text}, which is no control plane of the inventory and no node.",
                f"addresses of the Service: {', '.join(health.api_server_addresses)}",
                remedy="When that API server is gone, its lease expires by itself within seconds; else correct --advertise-address where it is set.",
            )


def _flags(audit: AuditInput) -> t.Iterator[AuditFinding]:
    planes = list(audit.control_planes.values())
    for component in _COMPONENTS:
        having = [item for item in planes if item.flags_of(component)]
        for item in having[1:]:
            lines = list(_differing(having[0], item, component))
            if lines:
                yield found(
                    kinds.CONTROL_PLANE_FLAGS_DIFFER,
                    item.name,
                    f"{component} of {item.name} runs with other flags than that of {having[0].name}.",
                    *lines,
                    remedy="Make them equal: in kubeadm-config (extraArgs) and both manifests, or in both units.",
                )


def _differing(one: ControlPlane, other: ControlPlane, component: str) -> t.Iterator[str]:
    first, second = one.flags_of(component), other.flags_of(component)
    for flag in sorted({*first, *second} - PER_HOST[component]):
        # What both say alike is alike, also where it names one of them.
        if first.get(flag) == second.get(flag):
            continue
        if _general(one, first.get(flag)) != _general(other, second.get(flag)):
            yield (f"--{flag}: {first.get(flag, _NOT_SET)} on {one.name}, {second.get(flag, _NOT_SET)} on {other.name}")


def _general(item: ControlPlane, value: str | None) -> tuple[str, ...] | None:
    """A flag's value without what is the host's own, lists in one order."""
    if value is None:
        return None
    value = addresses_in_text.without(value, item.host.report.addresses, "ADDRESS")
    for name in filter(None, (item.host.node_name, item.host.report.hostname)):
        value = re.sub(_WHOLE_NAME % re.escape(name), "NAME", value)
    return tuple(sorted(value.split(",")))


def _files(audit: AuditInput) -> t.Iterator[AuditFinding]:
    planes = list(audit.control_planes.values())
    for item in planes:
        for path in item.host.report.control_plane_files.missing:
            yield found(
                kinds.CONTROL_PLANE_FILE_MISSING,
                item.name,
                f"{path} is missing on {item.name}, whose static pods name it.",
                f"{path}: not there",
                remedy="Copy it from another control plane, or take it out of the manifests.",
            )
    if len(planes) < 2:
        return
    first = {fact.path: fact for fact in files_of(planes[0].host)}
    for item in planes[1:]:
        for fact in files_of(item.host):
            wanted = first.get(fact.path)
            if wanted is not None and wanted.use == CARRIED and fact.kind == FILE and wanted.sha256 != fact.sha256:
                yield found(
                    kinds.CONTROL_PLANE_FILES_DIFFER,
                    item.name,
                    f"{fact.path} on {item.name} differs from the one on {planes[0].name}.",
                    f"{planes[0].name}: sha256 {wanted.sha256}",
                    f"{item.name}: sha256 {fact.sha256}",
                    remedy="Make both equal, or name it in kubeadm_ha_unmanaged_files if they may differ.",
                )


def _versions(audit: AuditInput) -> t.Iterator[AuditFinding]:
    versions = dict(api_versions(audit))
    if len(set(versions.values())) < 2:
        return
    oldest, newest = min(versions.values()), max(versions.values())
    is_far = oldest.major != newest.major or newest.minor - oldest.minor > 1
    yield found(
        kinds.CONTROL_PLANE_VERSION_SKEW if is_far else kinds.CONTROL_PLANE_VERSIONS_DIFFER,
        API_SERVER,
        f"API servers are {oldest} and {newest}.",
        *(f"{name}: {version}" for name, version in versions.items()),
        remedy=f"Bring the older ones to {newest}: kubeadm upgrade node, one after the other.",
    )


def api_versions(audit: AuditInput) -> t.Iterator[tuple[str, KubernetesVersion]]:
    """Version of each API server by host, as far as its image says; of a single one what it answered."""
    known = [
        (name, item.host.api_server_version)
        for name, item in audit.control_planes.items()
        if item.host.api_server_version is not None
    ]
    yield from ((name, version) for name, version in known if version is not None)
    if not known and audit.cluster is not None:
        try:
            yield API_SERVER, KubernetesVersion.parse(audit.cluster.report.version)
        except InvalidInput:
            return


def _leaders(audit: AuditInput) -> t.Iterator[AuditFinding]:
    for name, item in audit.control_planes.items():
        for component in (CONTROLLER_MANAGER, SCHEDULER):
            value = item.flags_of(component).get("leader-elect", "true")
            if value in _FALSE and len(audit.control_planes) > 1:
                yield found(
                    kinds.CONTROL_PLANE_ELECTION_OFF,
                    name,
                    f"{component} of {name} acts without having been elected.",
                    f"--leader-elect={value}",
                    remedy=f"Give {component} --leader-elect=true on {name}.",
                )
    facts = audit.cluster.report.audit if audit.cluster is not None else None
    for leader in facts.leaders if facts is not None else ():
        if not leader.is_held:
            yield found(
                kinds.CONTROL_PLANE_NO_LEADER,
                leader.component,
                f"No instance of {leader.component} holds its Lease.",
                f"holder of the Lease kube-system/{leader.component}: {leader.holder or 'none'}, not renewed in time",
                remedy=f"Read the logs of {leader.component} on each control plane: it runs, but cannot write the Lease, or it does not run.",
            )


def _nodes(audit: AuditInput) -> t.Iterator[AuditFinding]:
    if audit.cluster is None:
        return
    for name, item in audit.control_planes.items():
        node = audit.cluster.nodes.get(item.host.node_name)
        if node is not None and not node.is_ready:
            yield found(
                kinds.CONTROL_PLANE_NODE_NOT_READY,
                name,
                f"The node {node.name} is not Ready.",
                node.ready_reason or f"Ready is {node.ready_status or 'unknown'}",
                remedy=f"journalctl -u kubelet on {name} says why.",
            )
        is_kubeadms = item.host.is_control_plane
        if is_kubeadms and control_plane_node.decide(item.host.node_name, audit.cluster.nodes) is not None:
            yield found(
                kinds.CONTROL_PLANE_UNMARKED,
                name,
                f"The Node {item.host.node_name} lacks the label or taint of a control plane.",
                f"labels: {', '.join(sorted(node.labels)) if node is not None else 'no Node'}",
                remedy="Run kubeadm.ha.site again: an interrupted join is ended (kubeadm init phase mark-control-plane).",
            )


__all__ = ("api_versions", "find")
