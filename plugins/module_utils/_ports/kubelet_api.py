# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the domain needs of the Kubernetes API as the kubelet sees it."""

from __future__ import annotations

import typing as t


class KubeletApi(t.Protocol):
    """The Kubernetes API as this host's kubelet sees it: its server, its credentials."""

    def get(self, path: str) -> dict[str, t.Any] | None:
        """The document of a GET on a path, ``None`` when there is no such object (HTTP 404). Raises ``ApiError``."""


__all__ = ("KubeletApi",)
