# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The audit of a cluster: findings in order, and what is lost with each part."""

from __future__ import annotations

import dataclasses
import typing as t

from ..base.finding import Severity
from . import (
    access,
    backups,
    balancer_configuration,
    certificates,
    clients,
    control_planes,
    endpoint,
    etcd,
    kinds,
    kubeadm_configuration,
    nodes,
    survival,
    topology,
    unseen,
    workloads,
)
from .survival import Verdict

if t.TYPE_CHECKING:
    from .audit_finding import AuditFinding
    from .audit_input import AuditInput

#: Who finds what, a file for each subject.
FINDERS: tuple[t.Callable[[AuditInput], t.Iterator[AuditFinding]], ...] = (
    control_planes.find,
    etcd.find,
    endpoint.find,
    balancer_configuration.find,
    clients.find,
    certificates.find,
    kubeadm_configuration.find,
    workloads.find,
    nodes.find,
    access.find,
    backups.find,
    unseen.find,
)
#: Findings that are an outage now, whatever is lost next.
_OUTAGES = frozenset({kinds.ETCD_NO_QUORUM.id, kinds.ENDPOINT_NO_HOLDER.id})


@dataclasses.dataclass(frozen=True)
class Audit:
    """The result.

    Attributes:
        findings: the worst first, then by id and object.
        parts: what can be lost.
        endpoint: the shared endpoint; empty without one.
        version: of Kubernetes, as the API server says; empty when it could not be asked.
        topology: who connects to whom.
    """

    findings: tuple[AuditFinding, ...]
    parts: tuple[survival.Part, ...]
    endpoint: str
    version: str
    topology: topology.Topology

    def count(self, severity: Severity) -> int:
        """How many findings have a severity."""
        return sum(item.kind.severity is severity for item in self.findings)

    @property
    def outages(self) -> tuple[AuditFinding, ...]:
        """Findings that are an outage now."""
        return tuple(item for item in self.findings if item.kind.id in _OUTAGES)

    @property
    def verdict(self) -> Verdict:
        """The worst of all parts; an outage counts as the loss of one."""
        if self.outages:
            return Verdict.LOST
        order = list(Verdict)
        return min((part.verdict for part in self.parts), key=order.index, default=Verdict.UNKNOWN)

    @property
    def sentence(self) -> str:
        """Whether the cluster survives the loss of any one part."""
        if self.outages:
            return f"There is an outage now: {self.outages[0].summary}"
        named = {verdict: [part.name for part in self.parts if part.verdict is verdict] for verdict in Verdict}
        if named[Verdict.LOST]:
            return f"The loss of {_either(named[Verdict.LOST])} is an outage."
        if not self.parts or named[Verdict.UNKNOWN]:
            whose = f" of {_either(named[Verdict.UNKNOWN])}" if named[Verdict.UNKNOWN] else " of anything"
            return f"Nobody can say from what was seen whether the loss{whose} is survived."
        if named[Verdict.FELT]:
            return f"The control plane survives the loss of any one host; the loss of {_either(named[Verdict.FELT])} is felt."
        return "The cluster survives the loss of any one host."


def audit(collected: AuditInput) -> Audit:
    """The audit of what was collected."""
    found = [item for find in FINDERS for item in find(collected)]
    ordered = sorted(found, key=lambda item: (-item.kind.severity.rank, item.kind.id, item.object, item.summary))
    parts = survival.parts(collected, ordered)
    return Audit(
        findings=tuple(ordered),
        parts=parts,
        endpoint=str(collected.endpoint) if collected.endpoint is not None else "",
        version=collected.cluster.report.version if collected.cluster is not None else "",
        topology=topology.of(collected, parts),
    )


def _either(names: t.Sequence[str]) -> str:
    shown = list(names) if len(names) <= 4 else [*names[:3], f"{len(names) - 3} others"]
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} or {shown[-1]}"


__all__ = ("FINDERS", "Audit", "audit")
