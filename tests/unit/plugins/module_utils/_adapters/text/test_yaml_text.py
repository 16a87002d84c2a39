# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The editor of YAML text: places that there are, places that there are not."""

from __future__ import annotations

import pytest
import yaml

from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.text.yaml_text import PyYamlText
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.errors import InvalidInput

PATH = ("list", 1, "map", "key")


@pytest.mark.parametrize(
    ("text", "value", "edited"),
    [
        ("list: [0, {map: {key: old}}]", "new", "list: [0, {map: {key: new}}]"),
        ("list: [0, {map: {key: }}]", "new", "list: [0, {map: {key: new }}]"),
        ("list: [0, {map: {other: x}}]", "new", 'list: [0, {map: {"key": "new", other: x}}]'),
        ("list:\n- 0\n- map:\n    key:\n", "new", "list:\n- 0\n- map:\n    key: new\n"),
        ("list:\n- 0\n- map:\n    key:   old # c\n", "new", "list:\n- 0\n- map:\n    key:   new # c\n"),
        ("list:\n- 0\n- map:\n    key: |\n      a\n      b\n  x: 1\n", "new", None),
        ("list:\n- 0\n- map:\n    key: a\n      b\n  x: 1\n", "new", "list:\n- 0\n- map:\n    key: new\n  x: 1\n"),
        ("list:\n- 0\n- map:\n    key: 'it''s'\n", "it's", 'list:\n- 0\n- map:\n    key: "it\'s"\n'),
        ("list:\n- 0\n- map:\n    key: old\n", "true", 'list:\n- 0\n- map:\n    key: "true"\n'),
        ("list:\n- 0\n- map:\n    key: old\n", "12:30:45", None),
        ("list:\n- 0\n- map:\n    key: old\n", "", None),
        ("list:\n- 0\n- map:\n    key: old\n", "a: b # c\n\u2713", None),
        ("list:\n- 0\n- map:\n    key: old\n", "0x1F", None),
    ],
)
def test_sets_one_string(text: str, value: str, edited: str | None) -> None:
    result = PyYamlText().with_scalar(text, PATH, value)
    expected = yaml.safe_load(text)
    expected["list"][1]["map"]["key"] = value
    assert yaml.safe_load(result) == expected
    if edited is not None:
        assert result == edited


@pytest.mark.parametrize(
    "text",
    [
        "",
        "list: []",
        "list: {}",
        "list: [0, 1]",
        "list: [0, {map: {}}]",
        "list: [0, {map: [key]}]",
        "list: [0, {map: {key: [old]}}]",
        "a: [",
        "a: 1\n---\nb: 2\n",
    ],
)
def test_no_such_place(text: str) -> None:
    with pytest.raises(InvalidInput):
        PyYamlText().with_scalar(text, PATH, "new")
