# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Elements of HTML, SVG and XML. Every text and attribute is escaped here, so nothing that comes from a cluster becomes markup."""

from __future__ import annotations

import dataclasses
import re
import typing as t

#: Characters that XML 1.0 cannot hold, and those that change the direction of the text after them.
_FORBIDDEN = re.compile(
    "[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]|[\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]"
)
_ENTITIES = (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;"), ("'", "&#39;"), ("`", "&#96;"))
#: Elements of HTML without an end.
_VOID = frozenset({"br", "hr", "link", "meta"})
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9:-]*\Z")

Child = t.Union[str, "Element", "t.Iterable[Child]"]


@dataclasses.dataclass(frozen=True)
class Element:
    """An element.

    Attributes:
        tag: its name.
        attributes: by name; ``None`` leaves one out, ``True`` writes the name alone.
        children: texts and elements.
    """

    tag: str
    attributes: t.Mapping[str, str | int | float | bool | None] = dataclasses.field(default_factory=dict)
    children: tuple[Child, ...] = ()

    def __post_init__(self) -> None:
        """Names come from the code alone: whatever else reaches them is a fault of it.

        Raises:
            ValueError: when one is none.
        """
        for name in (self.tag, *self.attributes):
            if _NAME.match(name) is None:
                raise ValueError(f"{name!r} is no name of an element or attribute")


def element(
    tag: str,
    *children: Child,
    attributes: t.Mapping[str, str | int | float | bool | None] | None = None,
    **more: str | float | bool | None,
) -> Element:
    """An element. Attributes whose name is a word of Python end with ``_``, others have ``_`` for ``-``."""
    named = {name.rstrip("_").replace("_", "-"): value for name, value in more.items()}
    return Element(tag, {**(attributes or {}), **named}, children)


def html(root: Element) -> str:
    """A document of HTML 5."""
    return f"<!DOCTYPE html>\n{''.join(_written(root, is_html=True))}\n"


def xml(root: Element) -> str:
    """A document of XML 1.0."""
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{"".join(_written(root, is_html=False))}\n'


def escaped(text: str) -> str:
    """A text as it stands in an element or a quoted attribute."""
    clean = _FORBIDDEN.sub("\ufffd", text)
    for character, entity in _ENTITIES:
        clean = clean.replace(character, entity)
    return clean


def clean(text: str) -> str:
    """A text of one line without what a terminal or a reader could be misled by."""
    return " ".join(_FORBIDDEN.sub("\ufffd", text).split())


def _written(child: Child, *, is_html: bool) -> list[str]:
    parts: list[str] = []
    _write(child, parts, is_html=is_html)
    return parts


def _write(child: Child, parts: list[str], *, is_html: bool) -> None:
    if isinstance(child, str):
        parts.append(escaped(child))
        return
    if not isinstance(child, Element):
        for item in child:
            _write(item, parts, is_html=is_html)
        return
    parts.append(f"<{child.tag}")
    for name, value in child.attributes.items():
        if value is True:
            parts.append(f" {name}" if is_html else f' {name}="{name}"')
        elif value is not None and value is not False:
            parts.append(f' {name}="{_attribute(str(value))}"')
    parts.append(">")
    if is_html and child.tag in _VOID:
        return
    if child.tag == "style":
        # It is a constant of the code; in a style element nothing is escaped.
        parts += (str(item) for item in child.children)
    else:
        for item in child.children:
            _write(item, parts, is_html=is_html)
    parts.append(f"</{child.tag}>")


def _attribute(text: str) -> str:
    return escaped(text).replace("\n", "&#10;").replace("\t", "&#9;").replace("\r", "&#13;")


__all__ = ("Child", "Element", "clean", "element", "escaped", "html", "xml")
