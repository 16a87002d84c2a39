# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is inspected of a host beyond itself, because a join or a role of its asks for it.

Each kind is a file of tasks of the role preflight. A host is given those that it needs and no others: Ansible forks a process
for every task that it leaves out.
"""

from __future__ import annotations

import typing as t

from .desired import SERVICES

if t.TYPE_CHECKING:
    from .request import PlanRequest

JOINS = "joins"
NODES = "nodes"
FIRST_CONTROL_PLANE = "first_control_plane"
EXTERNAL_ETCD = "external_etcd"
VIRTUAL_IP = "virtual_ip"
CONTROLLERS = "controllers"
#: Every kind. What joins ask for comes first: it names the bare hosts that become nodes.
KINDS = (JOINS, NODES, EXTERNAL_ETCD, FIRST_CONTROL_PLANE, *SERVICES, VIRTUAL_IP, CONTROLLERS)


def kinds_by_host(request: PlanRequest, facts: t.Mapping[str, t.Any]) -> dict[str, list[str]]:
    """Kinds in their order by inventory name; hosts without one are left out.

    Args:
        request: hosts, groups and inputs.
        facts: what is known before there is a plan, as phase *serving* returns it.
    """
    named: dict[str, t.Iterable[str]] = {
        JOINS: (*_named(facts, "files"), *_named(facts, "targets")),
        NODES: _named(facts, "nodes"),
        EXTERNAL_ETCD: request.inputs.etcd_hosts if facts.get("creation") else (),
        FIRST_CONTROL_PLANE: _named(facts, "first_control_plane"),
        VIRTUAL_IP: _named(facts, "virtual_ips"),
        CONTROLLERS: [name for hosts in (facts.get("controllers") or {}).values() for name in hosts],
    }
    balancers = request.groups.load_balancers if facts.get("signer") is not None else ()
    for provider in SERVICES:
        if request.inputs.load_balancer == provider:
            named[provider] = [name for name in balancers if name in request.hosts]
    if {*request.groups.control_planes, *request.groups.workers}.intersection(_named(facts, "joining")):
        named.update(dict.fromkeys((JOINS, NODES), request.hosts))
    needs: dict[str, list[str]] = {}
    for kind in KINDS:
        for name in dict.fromkeys(named.get(kind, ())):
            needs.setdefault(name, []).append(kind)
    return needs


def _named(facts: t.Mapping[str, t.Any], key: str) -> t.Iterable[str]:
    """Inventory names of a fact that some stages do not have."""
    names: t.Iterable[str] = facts.get(key) or ()
    return names


__all__ = ("KINDS", "kinds_by_host")
