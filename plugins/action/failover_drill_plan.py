# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Determines on the controller which hosts the events of a drill concern, and whether the cluster bears them."""

from __future__ import annotations

import typing as t

from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

from ansible_collections.kubeadm.ha.plugins.module_utils._action import decision_result
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.failover_drill import event_input, planning
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.failover_drill.report import DrillReport

_ARGUMENTS: dict[str, dict[str, t.Any]] = {
    "accept_outage": {"type": "bool", "default": False},
    "application": {"type": "bool", "default": False},
    "events": {"type": "list", "elements": "raw", "required": True},
    "failures": {"type": "dict", "default": {}},
    "first": {"type": "int", "default": 1},
    "hosts": {"type": "dict", "default": {}},
    "hosts_before": {"type": "dict", "default": {}},
    "show": {"type": "bool", "default": True},
}


class ActionModule(ActionBase):
    """Computes, and shows the plan; connects to nothing."""

    _supports_check_mode = True
    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        """What the documentation of ``kubeadm.ha.failover_drill_plan`` says."""
        result = super().run(tmp, task_vars)
        _validation, arguments = self.validate_argument_spec(argument_spec=_ARGUMENTS)

        def decide() -> t.Mapping[str, t.Any]:
            plan = planning.build(
                event_input.parse(arguments["events"]),
                _reports(arguments["hosts"]),
                {name: str(why) for name, why in arguments["failures"].items()},
                first=arguments["first"],
                before=_reports(arguments["hosts_before"]),
                with_application=arguments["application"],
                accepts_outage=arguments["accept_outage"],
            )
            lines = planning.lines(plan)
            if arguments["show"] and not plan.problems:
                for line in lines:
                    Display().display(line)
            failed = (
                {"failed": True, "msg": planning.reasons(plan, is_begun=bool(arguments["hosts_before"]))}
                if plan.problems
                else {}
            )
            return {"plan": plan.as_dict(), "lines": lines, "hosts": arguments["hosts"], **failed}

        return {**result, **decision_result("What the control planes reported", decide)}


def _reports(documents: t.Mapping[str, t.Any]) -> dict[str, DrillReport]:
    return {name: DrillReport.from_dict(name, found) for name, found in documents.items()}
