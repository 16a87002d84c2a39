# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ConfigMap that kubeadm gives joining nodes their kubelet configuration from."""

from __future__ import annotations

import typing as t

_NAME = "kube-system/kubelet-config"


def kubelet_config_map(version: str, config_maps: t.Container[str]) -> str:
    """``kubelet-config`` or, up to 1.23, ``kubelet-config-1.NN`` of the cluster's version.

    Args:
        version: of the cluster.
        config_maps: those that it has, by namespace and name.
    """
    minor = ".".join(version.lstrip("v").split(".")[:2])
    old = f"{_NAME}-{minor}"
    return old if old in config_maps else _NAME


__all__ = ("kubelet_config_map",)
