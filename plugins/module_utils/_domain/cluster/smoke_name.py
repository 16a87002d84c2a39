# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the smoke application is called, for those who only name it."""

from __future__ import annotations

#: Name of all its objects but the namespace.
NAME = "smoke"

__all__ = ("NAME",)
