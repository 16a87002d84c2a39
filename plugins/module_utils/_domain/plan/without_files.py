# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Steps that change nothing that a backup could bring back."""

from __future__ import annotations

WITHOUT_FILES = ("prepare", "network", "spread", "revoke")

__all__ = ("WITHOUT_FILES",)
