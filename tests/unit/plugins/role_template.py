# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A role's template filled in by Jinja alone, as Ansible fills it in."""

from __future__ import annotations

import dataclasses
import typing as t

import jinja2

from tests.tools.environment import ROOT

#: Jinja as Ansible sets it up for templates. A value that is missing is an error.
ENVIRONMENT = jinja2.Environment(trim_blocks=True, keep_trailing_newline=True, undefined=jinja2.StrictUndefined)
ENVIRONMENT.filters["comment"] = lambda text, decoration="# ": (
    f"{decoration.strip()}\n{decoration}{text}\n{decoration.strip()}"
)


@dataclasses.dataclass(frozen=True)
class RoleTemplate:
    """The port Template. ``ansible_managed`` is one line."""

    source: str

    @classmethod
    def of(cls, role: str, name: str) -> RoleTemplate:
        """The template ``name`` of a role."""
        return cls((ROOT / "roles" / role / "templates" / name).read_text(encoding="utf-8"))

    def text(self) -> str:
        """The template itself."""
        return self.source

    def render(self, values: t.Mapping[str, t.Any]) -> str:
        """The template filled in."""
        return ENVIRONMENT.from_string(self.source).render(**values, ansible_managed="Ansible managed")
