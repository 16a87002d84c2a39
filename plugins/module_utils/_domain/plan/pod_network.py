# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pod network that a run installs where it made the cluster and there is none."""

from __future__ import annotations

from ..base.change import Change
from .desired_cluster import FLANNEL, NO_NETWORK


def change(network: str) -> Change | None:
    """The installation as a change; ``None`` where the operator installs it.

    Args:
        network: ``flannel``, ``none``, or the path or URL of a manifest.
    """
    if network == NO_NETWORK:
        return None
    what = network if network == FLANNEL else f"of {network}"
    return Change(f"pod network {what}", None, "installed", "nodes are Ready and pods start once there is one")


__all__ = ("change",)
