# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``main()`` of node_info on this machine, and what node_decision documents."""

from __future__ import annotations

import ast
import re
import typing as t

import pytest
import yaml

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.node import desired
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.node.report import NodeReport
from ansible_collections.kubeadm.ha.plugins.modules import node_decision, node_info
from tests.tools.environment import ROOT
from tests.unit.plugins.module_utils._domain.node.values import BARE, decided

if t.TYPE_CHECKING:
    from tests.unit.plugins.modules.conftest import RunModule

OPTIONS: dict[str, dict[str, t.Any]] = yaml.safe_load(node_decision.DOCUMENTATION)["options"]


@pytest.mark.parametrize("check", [False, True])
def test_this_machine(run_module: RunModule, *, check: bool) -> None:
    result = run_module("node_info", check=check)
    assert result["changed"] is False
    report = NodeReport.from_dict("this", result["node"])
    assert "mount" in report.programs
    assert report.identity.hostname
    assert set(result["node"]) == set(yaml.safe_load(node_info.RETURN)["node"]["contains"])


def test_the_options_are_the_arguments() -> None:
    source = (ROOT / "plugins/action/node_decision.py").read_text(encoding="utf-8")
    assigned = (node for node in ast.parse(source).body if isinstance(node, ast.AnnAssign) and node.value is not None)
    (value,) = (node.value for node in assigned if ast.unparse(node.target) == "_ARGUMENTS")
    documented = {
        name: {key: each for key, each in option.items() if key != "description"} for name, option in OPTIONS.items()
    }
    assert documented == ast.literal_eval(value)


def test_the_inputs_are_named() -> None:
    names = re.findall(r"C\((\w+)\)", OPTIONS["inputs"]["description"][1])
    assert sorted(names) == sorted(desired.VARIABLES)


def test_what_is_decided_is_documented() -> None:
    documented = yaml.safe_load(node_decision.RETURN)["decision"]["contains"]
    assert set(decided(BARE).as_dict()) == set(documented)
