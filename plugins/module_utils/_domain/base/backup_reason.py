# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why a backup is made, as plan and module say it alike."""

from __future__ import annotations


def reason(*, has_snapshot: bool, of: str = "run") -> str:
    """What the backup is good for.

    Args:
        has_snapshot: whether it has a snapshot of etcd.
        of: what changes something afterwards.
    """
    also = ", and etcd from a snapshot" if has_snapshot else ""
    return f"everything that the {of} changes here can be put back{also}"


__all__ = ("reason",)
