# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""YAML without a library: what is read is what PyYAML reads, the rest is refused."""

from __future__ import annotations

import typing as t

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base import flow_yaml, plain_yaml
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.errors import InvalidInput

KEYS = st.text("abcdefgh_./-0", min_size=1, max_size=8).filter(lambda key: key[0] != "-")
TEXTS = st.one_of(
    st.text("abc:#=-*,/.' \"{}[]&!|>%@`\\", max_size=30),
    st.sampled_from(
        ["--a=b", "true", "null", "~", "1", "- x", "a: b", "a:", "it's", "x # y", "--etcd=https://[::1]:2379"]
    ),
    st.text("abc =", min_size=90, max_size=200),
)
DOCUMENTS = st.recursive(
    TEXTS,
    lambda below: st.one_of(
        st.lists(below, min_size=1, max_size=4), st.dictionaries(KEYS, below, min_size=1, max_size=4)
    ),
    max_leaves=12,
).filter(lambda document: isinstance(document, dict))


@given(DOCUMENTS)
def test_what_is_dumped_is_read_or_refused(document: t.Any) -> None:
    text = yaml.safe_dump(document, default_flow_style=False)
    try:
        found = plain_yaml.load(text)
    except InvalidInput:
        return
    assert found == document


@given(st.recursive(st.text("abc-=/.,0123 ", min_size=1, max_size=100), st.lists, max_leaves=8))
def test_plain_texts_are_never_refused(value: t.Any) -> None:
    text = yaml.safe_dump({"key": [value]}, default_flow_style=False)
    assert plain_yaml.load(text) == {"key": [value]}


MANIFEST = """\
# made by hand
---
apiVersion: v1
metadata:
  annotations: {}
  name: "kube-apiserver"
spec:
  containers:
  - command:   # as kubeadm does
    - kube-apiserver
    - --v=2
    - '--quoted=it''s'
    - "--double=a\\tb"
    - --long=one
      two
    args: ["--json=1"]
    env:
      - name: SECRET
        value: |
          several
          lines: here
  -
    name: second
  hostNetwork: true
  nothing: ~
"""


def test_a_manual_manifest() -> None:
    found = plain_yaml.load(MANIFEST)
    expected = yaml.safe_load(MANIFEST)
    container = found["spec"]["containers"][0]
    assert container["command"] == expected["spec"]["containers"][0]["command"]
    assert container["args"] == ["--json=1"]
    assert found["spec"]["containers"][1] == {"name": "second"}
    assert (found["spec"]["hostNetwork"], found["spec"]["nothing"]) == ("true", None)
    assert found["metadata"] == {"annotations": {}, "name": "kube-apiserver"}


def test_json_is_read() -> None:
    assert plain_yaml.load('{"a": [1, true, null, "x"]}') == {"a": ["1", "true", None, "x"]}
    assert plain_yaml.load("") is None


@pytest.mark.parametrize(
    "text",
    [
        "a: &anchor b",
        "a: *anchor",
        "a: [*alias]",
        "a: {b: !tag c}",
        "a: [b, c",
        "a: !!str b",
        "a:\n\tb: c",
        "a: b\n---\nc: d",
        'a: "open',
        "a: 'open",
        "a:\n  b: c\n d: e",
    ],
)
def test_what_is_not_known_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="cannot be read"):
        plain_yaml.load(text)


def test_an_error_reports_no_secret() -> None:
    with pytest.raises(InvalidInput) as caught:
        plain_yaml.load("a: &anchor this-is-the-s3cr3t")
    assert "s3cr3t" not in caught.value.message


FLOW_TEXTS = st.text(alphabet="abc:,#{}[]'\" \\-&*!é", max_size=12)
FLOW_DOCUMENTS = st.recursive(
    FLOW_TEXTS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(FLOW_TEXTS, inner, max_size=3), max_leaves=8
)


@settings(deadline=None)
@given(st.lists(FLOW_DOCUMENTS, max_size=3) | st.dictionaries(FLOW_TEXTS, FLOW_DOCUMENTS, max_size=3))
def test_flow_style_is_read_as_a_library_does_or_refused(document: t.Any) -> None:
    text = yaml.safe_dump(document, default_flow_style=True, allow_unicode=True, width=10_000)
    try:
        found = flow_yaml.load(text)
    except InvalidInput:
        return
    assert found == document


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "{server: https://192.0.2.11:6443, name: 'it''s', x: }",
            {"server": "https://192.0.2.11:6443", "name": "it's", "x": None},
        ),
        ('[a b, "c\\n", {d: [e, ]}, ~]', ["a b", "c\n", {"d": ["e"]}, None]),
        ("{a: b} # end", {"a": "b"}),
        ("[a  b, c\n  d]", ["a  b", "c d"]),
    ],
)
def test_flow_collections(text: str, expected: t.Any) -> None:
    assert flow_yaml.load(text) == expected


@pytest.mark.parametrize(
    "text", ["key: value   # why", "key: value # why", "key: value\t# why", "key: 'value'   # why"]
)
def test_what_stands_before_a_comment_is_no_part_of_the_value(text: str) -> None:
    assert plain_yaml.load(text) == {"key": "value"}


@pytest.mark.parametrize("text", ["{a: b} c", "{a b", "[a", "{a: *b}", "[!x y]", "{a: 'b}", "{'a' b}"])
def test_what_is_no_whole_flow_collection_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        flow_yaml.load(text)
