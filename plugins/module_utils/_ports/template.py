# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the domain needs of a configuration's template."""

from __future__ import annotations

import typing as t


class Template(t.Protocol):
    """The template of a configuration."""

    def text(self) -> str:
        """The template itself."""

    def render(self, values: t.Mapping[str, t.Any]) -> str:
        """The template filled in with these values, which are all that it is given."""


__all__ = ("Template",)
