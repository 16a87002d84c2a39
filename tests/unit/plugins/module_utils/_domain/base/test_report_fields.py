# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documents become frozen values and back, and what does not fit is named by its key."""

from __future__ import annotations

import dataclasses
import datetime as dt
import typing as t

import pytest

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.address import Endpoint
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.errors import MalformedReport
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.report_fields import (
    absent,
    as_dict,
    at,
    present,
    read,
)


@dataclasses.dataclass(frozen=True)
class Part:
    """A part with defaults of its constructor."""

    number: int
    text: str = "default"
    expected: str | None = dataclasses.field(default=None, metadata=absent(None, is_written=False))


@dataclasses.dataclass(frozen=True)
class Whole:
    """Every kind of annotation."""

    SCHEMA: t.ClassVar[int] = 2

    text: str
    later: t.Sequence[Part] = dataclasses.field(metadata=absent(()))
    pairs: frozenset[tuple[str, int]]
    endpoint: Endpoint | None
    share: float
    is_there: bool
    parts: t.Mapping[str, Part | None]
    anything: t.Any
    names: tuple[str, ...] = ()


DOCUMENT: dict[str, t.Any] = {
    "text": "t",
    "later": [{"number": 1, "text": "x"}, {"number": 2, "text": "default", "expected": "y"}],
    "pairs": [["a", 1], ["b", 2]],
    "endpoint": "192.0.2.1:6443",
    "share": 1,
    "is_there": False,
    "parts": {"one": {"number": 3, "text": "z"}, "none": None},
    "anything": {"deep": [1, {"x": None}]},
    "names": ["n"],
}


def test_a_document_becomes_a_value_and_the_same_document_again() -> None:
    value = read(Whole, DOCUMENT, where="It")
    assert value == Whole(
        text="t",
        later=(Part(1, "x"), Part(2, expected="y")),
        pairs=frozenset({("a", 1), ("b", 2)}),
        endpoint=Endpoint("192.0.2.1", 6443),
        share=1,
        is_there=False,
        parts={"one": Part(3, "z"), "none": None},
        anything={"deep": [1, {"x": None}]},
        names=("n",),
    )
    assert as_dict(value) == DOCUMENT
    assert list(as_dict(value)) == list(DOCUMENT), "keys keep the order of the fields"


def test_what_may_be_missing_or_null_is_what_its_field_says() -> None:
    kept = {key: value for key, value in DOCUMENT.items() if key not in ("later", "names")}
    assert read(Whole, kept, where="It").later == ()
    assert read(Whole, {**kept, "later": None, "names": None}, where="It").names == ()
    assert read(Whole, {**kept, "unknown": 1, "schema": 2}, where="It") == read(Whole, kept, where="It")


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"text": 5}, "text is 5 and not a text"),
        ({"text": None}, "text is empty and not a text"),
        ({"text": {"password": "s3cr3t"}}, "text is a mapping and not a text"),
        ({"share": "1"}, "share is a text and not a number"),
        ({"share": True}, "share is true and not a number"),
        ({"is_there": 0}, "is_there is 0 and not true or false"),
        ({"later": "x"}, "later is a text and not a list"),
        ({"later": [{"number": 1}, {}]}, "later[1].number is missing"),
        ({"later": [{"number": 1}, {"number": "x"}]}, "later[1].number is a text and not a whole number"),
        ({"later": [5]}, "later[0] is 5 and not a mapping"),
        ({"pairs": [["a", 1, 2]]}, "pairs[0] is a list and not a list of 2 items"),
        ({"pairs": [["a", "b"]]}, "pairs[0][1] is a text and not a whole number"),
        ({"endpoint": "x y"}, "endpoint is a text and not the text of a value Endpoint"),
        ({"endpoint": []}, "endpoint is a list and not a text"),
        ({"parts": {"one": {"number": None}}}, "parts['one'].number is empty and not a whole number"),
        ({"parts": {1: None}}, "parts is a mapping and not a mapping with texts as keys"),
        ({"names": ["x", 1 << 200]}, f"names[1] is {str(1 << 200)[:37]}... and not a text"),
        ({"schema": 3}, "schema is 3 and not 2"),
    ],
)
def test_what_does_not_fit_is_named_by_its_key(change: dict[str, t.Any], expected: str) -> None:
    with pytest.raises(MalformedReport) as caught:
        read(Whole, {**DOCUMENT, **change}, where="The report of cp1")
    assert caught.value.message.startswith(f"The report of cp1 cannot be understood, because {expected}: ")
    assert "s3cr3t" not in caught.value.message


