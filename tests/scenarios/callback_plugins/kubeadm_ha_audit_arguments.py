# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes what a run hands to ``kubeadm.ha.audit_report`` for its report, as JSON: no test has to imagine what modules return."""

from __future__ import annotations

import json
import os
import typing as t
from pathlib import Path

from ansible.plugins.action import ActionBase
from ansible.plugins.callback import CallbackBase

DOCUMENTATION = r"""
name: kubeadm_ha_audit_arguments
type: aggregate
short_description: Write the arguments of the audit as JSON
description:
  - Writes the arguments with which a run calls M(kubeadm.ha.audit_report) for its report, after Ansible has templated them, into the file
    that the environment variable names. No result of a task has them.
options:
  path:
    description: The file.
    env:
      - name: KUBEADM_HA_AUDIT_ARGUMENTS
    type: path
"""

_ACTION = "kubeadm.ha.audit_report"


class CallbackModule(CallbackBase):
    """Gets between the task and its action, in the process from which Ansible's workers are forked."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "kubeadm_ha_audit_arguments"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self) -> None:
        super().__init__()
        path, run = Path(os.environ["KUBEADM_HA_AUDIT_ARGUMENTS"]), ActionBase.run
        path.unlink(missing_ok=True)

        def recorded(
            action: ActionBase, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None
        ) -> dict[str, t.Any]:
            arguments = action._task.args
            if action._task.action == _ACTION and arguments.get("phase", "report") == "report":
                path.write_text(json.dumps(arguments, indent=1, sort_keys=True) + "\n", encoding="utf-8")
            return t.cast("dict[str, t.Any]", run(action, tmp, task_vars))

        ActionBase.run = recorded
