# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fields of a report: what is read, what is the default, and how what is wrong is named."""

from __future__ import annotations

import contextlib
import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.errors import KubeadmHaError, MalformedReport
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.report_reader import Fields

SECRET = "c4n4ry-s3cr3t"
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)
Read = t.Callable[[Fields], t.Any]


def of(value: t.Any) -> Fields:
    return Fields.of("The report of x", {"a": value}, "found[1]")


WRONG: list[tuple[str, Read, t.Any, str]] = [
    ("a text", lambda fields: fields.text("a"), 7, "found[1].a is 7 and not a text"),
    ("no text", lambda fields: fields.text("a"), None, "found[1].a is empty and not a text"),
    ("a missing text", lambda fields: fields.text("b"), 7, "found[1].b is missing"),
    ("a text with a default", lambda fields: fields.text("a", ""), [], "found[1].a is a list and not a text"),
    ("an optional text", lambda fields: fields.optional_text("a"), True, "found[1].a is true and not a text"),
    ("a flag", lambda fields: fields.flag("a"), 1, "found[1].a is 1 and not true or false"),
    ("a flag as a text", lambda fields: fields.flag("a"), SECRET, "found[1].a is a text and not true or false"),
    ("a missing flag", lambda fields: fields.flag("b"), 1, "found[1].b is missing"),
    ("a whole number", lambda fields: fields.whole("a"), 1.5, "found[1].a is 1.5 and not a whole number"),
    ("a flag for a number", lambda fields: fields.whole("a"), False, "found[1].a is false and not a whole number"),
    (
        "an optional one",
        lambda fields: fields.optional_whole("a"),
        {},
        "found[1].a is a mapping and not a whole number",
    ),
    ("a number", lambda fields: fields.number("a"), SECRET, "found[1].a is a text and not a number"),
    ("an optional number", lambda fields: fields.optional_number("a"), True, "found[1].a is true and not a number"),
    ("texts", lambda fields: fields.texts("a"), SECRET, "found[1].a is a text and not a list"),
    ("no texts", lambda fields: fields.texts("a"), None, "found[1].a is empty and not a list"),
    ("missing texts", lambda fields: fields.texts("b"), (), "found[1].b is missing"),
    ("one of texts", lambda fields: fields.texts("a"), ["x", 2], "found[1].a[1] is 2 and not a text"),
    ("one of numbers", lambda fields: fields.wholes("a"), [1, True], "found[1].a[1] is true and not a whole number"),
    ("a mapping", lambda fields: fields.mapping("a"), [], "found[1].a is a list and not a mapping"),
    ("a missing mapping", lambda fields: fields.mapping("b"), {}, "found[1].b is missing"),
    ("fields", lambda fields: fields.fields("a").text("c"), {}, "found[1].a.c is missing"),
    ("optional fields", lambda fields: fields.optional_fields("a"), SECRET, "found[1].a is a text and not a mapping"),
    ("each", lambda fields: fields.each("a"), [{}, []], "found[1].a[1] is a list and not a mapping"),
    (
        "a field of each",
        lambda fields: fields.each("a")[0].flag("c"),
        [{"c": None}],
        "found[1].a[0].c is empty and not",
    ),
    ("mappings", lambda fields: fields.mappings("a"), [{}, 3], "found[1].a[1] is 3 and not a mapping"),
    ("what is read", lambda fields: fields.read("a", int, "a port"), SECRET, "found[1].a is a text and not a port"),
    ("what is missing", lambda fields: fields.any("b"), 1, "found[1].b is missing"),
]


@pytest.mark.parametrize(("read", "value", "expected"), [row[1:] for row in WRONG], ids=[row[0] for row in WRONG])
def test_what_is_wrong_is_named_by_its_place_and_its_kind(read: Read, value: t.Any, expected: str) -> None:
    with pytest.raises(MalformedReport) as caught:
        read(of(value))
    assert caught.value.message.startswith(f"The report of x cannot be understood, because {expected}")
    assert SECRET not in caught.value.message
    assert isinstance(caught.value, KubeadmHaError)


def test_what_is_no_report_at_all() -> None:
    with pytest.raises(
        MalformedReport, match="^The report of x cannot be understood, because it is a list and not a map"
    ):
        Fields.of("The report of x", [])


@pytest.mark.parametrize("document", [{}, {"a": None}], ids=["missing", "None"])
def test_what_may_be_missing_has_its_default(document: dict[str, t.Any]) -> None:
    fields = Fields.of("The report of x", document)
    assert (fields.text("a", "b"), fields.optional_text("a")) == ("b", None)
    assert (fields.flag("a", default=False), fields.flag("a", default=True)) == (False, True)
    assert (fields.whole("a", 0), fields.optional_whole("a"), fields.optional_number("a")) == (0, None, None)
    assert (fields.texts("a", optional=True), fields.each("a", optional=True)) == ((), ())
    assert (fields.mappings("a", optional=True), fields.mapping("a", optional=True)) == ((), {})
    assert fields.optional_fields("a") is None
    assert not fields.has("a")


def test_what_is_right_is_read() -> None:
    found = Fields.of("", {"text": "", "flag": False, "whole": 0, "number": 0.5, "texts": ["x"], "some": [{"a": 1}]})
    assert (found.text("text", "x"), found.flag("flag", default=True), found.whole("whole", 7)) == ("", False, 0)
    assert (found.number("number"), found.number("whole")) == (0.5, 0)
    assert (found.texts("texts"), found.mappings("some")) == (("x",), ({"a": 1},))
    assert found.each("some")[0].path == "some[0]"


@given(value=JSON, read=st.sampled_from([row[1] for row in WRONG]))
def test_nothing_else_is_raised_whatever_there_is(read: Read, value: t.Any) -> None:
    with contextlib.suppress(MalformedReport):
        read(of(value or [{}]))
