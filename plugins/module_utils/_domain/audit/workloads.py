# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Findings about Deployments of kube-system: DNS and whatever else the cluster cannot do without."""

from __future__ import annotations

import typing as t

from ..cluster import deployment_spread
from . import kinds
from .audit_finding import found

if t.TYPE_CHECKING:
    from ..cluster.deployment_spread import Placement
    from .audit_finding import AuditFinding
    from .audit_input import AuditInput


def find(audit: AuditInput) -> t.Iterator[AuditFinding]:
    """Every finding about workloads of the cluster itself."""
    if audit.cluster is None:
        return
    report = audit.cluster.report
    dns = report.cluster_dns
    yield from _dns(audit, dns)
    known = dns.deployment.object if dns.deployment is not None else ""
    for item in report.audit.deployments if report.audit is not None else ():
        if item.deployment is not None and item.deployment.object != known:
            yield from _other(audit, item)


def _dns(audit: AuditInput, dns: Placement) -> t.Iterator[AuditFinding]:
    if dns.deployment is None or not dns.deployment.replicas:
        return
    ready = deployment_spread.ready_by_node(dns.pods)
    if not ready:
        yield found(
            kinds.WORKLOAD_DNS_DOWN,
            dns.deployment.object,
            f"None of {dns.deployment.replicas} pods of {dns.deployment.object} is ready.",
            *_pods(dns),
            remedy="kubectl -n kube-system describe deployment coredns, and kubectl -n kube-system logs deployment/coredns.",
        )
    elif len(ready) == 1 and len(audit.cluster.nodes if audit.cluster is not None else ()) > 1:
        node = min(ready)
        one = dns.deployment.replicas < 2
        yield found(
            kinds.WORKLOAD_DNS_ONE_NODE,
            dns.deployment.object,
            f"All ready pods of {dns.deployment.object} are on {node}.",
            *_pods(dns),
            remedy="Scale it to two replicas (kubectl -n kube-system scale deployment coredns --replicas=2)."
            if one
            else "Run kubeadm.ha.site (step spread), or kubectl -n kube-system rollout restart deployment coredns.",
            lost_with=[audit.host_of_node.get(node, node)],
        )


def _other(audit: AuditInput, item: Placement) -> t.Iterator[AuditFinding]:
    deployment = item.deployment
    if deployment is None or not deployment.replicas:
        return
    ready = deployment_spread.ready_by_node(item.pods)
    nodes = [audit.host_of_node.get(node, node) for node in ready]
    if not ready:
        kind, summary = kinds.WORKLOAD_DOWN, f"None of {deployment.replicas} pods of {deployment.object} is ready."
        remedy = f"kubectl -n {deployment.namespace} describe deployment {deployment.name} says why."
    elif deployment.replicas == 1:
        kind, summary = kinds.WORKLOAD_ONE_REPLICA, f"{deployment.object} has one replica, on {min(ready)}."
        remedy = "Give it two replicas, if it elects a leader or serves several at a time."
    elif len(ready) == 1:
        kind, summary = kinds.WORKLOAD_ONE_NODE, f"All ready pods of {deployment.object} are on {min(ready)}."
        remedy = f"kubectl -n {deployment.namespace} rollout restart deployment {deployment.name}; a topology spread constraint keeps them apart."
    else:
        return
    yield found(kind, deployment.object, summary, *_pods(item), remedy=remedy, lost_with=nodes)


def _pods(item: Placement) -> t.Iterator[str]:
    if not item.pods:
        yield "it has no pod"
    for pod in item.pods:
        yield f"{pod.name} on {pod.node or 'no node'}: {'ready' if pod.is_ready else 'not ready'}"


__all__ = ("find",)
