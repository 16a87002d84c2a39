# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Templates of roles, filled in on the controller by actions that compute their values."""

from __future__ import annotations

import collections
import dataclasses
import typing as t
from pathlib import Path

from ansible.template import generate_ansible_template_vars, trust_as_template


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


__all__ = ("RoleTemplate",)
