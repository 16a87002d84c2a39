# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the domain needs of files that inputs name on the controller."""

from __future__ import annotations

import typing as t


class ControllerFiles(t.Protocol):
    """Files of the controller, and what URLs give it."""

    def text(self, place: str) -> str:
        """The text at a path or a URL. Raises ``InvalidInput`` with the reason, which names neither, where it cannot be read."""


__all__ = ("ControllerFiles",)
