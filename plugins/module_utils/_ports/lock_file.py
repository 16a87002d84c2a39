# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the domain needs of the host's lock."""

from __future__ import annotations

import typing as t


class LockFile(t.Protocol):
    """The lock of the host. Every method may raise ``UnsupportedState``."""

    def alone(self) -> t.ContextManager[None]:
        """Nobody else reads and writes the lock while the context lasts."""

    def read(self) -> tuple[bytes | None, float]:
        """The content, ``None`` without a lock, and the time of its owner's last sign of life, in seconds since the epoch."""

    def write(self, content: bytes) -> None:
        """Write the lock anew."""

    def remove(self) -> None:
        """Remove the lock."""

    def is_at_work(self) -> bool:
        """Whether a module is changing this host now."""


__all__ = ("LockFile",)
