# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asks on the controller's terminal whether a plan is to be carried out."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsiblePromptNoninteractive
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

_ARGUMENTS: dict[str, dict[str, t.Any]] = {"changes": {"type": "int", "required": True}}
_YES = "yes"


class ActionModule(ActionBase):
    """Connects to nothing."""

    _supports_check_mode = True
    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        """What the documentation of ``kubeadm.ha.plan_confirmation`` says."""
        result = super().run(tmp, task_vars)
        _validation, arguments = self.validate_argument_spec(argument_spec=_ARGUMENTS)
        changes = arguments["changes"]
        if self._task.check_mode or not changes:
            return {**result, "changed": False, "asked": False}
        question = f"Carry out the plan with {changes} {'change' if changes == 1 else 'changes'}? Only '{_YES}' does: "
        try:
            answer = Display().prompt_until(question)
        except AnsiblePromptNoninteractive:
            return {**result, "changed": False, "asked": False}
        if answer.decode(errors="replace").strip().lower() != _YES:
            message = "Nothing was changed: the plan was not confirmed."
            return {**result, "changed": False, "failed": True, "asked": True, "msg": message}
        return {**result, "changed": False, "asked": True}
