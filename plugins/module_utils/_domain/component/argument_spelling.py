# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How an argument may be written in a unit or in an environment file.

The same text is written in one way in ``ExecStart=``, in another in ``Environment=``, and in a third in an environment file, each with and
without quotes. Nothing here decides which is right at a place: whoever writes reads again, and takes the first that reads as it should.
"""

from __future__ import annotations

import enum
import re
import typing as t

#: What needs no quotes and no escape anywhere.
_PLAIN = re.compile(r"[A-Za-z0-9_./:,=@+*{}\[\]-]+\Z")
_DOUBLE, _SINGLE = '"', "'"
_Spelling = t.Callable[[str], str]


class Kind(enum.Enum):
    """Where an argument stands."""

    COMMAND = "ExecStart="
    UNIT_VARIABLE = "Environment="
    FILE_VARIABLE = "an environment file"


def is_plain(text: str) -> bool:
    """Whether a text is itself everywhere."""
    return _PLAIN.match(text) is not None


def inside(text: str, kind: Kind) -> tuple[str, ...]:
    """Spellings of a part of a word that is there already, with the quotes that it has. The likeliest come first."""
    if is_plain(text):
        return (text,)
    inner = [text] if kind is Kind.COMMAND else [text, *(_escaped(text, quote) for quote in (_DOUBLE, _SINGLE))]
    return _distinct([*(outer(each) for each in inner for outer in _OUTER[kind]), text])


def word(text: str, kind: Kind) -> tuple[str, ...]:
    """Spellings of a whole word, with quotes where it needs some."""
    if is_plain(text):
        return (text,)
    quotes = (_SINGLE, _DOUBLE) if _DOUBLE in text and _SINGLE not in text else (_DOUBLE, _SINGLE)
    if kind is Kind.COMMAND:
        return _distinct([quote + double(_escaped(text, quote)) + quote for quote in quotes for double in _DOUBLED])
    # Most variables stand between double quotes, so single ones need no escape in them.
    quoted = [quote + _escaped(text, quote) + quote for quote in (_SINGLE, _DOUBLE)]
    return _distinct([outer(each) for each in quoted for outer in _OUTER[kind]])


def _escaped(text: str, quotes: str) -> str:
    return "".join(f"\\{each}" if each in ("\\", *quotes) else each for each in text)


def _percent(text: str) -> str:
    return text.replace("%", "%%")


def _percent_and_dollar(text: str) -> str:
    return _percent(text).replace("$", "$$")


#: With variables put in, and with the prefix ``:`` that leaves them out.
_DOUBLED: tuple[_Spelling, ...] = (_percent_and_dollar, _percent)
_OUTER: t.Mapping[Kind, tuple[_Spelling, ...]] = {
    Kind.COMMAND: tuple(
        lambda text, quote=quote, double=double: double(_escaped(text, quote))  # type: ignore[misc]
        for quote in (_DOUBLE, _SINGLE, _DOUBLE + _SINGLE)
        for double in _DOUBLED
    ),
    Kind.UNIT_VARIABLE: tuple(
        lambda text, quote=quote: _percent(_escaped(text, quote))  # type: ignore[misc]
        for quote in (_DOUBLE, _SINGLE)
    ),
    Kind.FILE_VARIABLE: (lambda text: _escaped(text, '"`$'), lambda text: text, lambda text: _escaped(text, "")),
}


def _distinct(texts: t.Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(texts))


__all__ = ("Kind", "inside", "is_plain", "word")
