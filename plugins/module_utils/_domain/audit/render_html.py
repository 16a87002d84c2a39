# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The audit as one page of HTML: no script, nothing fetched, for a screen, paper, a keyboard and a screen reader."""

from __future__ import annotations

import itertools
import typing as t

from ..base.finding import Severity
from . import kinds
from .markup import element
from .page_parts import badge, document, mark, section, shown, table
from .render_drawing import drawing
from .survival import Verdict

if t.TYPE_CHECKING:
    from ..base.finding import Kind
    from .audit import Audit
    from .audit_finding import AuditFinding
    from .markup import Child, Element
    from .shown_plan import ShownPlan
    from .survival import Part

#: Objects of one kind that are shown at once; the rest is below them.
_MOST = 12
_FIRST_STEPS = 5
_MOST_REASONS = 4

_SEVERITIES: t.Mapping[Severity, str] = {
    Severity.CRITICAL: "Critical",
    Severity.WARNING: "Warnings",
    Severity.INFO: "Worth knowing",
}
_MEANINGS: t.Mapping[Severity, str] = {
    Severity.CRITICAL: "The loss of one part is an outage, or there is one.",
    Severity.WARNING: "The loss of one part is felt, or an outage is in the making.",
    Severity.INFO: "Nothing that has to be mended.",
}


def page(audit: Audit, *, created: str, plan: ShownPlan | None = None) -> str:
    """The page.

    Args:
        audit: the audit.
        created: when, for the reader.
        plan: the plan of ``kubeadm.ha.site``; ``None`` without one.
    """
    name = audit.endpoint or "a cluster without an endpoint"
    return document(
        f"Audit of {name}",
        skip="Skip to what is lost with each part",
        header=_header(audit, created=created),
        sections=(
            _parts(audit),
            _steps(audit),
            _drawing(audit),
            _findings(audit),
            _plan(plan),
            _checked(audit),
        ),
        footer="kubeadm.ha.audit. Nothing was changed. This page needs no network.",
    )


def _header(audit: Audit, *, created: str) -> Element:
    counts = [
        element(
            "a",
            element("strong", str(audit.count(severity))),
            f" {severity.value}",
            href=f"#{severity.value}" if audit.count(severity) else "#findings",
            class_=f"count {severity.value}",
        )
        for severity in reversed(Severity)
    ]
    facts = [
        audit.endpoint or "no endpoint",
        f"Kubernetes {audit.version}" if audit.version else "API not asked",
        created,
    ]
    return element(
        "header",
        element(
            "div",
            element("p", "High availability audit", class_="eyebrow"),
            element("h1", mark(audit.verdict), element("span", audit.sentence)),
            element("p", " · ".join(facts), class_="facts"),
            element("nav", counts, aria_label="Findings by severity", class_="counts"),
            class_="inner",
        ),
        class_=audit.verdict.value,
    )


# --- what is lost with each part ------------------------------------------------------------------------------------------


def _parts(audit: Audit) -> Element:
    worst = list(Verdict)
    ordered = sorted(audit.parts, key=lambda part: worst.index(part.verdict))
    by_summary = {item.summary: item.kind for item in audit.findings}
    rows = [_part(part, by_summary) for part in ordered]
    if not rows:
        rows = [element("tr", element("td", "No host was inspected.", colspan=3))]
    return section(
        "parts",
        "If this is lost",
        element(
            "div",
            element(
                "table",
                element(
                    "caption", "What becomes of the cluster when one part is lost, the worst first", class_="hidden"
                ),
                element(
                    "thead",
                    element("tr", (element("th", text, scope="col") for text in ("Part", "The cluster", "Why"))),
                ),
                element("tbody", rows),
            ),
            class_="wide parts",
            tabindex=0,
            role="region",
            aria_label="What is lost with each part",
        ),
    )


def _part(part: Part, by_summary: t.Mapping[str, Kind]) -> Element:
    items = [_reason(reason, by_summary) for reason in part.reasons]
    shown: list[Child] = list(items[:_MOST_REASONS])
    more = items[_MOST_REASONS:]
    if more:
        shown.append(
            element(
                "li", element("details", element("summary", f"{len(more)} more"), element("ul", more, class_="reasons"))
            )
        )
    return element(
        "tr",
        element(
            "th", element("span", part.name, class_="part-name"), element("small", ", ".join(part.roles)), scope="row"
        ),
        element("td", badge(part.verdict)),
        element("td", element("ul", shown, class_="reasons")),
        class_=part.verdict.value,
    )


def _reason(text: str, by_summary: t.Mapping[str, Kind]) -> Element:
    """A sentence, with a link to the finding that it is."""
    kind = by_summary.get(text)
    return element("li", element("a", text, href=f"#{_anchor(kind)}") if kind is not None else text)


# --- what to do first -----------------------------------------------------------------------------------------------------


def _groups(audit: Audit) -> list[tuple[Kind, list[AuditFinding]]]:
    """Findings of one kind together, the worst first, in the order in which they are mended."""
    grouped = [(kind, list(items)) for kind, items in itertools.groupby(audit.findings, key=lambda item: item.kind)]
    outages = {item.kind.id for item in audit.outages}
    return sorted(
        grouped,
        key=lambda pair: (
            pair[0].id not in outages,
            -pair[0].severity.rank,
            list(kinds.SUBJECTS).index(kinds.subject_of(pair[0])),
            -len({name for item in pair[1] for name in item.lost_with}),
            pair[0].id,
        ),
    )


