# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Group and versions of kubeadm's own API."""

from __future__ import annotations

API_GROUP = "kubeadm.k8s.io"

#: From the oldest on. v1beta1: kubeadm 1.13 to 1.21; v1beta2: 1.15 to 1.26; v1beta3: 1.22 to 1.36; v1beta4: from 1.31.
VERSIONS = ("v1beta1", "v1beta2", "v1beta3", "v1beta4")

#: Those in which a JoinConfiguration is written here.
JOIN_VERSIONS = VERSIONS[1:]


__all__ = ("API_GROUP", "JOIN_VERSIONS", "VERSIONS")
