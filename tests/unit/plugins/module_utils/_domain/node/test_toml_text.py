# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""TOML is written as any reader of TOML reads it."""

from __future__ import annotations

import tomllib
import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.errors import InvalidInput
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.node.toml_text import render

_TEXTS = st.text(st.characters(exclude_categories=("Cs",)))
_SCALARS = _TEXTS | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)
_VALUES = _SCALARS | st.lists(_SCALARS)
_DOCUMENTS = st.dictionaries(_TEXTS, st.recursive(_VALUES, lambda inner: st.dictionaries(_TEXTS, inner), max_leaves=8))


@given(_DOCUMENTS)
def test_what_was_written_is_read(document: dict[str, t.Any]) -> None:
    assert tomllib.loads(render(document)) == document


@pytest.mark.parametrize("document", [{"a": None}, {"a": {"b": float("nan")}}, {"a": [{"b": 1}]}, {1: "a"}])
def test_what_toml_cannot_hold(document: dict[str, t.Any]) -> None:
    with pytest.raises(InvalidInput):
        render(document)
