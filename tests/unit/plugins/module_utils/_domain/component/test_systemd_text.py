# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Words of systemd. What is expected was said by systemd itself (``systemd-analyze verify`` of version 252, and processes that it started)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.component.systemd_text import (
    Text,
    Unbalanced,
    characters_of,
    command_words,
    is_utf8,
    text_of,
    value_words,
)

COMMAND_WORDS = {
    "blanks": ("  a \t b  ", ["a", "b"]),
    "double quotes": ('"a b" c', ["a b", "c"]),
    "single quotes": ("'a \"b' c", ['a "b', "c"]),
    "an empty word": ("a '' b", ["a", "", "b"]),
    "quotes in a word": ('--a="b c"d', ["--a=b cd"]),
    "escapes": (r"a\x20b \t \\ \s \'", ["a b", "\t", "\\", " ", "'"]),
    "escapes in single quotes": (r"'a\tb'", ["a\tb"]),
    "an unknown escape": (r"\q \x0 \400", [r"\q", r"\x0", r"\400"]),
    "an unknown escape with a known one": (r"\q\t", ["\\q\t"]),
    "a NUL": (r"\x00 \000", [r"\x00", r"\000"]),
    "unicode": (r"\u00e9 \U0001F600", ["é", "\U0001f600"]),
    "bytes of one character": (r"\303\251 \xc3\xa9", ["é", "é"]),
    "a backslash at the end": ("a\\", ["a\\"]),
    "no character of unicode": (r"\ud800 \UFFFFFFFF", [r"\ud800", r"\UFFFFFFFF"]),
}
VALUE_WORDS = {
    "blanks and line ends": (" a\n\tb ", ["a", "b"]),
    "quotes": ("'a b' \"c d\"", ["a b", "c d"]),
    "a backslash": (r"a\ b \t '\''", ["a b", "t", "'"]),
    "a quote that is not closed": ("'a b", ["a b"]),
    "a backslash at the end": ("a b\\", ["a", "b"]),
}


@pytest.mark.parametrize("name", COMMAND_WORDS)
def test_words_of_a_command_line(name: str) -> None:
    value, expected = COMMAND_WORDS[name]
    assert [word.text for word in command_words(characters_of(Text("/a", value)))] == expected


@pytest.mark.parametrize("name", VALUE_WORDS)
def test_words_of_a_variable(name: str) -> None:
    value, expected = VALUE_WORDS[name]
    assert [word.text for word in value_words(characters_of(Text("/a", value)))] == expected


@pytest.mark.parametrize("value", ["'a", '"a b', "'a\\'"])
def test_a_quote_must_be_closed(value: str) -> None:
    with pytest.raises(Unbalanced):
        list(command_words(characters_of(Text("/a", value))))


def test_an_unknown_escape_ends_a_strict_reading() -> None:
    words = command_words(characters_of(Text("/a", r"A=1 B=\q C=2")), is_strict=True)
    assert next(words).text == "A=1"
    with pytest.raises(Unbalanced):
        next(words)


@given(st.text(alphabet="ab'\" \\xtn0u%$\n", max_size=24))
def test_each_word_knows_its_place(value: str) -> None:
    text = Text("/a", value)
    for split in (command_words, value_words):
        try:
            words = list(split(characters_of(text)))
        except Unbalanced:
            continue
        spans = [position for word in words for position in (word.start, word.stop)]
        assert spans == sorted(spans)
        assert not "".join(
            value[stop:start] for stop, start in zip([0, *spans[1::2]], [*spans[::2], len(value)], strict=True)
        ).strip()
        for word in words:
            again = [each.text for each in split(characters_of(text, word.start, word.stop))]
            assert again == [word.text]


@given(st.binary(max_size=40))
def test_bytes_survive(content: bytes) -> None:
    text = Text("/a", content.decode("utf-8", "surrogateescape"))
    assert text_of(characters_of(text)).encode("utf-8", "surrogateescape") == content
    assert is_utf8(text.text) is (content.decode("utf-8", "replace").encode() == content)
