# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Computes on the controller, from inspected hosts, which of them serves the API."""

from __future__ import annotations

import typing as t

from ansible.plugins.action import ActionBase

from ansible_collections.kubeadm.ha.plugins.module_utils._action import decision_result
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.text.pyyaml import PyYaml
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.text.x509 import CryptographyX509
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.plan import planning

_ARGUMENTS: dict[str, dict[str, t.Any]] = {
    "control_planes": {"type": "list", "elements": "str", "required": True},
    "hosts": {"type": "dict", "required": True},
}


class ActionModule(ActionBase):
    """Reads and computes; connects to nothing."""

    _supports_check_mode = True
    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        """The facts, as the documentation of ``kubeadm.ha.control_plane_facts`` says."""
        result = super().run(tmp, task_vars)
        _validation, arguments = self.validate_argument_spec(argument_spec=_ARGUMENTS)

        def decide() -> t.Mapping[str, t.Any]:
            return planning.control_plane_facts(
                arguments["hosts"], arguments["control_planes"], yaml=PyYaml(), x509=CryptographyX509()
            )

        return {**result, **decision_result("What the hosts reported", decide)}
