# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lines of haproxy's configuration: words, sections and what each section inherits of ``defaults``.

How words are quoted: haproxy's configuration manual, section 2.2; sections and named defaults: sections 2.1 and 4.
"""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ..base.errors import InvalidInput

#: Sections in which haproxy's proxies are.
PROXIES = ("frontend", "backend", "listen")
_SECTIONS = frozenset({
    *PROXIES, "global", "defaults", "acme", "cache", "crt-store", "fcgi-app", "http-errors", "log-forward", "log-profile", "mailers",
    "peers", "program", "resolvers", "ring", "traces", "userlist",
})  # fmt: skip
#: Milliseconds are what a number without a unit has; section 2.5.
_UNITS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "": 1e-3}
_DURATION = re.compile(r"([0-9]+)(us|ms|s|m|h|d|)")
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t"}


@dataclasses.dataclass(frozen=True)
class Statement:
    """One line of a section.

    Attributes:
        words: of it.
        where: file and line.
    """

    words: tuple[str, ...]
    where: str

    def starts_with(self, *words: str) -> bool:
        """Whether these are its first words."""
        return self.words[: len(words)] == words


@dataclasses.dataclass(frozen=True)
class Section:
    """A section with the statements that it has itself, after those that it inherits.

    Attributes:
        kind: its first word.
        name: its second word, empty without one.
        where: file and line of its head.
        statements: in their order.
        inherited: how many of the first ones are of ``defaults``.
    """

    kind: str
    name: str
    where: str
    statements: tuple[Statement, ...]
    inherited: int = 0

    @property
    def own(self) -> tuple[Statement, ...]:
        """What it does not inherit."""
        return self.statements[self.inherited :]

    def last(self, *words: str) -> Statement | None:
        """The last statement that begins with these words, which is the one that counts."""
        return next((each for each in reversed(self.statements) if each.starts_with(*words)), None)

    def option(self, name: str) -> Statement | None:
        """The statement ``option NAME`` that is in force, ``None`` where it is off."""
        for each in reversed(self.statements):
            if each.starts_with("option", name):
                return each
            if each.starts_with("no", "option", name):
                return None
        return None


def parse_duration(text: str, where: str) -> float:
    """Seconds of one of haproxy's durations.

    Raises:
        InvalidInput: naming the line, when it is none.
    """
    found = _DURATION.fullmatch(text)
    if found is None:
        raise InvalidInput(
            f"{where}: {text!r} is no duration of haproxy such as 500ms or 2s: correct it.{_variable(text)}"
        )
    return int(found.group(1)) * _UNITS[found.group(2)]


def parse_number(text: str, where: str) -> int:
    """A number.

    Raises:
        InvalidInput: naming the line, when it is none.
    """
    if not re.fullmatch(r"[0-9]{1,9}", text):
        raise InvalidInput(f"{where}: {text!r} is no number: correct it.{_variable(text)}")
    return int(text)


def parse_sections(path: str, text: str) -> tuple[Section, ...]:
    """The sections of a file, each with what it inherits.

    Args:
        path: of the file, for messages.
        text: of the file.

    Raises:
        InvalidInput: naming file and line, for what haproxy would refuse and for what is decided only on a host.
    """
    found: list[tuple[Statement, list[Statement]]] = []
    for number, line in enumerate(text.splitlines(), 1):
        where = f"{path}:{number}"
        words = split(line, where)
        if not words:
            continue
        if words[0].startswith("."):
            raise InvalidInput(
                f"{where}: {words[0]} makes the configuration depend on where it is loaded: give the file without such lines, with what they "
                "leave of it."
            )
        statement = Statement(words, where)
        if words[0] in _SECTIONS:
            found.append((statement, []))
        elif not found:
            raise InvalidInput(f"{where}: {words[0]!r} stands before any section: is this a configuration of haproxy?")
        else:
            found[-1][1].append(statement)
    return _inherited(found)


def split(line: str, where: str) -> tuple[str, ...]:
    """The words of a line, without its comment. Variables of the environment stay as they are written.

    Raises:
        InvalidInput: naming the line, where a quote is not closed.
    """
    words: list[str] = []
    word: str | None = None
    quote = ""
    position = 0
    while position < len(line):
        character = line[position]
        position += 1
        if character == "\\" and quote != "'":
            following = line[position : position + 1]
            position += 1
            word = (word or "") + _ESCAPES.get(following, following)
        elif quote:
            if character == quote:
                quote = ""
            else:
                word = (word or "") + character
        elif character in "'\"":
            quote = character
            word = word or ""
        elif character == "#":
            break
        elif character.isspace():
            if word is not None:
                words.append(word)
            word = None
        else:
            word = (word or "") + character
    if quote:
        raise InvalidInput(f"{where}: a quote {quote} is not closed: close it.")
    return tuple(words if word is None else [*words, word])


def _inherited(found: t.Sequence[tuple[Statement, list[Statement]]]) -> tuple[Section, ...]:
    named: dict[str, tuple[Statement, ...]] = {}
    current: tuple[Statement, ...] = ()
    sections = []
    for head, own in found:
        kind, rest = head.words[0], head.words[1:]
        name = rest[0] if rest and rest[0] != "from" else ""
        inherits: tuple[Statement, ...] = current if kind in PROXIES else ()
        if "from" in rest:
            wanted = rest[rest.index("from") + 1 :][:1]
            if not wanted or wanted[0] not in named:
                raise InvalidInput(
                    f"{head.where}: no section defaults has the name that {kind} {name} takes its defaults from: correct it."
                )
            inherits = named[wanted[0]]
        statements = (*inherits, *own)
        if kind == "defaults":
            current = statements
            named[name] = statements
        sections.append(Section(kind, name, head.where, statements, len(inherits)))
    return tuple(sections)


def _variable(text: str) -> str:
    """A remedy where the value comes from elsewhere."""
    return " It is taken from the environment, which is not known here: write the value." if "$" in text else ""


__all__ = ("PROXIES", "Section", "Statement", "parse_duration", "parse_number", "parse_sections", "split")
