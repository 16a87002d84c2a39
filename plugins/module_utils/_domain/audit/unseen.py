# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Findings about what the audit did not see, so that nobody takes it for healthy."""

from __future__ import annotations

import typing as t

from ..cluster.consumer_inspection import MOST_FOUND
from . import kinds
from .audit_finding import found

if t.TYPE_CHECKING:
    from .audit_finding import AuditFinding
    from .audit_input import AuditInput


def find(audit: AuditInput) -> t.Iterator[AuditFinding]:
    """Every finding about what was not seen."""
    for name, reason in audit.unseen.items():
        yield found(
            kinds.UNSEEN_HOST,
            name,
            f"{name} could not be inspected.",
            reason or "the task returned nothing",
            remedy=f"ansible -m ping {name}; a host that is gone for good belongs out of the inventory.",
        )
    for name, host in audit.hosts.items():
        if host.report.user_id == 0:
            continue
        facts = host.report.audit
        yield found(
            kinds.UNSEEN_PRIVILEGE,
            name,
            f"{name} was inspected as a user without the rights of root.",
            f"user id {host.report.user_id}",
            *(f"not readable: {path}" for path in (facts.unreadable if facts is not None else ())),
            remedy="Let the user of Ansible become root (sudo), or give --become-password-file; nothing is changed by it.",
        )
    if audit.cluster is None:
        yield found(
            kinds.UNSEEN_CLUSTER,
            "cluster",
            "No API server could be asked.",
            audit.cluster_failure or "no host with an API server and an administrator's kubeconfig was found",
            remedy="Put the control planes into kube_control_plane; on one of them kubectl get nodes must work.",
        )
    if audit.etcd is None and audit.control_planes:
        yield found(
            kinds.UNSEEN_ETCD,
            "etcd",
            "etcd could not be asked.",
            audit.etcd_failure or "no control plane was found from which to ask it",
            remedy="etcdctl member list on a control plane, with the certificates that its API server has for etcd.",
        )
    yield from _cluster(audit)


def _cluster(audit: AuditInput) -> t.Iterator[AuditFinding]:
    if audit.cluster is None:
        return
    report = audit.cluster.report
    consumers = report.consumers
    reasons = list(report.audit.failures) if report.audit is not None else []
    if not consumers.is_complete:
        if consumers.failure:
            reasons.append(consumers.failure)
        elif len(consumers.found) >= MOST_FOUND:
            reasons.append(
                f"more than {MOST_FOUND} objects name an API server; the others are found when these are mended"
            )
        else:
            reasons.append(f"{consumers.objects or 0} objects were searched before the time was over")
    if reasons:
        yield found(
            kinds.UNSEEN_CONSUMERS,
            "cluster",
            "A part of the cluster's objects was not searched.",
            *reasons,
            remedy="Run the audit again when the API server has less to do, as an administrator of the cluster.",
        )


__all__ = ("find",)
