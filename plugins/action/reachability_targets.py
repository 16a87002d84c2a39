# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Computes on the controller, from inspected hosts and the cluster, which addresses and ports each host must reach."""

from __future__ import annotations

import typing as t

from ansible.plugins.action import ActionBase

from ansible_collections.kubeadm.ha.plugins.module_utils._action import decision_result
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.text.pyyaml import PyYaml
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.text.x509 import CryptographyX509
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.plan import planning
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.plan.checks.reachability import Groups

_NAMES = {"type": "list", "elements": "str", "default": []}
_ARGUMENTS: dict[str, dict[str, t.Any]] = {
    "cluster": {"type": "dict", "required": True},
    "etcd": {"type": "dict"},
    "control_planes": {"type": "list", "elements": "str", "required": True},
    "hosts": {"type": "dict", "required": True},
    "load_balancers": _NAMES,
    "workers": _NAMES,
}


class ActionModule(ActionBase):
    """Reads and computes; connects to nothing."""

    _supports_check_mode = True
    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        """The targets, as the documentation of ``kubeadm.ha.reachability_targets`` says."""
        result = super().run(tmp, task_vars)
        _validation, arguments = self.validate_argument_spec(argument_spec=_ARGUMENTS)
        groups = Groups(arguments["control_planes"], arguments["workers"], arguments["load_balancers"])

        def decide() -> t.Mapping[str, t.Any]:
            targets = planning.reachability_targets(
                arguments["hosts"],
                arguments["cluster"],
                groups,
                arguments["etcd"],
                yaml=PyYaml(),
                x509=CryptographyX509(),
            )
            return {"targets": targets}

        return {**result, **decision_result("What hosts and cluster reported", decide)}
