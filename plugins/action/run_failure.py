# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fails on the controller with what the run has changed so far, from the results that its tasks have registered."""

from __future__ import annotations

import typing as t

from ansible.plugins.action import ActionBase

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.plan import run_failure

_ARGUMENTS: dict[str, dict[str, t.Any]] = {
    "failure": {"type": "dict", "default": {}},
    "purpose": {"type": "str", "required": True},
    "remedy": {"type": "str", "required": True},
    "registered": {"type": "list", "elements": "str", "required": True},
    "backup": {"type": "str", "required": True},
}


class ActionModule(ActionBase):
    """Reads variables of all hosts; connects to nothing."""

    _supports_check_mode = True
    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        """A failure, as the documentation of ``kubeadm.ha.run_failure`` says."""
        result = super().run(tmp, task_vars)
        _validation, arguments = self.validate_argument_spec(argument_spec=_ARGUMENTS)
        if self._task.check_mode:
            return {**result, "failed": True, "msg": run_failure.reason(arguments["failure"])}
        hostvars = (task_vars or {})["hostvars"]
        changed = {name: _changed(hostvars[name], arguments["registered"]) for name in hostvars}
        message = run_failure.message(
            arguments["failure"],
            purpose=arguments["purpose"],
            changed=changed,
            backups={name: path for name in hostvars for path in [_path(hostvars[name], arguments["backup"])] if path},
            remedy=arguments["remedy"],
        )
        return {**result, "failed": True, "msg": message}


def _changed(variables: t.Mapping[str, t.Any], names: t.Sequence[str]) -> list[str]:
    results = (variables[name] for name in names if name in variables)
    return run_failure.changed_objects(item for item in results if isinstance(item, dict))


def _path(variables: t.Mapping[str, t.Any], name: str) -> str:
    found = variables.get(name, {})
    return str(found.get("path") or "") if isinstance(found, dict) and found.get("changed") else ""
