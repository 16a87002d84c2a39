# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The part of YAML that manifests are written in, read without a library.

A host that is only inspected has no YAML parser. Read are block maps and lists, plain, quoted and block scalars, and
flow collections (:mod:`flow_yaml`). Every scalar is a text. Anything else is refused, never guessed.
"""

from __future__ import annotations

import json
import re
import typing as t

from . import flow_yaml
from .errors import InvalidInput

_KEY = re.compile(r"^(?P<quote>[\"']?)(?P<key>[A-Za-z0-9_./][A-Za-z0-9_./-]*)(?P=quote):(?:\s+(?P<value>.*))?$")
_COMMENT = re.compile(r"\s+#.*$")
_BLOCK_SCALAR = re.compile(r"^[|>][+-]?\d?[+-]?\s*(?:#.*)?$")
_UNSUPPORTED = ("&", "*", "!", "%", "@", "`", "?")

_Line = t.Tuple[int, str]


def load(text: str) -> t.Any:
    """The one document of a text: maps, lists and texts; an empty value is ``None``.

    Raises:
        InvalidInput: when it is not written in the part of YAML that is read here.
    """
    if text.lstrip().startswith("{"):
        return _json(text)
    lines = _lines(text)
    if not lines:
        return None
    reader = _Reader(lines)
    document = reader.block(lines[0][0])
    if reader.rest:
        raise _refused(reader.rest[0][1])
    return document


def _lines(text: str) -> list[_Line]:
    """Indentation and content of every line that is not empty or a comment."""
    found: list[_Line] = []
    for line in text.splitlines():
        content = line.strip()
        if not content or content.startswith("#") or (content == "---" and not found):
            continue
        indent = len(line) - len(line.lstrip(" "))
        if line[indent] == "\t" or content in ("---", "..."):
            raise _refused(content)
        found.append((indent, content))
    return found


class _Reader:
    """Walks over the lines."""

    def __init__(self, lines: t.Sequence[_Line]) -> None:
        self._lines = list(lines)
        self._at = 0

    @property
    def rest(self) -> t.Sequence[_Line]:
        """What was not read."""
        return self._lines[self._at :]

    def block(self, indent: int) -> t.Any:
        """The list, map or scalar that begins here."""
        content = self._lines[self._at][1]
        if _is_item(content):
            return self._list(indent)
        if _KEY.match(content):
            return self._map(indent)
        self._at += 1
        return self._scalar(content, indent - 1)

    def _list(self, indent: int) -> list[t.Any]:
        items = []
        while self._is_at(indent) and _is_item(self._lines[self._at][1]):
            content = self._lines[self._at][1]
            value = content[1:].lstrip()
            if not value or value.startswith("#"):
                self._at += 1
                items.append(self._below(indent))
                continue
            # "- key: value" is a map whose keys stand below the first one.
            self._lines[self._at] = (indent + len(content) - len(value), value)
            if _is_item(value) or _KEY.match(value):
                items.append(self.block(self._lines[self._at][0]))
            else:
                self._at += 1
                items.append(self._scalar(value, indent))
        return items

    def _map(self, indent: int) -> dict[str, t.Any]:
        found: dict[str, t.Any] = {}
        while self._is_at(indent):
            content = self._lines[self._at][1]
            match = _KEY.match(content)
            if match is None:
                break
            self._at += 1
            value = match.group("value") or ""
            if not value or value.startswith("#"):
                found[match.group("key")] = self._below(indent, is_value=True)
            else:
                found[match.group("key")] = self._scalar(value, indent)
        return found

    def _below(self, indent: int, *, is_value: bool = False) -> t.Any:
        """The block of the next lines, if it belongs to this one. A list may stand right below its key."""
        if self._at == len(self._lines):
            return None
        below, content = self._lines[self._at]
        if below > indent or (is_value and below == indent and _is_item(content)):
            return self.block(below)
        return None

    def _scalar(self, text: str, indent: int) -> t.Any:
        """A scalar that begins on the line before; lines that are indented further continue it."""
        following = []
        while self._at < len(self._lines) and self._lines[self._at][0] > indent:
            following.append(self._lines[self._at][1])
            self._at += 1
        if _BLOCK_SCALAR.match(text):
            return "\n".join(following)
        whole = " ".join([text, *following])
        if whole[0] in "{[":
            return _json(whole)
        if whole.startswith(_UNSUPPORTED):
            raise _refused(whole)
        if whole[0] in "\"'":
            return _quoted(whole)
        return None if whole in ("~", "null") else _COMMENT.sub("", whole)

    def _is_at(self, indent: int) -> bool:
        return self._at < len(self._lines) and self._lines[self._at][0] == indent


def _is_item(content: str) -> bool:
    return content == "-" or content.startswith("- ")


def _quoted(text: str) -> str:
    if text[0] == "'":
        match = re.match(r"^'((?:[^']|'')*)'\s*(?:#.*)?$", text)
        if match is None:
            raise _refused(text)
        return match.group(1).replace("''", "'")
    match = re.match(r"^(\"(?:[^\"\\]|\\.)*\")\s*(?:#.*)?$", text)
    if match is None:
        raise _refused(text)
    return _text(match.group(1))


def _text(literal: str) -> str:
    """A text in double quotes."""
    try:
        return str(json.loads(literal))
    except ValueError as error:
        raise _refused(literal) from error


def _json(text: str) -> t.Any:
    try:
        return _texts(json.loads(text))
    except ValueError:
        pass
    try:
        return flow_yaml.load(text)
    except InvalidInput as error:
        raise _refused(text) from error


def _texts(value: t.Any) -> t.Any:
    if isinstance(value, dict):
        return {str(key): _texts(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_texts(item) for item in value]
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if value is None else str(value)


def _refused(content: str) -> InvalidInput:
    # The content may be a secret, so the message says only how it begins.
    return InvalidInput(f"It is laid out in a way that cannot be read, at a line beginning with {content[:12]!r}.")


__all__ = ("load",)
