# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the endpoint of the inventory can be the one of this control plane."""

from __future__ import annotations

import typing as t

from ...base import endpoint_view
from ...base.address import canonical_ip
from ...base.enumeration import listed
from ...base.problem import Problem
from ..checks import endpoint_port
from ..checks.endpoint_checks import by_clause

if t.TYPE_CHECKING:
    from ...base.address import Endpoint
    from .scaling import Scaling

_SUBJECT = "kubeadm_ha_endpoint"


def problems(scaling: Scaling) -> t.Iterator[Problem]:
    """An endpoint that is an API server itself, that is not where a load balancer will be, or that leads elsewhere."""
    desired = scaling.desired
    found = [*_of_a_master(scaling)]
    if desired.has_own_balancers:
        found += _of_no_balancer(scaling)
        found += endpoint_port.problems(desired, scaling.hosts)
    if not found and canonical_ip(desired.endpoint.host) is None and not desired.has_own_dns:
        found += _unresolved(scaling)
    yield from found
    if found or desired.has_own_dns:
        return
    if desired.has_own_balancers or desired.vip:
        yield from _somebody_else(scaling)
    else:
        yield from _unproved(scaling)


def _of_a_master(scaling: Scaling) -> t.Iterator[Problem]:
    desired = scaling.desired
    names = [name for name in desired.control_planes if name in scaling.hosts]
    for name in names:
        server = scaling.server_of(name)
        if server == desired.endpoint:
            yield Problem(
                _SUBJECT,
                f"{_SUBJECT} {desired.endpoint} is the API server of {name} itself, so it would go away with it: give the address of the load "
                "balancer.",
            )
        elif name in desired.load_balancers and desired.has_own_balancers and server.port == desired.endpoint.port:
            yield Problem(
                _SUBJECT,
                f"{name} is a load balancer and a control plane, and its API server has port {server.port}: choose another port for "
                f"{_SUBJECT}, for example 8443.",
            )


def _of_no_balancer(scaling: Scaling) -> t.Iterator[Problem]:
    desired = scaling.desired
    hosts = [scaling.hosts[name] for name in desired.load_balancers if name in scaling.hosts]
    is_known = desired.endpoint.san.kind == "dns" or desired.vip_address == desired.endpoint.host
    if not is_known and not any(host.has_address(desired.endpoint.host) for host in hosts):
        yield Problem(
            _SUBJECT,
            f"{_SUBJECT} {desired.endpoint} is not an address of any load balancer host ({', '.join(desired.load_balancers)}): give one of "
            "theirs, kubeadm_ha_vip's, or a DNS name that leads to them.",
        )


def _unresolved(scaling: Scaling) -> t.Iterator[Problem]:
    by_error: dict[str, list[str]] = {}
    for name, view in scaling.endpoint_views.items():
        if not view.addresses:
            by_error.setdefault(view.resolution_error or "no address", []).append(name)
    for error, names in by_error.items():
        yield Problem(
            _SUBJECT,
            f"{listed(names)} cannot resolve {scaling.desired.endpoint.host} ({error}), and would lose the API once pointed to "
            f"{scaling.desired.endpoint}: let DNS or /etc/hosts of every host answer it.",
        )


def _somebody_else(scaling: Scaling) -> t.Iterator[Problem]:
    """Where a load balancer is to stand, nobody of another CA may answer."""
    clauses = {
        name: [
            attempt.objection(view.endpoint) for attempt in view.attempts if attempt.outcome == endpoint_view.UNTRUSTED
        ]
        for name, view in scaling.endpoint_views.items()
    }
    for clause, names in by_clause(clauses).items():
        yield Problem(
            _SUBJECT,
            f"{_SUBJECT} {scaling.desired.endpoint} leads {listed(names)} to somebody else: {clause}. Give an endpoint whose address and port "
            "are free for this cluster's load balancer.",
        )


def _unproved(scaling: Scaling) -> t.Iterator[Problem]:
    """An endpoint that the run does not build must lead to the cluster's API from every host."""
    desired = scaling.desired
    clauses = {name: view.objections() for name, view in scaling.endpoint_views.items()}
    server: Endpoint = scaling.server
    for clause, names in by_clause(clauses).items():
        yield Problem(
            _SUBJECT,
            f"{_SUBJECT} {desired.endpoint} does not lead {listed(names)} to this cluster's API: {clause}. With kubeadm_ha_load_balancer: "
            f"{desired.load_balancer} it must do so before the run; let it forward TCP, without ending TLS, to {scaling.source} ({server}).",
        )


__all__ = ("problems",)
