# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What load_balancer_decision documents is what its action takes and returns."""

from __future__ import annotations

import ast
import re
import typing as t

import yaml

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.load_balancer.providers import haproxy, nginx
from ansible_collections.kubeadm.ha.plugins.modules import load_balancer_decision
from tests.tools.environment import ROOT
from tests.unit.plugins.module_utils._domain.load_balancer.test_load_balancer import answer_for, found

OPTIONS: dict[str, dict[str, t.Any]] = yaml.safe_load(load_balancer_decision.DOCUMENTATION)["options"]
RETURNED: dict[str, t.Any] = yaml.safe_load(load_balancer_decision.RETURN)


def arguments() -> dict[str, t.Any]:
    """The action's, read and not imported: with the controller's part of Ansible in this process a module's warnings get lost."""
    source = (ROOT / "plugins/action/load_balancer_decision.py").read_text(encoding="utf-8")
    assigned = (node for node in ast.parse(source).body if isinstance(node, ast.AnnAssign) and node.value is not None)
    (value,) = (node.value for node in assigned if ast.unparse(node.target) == "_ARGUMENTS")
    return t.cast("dict[str, t.Any]", ast.literal_eval(value))


def test_the_options_are_the_arguments() -> None:
    documented = {
        name: {key: value for key, value in option.items() if key != "description"} for name, option in OPTIONS.items()
    }
    assert documented == arguments()


def test_the_inputs_are_named() -> None:
    for provider, line in ((haproxy, 1), (nginx, 2)):
        names = re.findall(r"C\((\w+)\)", OPTIONS["inputs"]["description"][line])
        assert sorted(names) == sorted(provider.VARIABLES)


def test_what_is_returned_is_documented() -> None:
    answer = answer_for(found())
    assert set(answer) == set(RETURNED)
    assert set(answer["decision"]) == set(RETURNED["decision"]["contains"])
    kinds = {"str": str, "bool": bool, "dict": dict, "list": list}
    every = [*((answer[name], RETURNED[name]) for name in answer)]
    every += [(answer["decision"][name], RETURNED["decision"]["contains"][name]) for name in answer["decision"]]
    assert [(value, reported) for value, reported in every if not isinstance(value, kinds[reported["type"]])] == []
