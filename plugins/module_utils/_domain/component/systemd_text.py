# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Texts as systemd reads them, each character with its place in a file.

Quoting and escapes are those of systemd.syntax(7) and systemd.service(5), "Command lines", and of systemd's own
``extract_first_word`` and ``cunescape_one`` where the manual leaves a question open.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ..base.errors import UnsupportedState

BLANKS = " \t\n\r"
_QUOTES = "'\""
_BACKSLASH = "\\"
_ESCAPES: t.Mapping[str, str] = {
    "a": "\a",
    "b": "\b",
    "f": "\f",
    "n": "\n",
    "r": "\r",
    "t": "\t",
    "v": "\v",
    "s": " ",
    **{character: character for character in (_BACKSLASH, *_QUOTES)},
}
#: Numbers by the letter that begins them: how many digits, of which base, and whether they are a byte.
_NUMBERS: t.Mapping[str, tuple[int, int, bool]] = {"x": (2, 16, True), "u": (4, 16, False), "U": (8, 16, False)}
_HIGHEST = 0x10FFFF
_SURROGATES = range(0xD800, 0xE000)
_BYTES = 0x100
#: Where ``surrogateescape`` puts the bytes that are no character of their own.
_LONE_BYTES, _ASCII = 0xDC00, 0x80


class Character(t.NamedTuple):
    """A character as the program gets it.

    Attributes:
        value: the character.
        path: the file that it comes from.
        start: where in the file's text that which stands for it begins.
        stop: where that ends.
    """

    value: str
    path: str
    start: int
    stop: int


Characters = t.Sequence[Character]


@dataclasses.dataclass(frozen=True)
class Text:
    """A file of the host.

    Attributes:
        path: where it is.
        text: its content, decoded with ``surrogateescape``, so that it can be written again byte for byte.
    """

    path: str
    text: str

    def line_of(self, position: int) -> int:
        """The number of the line in which a position is."""
        return self.text.count("\n", 0, position) + 1


@dataclasses.dataclass(frozen=True)
class Word:
    """A word of a command line or of a variable's value.

    Attributes:
        characters: without its quotes.
        path: the file in which it stands.
        start: where it begins there, its quotes included.
        stop: where it ends there.
    """

    characters: tuple[Character, ...]
    path: str
    start: int
    stop: int

    @property
    def text(self) -> str:
        """What the program gets."""
        return text_of(self.characters)


class Unbalanced(Exception):
    """A quote that is not closed, or an escape that systemd does not know."""


def text_of(characters: Characters) -> str:
    """The characters as a text; bytes that were written as escapes become the characters that they are together."""
    text = "".join(character.value for character in characters)
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "surrogateescape")


def is_utf8(text: str) -> bool:
    """Whether a decoded text has no byte that is none."""
    return not any(ord(character) in _SURROGATES for character in text)


def characters_of(text: Text, start: int = 0, stop: int | None = None) -> tuple[Character, ...]:
    """The characters of a part of a file as they stand there."""
    stop = len(text.text) if stop is None else stop
    return tuple(Character(text.text[index], text.path, index, index + 1) for index in range(start, stop))


def strip(characters: Characters) -> tuple[Character, ...]:
    """The characters without blanks around them."""
    start, stop = 0, len(characters)
    while start < stop and characters[start].value in BLANKS:
        start += 1
    while stop > start and characters[stop - 1].value in BLANKS:
        stop -= 1
    return tuple(characters[start:stop])


def command_words(characters: Characters, *, is_strict: bool = False) -> t.Iterator[Word]:
    """Words as in ``ExecStart=`` and ``Environment=``: quotes are taken away, C escapes become what they stand for.

    Args:
        characters: the value.
        is_strict: an unknown escape is an error, and not what it says.

    Raises:
        Unbalanced: when a quote is not closed.
    """
    position = 0
    while True:
        try:
            word, after = _word(characters, position, escapes=_c_escape)
        except Unbalanced:
            if is_strict:
                raise
            word, after = _word(characters, position, escapes=_c_escape_or_itself)
        if word is None:
            return
        yield word
        position = after


def value_words(characters: Characters) -> t.Iterator[Word]:
    """Words into which ``$VARIABLE`` is split: a backslash takes the next character as it is, quotes need not be closed."""
    position = 0
    while True:
        word, position = _word(characters, position, escapes=_next_character, must_close=False)
        if word is None:
            return
        yield word


