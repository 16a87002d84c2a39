# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""On which hosts nobody may be asked to run ``kubeadm reset``.

A reset deletes certificates, keys and etcd's data of its host and takes the host's member out of etcd. On a host that is
needed that is the end of the cluster, whatever the message was about.
"""

from __future__ import annotations

import typing as t

from ..left_by_joins import peer_addresses

if t.TYPE_CHECKING:
    from ...cluster.cluster import Cluster
    from ...etcd.report import EtcdReport
    from ...host.host import Host


def objection(host: Host, cluster: Cluster, etcd: EtcdReport | None) -> str | None:
    """What this host is that a reset would destroy, as the end of a sentence about it; ``None`` when it is nothing."""
    processes = {item.process for item in host.report.listening}
    if "kube-apiserver" in processes:
        return "it serves the Kubernetes API"
    if _is_voter(host, etcd) or ("etcd" in processes and (etcd is None or not etcd.members)):
        return "it runs a voting member of etcd"
    if is_ready_node(host, cluster):
        return f"it is the node {host.node_name}, which is Ready"
    return None


def is_ready_node(host: Host, cluster: Cluster) -> bool:
    """Whether the host is a Ready node of the cluster: not only by its credentials, which a copied disk has, too."""
    node = cluster.nodes.get(host.node_name)
    if node is None or not host.is_member or not node.is_ready:
        return False
    return not node.addresses or any(host.has_address(item) for item in node.addresses)


def _is_voter(host: Host, etcd: EtcdReport | None) -> bool:
    """Whether a started member of etcd with a vote goes by the host's name and address."""
    for member in etcd.members if etcd is not None else ():
        is_here = member.name == host.node_name and any(map(host.has_address, peer_addresses(member)))
        if is_here and not member.is_learner and member.is_healthy:
            return True
    return False


__all__ = ("is_ready_node", "objection")
