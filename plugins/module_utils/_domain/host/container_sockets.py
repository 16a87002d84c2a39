# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sockets of container runtimes."""

from __future__ import annotations

#: Those that kubeadm knows (``cmd/kubeadm/app/constants/constants_unix.go``).
KNOWN_SOCKETS = (
    "unix:///var/run/containerd/containerd.sock",
    "unix:///var/run/crio/crio.sock",
    "unix:///var/run/cri-dockerd.sock",
)


__all__ = ("KNOWN_SOCKETS",)
