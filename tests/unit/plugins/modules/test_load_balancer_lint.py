# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What load_balancer_lint documents is what its action takes and returns; the guide lists every finding."""

from __future__ import annotations

import ast
import re
import typing as t

import yaml

from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.text import nginx_text
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.load_balancer_lint import findings
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.load_balancer_lint.lint import (
    KINDS,
    ConfigurationFile,
    lint,
)
from ansible_collections.kubeadm.ha.plugins.modules import load_balancer_lint
from tests.roles.lint_configurations import CONFIGURATIONS, VIRTUAL_IPS
from tests.tools.environment import ROOT
from tests.unit.plugins.returned import undocumented

OPTIONS: dict[str, dict[str, t.Any]] = yaml.safe_load(load_balancer_lint.DOCUMENTATION)["options"]
RETURNED: dict[str, t.Any] = yaml.safe_load(load_balancer_lint.RETURN)


def test_the_options_are_the_arguments() -> None:
    source = (
        (ROOT / "plugins/action/load_balancer_lint.py")
        .read_text(encoding="utf-8")
        .replace("sorted(KINDS)", repr(sorted(KINDS)))
    )
    assigned = (node for node in ast.parse(source).body if isinstance(node, ast.AnnAssign) and node.value is not None)
    (value,) = (node.value for node in assigned if ast.unparse(node.target) == "_ARGUMENTS")
    documented = {
        name: {key: of for key, of in option.items() if key != "description"} for name, option in OPTIONS.items()
    }
    assert documented == ast.literal_eval(t.cast("ast.expr", value))


def test_what_is_returned_is_documented() -> None:
    files = [ConfigurationFile("", name, "", each.text) for name, each in CONFIGURATIONS.items()]
    files += [
        ConfigurationFile(each.host, "keepalived.conf", "", each.text) for each in VIRTUAL_IPS["kubeadm-guide"].routers
    ]
    found = lint(files, nginx_text.parse)
    assert set(RETURNED) == {"lint", "lines"}
    assert list(undocumented(found.as_dict(), RETURNED["lint"], "lint")) == []


def test_the_guide_lists_every_finding_with_its_severity() -> None:
    guide = (ROOT / "docs/docsite/rst/guide_lint.rst").read_text(encoding="utf-8")
    listed = re.findall(r"^   \* - ``([a-z-]+\.[a-z-]+)``\n     - (\w+)\n     - (.+)$", guide, re.MULTILINE)
    assert listed == [(kind.id, kind.severity.value, kind.title) for kind in findings.KINDS]
