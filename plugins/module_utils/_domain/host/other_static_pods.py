# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Static pods that are not kubeadm's."""

from __future__ import annotations

import posixpath
import typing as t

from ..kubeadm.join_traces import MANIFESTS, is_of_kubeadm

if t.TYPE_CHECKING:
    from .host import Host


def other_static_pods(host: Host) -> list[str]:
    """Manifests of static pods that kubeadm did not make."""
    return [
        path
        for path in host.report.kubernetes_files
        if posixpath.dirname(path) == MANIFESTS
        and not posixpath.basename(path).startswith(".")
        and not is_of_kubeadm(path)
    ]


__all__ = ("other_static_pods",)
