# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the module of the same name and adds the controller's clock, with which that of the host is compared."""

from __future__ import annotations

import time
import typing as t

from ansible.plugins.action import ActionBase


class ActionModule(ActionBase):
    """See ``kubeadm.ha.node_info``."""

    _supports_check_mode = True
    _requires_connection = True

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        """The module's result with the time at which the controller had it."""
        super().run(tmp, task_vars)
        result = self._execute_module(task_vars=task_vars)
        if not result.get("failed") and "node" in result:
            result["node"]["identity"]["seen_at"] = time.time()
        return t.cast("dict[str, t.Any]", result)
