# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Collects on the host, parses on the controller: the hosts need neither PyYAML nor cryptography, and learn nothing of what is wanted."""

from __future__ import annotations

import time
import typing as t

from ansible.plugins.action import ActionBase

from ansible_collections.kubeadm.ha.plugins.module_utils._action import decision_result, validated
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.text.pyyaml import PyYaml
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.text.x509 import CryptographyX509
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.host.desired_host import (
    INSPECTED_BY,
    OPTIONS,
    DesiredHost,
)
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.host.host import Host
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.host.inspected_host import InspectedHost


class ActionModule(ActionBase):
    """Runs the module of the same name and adds what its report means."""

    _supports_check_mode = True
    _requires_connection = True

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        """The module's result with the parsed host merged in."""
        result = super().run(tmp, task_vars)
        name = (task_vars or {})["inventory_hostname"]
        arguments = self._task.args

        def desired() -> t.Mapping[str, t.Any]:
            return {"wanted": DesiredHost.from_options(name, validated(arguments, OPTIONS)).as_dict()}

        wanted = decision_result(f"What is wanted of {name}", desired)
        if wanted.get("failed"):
            return {**result, **wanted}
        of_module = {key: value for key, value in arguments.items() if key not in OPTIONS or key in INSPECTED_BY}
        result = self._execute_module(module_args=of_module, task_vars=task_vars)
        if not result.get("failed") and "host" in result:
            document = {**result["host"], "wanted": wanted["wanted"]}

            def parse() -> t.Mapping[str, t.Any]:
                host = Host.from_report(
                    name, InspectedHost.from_dict(name, document), yaml=PyYaml(), x509=CryptographyX509()
                )
                return {"host": {**document, **host.as_dict(), "looked_at": time.time()}}

            parsed = decision_result(f"What {name} reported", parse)
            if parsed.get("failed"):
                del result["host"]
            result.update(parsed)
        return t.cast("dict[str, t.Any]", result)
