# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Computes on the controller the configuration of an inspected load balancer host, and what its role would change there."""

from __future__ import annotations

import typing as t
from pathlib import Path

from ansible.plugins.action import ActionBase

from ansible_collections.kubeadm.ha.plugins.module_utils._action import decision_result
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.text.x509 import CryptographyX509
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.load_balancer import load_balancer
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.load_balancer.providers import gdnsd, haproxy, nginx
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.load_balancer.report import LoadBalancerReport

if t.TYPE_CHECKING:
    from ansible_collections.kubeadm.ha.plugins.module_utils._domain.load_balancer.provider import Reading
from ansible_collections.kubeadm.ha.plugins.plugin_utils.role_template import RoleTemplate

_ARGUMENTS: dict[str, dict[str, t.Any]] = {
    "files": {"type": "list", "elements": "str", "default": []},
    "inputs": {"type": "dict", "required": True},
    "issued_certificate": {"type": "str", "default": ""},
    "load_balancer": {"type": "dict", "required": True},
    "name": {"type": "str", "required": True},
    "provider": {"type": "str", "choices": ["gdnsd", "haproxy", "nginx"], "default": "haproxy"},
    "template": {"type": "str", "required": True},
    "units": {"type": "list", "elements": "str", "default": []},
}


class ActionModule(ActionBase):
    """Reads files of the role, computes and decides; connects to nothing."""

    _supports_check_mode = True
    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        """What the documentation of ``kubeadm.ha.load_balancer_decision`` says."""
        result = super().run(tmp, task_vars)
        _validation, arguments = self.validate_argument_spec(argument_spec=_ARGUMENTS)
        files = tuple(self._text(self._find_needle("files", name)) for name in arguments["files"])

        def template(name: str, destination: str) -> RoleTemplate:
            path = self._find_needle("templates", name)
            return RoleTemplate(path, self._text(path), destination, self._templar, task_vars or {})

        def decide() -> t.Mapping[str, t.Any]:
            report = LoadBalancerReport.from_dict(arguments["name"], arguments["load_balancer"])
            configuration = template(arguments["template"], report.configuration.path)
            names = {name: Path(name).stem for name in arguments["units"]}
            units = {unit: template(name, f"/etc/systemd/system/{unit}") for name, unit in names.items()}
            sources = load_balancer.Sources(configuration, files, units)
            reading = _parse(arguments["provider"], arguments["name"], arguments["inputs"], report)
            issued = arguments["issued_certificate"]
            return load_balancer.decide(arguments["name"], report, reading, sources, CryptographyX509(), issued=issued)

        return {**result, **decision_result(f"What the load balancer host {arguments['name']} reported", decide)}

    def _text(self, path: str) -> str:
        return str(self._loader.get_text_file_contents(path))


def _parse(provider: str, host: str, inputs: t.Mapping[str, t.Any], report: LoadBalancerReport) -> Reading:
    if provider == nginx.Nginx.name:
        of_host = {"stream_module": report.stream_module, "python": report.python}
        return nginx.parse(host, inputs, has_ipv6=report.has_ipv6, **of_host)
    if provider == gdnsd.Gdnsd.name:
        return gdnsd.parse(host, inputs, listeners=report.name_service.listeners, python=report.python)
    return haproxy.parse(host, inputs, has_ipv6=report.has_ipv6)
