# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The audit as data: the JSON document, of which everything else is made."""

from __future__ import annotations

import datetime as dt
import typing as t

from ..base.certificate import rfc3339
from ..base.finding import Severity
from . import kinds

if t.TYPE_CHECKING:
    from .audit import Audit
    from .audit_finding import AuditFinding
    from .shown_plan import ShownPlan
    from .survival import Part

#: Raised when a key gets another meaning or goes away; new keys do not raise it.
SCHEMA = 1


def document(audit: Audit, *, created: float, plan: ShownPlan | None = None) -> dict[str, t.Any]:
    """The document.

    Args:
        audit: the audit.
        created: when, in seconds since the epoch.
        plan: the plan of ``kubeadm.ha.site``; ``None`` without one.
    """
    return {
        "schema": SCHEMA,
        "created": rfc3339(dt.datetime.fromtimestamp(created, dt.timezone.utc)),
        "endpoint": audit.endpoint or None,
        "version": audit.version or None,
        "verdict": audit.verdict.value,
        "sentence": audit.sentence,
        "counts": {severity.value: audit.count(severity) for severity in reversed(Severity)},
        "parts": [_part(part) for part in audit.parts],
        "findings": [_finding(item) for item in audit.findings],
        "topology": {
            "boxes": [
                {
                    "name": box.name,
                    "row": box.row,
                    "lines": list(box.lines),
                    "verdict": box.verdict or None,
                    "count": box.count,
                }
                for box in audit.topology.boxes
            ],
            "connections": [
                {"source": item.source, "target": item.target, "kind": item.kind, "by": item.by}
                for item in audit.topology.connections
            ],
        },
        "plan": plan.as_dict() if plan is not None else None,
        "checked": list(kinds.KINDS),
    }


def _part(part: Part) -> dict[str, t.Any]:
    return {
        "name": part.name,
        "roles": list(part.roles),
        "verdict": part.verdict.value,
        "reasons": list(part.reasons),
        "kinds": list(part.kinds),
    }


def _finding(item: AuditFinding) -> dict[str, t.Any]:
    return {
        "id": item.kind.id,
        "severity": item.kind.severity.value,
        "title": item.kind.title,
        "object": item.object,
        "summary": item.summary,
        "evidence": list(item.evidence),
        "why": item.kind.why,
        "remedy": item.remedy,
        "link": kinds.link(item.kind),
        "lost_with": list(item.lost_with),
    }


__all__ = ("SCHEMA", "document")
