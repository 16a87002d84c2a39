# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the pages of an audit and of a run have in common: the document, sections, marks and values."""

from __future__ import annotations

import typing as t

from .markup import element, html
from .page_style import STYLE
from .survival import Verdict

if t.TYPE_CHECKING:
    from .markup import Child, Element

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
WORDS: t.Mapping[Verdict, str] = {
    Verdict.LOST: "Outage",
    Verdict.UNKNOWN: "Not known",
    Verdict.FELT: "Felt",
    Verdict.SURVIVES: "Survives",
}
#: Shapes, so that nobody needs to distinguish colours: cross, question mark, exclamation mark, check mark.
_SHAPES: t.Mapping[Verdict, str] = {
    Verdict.LOST: "M5 5 L15 15 M15 5 L5 15",
    Verdict.UNKNOWN: "M6.5 7.2 C6.5 2.8 13.5 2.8 13.5 7.2 C13.5 10 10 9.6 10 12.4 M10 15.6 L10 16",
    Verdict.FELT: "M10 4 L10 11 M10 15 L10 15.4",
    Verdict.SURVIVES: "M4.5 10.5 L8.5 14.5 L15.5 6",
}


def document(title: str, *, skip: str, header: Element, sections: t.Iterable[Child], footer: str) -> str:
    """A page without scripts that fetches nothing.

    Args:
        title: of the window.
        skip: where the first link of a keyboard leads, in words.
        header: what is on top.
        sections: what follows.
        footer: the last sentence.
    """
    return html(
        element(
            "html",
            element(
                "head",
                element("meta", charset="utf-8"),
                element("meta", attributes={"http-equiv": "Content-Security-Policy"}, content=_POLICY),
                element("meta", name="viewport", content="width=device-width, initial-scale=1"),
                element("meta", name="color-scheme", content="light dark"),
                element("meta", name="referrer", content="no-referrer"),
                element("title", title),
                element("style", STYLE),
            ),
            element(
                "body",
                element("a", skip, href="#main", class_="skip"),
                header,
                element("main", *sections, id="main"),
                element("footer", element("p", footer)),
            ),
            lang="en",
        )
    )


def section(name: str, heading: str, *children: Child) -> Element:
    """A section with its heading."""
    return element(
        "section", element("h2", heading, id=f"{name}-heading"), *children, id=name, aria_labelledby=f"{name}-heading"
    )


def table(heading: str, columns: t.Sequence[str], rows: t.Iterable[Child], *, style: str) -> Element:
    """A table that scrolls by itself where it is wider than the screen."""
    return element(
        "div",
        element(
            "table",
            element("caption", heading, class_="hidden"),
            element("thead", element("tr", (element("th", name, scope="col") for name in columns))),
            element("tbody", rows),
        ),
        class_=f"wide {style}",
        tabindex=0,
        role="region",
        aria_label=heading,
    )


def mark(verdict: Verdict) -> Element:
    """The shape of a verdict."""
    return element(
        "svg",
        element("circle", cx=10, cy=10, r=9),
        element("path", d=_SHAPES[verdict]),
        attributes={"viewBox": "0 0 20 20", "aria-hidden": "true", "focusable": "false"},
        class_=f"shape {verdict.value}",
    )


def badge(verdict: Verdict) -> Element:
    """A verdict in a word, with its shape."""
    return element("span", mark(verdict), WORDS[verdict], class_=f"badge {verdict.value}")


def shown(value: object) -> str:
    """A value of a plan as text."""
    if value is None:
        return "-"
    if isinstance(value, dict):
        return ", ".join(f"{key}: {shown(item)}" for key, item in value.items())
    if isinstance(value, (list, tuple)):
        return ", ".join(map(shown, value))
    return str(value)


__all__ = ("WORDS", "badge", "document", "mark", "section", "shown", "table")
