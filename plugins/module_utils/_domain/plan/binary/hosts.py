# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether hosts can be masters by what they are: addresses, names, ports, clocks, space."""

from __future__ import annotations

import typing as t

from ...base.address import canonical_ip
from ...base.addresses_in_text import is_of_a_host
from ...base.problem import Problem
from ...binary import needs
from ...component.invocation import SERVICES
from ..checks.joining_hosts import FREE_BYTES_NEEDED
from ..checks.preflight import problems_of_clocks, problems_of_clones

if t.TYPE_CHECKING:
    from .scaling import Scaling

_API_SERVER, _KUBELET = "kube-apiserver", "kubelet"
#: What each component listens at where no flag says so.
_PORTS = {"kube-controller-manager": 10257, "kube-scheduler": 10259, _KUBELET: 10250}


def problems(scaling: Scaling) -> t.Iterator[Problem]:
    """All of them."""
    yield from _own_address(scaling)
    yield from _addresses(scaling)
    yield from _names(scaling)
    yield from _ports(scaling)
    yield from _space(scaling)
    yield from problems_of_clones(scaling.desired, scaling.hosts)
    yield from problems_of_clocks(scaling.hosts)


def _own_address(scaling: Scaling) -> t.Iterator[Problem]:
    """Other masters get their own address in place of the source's, which must be known for it."""
    source = scaling.source
    host = scaling.hosts[source]
    service = scaling.services[source].services.get(_API_SERVER)
    if service is None:
        return
    for flag in ("advertise-address", "bind-address"):
        address = canonical_ip((service.arguments.get(flag) or ("",))[-1])
        if address is not None and is_of_a_host(address) and not host.has_address(address):
            yield Problem(
                source,
                f"--{flag} of {service.unit} on {source} is {address}, which is none of its addresses "
                f"({', '.join(host.report.addresses)}): correct it, or give the host that address.",
            )


def _addresses(scaling: Scaling) -> t.Iterator[Problem]:
    seen: dict[str, str] = {}
    for name in scaling.desired.control_planes:
        if name not in scaling.hosts:
            continue
        host = scaling.hosts[name]
        address = scaling.server_of(name).host
        if not address:
            yield Problem(
                name,
                f"{name} has no address towards {scaling.server} of {scaling.source} that its API server could advertise: give it one, or set "
                "kubeadm_ha_advertise_address for it.",
            )
        elif host.wanted_advertise_address and not host.has_address(address):
            yield Problem(
                name,
                f"kubeadm_ha_advertise_address of {name} is {host.wanted_advertise_address}, which is none of its addresses "
                f"({', '.join(host.report.addresses)}): correct it.",
            )
        elif address in seen:
            yield Problem(
                name,
                f"{name} and {seen[address]} would have the same address for their API servers ({address}): give each one of its own, by "
                "kubeadm_ha_advertise_address where it has several.",
            )
        seen.setdefault(address, name)


def _names(scaling: Scaling) -> t.Iterator[Problem]:
    """Nodes, and backends of load balancers, are distinguished by their names."""
    names = [name for name in scaling.desired.nodes if name in scaling.hosts]
    seen: dict[str, str] = {}
    # Who runs a kubelet already keeps its name.
    for name in sorted(names, key=lambda name: not _runs_kubelet(scaling, name)):
        node_name = scaling.node_name(name)
        if node_name in seen:
            remedy = (
                "give its kubelet another --hostname-override, and delete the Node of before"
                if _runs_kubelet(scaling, name)
                else f"set kubeadm_ha_node_name for {name}"
            )
            yield Problem(name, f"{name} and {seen[node_name]} have the same node name ({node_name}): {remedy}.")
        seen.setdefault(node_name, name)


def _runs_kubelet(scaling: Scaling, name: str) -> bool:
    return name in scaling.services and _KUBELET in scaling.services[name].services


def _ports(scaling: Scaling) -> t.Iterator[Problem]:
    """Ports that a component will want and another program has."""
    source = needs.components(scaling.services[scaling.source])
    for name in scaling.targets:
        wanted = {_API_SERVER: scaling.server.port}
        for component, port in _PORTS.items():
            if component in source:
                given = (source[component].arguments.get("secure-port") or ("",))[-1]
                wanted[component] = int(given) if given.isdigit() else port
        here = scaling.services[name].services
        # Who listens there is not known of every process.
        wanted = {
            component: port
            for component, port in wanted.items()
            if component not in here or here[component].active != "active"
        }
        taken = {
            item.port: item.process for item in scaling.hosts[name].report.listening if item.process not in SERVICES
        }
        for component, port in wanted.items():
            is_balancer = name in scaling.desired.load_balancers and port == scaling.desired.endpoint.port
            if port in taken and not is_balancer:
                yield Problem(
                    name,
                    f"Port {port} of {name} is taken by {taken[port] or 'another program'} (ss -ltnp shows it), but {component} will listen "
                    "there: free it.",
                )


def _space(scaling: Scaling) -> t.Iterator[Problem]:
    for name in scaling.targets:
        report = scaling.services[name].services.get(_API_SERVER)
        if report is None and scaling.hosts[name].report.free_bytes < FREE_BYTES_NEEDED:
            yield Problem(name, f"{name} has less than 1 GiB free in /var: make room before it becomes a master.")


__all__ = ("problems",)
