# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the domain needs of services that it stops and starts."""

from __future__ import annotations

import typing as t

from .component_services import ComponentServices


class ControlledServices(ComponentServices, t.Protocol):
    """Services of this host, which systemd can be asked to stop and start."""

    def requiring(self, unit: str) -> t.Sequence[str]:
        """The units that systemd ends with it, and does not start again with it."""

    def stop(self, unit: str) -> None:
        """Let systemd end it, without waiting for that. Whether it starts at boot stays as it is."""

    def reload(self, unit: str) -> None:
        """Let it read its configuration anew, and wait until it has.

        Raises:
            CommandFailed: when it did not.
        """

    def start(self, unit: str) -> None:
        """Let systemd start it where it does not run, however often it has failed, without waiting for that."""


__all__ = ("ControlledServices",)
