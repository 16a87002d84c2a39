# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Judges on the controller what a drill has measured."""

from __future__ import annotations

import typing as t

from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

from ansible_collections.kubeadm.ha.plugins.module_utils._action import decision_result
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.failover_drill import results

_ARGUMENTS: dict[str, dict[str, t.Any]] = {
    "entries": {"type": "list", "elements": "dict", "required": True},
    "results": {"type": "list", "elements": "dict", "default": []},
}


class ActionModule(ActionBase):
    """Computes, and shows the table; connects to nothing."""

    _supports_check_mode = True
    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        """What the documentation of ``kubeadm.ha.failover_drill_report`` says."""
        result = super().run(tmp, task_vars)
        _validation, arguments = self.validate_argument_spec(argument_spec=_ARGUMENTS)

        def decide() -> t.Mapping[str, t.Any]:
            found = results.of_plan(results.parse(arguments["entries"]), results.parse(arguments["results"]))
            lines = results.table(found)
            for line in lines:
                Display().display(line)
            return {
                "report": {
                    "events": [item.as_dict() for item in found],
                    "passed": all(item.passed for item in found),
                },
                "lines": lines,
                "junit": results.junit(found),
                "faults": results.faults(found),
            }

        return {**result, **decision_result("What the drill measured", decide)}
