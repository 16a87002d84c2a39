# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The API server that a kubeconfig leads to."""

from __future__ import annotations

import typing as t

from ..base import configuration_shape


def current_server(document: t.Any) -> str | None:
    """The ``server`` of a kubeconfig's current context, or of its only cluster; ``None`` when there is no such thing."""
    if configuration_shape.of_kubeconfig(document) is not None:
        return None
    clusters = {item.get("name"): item.get("cluster") or {} for item in document.get("clusters") or ()}
    contexts = {item.get("name"): item.get("context") or {} for item in document.get("contexts") or ()}
    context = contexts.get(document.get("current-context")) or {}
    cluster = clusters.get(context.get("cluster"))
    if cluster is None and len(clusters) == 1:
        cluster = next(iter(clusters.values()))
    return cluster.get("server") if cluster else None


__all__ = ("current_server",)
