# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report of a run as one page of HTML, like the page of the audit: before, the plan, what happened, after, what changed."""

from __future__ import annotations

import typing as t

from ..base.finding import Severity
from .markup import element
from .page_parts import badge, document, mark, section, shown, table
from .render_run_text import seconds_text, total_text
from .run_record import Outcome, State, moment
from .survival import Verdict

if t.TYPE_CHECKING:
    from .markup import Element
    from .run_record import Document, EntryTime, RunRecord

_PLAN = ("host", "step", "object", "before", "after", "reason")
_HAPPENED = ("Host", "Step", "Object", "Began", "Ended", "Seconds")
_STEPS = ("Host", "Play", "Began", "Ended", "Seconds")
_STYLES: t.Mapping[Outcome, str] = {Outcome.DONE: "survives", Outcome.BEGUN: "felt", Outcome.NOT_DONE: "unknown"}


def page(record: RunRecord, *, playbook: str) -> str:
    """The page.

    Args:
        record: the run.
        playbook: its playbook's full name.
    """
    return document(
        f"Report of {playbook}, {moment(record.began)}",
        skip="Skip to what was found before",
        header=_header(record, playbook),
        sections=(
            _audit("before", "Before", record.before, "The cluster was not inspected before."),
            _plan(record),
            _happened(record),
            _audit("after", "After", record.after, _without_after(record)),
            _changed(record),
        ),
        footer=f"{playbook}. This page needs no network.",
    )


def sentence(record: RunRecord) -> str:
    """How the run ended, or how far it came."""
    count = len(record.entries)
    changes = f"{count} {'change' if count == 1 else 'changes'}"
    if record.state is State.NOTHING:
        return "There was nothing to be done."
    if record.state is State.CHECKED:
        return f"Check mode: {changes} would be made, none was."
    done = sum(item.outcome is Outcome.DONE for item in record.outcomes)
    if record.state is State.BEGUN:
        return f"The run has not come to its end: {done} of {changes} are done."
    return f"{done} of {changes} are done{total_text(record)}."


def _header(record: RunRecord, playbook: str) -> Element:
    last = record.after or record.before or {}
    verdict = _verdict(last)
    facts = [
        str(last.get("endpoint") or "no endpoint"),
        f"Kubernetes {last['version']}" if last.get("version") else "API not asked",
        f"{moment(record.began)} to {moment(record.ended)}" if record.ended is not None else f"{moment(record.began)}",
    ]
    return element(
        "header",
        element(
            "div",
            element("p", f"Report of {playbook}", class_="eyebrow"),
            element("h1", mark(verdict), element("span", sentence(record))),
            element("p", str(last.get("sentence") or ""), class_="facts"),
            element("p", " · ".join(facts), class_="facts"),
            class_="inner",
        ),
        class_=verdict.value,
    )


def _verdict(part: Document) -> Verdict:
    found = part.get("verdict")
    return next((item for item in Verdict if item.value == found), Verdict.UNKNOWN)


# --- before and after -----------------------------------------------------------------------------------------------------


def _audit(name: str, heading: str, audit: Document | None, without: str) -> Element:
    if audit is None:
        return section(name, heading, element("p", without))
    findings = list(audit.get("findings") or ())
    counts = ", ".join(
        f"{sum(item.get('severity') == severity.value for item in findings)} {severity.value}"
        for severity in reversed(Severity)
    )
    return section(
        name,
        heading,
        element("p", str(audit.get("sentence") or "")),
        table(
            f"What is lost with each part, {heading.lower()}",
            ("Part", "The cluster", "Why"),
            (_part(part) for part in audit.get("parts") or ()),
            style="parts",
        ),
        element("h3", f"Findings: {counts}"),
        _findings(findings),
    )


def _part(part: Document) -> Element:
    verdict = _verdict(part)
    return element(
        "tr",
        element(
            "th",
            element("span", str(part.get("name")), class_="part-name"),
            element("small", ", ".join(map(str, part.get("roles") or ()))),
            scope="row",
        ),
        element("td", badge(verdict)),
        element(
            "td", element("ul", (element("li", str(text)) for text in part.get("reasons") or ()), class_="reasons")
        ),
        class_=verdict.value,
    )


