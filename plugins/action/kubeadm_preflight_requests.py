# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Computes on the controller, from inspected hosts and the cluster, what the kubeadm of each joining host is to be asked."""

from __future__ import annotations

import typing as t

from ansible.plugins.action import ActionBase

from ansible_collections.kubeadm.ha.plugins.module_utils._action import decision_result
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.text.pyyaml import PyYaml
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.text.x509 import CryptographyX509
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.address import Endpoint
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.plan import planning
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.plan.checks.reachability import Groups

_ARGUMENTS: dict[str, dict[str, t.Any]] = {
    "cluster": {"type": "dict", "required": True},
    "control_planes": {"type": "list", "elements": "str", "required": True},
    "endpoint": {"type": "str", "required": True},
    "hosts": {"type": "dict", "required": True},
    "patches_dir": {"type": "str", "default": ""},
    "workers": {"type": "list", "elements": "str", "default": []},
}


class ActionModule(ActionBase):
    """Reads and computes; connects to nothing."""

    _supports_check_mode = True
    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        """The requests, as the documentation of ``kubeadm.ha.kubeadm_preflight_requests`` says."""
        result = super().run(tmp, task_vars)
        _validation, arguments = self.validate_argument_spec(argument_spec=_ARGUMENTS)

        def decide() -> t.Mapping[str, t.Any]:
            return planning.kubeadm_requests(
                arguments["hosts"],
                arguments["cluster"],
                Groups(arguments["control_planes"], arguments["workers"], ()),
                Endpoint.parse(arguments["endpoint"]),
                arguments["patches_dir"],
                yaml=PyYaml(),
                x509=CryptographyX509(),
            )

        return {**result, **decision_result("What hosts and cluster reported", decide)}