def _steps(audit: Audit) -> Element:
    groups = [pair for pair in _groups(audit) if pair[0].severity is not Severity.INFO]
    if not groups:
        return section("first", "What to do first", element("p", "Nothing has to be mended.", class_="good"))
    shown = [
        element(
            "li",
            element("a", kind.title, href=f"#{_anchor(kind)}"),
            element("span", _objects(items), class_="objects"),
            element("p", items[0].remedy),
            class_=kind.severity.value,
        )
        for kind, items in groups[:_FIRST_STEPS]
    ]
    more = len(groups) - _FIRST_STEPS
    rest = (
        element("p", element("a", f"and {more} more {'kind' if more == 1 else 'kinds'} of findings", href="#findings"))
        if more > 0
        else ()
    )
    return section("first", "What to do first", element("ol", shown, class_="steps"), rest)


def _objects(items: t.Sequence[AuditFinding]) -> str:
    names = list(dict.fromkeys(item.object for item in items))
    return ", ".join(names) if len(names) <= 4 else f"{', '.join(names[:3])} and {len(names) - 3} more"


# --- the drawing ----------------------------------------------------------------------------------------------------------


def _drawing(audit: Audit) -> Element:
    if not audit.topology.boxes:
        return element("section")
    legend = element(
        "ul",
        element("li", element("span", class_="key shared"), "by the endpoint"),
        element("li", element("span", class_="key past"), "past the endpoint, to one API server"),
        (
            element("li", mark(verdict), text)
            for verdict, text in (
                (Verdict.LOST, "single point of failure"),
                (Verdict.FELT, "its loss is felt"),
                (Verdict.SURVIVES, "can be lost"),
                (Verdict.UNKNOWN, "not known"),
            )
        ),
        class_="legend",
    )
    return section(
        "drawing",
        "Who connects to whom",
        element(
            "div",
            drawing(audit.topology),
            class_="wide figure",
            tabindex=0,
            role="region",
            aria_label="Drawing of the cluster",
        ),
        legend,
    )


# --- the findings ---------------------------------------------------------------------------------------------------------


def _findings(audit: Audit) -> Element:
    groups = _groups(audit)
    if not groups:
        return section("findings", "Findings", element("p", "Nothing was found.", class_="good"))
    return section(
        "findings",
        "Findings",
        (
            element(
                "div",
                element("h3", _SEVERITIES[severity], id=severity.value),
                element("p", _MEANINGS[severity], class_="meaning"),
                [_kind(kind, items) for kind, items in groups if kind.severity is severity],
                class_=f"severity {severity.value}",
            )
            for severity in reversed(Severity)
            if any(kind.severity is severity for kind, _items in groups)
        ),
    )


def _kind(kind: Kind, items: t.Sequence[AuditFinding]) -> Element:
    rest = items[_MOST:]
    return element(
        "details",
        element(
            "summary",
            element("span", kind.title, class_="title"),
            element("span", _objects(items), class_="objects"),
            element("code", kind.id),
        ),
        element("p", kind.why, class_="why"),
        element("ul", (_finding(item) for item in items[:_MOST]), class_="items"),
        element(
            "details",
            element("summary", f"{len(rest)} more"),
            element("ul", (_finding(item) for item in rest), class_="items"),
        )
        if rest
        else (),
        element("p", element("a", f"About {kind.id}", href=kinds.link(kind), rel="noreferrer"), class_="more"),
        open=kind.severity is not Severity.INFO,
        id=_anchor(kind),
        class_=f"kind {kind.severity.value}",
    )


def _finding(item: AuditFinding) -> Element:
    return element(
        "li",
        element("p", element("strong", item.object), " ", item.summary, class_="summary"),
        element("ul", (element("li", element("code", text)) for text in item.evidence), class_="evidence")
        if item.evidence
        else (),
        element("p", element("b", "Remedy"), " ", item.remedy, class_="remedy"),
    )


def _anchor(kind: Kind) -> str:
    return f"kind-{kind.id.replace('.', '-')}"


# --- the plan, and what was checked ---------------------------------------------------------------------------------------


def _plan(plan: ShownPlan | None) -> Element:
    if plan is None or not (plan.entries or plan.problems):
        text = (
            "The plan of kubeadm.ha.site has nothing to change."
            if plan is not None
            else "Set kubeadm_ha_endpoint, and the audit also shows what kubeadm.ha.site would change."
        )
        return section("plan", "The plan", element("p", text))
    columns = ("host", "step", "object", "before", "after", "reason")
    changes = table(
        "What kubeadm.ha.site would change",
        columns,
        (element("tr", (element("td", shown(getattr(entry, name))) for name in columns)) for entry in plan.entries),
        style="plan",
    )
    return section(
        "plan",
        "The plan",
        element(
            "p",
            f"kubeadm.ha.site would make {len(plan.entries)} changes."
            if plan.entries
            else "kubeadm.ha.site would stop before it changes anything.",
        ),
        [
            element("h3", "Reasons to stop"),
            element("ul", (element("li", problem.message) for problem in plan.problems), class_="problems"),
        ]
        if plan.problems
        else (),
        changes if plan.entries else (),
    )


def _checked(audit: Audit) -> Element:
    found = {item.kind.id for item in audit.findings}
    return section(
        "checked",
        "What was checked",
        element(
            "details",
            element("summary", f"{len(kinds.KINDS)} kinds of faults, of which {len(found)} were found"),
            (
                element(
                    "div",
                    element("h3", heading),
                    element(
                        "ul",
                        (
                            element(
                                "li",
                                element("a", kind.title, href=f"#{_anchor(kind)}") if kind.id in found else kind.title,
                                class_="found" if kind.id in found else "clear",
                            )
                            for kind in kinds.KINDS.values()
                            if kinds.subject_of(kind) == subject
                        ),
                    ),
                    class_="subject",
                )
                for subject, heading in kinds.SUBJECTS.items()
            ),
            class_="checked",
        ),
    )


__all__ = ("page",)
