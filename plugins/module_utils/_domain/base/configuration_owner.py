# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whose a configuration file is: nobody's, a role's of this collection, an unchanged package's, or somebody else's."""

from __future__ import annotations

ABSENT, ROLE, PACKAGE, OTHER = "absent", "role", "package", "other"

__all__ = ("ABSENT", "OTHER", "PACKAGE", "ROLE")
