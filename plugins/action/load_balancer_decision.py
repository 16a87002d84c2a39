# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Computes on the controller the configuration of an inspected load balancer host, and what its role would change there."""

from __future__ import annotations

import collections
import dataclasses
import typing as t
from pathlib import Path

from ansible.plugins.action import ActionBase
from ansible.template import generate_ansible_template_vars, trust_as_template

from ansible_collections.kubeadm.ha.plugins.module_utils._action import decision_result
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.text.x509 import CryptographyX509
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.load_balancer import load_balancer
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.load_balancer.providers import haproxy
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.load_balancer.report import LoadBalancerReport

_ARGUMENTS: dict[str, dict[str, t.Any]] = {
    "files": {"type": "list", "elements": "str", "default": []},
    "inputs": {"type": "dict", "required": True},
    "issued_certificate": {"type": "str", "default": ""},
    "load_balancer": {"type": "dict", "required": True},
    "name": {"type": "str", "required": True},
    "template": {"type": "str", "required": True},
}


class ActionModule(ActionBase):
    """Reads files of the role, computes and decides; connects to nothing."""

    _supports_check_mode = True
    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        """What the documentation of ``kubeadm.ha.load_balancer_decision`` says."""
        result = super().run(tmp, task_vars)
        _validation, arguments = self.validate_argument_spec(argument_spec=_ARGUMENTS)
        path = self._find_needle("templates", arguments["template"])
        files = tuple(self._text(self._find_needle("files", name)) for name in arguments["files"])

        def decide() -> t.Mapping[str, t.Any]:
            report = LoadBalancerReport.from_dict(arguments["name"], arguments["load_balancer"])
            destination = report.configuration.path
            template = RoleTemplate(path, self._text(path), destination, self._templar, task_vars or {})
            return load_balancer.decide(
                arguments["name"],
                report,
                haproxy.parse(arguments["name"], arguments["inputs"], has_ipv6=report.has_ipv6),
                load_balancer.Sources(template, files),
                CryptographyX509(),
                issued=arguments["issued_certificate"],
            )

        return {**result, **decision_result(f"What the load balancer host {arguments['name']} reported", decide)}

    def _text(self, path: str) -> str:
        return str(self._loader.get_text_file_contents(path))


@dataclasses.dataclass(frozen=True)
class RoleTemplate:
    """A template of a role, filled in by Ansible.

    Attributes:
        path: where it is.
        source: its text.
        destination: the file on the host.
        templar: the task's.
        variables: the task's, for ``ansible_managed`` only.
    """

    path: str
    source: str
    destination: str
    templar: t.Any
    variables: t.Mapping[str, t.Any]

    def text(self) -> str:
        """The template itself."""
        return self.source

    def render(self, values: t.Mapping[str, t.Any]) -> str:
        """The template filled in with these values and ``ansible_managed``, as ``ansible.builtin.template`` does it."""
        templar = self.templar.copy_with_new_env(available_variables={**values, "ansible_managed": self._managed()})
        return str(templar.template(trust_as_template(self.source), escape_backslashes=False))

    def _managed(self) -> t.Any:
        """The inventory's, else that of Ansible's configuration. Both may be templates of their own."""
        name = Path(self.path).name
        of_template = generate_ansible_template_vars(name, fullpath=self.path, dest_path=self.destination)
        managed = self.variables.get("ansible_managed", of_template["ansible_managed"])
        variables = collections.ChainMap(of_template, dict(self.variables))
        return self.templar.copy_with_new_env(available_variables=variables).template(managed)
