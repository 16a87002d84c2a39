# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The audit as SARIF 2.1.0 (https://docs.oasis-open.org/sarif/sarif/v2.1.0/), which code scanning reads."""

from __future__ import annotations

import hashlib
import re
import typing as t

from ..base.finding import Severity
from . import kinds

if t.TYPE_CHECKING:
    from ..base.finding import Kind
    from .audit import Audit
    from .audit_finding import AuditFinding

_LEVELS: t.Mapping[Severity, str] = {
    Severity.CRITICAL: "error",
    Severity.WARNING: "warning",
    Severity.INFO: "note",
}
_OUTSIDE = re.compile(r"[^A-Za-z0-9._~-]+")
_REPOSITORY = "https://github.com/kubeadm-ha/kubeadm.ha"


def sarif(audit: Audit) -> dict[str, t.Any]:
    """The log, JSON-compatible."""
    names = list(kinds.KINDS)
    return {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "kubeadm.ha.audit",
                        "informationUri": _REPOSITORY,
                        "rules": [_rule(kinds.KINDS[name]) for name in names],
                    }
                },
                "columnKind": "unicodeCodePoints",
                "results": [_result(item, names.index(item.kind.id)) for item in audit.findings],
            }
        ],
    }


def _rule(kind: Kind) -> dict[str, t.Any]:
    return {
        "id": kind.id,
        "shortDescription": {"text": kind.title},
        "fullDescription": {"text": kind.why},
        "helpUri": kinds.link(kind),
        "defaultConfiguration": {"level": _LEVELS[kind.severity]},
        "properties": {"tags": [kinds.subject_of(kind)]},
    }


def _result(item: AuditFinding, index: int) -> dict[str, t.Any]:
    identity = hashlib.sha256(f"{item.kind.id}\0{item.object}\0{item.summary}".encode("utf-8", "replace")).hexdigest()
    return {
        "ruleId": item.kind.id,
        "ruleIndex": index,
        "level": _LEVELS[item.kind.severity],
        "message": {"text": f"{item.summary} {item.remedy}"},
        "locations": [
            {
                # A reader that knows files only needs one.
                "physicalLocation": {
                    "artifactLocation": {"uri": f"cluster/{_OUTSIDE.sub('-', item.object).strip('-') or 'object'}"}
                },
                "logicalLocations": [{"name": item.object, "kind": "resource"}],
            }
        ],
        "partialFingerprints": {"finding/v1": identity},
        "properties": {"evidence": list(item.evidence), "remedy": item.remedy, "lostWith": list(item.lost_with)},
    }


__all__ = ("sarif",)
