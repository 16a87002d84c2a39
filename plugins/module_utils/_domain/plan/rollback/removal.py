# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One node leaves a cluster that stays as it is otherwise."""

from __future__ import annotations

import typing as t

from ...base.address import same_server
from ...base.enumeration import listed_some
from ...base.problem import Note, Problem
from ..serving_control_plane import find_serving_control_plane
from ..serving_control_plane import problems as serving_problems
from ..step import in_order
from .steps.backup import Backup
from .steps.leave import Leave

if t.TYPE_CHECKING:
    from ...host.host import Host
    from ..desired import Desired
    from ..entry import Entry
    from ..step import Step
    from .rollback import Rollback

VARIABLE = "kubeadm_ha_remove_node"
#: The steps in their order.
STEPS: tuple[Step[Rollback], ...] = (Backup(), Leave())


def find(desired: Desired, hosts: t.Mapping[str, Host], removed: str) -> tuple[Host | None, tuple[Problem, ...]]:
    """Another control plane that serves the API, or every reason why there is none.

    Args:
        desired: what the inventory describes.
        hosts: those that were inspected.
        removed: inventory name of the host that leaves.
    """
    if removed not in desired.nodes:
        known = ", ".join(desired.nodes)
        return None, (
            Problem(VARIABLE, f"{VARIABLE} is {removed}, which is no node of the inventory: give one of {known}."),
        )
    if removed not in hosts:
        return None, ()
    others = {name: host for name, host in hosts.items() if name != removed}
    first = find_serving_control_plane(others, [name for name in desired.control_planes if name != removed])
    if first is not None:
        return first, ()
    if find_serving_control_plane(hosts, desired.control_planes) is not None:
        text = f"{removed} is the last control plane that serves the API, so the cluster would end with it. It is never removed."
        return None, (Problem(removed, text),)
    return None, tuple(serving_problems(desired, hosts))


def entries_of(situation: Rollback) -> list[Entry]:
    """Every change in the order of the run."""
    return in_order(STEPS, situation, decided=STEPS[::-1])


def problems(situation: Rollback) -> t.Iterator[Problem]:
    """Who would lose the API with the host."""
    host = situation.hosts[situation.removed]
    if not situation.leaving:
        return
    server = host.api_server.url if host.api_server is not None else ""
    used = [
        f"{path} of {other.name}"
        for other in situation.hosts.values()
        for path, named in other.servers.items()
        if other is not host and named and server and same_server(named, server)
    ]
    used += [
        f"the ConfigMap {name}"
        for name, document in (
            ("kube-public/cluster-info", situation.cluster.cluster_info),
            ("kube-system/kube-proxy", situation.cluster.kube_proxy),
        )
        if document is not None and document.server and server and same_server(document.server, server)
    ]
    if used:
        yield Problem(
            host.name,
            f"{listed_some(used, 3)} {'names' if len(used) == 1 else 'name'} the API server of {host.name} itself, so clients would lose the API: let "
            "kubeadm.ha.site point them to the endpoint first.",
        )
    if host.name in situation.desired.load_balancers:
        yield Problem(
            host.name,
            f"{host.name} is a load balancer, too: let another host balance, take {host.name} out of its group, and run kubeadm.ha.site first.",
        )


def notes(situation: Rollback) -> t.Iterator[Note]:
    """What is left to do."""
    yield Note(
        situation.removed,
        f"Take {situation.removed} out of the inventory afterwards, and run kubeadm.ha.site, which takes it out of the load balancers: else the next "
        "run lets it join again.",
    )


__all__ = ("STEPS", "VARIABLE", "entries_of", "find", "notes", "problems")