@pytest.mark.parametrize("key", [key for key in DOCUMENT if key not in ("later", "names")])
def test_what_must_be_there_is_named_when_it_is_missing(key: str) -> None:
    with pytest.raises(MalformedReport, match=f"^It cannot be understood, because {key} is missing: "):
        read(Whole, {name: value for name, value in DOCUMENT.items() if name != key}, where="It")


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (None, "it is empty and not a mapping"),
        ([], "it is a list and not a mapping"),
        ("x", "it is a text and not a mapping"),
        (5, "it is 5 and not a mapping"),
        ({1: 2}, "it is a mapping and not a mapping with texts as keys"),
    ],
)
def test_a_document_is_a_mapping(document: t.Any, expected: str) -> None:
    with pytest.raises(MalformedReport, match=f"because {expected}: "):
        read(Whole, document, where="It")


@dataclasses.dataclass(frozen=True)
class Beside:
    """A part whose keys stand beside those of the whole."""

    first: int
    second: int


@dataclasses.dataclass(frozen=True)
class Placed:
    """Fields that are not under their names."""

    is_ready: bool = dataclasses.field(metadata=at("ready"))
    created: dt.datetime = dataclasses.field(metadata=at("metadata", "created"))
    owners: tuple[str, ...] = dataclasses.field(metadata={**at("metadata", "owners"), **absent((), as_null=True)})
    node: str = dataclasses.field(metadata={**at("spec", "node"), **absent("", is_written=False)})
    beside: Beside | None = dataclasses.field(metadata=at())
    parts: tuple[Part, ...] = ()
    needed: int = dataclasses.field(default=1, metadata=present())


PLACED: dict[str, t.Any] = {
    "ready": True,
    "metadata": {"created": "2026-01-02T03:04:05Z", "owners": ["a"]},
    "spec": {"node": "n"},
    "first": 1,
    "second": 2,
    "parts": [],
    "needed": 1,
}
CREATED = dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("document", "value"),
    [
        (PLACED, Placed(is_ready=True, created=CREATED, owners=("a",), node="n", beside=Beside(1, 2))),
        (
            {
                "ready": True,
                "metadata": {"created": "2026-01-02T03:04:05Z", "owners": None},
                "spec": {},
                "parts": [],
                "needed": 1,
            },
            Placed(is_ready=True, created=CREATED, owners=(), node="", beside=None),
        ),
    ],
)
def test_fields_have_their_places(document: dict[str, t.Any], value: Placed) -> None:
    assert read(Placed, document, where="It") == value
    written = as_dict(value)
    assert {**written, "spec": written.get("spec", {})} == document


def test_what_may_be_missing_may_lack_the_mapping_around_it() -> None:
    for around in ({}, {"spec": None}):
        document = {**{key: item for key, item in PLACED.items() if key != "spec"}, **around}
        assert read(Placed, document, where="It").node == ""


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"ready": 1}, "ready is 1 and not true or false"),
        ({"metadata": None}, "metadata is empty and not a mapping"),
        ({"metadata": {}}, "metadata.created is missing"),
        ({"metadata": {"created": "now"}}, "metadata.created is a text and not a time"),
        ({"metadata": {"created": 5}}, "metadata.created is 5 and not a text"),
        ({"spec": []}, "spec is a list and not a mapping"),
        ({"spec": {"node": 1}}, "spec.node is 1 and not a text"),
        ({"second": "x"}, "second is a text and not a whole number"),
        ({"needed": None}, "needed is empty and not a whole number"),
    ],
)
def test_what_does_not_fit_is_named_by_its_place(change: dict[str, t.Any], expected: str) -> None:
    with pytest.raises(MalformedReport, match=f"^It cannot be understood, because {expected}: "):
        read(Placed, {**PLACED, **change}, where="It")


@pytest.mark.parametrize("key", ["ready", "metadata", "second", "needed"])
def test_what_must_be_at_its_place_is_named_when_it_is_missing(key: str) -> None:
    with pytest.raises(MalformedReport, match=f"because {key} is missing: "):
        read(Placed, {name: value for name, value in PLACED.items() if name != key}, where="It")
