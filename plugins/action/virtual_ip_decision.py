# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Computes on the controller what the role of the virtual IP would change on an inspected host."""

from __future__ import annotations

import typing as t

from ansible.plugins.action import ActionBase

from ansible_collections.kubeadm.ha.plugins.module_utils._action import decision_result
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.load_balancer import keepalived_files, virtual_ip
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.load_balancer.providers import keepalived
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.load_balancer.virtual_ip_report import VirtualIpReport
from ansible_collections.kubeadm.ha.plugins.plugin_utils.role_template import RoleTemplate

_ARGUMENTS: dict[str, dict[str, t.Any]] = {
    "configuration": {"type": "str", "required": True},
    "drop_in": {"type": "str", "required": True},
    "inputs": {"type": "dict", "required": True},
    "name": {"type": "str", "required": True},
    "unit": {"type": "str", "required": True},
    "virtual_ip": {"type": "dict", "required": True},
    "watcher": {"type": "str", "required": True},
}


class ActionModule(ActionBase):
    """Reads files of the role, computes and decides; connects to nothing."""

    _supports_check_mode = True
    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        """What the documentation of ``kubeadm.ha.virtual_ip_decision`` says."""
        result = super().run(tmp, task_vars)
        _validation, arguments = self.validate_argument_spec(argument_spec=_ARGUMENTS)
        variables = task_vars or {}

        def template(argument: str, destination: str) -> RoleTemplate:
            path = self._find_needle("templates", arguments[argument])
            return RoleTemplate(path, self._text(path), destination, self._templar, variables)

        def decide() -> t.Mapping[str, t.Any]:
            report = VirtualIpReport.from_dict(arguments["name"], arguments["virtual_ip"])
            sources = virtual_ip.Sources(
                configuration=template("configuration", keepalived_files.CONFIGURATION),
                drop_in=template("drop_in", keepalived_files.DROP_IN),
                unit=template("unit", keepalived_files.WATCHER_UNIT),
                watcher=self._text(self._find_needle("files", arguments["watcher"])),
            )
            reading = keepalived.parse(arguments["name"], arguments["inputs"])
            return virtual_ip.decide(arguments["name"], report, reading, sources)

        return {**result, **decision_result(f"What the host {arguments['name']} reported of the virtual IP", decide)}

    def _text(self, path: str) -> str:
        return str(self._loader.get_text_file_contents(path))
