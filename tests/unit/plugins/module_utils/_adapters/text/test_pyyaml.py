# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""YAML that both PyYAML and Kubernetes' own parser read alike."""

from __future__ import annotations

import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.text.pyyaml import PyYaml
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.errors import InvalidInput

YAML = PyYaml()


@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers()
        | st.text(max_size=8)
        | st.from_regex(r"[-+0-9.eEoxyn_]{1,6}", fullmatch=True),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
        max_leaves=8,
    )
)
def test_reads_what_it_wrote(document: t.Any) -> None:
    assert YAML.load(YAML.dump(document)) == document
    assert YAML.load_all(YAML.dump(document)) == ([] if document is None else [document])


@pytest.mark.parametrize("text", ["y", "N", "1e3", "-12E4", "1.5e3", ".5e3", "0o17", "1_0e1"])
def test_quotes_what_other_parsers_would_not_take_for_a_string(text: str) -> None:
    assert YAML.dump({"key": text}) == f'key: "{text}"\n'


@pytest.mark.parametrize("text", ["cluster.local", "10.96.0.0/12", "v1.34.4", "yes-man", "e3", "/etc/kubernetes/pki"])
def test_leaves_ordinary_strings_plain(text: str) -> None:
    assert YAML.dump({"key": text}) == f"key: {text}\n"


def test_keeps_the_order_of_keys_and_writes_blocks() -> None:
    assert YAML.dump({"b": ["ä", {"c": 1}], "a": {}}) == "b:\n- ä\n- c: 1\na: {}\n"


def test_explains_broken_documents() -> None:
    with pytest.raises(InvalidInput, match="no YAML document"):
        YAML.load("a: [")
    with pytest.raises(InvalidInput, match="no YAML documents"):
        YAML.load_all("a: [")


def test_reads_strings_of_a_class_of_their_own() -> None:
    """As Ansible's are."""

    class Tagged(str):
        __slots__ = ()

    assert YAML.load(Tagged("a: 1")) == {"a": 1}
    assert YAML.load_all(Tagged("a: 1\n---\nb: 2")) == [{"a": 1}, {"b": 2}]
