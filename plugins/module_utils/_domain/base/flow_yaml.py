# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Flow collections of YAML, ``{a: b}`` and ``[a, b]``, read without a library.

Every scalar is a text, as in :mod:`plain_yaml`. Anchors, aliases, tags and complex keys are refused, never guessed.
"""

from __future__ import annotations

import json
import re
import typing as t

from .errors import InvalidInput

_REFUSED = "&*!|>%@`?"
_SPACE = " \t\n"
#: A line break in a plain scalar, with the blanks around it, is one blank.
_FOLD = re.compile(r"[ \t]*\n[ \t\n]*")


def load(text: str) -> t.Any:
    """The one collection of a text that begins with a bracket; lines may be joined by blanks.

    Raises:
        InvalidInput: when it is no such collection, or goes on behind its end.
    """
    reader = _Reader(text)
    value = reader.value()
    reader.skip()
    if not reader.is_at_end and reader.next != "#":
        raise InvalidInput("It goes on behind the end of a flow collection.")
    return value


class _Reader:
    """Walks over the characters."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    @property
    def is_at_end(self) -> bool:
        """Whether everything was read."""
        return self._at >= len(self._text)

    @property
    def next(self) -> str:
        """The next character; empty at the end."""
        return self._text[self._at : self._at + 1]

    def skip(self) -> None:
        """Pass over blanks."""
        while self.next and self.next in _SPACE:
            self._at += 1

    def value(self) -> t.Any:
        """A collection or a scalar."""
        self.skip()
        if self.next == "{":
            return self._map()
        if self.next == "[":
            return self._list()
        text, is_quoted = self._scalar()
        return None if not is_quoted and text in ("", "~", "null") else text

    def _map(self) -> dict[str, t.Any]:
        found: dict[str, t.Any] = {}
        self._at += 1
        while not self._ends("}"):
            key, _is_quoted = self._scalar()
            self.skip()
            if self.next == ":":
                self._at += 1
                found[key] = self.value()
            elif self.next in (",", "}"):
                found[key] = None
            else:
                raise InvalidInput("A map in flow style has a key without its colon.")
            self._separator("}")
        return found

    def _list(self) -> list[t.Any]:
        found: list[t.Any] = []
        self._at += 1
        while not self._ends("]"):
            found.append(self.value())
            self._separator("]")
        return found

    def _ends(self, bracket: str) -> bool:
        self.skip()
        if not self.next:
            raise InvalidInput("A flow collection has no end.")
        if self.next != bracket:
            return False
        self._at += 1
        return True

    def _separator(self, bracket: str) -> None:
        self.skip()
        if self.next == ",":
            self._at += 1
        elif self.next != bracket:
            raise InvalidInput("Values of a flow collection are not separated by commas.")

    def _scalar(self) -> tuple[str, bool]:
        """A quoted or plain scalar, and whether it is quoted."""
        self.skip()
        if self.next == '"':
            return self._double_quoted(), True
        if self.next == "'":
            return self._single_quoted(), True
        if self.next and self.next in _REFUSED:
            raise InvalidInput("A flow collection has an anchor, an alias or a tag.")
        begin = self._at
        while self.next and self.next not in ",[]{}":
            following = self._text[self._at + 1 : self._at + 2]
            if self.next == ":" and (not following or following in _SPACE + ",[]{}"):
                break
            if self.next == "#" and self._text[self._at - 1] in _SPACE:
                raise InvalidInput("A flow collection has a comment inside.")
            self._at += 1
        return _FOLD.sub(" ", self._text[begin : self._at].strip(_SPACE)), False

    def _double_quoted(self) -> str:
        end = self._at + 1
        while end < len(self._text) and self._text[end] != '"':
            end += 2 if self._text[end] == "\\" else 1
        literal = self._text[self._at : end + 1]
        self._at = end + 1
        try:
            return str(json.loads(literal))
        except ValueError as error:
            raise InvalidInput("A text in double quotes cannot be read.") from error

    def _single_quoted(self) -> str:
        parts = []
        while True:
            end = self._text.find("'", self._at + 1)
            if end < 0:
                raise InvalidInput("A text in single quotes has no end.")
            parts.append(self._text[self._at + 1 : end])
            self._at = end
            if self._text[end + 1 : end + 2] != "'":
                break
            self._at += 1
        self._at += 1
        return "'".join(parts)


__all__ = ("load",)
