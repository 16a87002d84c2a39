# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The words that codespell's own dictionary does not have: names of this field, and British English."""

from __future__ import annotations

import re

import pytest

from tests.tools import gates
from tests.tools.environment import ROOT, source_files

WORDS = dict(line.split("->") for line in gates.SPELLING.read_text(encoding="utf-8").splitlines())
#: A word as codespell takes one: scroll-behavior of style sheets is another.
_WRONG = re.compile(rf"(?<![\w-])(?:{'|'.join(map(re.escape, WORDS))})(?![\w-])", re.IGNORECASE)


def test_the_dictionary_is_one_and_in_order() -> None:
    lines = gates.SPELLING.read_text(encoding="utf-8").splitlines()
    assert lines == sorted(set(lines))
    assert not [wrong for wrong, right in WORDS.items() if wrong.lower() == right.lower() or _WRONG.search(right)]
    assert all(wrong == wrong.lower() for wrong in WORDS)


def test_nothing_that_users_read_has_one_of_them() -> None:
    found = [
        f"{path}:{number}: {word[0]}: write {WORDS[word[0].lower()]}"
        for path in gates.read_by_users(source_files())
        for number, line in enumerate((ROOT / path).read_text(encoding="utf-8").splitlines(), 1)
        for word in _WRONG.finditer(line)
    ]
    assert found == []


@pytest.mark.parametrize("text", ["kubeclt", "Kubernets", "its Behavior", "control-panel"])
def test_a_planted_word_is_found(text: str) -> None:
    assert _WRONG.search(text) is not None


def test_guides_descriptions_and_messages_are_checked() -> None:
    names = {path.as_posix() for path in gates.read_by_users(source_files())}
    assert names >= {
        "README.md",
        "README.zh-CN.md",
        "docs/docsite/rst/guide_troubleshooting.rst",
        "roles/preflight/README.md",
        "roles/preflight/meta/argument_specs.yml",
        "plugins/modules/cluster_plan.py",
        "plugins/module_utils/_domain/plan/desired_inputs.py",
    }
    assert not {name for name in names if name.startswith("docs/results/")}


def test_the_gate_takes_codespells_dictionary_and_ours() -> None:
    (gate,) = [gate for gate in gates.gates() if gate.name == "codespell"]
    assert gate.command[:3] == ("codespell", "--dictionary=-", "--dictionary=tests/tools/spelling.txt")
    assert len(gate.command) > 500
