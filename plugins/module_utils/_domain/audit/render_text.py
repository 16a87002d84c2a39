# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The audit as lines for the screen."""

from __future__ import annotations

import textwrap
import typing as t

from ..base.finding import Severity
from .markup import clean

if t.TYPE_CHECKING:
    from .audit import Audit

_WIDEST = 100
_SHOWN = {"lost": "OUTAGE", "felt": "felt", "survives": "survives", "unknown": "unknown"}


def lines(audit: Audit) -> list[str]:
    """What is lost with each part, then the findings, the worst first."""
    counts = ", ".join(f"{audit.count(severity)} {severity.value}" for severity in reversed(Severity))
    shown = [f"Audit: {audit.sentence}", f"Findings: {counts}.", "", "If this is lost:"]
    width = max((len(clean(part.name)) for part in audit.parts), default=0)
    for part in audit.parts:
        first, *more = part.reasons or ("",)
        shown.append(f"  {clean(part.name).ljust(width)}  {_SHOWN[part.verdict.value].ljust(8)}  {clean(first)}")
        shown += [f"  {' ' * width}            {clean(reason)}" for reason in more]
    for severity in reversed(Severity):
        found = [item for item in audit.findings if item.kind.severity is severity]
        if found:
            shown += ["", f"{severity.value.capitalize()}:"]
        for item in found:
            shown.append(f"  {item.kind.id}  {clean(item.object)}")
            for text in (item.summary, f"-> {item.remedy}"):
                shown += textwrap.wrap(clean(text), _WIDEST, initial_indent="      ", subsequent_indent="      ")
    return shown


__all__ = ("lines",)
