# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A key that a mapping takes over by ``<<`` is not set once more: ansible-core warns of it in every run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[3]
_MERGE = "tag:yaml.org,2002:merge"


def set_twice(node: yaml.Node | None) -> Iterator[str]:
    """Keys that a mapping has by itself and by a merge, with their lines."""
    if isinstance(node, yaml.SequenceNode):
        for each in node.value:
            yield from set_twice(each)
    if isinstance(node, yaml.MappingNode):
        own = [key for key, _value in node.value if key.tag != _MERGE]
        taken = {
            key.value
            for merge, value in node.value
            if merge.tag == _MERGE
            for mapping in (value.value if isinstance(value, yaml.SequenceNode) else [value])
            for key, _value in mapping.value
        }
        yield from (f"line {key.start_mark.line + 1}: {key.value}" for key in own if key.value in taken)
        for _key, value in node.value:
            yield from set_twice(value)


@pytest.mark.parametrize(
    "path",
    [
        path.relative_to(ROOT)
        for folder in ("roles", "playbooks", "examples", "molecule")
        for path in sorted((ROOT / folder).rglob("*.yml"))
        if "<<:" in path.read_text(encoding="utf-8")
    ],
    ids=str,
)
def test_no_key_is_set_twice(path: Path) -> None:
    assert list(set_twice(yaml.compose((ROOT / path).read_text(encoding="utf-8")))) == []


def test_a_key_that_is_set_twice_is_found() -> None:
    text = "a: &a {x: 1, y: 2}\nb:\n  <<: *a\n  x: 3\n  z: 4\nc:\n  <<: &c {v: 1}\n  w: 2\n"
    assert list(set_twice(yaml.compose(text))) == ["line 4: x"]
