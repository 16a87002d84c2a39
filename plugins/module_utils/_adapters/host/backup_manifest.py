# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The manifest of a backup on this host."""

from __future__ import annotations

import json

from ..._domain.backup.layout import KIND


def created(manifest: str) -> str | None:
    """The time in a manifest of ours, ``None`` for anything else."""
    try:
        with open(manifest, encoding="utf-8") as file:
            document = json.load(file)
    except (OSError, ValueError):
        return None
    if not isinstance(document, dict) or document.get("kind") != KIND:
        return None
    return str(document.get("created"))


__all__ = ("created",)
