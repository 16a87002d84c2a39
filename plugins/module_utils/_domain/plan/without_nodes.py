# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The cluster as it is when the run has deleted some of its Nodes."""

from __future__ import annotations

import dataclasses
import typing as t

if t.TYPE_CHECKING:
    from ..cluster.cluster import Cluster


def without_nodes(cluster: Cluster, names: t.Container[str | None]) -> Cluster:
    """What will be reported when these Nodes are deleted, and their pods with them."""
    report = cluster.report
    dns = report.cluster_dns
    left = dataclasses.replace(
        report,
        nodes=tuple(node for node in report.nodes if node.name not in names),
        kube_proxy_pods=tuple(pod for pod in report.kube_proxy_pods if pod.node not in names),
        cluster_dns=dataclasses.replace(dns, pods=tuple(pod for pod in dns.pods if pod.node not in names)),
    )
    return dataclasses.replace(cluster, report=left)


__all__ = ("without_nodes",)
