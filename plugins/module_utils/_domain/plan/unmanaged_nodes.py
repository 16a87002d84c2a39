# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Nodes that the operator manages himself."""

from __future__ import annotations

import typing as t

from ..base.problem import Problem

if t.TYPE_CHECKING:
    from ..cluster.cluster import Cluster
    from ..host.host import Host
    from .desired import Desired


def problems(desired: Desired, hosts: t.Mapping[str, Host], cluster: Cluster) -> t.Iterator[Problem]:
    """Names that are no node of the cluster, or that of a host of the inventory."""
    of_hosts = {hosts[name].node_name: name for name in desired.nodes if name in hosts}
    for name in sorted(desired.unmanaged_nodes):
        if name in of_hosts:
            yield Problem(
                "kubeadm_ha_unmanaged_nodes",
                f"kubeadm_ha_unmanaged_nodes names {name}, but that is the node of {of_hosts[name]}, which the inventory has: "
                "take it out of one of the two.",
            )
        elif name not in cluster.nodes:
            yield Problem(
                "kubeadm_ha_unmanaged_nodes",
                f"kubeadm_ha_unmanaged_nodes names {name}, which is no node of the cluster: correct the name, or take it out.",
            )


__all__ = ("problems",)
