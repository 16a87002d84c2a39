# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kubelets that API servers would reach at an address of their own.

An attempt to connect to one's own address says nothing of another host, whether it is answered or refused.
"""

from __future__ import annotations

import typing as t

from ...base.problem import Problem
from .membership import is_joined
from .reachability import node_address

if t.TYPE_CHECKING:
    from ...cluster.cluster import Cluster
    from ...host.host import Host
    from ..desired import Desired


def problems(
    desired: Desired, hosts: t.Mapping[str, Host], cluster: Cluster, serving_control_plane: Host
) -> t.Iterator[Problem]:
    """Joining hosts whose kubelet would register an address that a control plane has too.

    A cluster whose serving control plane has registered such an address itself has lived with that before, and is let be.
    """
    like = serving_control_plane.api_server
    if like is None:
        return
    found = [hosts[name] for name in desired.nodes if name in hosts]
    joining = [host for host in found if not is_joined(host, cluster, serving_control_plane.cluster_ca_hashes)]
    for host in joining:
        address = node_address(host, cluster, like)
        others = [name for name in desired.control_planes if name != host.name and _has(hosts.get(name), address)]
        # That another host has the only fitting address too is reported by itself.
        if (
            others
            and address != host.address_towards(like.host)
            and not host.has_address(node_address(serving_control_plane, cluster, like))
        ):
            yield Problem(
                host.name,
                f"The kubelet of {host.name} would register {address}, which is an address of {', '.join(others)} too, so API "
                f"servers would reach for it on their own host: set --node-ip={host.address_towards(like.host)} in "
                f"KUBELET_EXTRA_ARGS on {host.name} (/etc/default/kubelet, or /etc/sysconfig/kubelet of the RHEL family).",
            )


def _has(host: Host | None, address: str) -> bool:
    return host is not None and host.has_address(address)


__all__ = ("problems",)
