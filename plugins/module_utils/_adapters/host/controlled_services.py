# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Components that systemd runs, and is asked to stop and to start."""

from __future__ import annotations

from ..collect.reading import unit_properties
from .component_services import HostComponentServices

#: The other side of Requires=, Requisite=, BindsTo= and PartOf=.
_REQUIRING = ("RequiredBy", "RequisiteOf", "BoundBy", "ConsistsOf")


class HostControlledServices(HostComponentServices):
    """``ControlledServices`` of this host."""

    def requiring(self, unit: str) -> list[str]:
        """See the port."""
        found = unit_properties(self._commands, unit, _REQUIRING)
        return [name for value in found.values() for name in value.split()]

    def stop(self, unit: str) -> None:
        """See the port."""
        self._commands.run(["systemctl", "stop", "--no-block", unit])

    def reload(self, unit: str) -> None:
        """See the port."""
        self._commands.run(["systemctl", "reload", unit])

    def start(self, unit: str) -> None:
        """See the port."""
        self._commands.run(["systemctl", "reset-failed", unit], check=False)
        self._commands.run(["systemctl", "start", "--no-block", unit])


__all__ = ("HostControlledServices",)
