# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What audit_report documents is what its action takes and returns."""

from __future__ import annotations

import ast
import typing as t

import yaml

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.audit import render_json, topology
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.audit.shown_plan import ShownPlan
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.finding import Severity
from ansible_collections.kubeadm.ha.plugins.modules import audit_report
from tests.tools.environment import ROOT
from tests.unit.plugins.module_utils._domain.audit.test_rendering import many
from tests.unit.plugins.module_utils._domain.audit.values import audit_of, healthy
from tests.unit.plugins.returned import undocumented

OPTIONS: dict[str, dict[str, t.Any]] = yaml.safe_load(audit_report.DOCUMENTATION)["options"]
REPORT: dict[str, t.Any] = yaml.safe_load(audit_report.RETURN)["report"]
ENTRY = {
    "host": "cp1",
    "step": "certify",
    "object": "certificate",
    "before": None,
    "after": ["a"],
    "reason": "b",
    "id": "x",
}
PLAN = ShownPlan.if_made({"entries": [ENTRY], "problems": [{"subject": "lb1", "message": "lb1 has no haproxy."}]})


def test_the_options_are_the_arguments() -> None:
    source = (ROOT / "plugins/action/audit_report.py").read_text(encoding="utf-8")
    values = "[_NEVER, *(item.value for item in Severity)]"
    assert values in source
    source = source.replace(values, repr(["never", *(item.value for item in Severity)])).replace("_NEVER}", "'never'}")
    assigned = (node for node in ast.parse(source).body if isinstance(node, ast.AnnAssign) and node.value is not None)
    (value,) = (node.value for node in assigned if ast.unparse(node.target) == "_ARGUMENTS")
    documented = {
        name: {key: of for key, of in option.items() if key != "description"} for name, option in OPTIONS.items()
    }
    arguments = ast.literal_eval(t.cast("ast.expr", value))
    assert documented == arguments


def test_what_is_returned_is_documented_down_to_the_last_key() -> None:
    for audit, plan in ((many(), PLAN), (audit_of(healthy()), None)):
        document = render_json.document(audit, created=1.0, plan=plan)
        assert list(undocumented(document, REPORT, "report")) == []
    assert document["topology"]["boxes"]
    assert document["plan"] is None


def test_a_key_that_nobody_documents_is_seen() -> None:
    document = render_json.document(many(), created=1.0, plan=PLAN)
    document["topology"]["boxes"][0]["colour"] = "red"
    document["topology"]["connections"][0]["by"] = 5
    del document["plan"]["problems"][0]["message"]
    assert sorted(undocumented(document, REPORT, "report")) == [
        "report.plan.problems.message",
        "report.topology.boxes.colour",
        "report.topology.connections.by is 5",
    ]


def test_kinds_of_connections_are_those_that_are_documented() -> None:
    said = REPORT["contains"]["topology"]["contains"]["connections"]["contains"]["kind"]["description"]
    for kind in (topology.TO_ENDPOINT, topology.TO_BALANCER, topology.TO_API_SERVER, topology.PAST):
        assert f"V({kind})" in said
