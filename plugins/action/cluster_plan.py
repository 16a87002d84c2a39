# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Draws up the plan of a run on the controller, from what was collected on the hosts."""

from __future__ import annotations

import typing as t

from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.pyyaml import PyYaml
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.x509 import CryptographyX509
from ansible_collections.kubeadm.ha.plugins.module_utils._domain import plan_report, planning
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.errors import KubeadmHaError

_ARGUMENTS: dict[str, dict[str, t.Any]] = {
    "admin_users": {"type": "list", "elements": "str", "default": ["root"]},
    "adopt_manifest_flags": {"type": "bool", "default": False},
    "allow_older_kubeadm": {"type": "bool", "default": False},
    "allow_two_control_planes": {"type": "bool", "default": False},
    "backup_directory": {"type": "str", "default": "/var/backups/kubeadm-ha"},
    "balancers": {"type": "dict", "default": {}},
    "cluster": {"type": "dict"},
    "control_planes": {"type": "list", "elements": "str", "required": True},
    "endpoint": {"type": "str", "default": ""},
    "etcd": {"type": "dict"},
    "extra_sans": {"type": "list", "elements": "str", "default": []},
    "files": {"type": "dict", "default": {}},
    "group_names": {"type": "dict", "default": {}},
    "hosts": {"type": "dict", "default": {}},
    "load_balancer": {"type": "str", "default": "haproxy"},
    "load_balancers": {"type": "list", "elements": "str", "default": []},
    "patches_dir": {"type": "str", "default": ""},
    "reachability": {"type": "dict", "default": {}},
    "stop": {"type": "bool", "default": True},
    "token_ttl": {"type": "str", "default": "15m"},
    "unmanaged_nodes": {"type": "list", "elements": "str", "default": []},
    "workers": {"type": "list", "elements": "str", "default": []},
}


class ActionModule(ActionBase):
    """Reads, computes and shows; connects to nothing."""

    _supports_check_mode = True
    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        """``plan`` and ``problems``; failed with every problem at once when there is one and ``stop`` is set."""
        result = super().run(tmp, task_vars)
        _validation, arguments = self.validate_argument_spec(argument_spec=_ARGUMENTS)
        stop = arguments.pop("stop")
        try:
            plan = planning.draw_up(arguments, yaml=PyYaml(), x509=CryptographyX509())
        except KubeadmHaError as error:
            return {**result, "failed": True, "msg": error.message, **error.details}
        if plan.is_complete:
            # A run without changes stays quiet.
            for line in plan_report.table(plan, with_notes=bool(plan.entries) or not stop):
                Display().display(line)
        result.update(changed=False, plan=plan.as_dict())
        if plan.problems and stop:
            result.update(failed=True, msg=plan_report.reasons(plan))
        return t.cast("dict[str, t.Any]", result)
