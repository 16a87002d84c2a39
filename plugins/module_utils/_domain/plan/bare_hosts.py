# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts without kubeadm and kubelet that are to join a cluster: the run makes nodes of them first, where the operator names the version.

The plan is made for what the role node_prepare leaves there. What only kubeadm on the host knows is asked when it is there, before
anything of the cluster is changed for that host.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ..host.container_sockets import KNOWN_SOCKETS
from ..host.report import Service

if t.TYPE_CHECKING:
    from ..base.version import KubernetesVersion
    from ..cluster.cluster import Cluster
    from ..host.host import Host
    from .desired import Desired

Hosts = t.Mapping[str, "Host"]

_PROGRAMS = ("kubeadm", "kubelet")
_RUNTIME = "containerd"


def find(desired: Desired, hosts: Hosts, cluster: Cluster) -> tuple[str, ...]:
    """Inventory names of the hosts that the run makes nodes of, in the order of the nodes: the operator has named the cluster's version."""
    version = desired.cluster.version
    wanted = cluster.configured_version or cluster.version
    if version is None or version.release != wanted.release:
        return ()
    return tuple(name for name in desired.nodes if name in hosts and _is_bare(hosts[name]))


def after(names: t.Collection[str], hosts: Hosts, version: KubernetesVersion | None) -> Hosts:
    """The hosts as they are when some of them have been prepared.

    Args:
        names: of those that are prepared.
        hosts: by inventory name.
        version: what they get.
    """
    return {name: _prepared(host, str(version)) if name in names else host for name, host in hosts.items()}


def _is_bare(host: Host) -> bool:
    return not host.is_member and host.kubeadm_version is None and host.kubelet_version is None


def _prepared(host: Host, version: str) -> Host:
    report = host.report
    prepared = dataclasses.replace(
        report,
        versions={**report.versions, **dict.fromkeys(_PROGRAMS, version)},
        services={**report.services, _RUNTIME: Service("active", "enabled")},
        cri_sockets=report.cri_sockets or KNOWN_SOCKETS[:1],
        forwarding=dict.fromkeys(report.forwarding, "1"),
        swap=False,
    )
    return dataclasses.replace(host, report=prepared)


__all__ = ("after", "find")