def skip_blanks(characters: Characters, position: int) -> int:
    """The first position that is no blank."""
    while position < len(characters) and characters[position].value in BLANKS:
        position += 1
    return position


_Escape = t.Callable[[Characters, int], t.Tuple[str, int]]


def _word(
    characters: Characters, position: int, *, escapes: _Escape, must_close: bool = True
) -> tuple[Word | None, int]:
    """The word at a position, ``None`` at the end, and where the next one begins."""
    position = skip_blanks(characters, position)
    if position == len(characters):
        return None, position
    begin = position
    found: list[Character] = []
    quote = ""
    while position < len(characters):
        character = characters[position]
        if character.value == _BACKSLASH:
            if position + 1 == len(characters):
                position += 1
                found += _trailing_backslash(character, escapes, is_quoted=bool(quote), must_close=must_close)
                quote = ""
                break
            value, length = escapes(characters, position + 1)
            last = characters[position + length]
            found += [Character(each, character.path, character.start, last.stop) for each in value]
            position += length
        elif quote:
            if character.value == quote:
                quote = ""
            else:
                found.append(character)
        elif character.value in _QUOTES:
            quote = character.value
        elif character.value in BLANKS:
            break
        else:
            found.append(character)
        position += 1
    if quote and must_close:
        raise Unbalanced
    word = Word(tuple(found), characters[begin].path, characters[begin].start, characters[position - 1].stop)
    return word, skip_blanks(characters, position)


def _trailing_backslash(
    character: Character, escapes: _Escape, *, is_quoted: bool, must_close: bool
) -> t.Sequence[Character]:
    """A backslash at the very end: itself where unknown escapes are, nothing in a variable, else an error."""
    if not must_close:
        return ()
    if escapes is _c_escape_or_itself and not is_quoted:
        return (character,)
    raise Unbalanced


def _next_character(characters: Characters, position: int) -> tuple[str, int]:
    return characters[position].value, 1


def _c_escape_or_itself(characters: Characters, position: int) -> tuple[str, int]:
    try:
        return _c_escape(characters, position)
    except Unbalanced:
        return _BACKSLASH + characters[position].value, 1


def _c_escape(characters: Characters, position: int) -> tuple[str, int]:
    """What stands after a backslash, and how many characters that takes."""
    first = characters[position].value
    if first in _ESCAPES:
        return _ESCAPES[first], 1
    if first in _NUMBERS:
        count, base, is_byte = _NUMBERS[first]
        return _number(characters[position + 1 : position + 1 + count], count, base, is_byte=is_byte), count + 1
    return _number(characters[position : position + 3], 3, 8, is_byte=True), 3


def _number(characters: Characters, count: int, base: int, *, is_byte: bool) -> str:
    digits = "".join(character.value for character in characters)
    if len(digits) < count or any(
        digit not in "0123456789abcdefABCDEF"[: base if base < 10 else 22] for digit in digits
    ):
        raise Unbalanced
    number = int(digits, base)
    if number == 0 or number > _HIGHEST or number in _SURROGATES or (is_byte and number >= _BYTES):
        raise Unbalanced
    return chr(_LONE_BYTES + number) if is_byte and number >= _ASCII else chr(number)


def refuse_strange_text(text: Text) -> None:
    """Refuse a file in which systemd finds the end of its text before the end of the file.

    Raises:
        UnsupportedState: when it has a NUL.
    """
    if "\0" in text.text:
        raise UnsupportedState(
            f"{text.path}, line {text.line_of(text.text.index(chr(0)))} has a NUL byte: restore the file, it is no text."
        )


def decoded(path: str, content: bytes) -> Text:
    """A file's text, from which :func:`encoded` makes the same bytes again."""
    return Text(path, content.decode("utf-8", "surrogateescape"))


def encoded(text: Text) -> bytes:
    """The bytes of a text."""
    return text.text.encode("utf-8", "surrogateescape")


__all__ = (
    "BLANKS",
    "Character",
    "Characters",
    "Text",
    "Unbalanced",
    "Word",
    "characters_of",
    "command_words",
    "decoded",
    "encoded",
    "is_utf8",
    "refuse_strange_text",
    "skip_blanks",
    "strip",
    "text_of",
    "value_words",
)
