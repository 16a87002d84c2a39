# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Builds on the controller the documents of ``kubeadm init``, and decides what the role would change."""

from __future__ import annotations

import typing as t

from ansible.plugins.action import ActionBase

from ansible_collections.kubeadm.ha.plugins.module_utils._action import decision_result
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.kubeadm import init_decision

_ARGUMENTS: dict[str, dict[str, t.Any]] = {
    "inputs": {"type": "dict", "required": True},
    "inspected": {"type": "list", "elements": "dict", "default": []},
    "name": {"type": "str", "required": True},
}


class ActionModule(ActionBase):
    """Computes; connects to nothing."""

    _supports_check_mode = True
    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        """What the documentation of ``kubeadm.ha.kubeadm_init_configuration`` says."""
        result = super().run(tmp, task_vars)
        _validation, arguments = self.validate_argument_spec(argument_spec=_ARGUMENTS)
        name = arguments["name"]

        def decide() -> t.Mapping[str, t.Any]:
            return init_decision.decide(name, arguments["inputs"], arguments["inspected"])

        return {**result, **decision_result(f"What kubeadm_init reported of {name}", decide)}
