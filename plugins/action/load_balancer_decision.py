# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tells on the controller what the role apiserver_haproxy would change on a looked-at host."""

from __future__ import annotations

import typing as t

from ansible.plugins.action import ActionBase

from ansible_collections.kubeadm.ha.plugins.module_utils._action import concluded
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.text.x509 import CryptographyX509
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.load_balancer import load_balancer

_ARGUMENTS: dict[str, dict[str, t.Any]] = {
    "load_balancer": {"type": "dict", "required": True},
    "name": {"type": "str", "required": True},
    "wanted": {
        "type": "dict",
        "required": True,
        "options": {
            "ca": {"type": "str", "required": True},
            "certificate": {"type": "bool", "required": True},
            "checksum": {"type": "str", "required": True},
            "common_name": {"type": "str", "required": True},
            "connect": {"type": "list", "elements": "int", "required": True},
            "digest": {"type": "str", "required": True},
            "listen": {"type": "list", "elements": "int", "required": True},
            "manage_firewall": {"type": "bool", "required": True},
            "open": {"type": "list", "elements": "int", "required": True},
            "inputs": {"type": "dict", "required": True},
            "renew_before": {"type": "int", "required": True},
            "replace_configuration": {"type": "bool", "required": True},
        },
    },
}


class ActionModule(ActionBase):
    """Reads and decides; connects to nothing."""

    _supports_check_mode = True
    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        """``decision``, as the documentation of ``kubeadm.ha.load_balancer_decision`` tells."""
        result = super().run(tmp, task_vars)
        _validation, arguments = self.validate_argument_spec(argument_spec=_ARGUMENTS)

        def decide() -> t.Mapping[str, t.Any]:
            wanted = load_balancer.Wanted(**arguments["wanted"])
            found = arguments["load_balancer"]
            return {"decision": load_balancer.decide(arguments["name"], found, wanted, CryptographyX509())}

        return {**result, **concluded(f"What the load balancer host {arguments['name']} told", decide)}
