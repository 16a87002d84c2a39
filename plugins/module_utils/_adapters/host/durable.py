# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Content that survives a loss of power."""

from __future__ import annotations

import os


def sync(path: str) -> None:
    """A file's content, or the names in a directory, are on the disk.

    Raises:
        OSError: when the host does not allow it.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


__all__ = ("sync",)
