# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Nodes that are down and that the run goes past."""

from __future__ import annotations

import typing as t

if t.TYPE_CHECKING:
    from ..base.address import Endpoint
    from ..cluster.cluster import Cluster
    from ..host.host import Host


def of_nobody(cluster: Cluster, hosts: t.Iterable[Host]) -> list[str]:
    """Names of the nodes that are not Ready and that no host of the inventory is."""
    known = {host.node_name for host in hosts}
    return sorted(set(cluster.nodes) - cluster.ready_nodes - known)


def message(name: str, endpoint: Endpoint) -> str:
    """What stays as it is on such a node, and what to do when it comes back."""
    return (
        f"The node {name} is not Ready and no host of the inventory, so its kubelet keeps the server that its kubelet.conf "
        f"names, and its kube-proxy the one with which it was started: when it comes back, let its kubelet.conf name "
        f"{endpoint} and restart its kubelet; kube-proxy follows by itself. If it is gone for good, name it in kubeadm_ha_lost_nodes instead of "
        "kubeadm_ha_unmanaged_nodes."
    )


__all__ = ("message", "of_nobody")
