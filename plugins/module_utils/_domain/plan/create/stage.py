# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the hosts are to get a new cluster, and how far an earlier run has come with it.

A cluster is created only where no host has anything of one. What an interrupted run has begun is known by its own mark on
the first control plane.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ...kubeadm.init_marker import COMPLETE
from ..cluster_traces import traces
from ..serving_control_plane import is_root

if t.TYPE_CHECKING:
    from ...host.host import Host

Hosts = t.Mapping[str, "Host"]

#: No host has anything of a cluster; the first control plane has at least the cluster's certificate authorities.
BARE, AUTHORITIES = "bare", "authorities"


@dataclasses.dataclass(frozen=True)
class Stage:
    """How far the creation of a cluster is.

    Attributes:
        name: one of the stages above.
        first: inventory name of the first control plane.
    """

    name: str
    first: str


def find(hosts: Hosts, control_planes: t.Sequence[str]) -> Stage | None:
    """The stage; ``None`` where hosts have something of a cluster that no run of ours has begun, or have none of the inventory's.

    Args:
        hosts: every host that was inspected, by inventory name.
        control_planes: those that shall be control planes, in the inventory's order.
    """
    begun = [name for name in control_planes if name in hosts and is_begun(hosts[name])]
    if begun:
        return Stage(AUTHORITIES if hosts[begun[0]].ca_pem else BARE, begun[0])
    first = next((name for name in control_planes if name in hosts), None)
    # Without root's rights nothing of a cluster can be seen, which is no sign that there is none.
    if first is None or any(not is_root(host) or traces(host) for host in hosts.values()):
        return None
    return Stage(BARE, first)


def is_begun(host: Host) -> bool:
    """Whether an earlier run has begun to make a cluster's first control plane of the host, and has not ended it."""
    return host.report.creation not in ("", COMPLETE)


__all__ = ("AUTHORITIES", "BARE", "Stage", "find", "is_begun")
