# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The audit as JUnit's XML: a test case for each kind of finding, so that a pipeline has the same cases every time."""

from __future__ import annotations

import typing as t

from ..base.finding import Severity
from . import kinds
from .markup import element, xml

if t.TYPE_CHECKING:
    from ..base.finding import Kind
    from .audit import Audit
    from .markup import Element

_SUITE = "kubeadm.ha.audit"


def junit(audit: Audit, *, created: str) -> str:
    """The XML. Kinds of severity info pass, whatever was found of them.

    Args:
        audit: the audit.
        created: when, as RFC 3339 has it.
    """
    cases = [_case(kind, audit) for kind in kinds.KINDS.values()]
    failed = {item.kind.id for item in audit.findings if item.kind.severity is not Severity.INFO}
    return xml(
        element(
            "testsuite",
            *cases,
            name=_SUITE,
            tests=len(cases),
            failures=len(failed),
            errors=0,
            skipped=0,
            time="0.000",
            timestamp=created,
        )
    )


def _case(kind: Kind, audit: Audit) -> Element:
    found = [item for item in audit.findings if item.kind is kind]
    text = "\n\n".join(
        "\n".join(
            (f"{item.object}: {item.summary}", *(f"  {line}" for line in item.evidence), f"  Remedy: {item.remedy}")
        )
        for item in found
    )
    children = []
    if found and kind.severity is not Severity.INFO:
        message = found[0].summary if len(found) == 1 else f"{len(found)} objects; {found[0].summary}"
        children.append(element("failure", text, message=message, type=kind.severity.value))
    elif found:
        children.append(element("system-out", text))
    return element(
        "testcase",
        *children,
        classname=f"{_SUITE}.{kinds.subject_of(kind)}",
        name=f"{kind.id}: {kind.title}",
        time="0.000",
    )


__all__ = ("junit",)
