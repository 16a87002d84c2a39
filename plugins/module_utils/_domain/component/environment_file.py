# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A file of ``EnvironmentFile=`` as systemd reads it, see systemd.exec(5).

The automaton is systemd's ``parse_env_file_internal``: a file is read by it and by nothing else, so that no shell's rules slip in.
"""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ..base.errors import UnsupportedState
from .systemd_text import BLANKS, Character, Text, is_utf8, refuse_strange_text, text_of

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_COMMENTS = "#;"
_LINE_ENDS = "\n\r"
#: What a backslash makes a plain character of between double quotes.
_SHELL_ESCAPES = '"\\`$'


@dataclasses.dataclass(frozen=True)
class Variable:
    """An assignment.

    Attributes:
        name: of the variable.
        characters: its value.
        path: the file in which it is assigned.
        start: where the assignment begins there.
        stop: where it ends.
    """

    name: str
    characters: tuple[Character, ...]
    path: str
    start: int
    stop: int

    @property
    def value(self) -> str:
        """Its value."""
        return text_of(self.characters)


def is_name(name: str) -> bool:
    """Whether systemd takes it for the name of a variable."""
    return _NAME.match(name) is not None


def parse(text: Text) -> tuple[Variable, ...]:
    """All assignments in their order; of several with one name the last counts. Those with other names are passed over.

    Raises:
        UnsupportedState: when systemd would not read the file, or not every version of it the same way.
    """
    refuse_strange_text(text)
    return tuple(variable for variable in _Reader(text).variables() if is_name(variable.name))


class _Reader:
    """Goes through a text once."""

    def __init__(self, text: Text) -> None:
        self._text = text
        self._position = 0

    def variables(self) -> t.Iterator[Variable]:
        """The assignments, whatever their names."""
        while self._position < len(self._text.text):
            character = self._peek
            if character in _COMMENTS:
                self._comment()
            elif character in BLANKS:
                self._position += 1
            else:
                yield from self._assignment()

    @property
    def _peek(self) -> str:
        return self._text.text[self._position]

    @property
    def _has_more(self) -> bool:
        return self._position < len(self._text.text)

    def _comment(self) -> None:
        while self._has_more and self._peek not in _LINE_ENDS:
            if self._peek == "\\":
                self._position += 1
                if self._has_more and self._peek in _LINE_ENDS:
                    self._after_continued_comment()
                    return
            self._position += 1

    def _after_continued_comment(self) -> None:
        """A comment whose line ends with a backslash: it goes on before systemd 254 and not since."""
        number = self._text.line_of(self._position)
        line = re.split(r"[\r\n]", self._text.text[self._position + 1 :], maxsplit=1)[0].strip(BLANKS)
        if line and line[0] not in _COMMENTS:
            raise UnsupportedState(
                f"{self._text.path}, line {number} is a comment that ends with a backslash: systemd before version 254 takes the "
                "next line for a part of it, later versions do not; take the backslash away."
            )

    def _assignment(self) -> t.Iterator[Variable]:
        start = self._position
        # An equals sign at the beginning belongs to the name.
        self._position += 1
        while self._has_more and self._peek not in _LINE_ENDS and self._peek != "=":
            self._position += 1
        if not self._has_more or self._peek in _LINE_ENDS:
            return
        name = self._text.text[start : self._position].strip(BLANKS)
        self._position += 1
        characters = self._value()
        if not (is_utf8(name) and is_utf8(text_of(characters))):
            raise UnsupportedState(
                f"{self._text.path}, line {self._text.line_of(start)} is no UTF-8, so systemd does not read the file: repair it."
            )
        yield Variable(name, tuple(characters), self._text.path, start, self._position)

    def _value(self) -> list[Character]:
        """From after the equals sign to before the end of the line."""
        found: list[Character] = []
        while self._has_more and self._peek not in _LINE_ENDS:
            character = self._peek
            if character == "'":
                self._position += 1
                self._single_quoted(found)
            elif character == '"':
                self._position += 1
                self._double_quoted(found)
            elif character in BLANKS:
                self._position += 1
            else:
                self._unquoted(found)
                break
        return found

    def _unquoted(self, found: list[Character]) -> None:
        """To the end of the line: quotes are plain characters here."""
        end = len(found)
        while self._has_more and self._peek not in _LINE_ENDS:
            if self._peek == "\\":
                start = self._position
                self._position += 1
                if self._has_more and self._peek not in _LINE_ENDS:
                    found.append(self._character(start))
                self._position = min(self._position + 1, len(self._text.text))
                end = len(found)
                continue
            found.append(self._character(self._position))
            if self._peek not in BLANKS:
                end = len(found)
            self._position += 1
        del found[end:]

    def _single_quoted(self, found: list[Character]) -> None:
        while self._has_more:
            self._position += 1
            if self._text.text[self._position - 1] == "'":
                return
            found.append(
                Character(self._text.text[self._position - 1], self._text.path, self._position - 1, self._position)
            )

    def _double_quoted(self, found: list[Character]) -> None:
        while self._has_more:
            character, start = self._peek, self._position
            if character == '"':
                self._position += 1
                return
            if character == "\\" and start + 1 < len(self._text.text):
                self._position += 1
                self._escaped_in_double_quotes(found, start)
            elif character != "\\":
                found.append(self._character(start))
            self._position += 1

    def _escaped_in_double_quotes(self, found: list[Character], start: int) -> None:
        if self._peek in _SHELL_ESCAPES:
            found.append(self._character(start))
        elif self._peek != "\n":
            found.append(Character("\\", self._text.path, start, start + 1))
            found.append(self._character(self._position))

    def _character(self, start: int) -> Character:
        """The character here, for which the text from ``start`` stands."""
        return Character(self._peek, self._text.path, start, self._position + 1)


__all__ = ("Variable", "is_name", "parse")
