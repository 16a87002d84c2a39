# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The directory for backups on a host, before there is a backup."""

from __future__ import annotations

import os
import stat

from ..._domain.host.report import BackupTarget


def collect(directory: str) -> BackupTarget:
    """The nearest thing that exists on the way to the directory: it may be the directory itself."""
    existing = os.path.normpath(directory)
    while not os.path.lexists(existing):
        existing = os.path.dirname(existing)
    target = os.path.realpath(existing)
    try:
        found = os.stat(target)
    except OSError:
        return BackupTarget(directory, existing, is_directory=False)
    # Read-only file systems and immutable directories are not writable for root either.
    return BackupTarget(
        path=directory,
        existing=existing,
        is_directory=stat.S_ISDIR(found.st_mode),
        is_writable=os.access(target, os.W_OK | os.X_OK),
        is_private=not found.st_mode & (stat.S_IWGRP | stat.S_IWOTH) and found.st_uid in (0, os.geteuid()),
        free_bytes=_free_bytes(target),
    )


def _free_bytes(path: str) -> int:
    status = os.statvfs(path)
    return status.f_bavail * status.f_frsize


__all__ = ("collect",)