def _findings(findings: t.Sequence[Document]) -> Element:
    if not findings:
        return element("p", "None.", class_="good")
    return element(
        "ul",
        (
            element(
                "li",
                element(
                    "p",
                    element("strong", str(item.get("object"))),
                    f" {item.get('summary')} ",
                    element("code", str(item.get("id"))),
                    class_="summary",
                ),
                element("p", element("b", "Remedy"), f" {item.get('remedy')}", class_="remedy"),
            )
            for item in findings
        ),
        class_="items",
    )


def _without_after(record: RunRecord) -> str:
    if record.state is State.NOTHING:
        return "The run changed nothing, so the cluster is as it was before."
    if record.state is State.CHECKED:
        return "Check mode changes nothing, so the cluster is as it was before."
    if record.state is State.BEGUN:
        return (
            "The run has not come to its end. kubeadm.ha.audit shows the cluster as it is now; kubeadm.ha.site goes on."
        )
    return "The cluster was not inspected after the run."


# --- the plan, and what happened ------------------------------------------------------------------------------------------


def _plan(record: RunRecord) -> Element:
    if not record.entries:
        return section("plan", "The plan", element("p", "The plan had nothing to change."))
    rows = (element("tr", (element("td", shown(getattr(entry, name))) for name in _PLAN)) for entry in record.entries)
    return section("plan", "The plan", table("What the run was to change", _PLAN, rows, style="plan"))


def _happened(record: RunRecord) -> Element:
    heading = "What happened"
    if record.state in (State.NOTHING, State.CHECKED):
        return section("happened", heading, element("p", "Nothing was changed."))
    outcomes = record.outcomes
    notes = []
    if any(item.is_of_step for item in outcomes):
        notes.append("~ is the time of the whole step on that host; other times are those of the host's own journal.")
    if any(item.outcome is Outcome.BEGUN for item in outcomes):
        notes.append("What began and did not end may be done or not. The next run of the playbook determines it.")
    steps = [
        element(
            "tr",
            *(
                element("td", text)
                for text in (
                    item.host,
                    item.play,
                    _clock(item.began),
                    _clock(item.ended),
                    "" if item.seconds is None else f"{item.seconds:.1f}",
                )
            ),
        )
        for item in sorted(record.steps, key=lambda item: item.began)
    ]
    return section(
        "happened",
        heading,
        (element("p", text) for text in notes),
        table("What became of each change", _HAPPENED, (_row(item) for item in outcomes), style="plan"),
        element(
            "details",
            element("summary", "Every step on every host"),
            table("Every step on every host", _STEPS, steps, style="plan"),
        ),
    )


def _row(item: EntryTime) -> Element:
    entry = item.entry
    cells = (entry.host, entry.step, entry.object, _clock(item.began), _clock(item.ended))
    return element(
        "tr",
        (element("td", text) for text in cells),
        element("td", element("span", seconds_text(item), class_=f"badge {_STYLES[item.outcome]}")),
    )


def _clock(seconds: float | None) -> str:
    """The time of day, which is what a reader compares."""
    return "" if seconds is None else str(moment(seconds)).partition("T")[2]


# --- what changed ---------------------------------------------------------------------------------------------------------


def _changed(record: RunRecord) -> Element:
    heading = "What changed"
    if record.before is None or record.after is None:
        return section("changed", heading, element("p", "There is nothing to compare."))
    before = {str(part.get("name")): _verdict(part) for part in record.before.get("parts") or ()}
    after = {str(part.get("name")): _verdict(part) for part in record.after.get("parts") or ()}
    rows = (
        element(
            "tr",
            element("th", name, scope="row"),
            *(element("td", badge(some[name]) if name in some else "-") for some in (before, after)),
        )
        for name in dict.fromkeys((*before, *after))
    )
    return section(
        "changed",
        heading,
        table("What is lost with each part, before and after", ("Part", "Before", "After"), rows, style="parts"),
        element("h3", f"Findings that are gone: {len(record.gone)}"),
        _findings(record.gone),
        element("h3", f"Findings that are new: {len(record.new)}"),
        _findings(record.new),
    )


__all__ = ("page", "sentence")
