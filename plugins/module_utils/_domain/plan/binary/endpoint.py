# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the endpoint of the inventory can be the one of this control plane."""

from __future__ import annotations

import typing as t

from ...base import endpoint_view
from ...base.address import canonical_ip
from ...base.problem import Problem
from ..checks import endpoint_port
from ..checks import endpoint_reasons as reasons
from ..checks.endpoint_reasons import SUBJECT

if t.TYPE_CHECKING:
    from .scaling import Scaling


def problems(scaling: Scaling) -> t.Iterator[Problem]:
    """An endpoint that is an API server itself, that is not where a load balancer will be, or that leads elsewhere."""
    desired = scaling.desired
    found = [*_of_a_master(scaling)]
    if desired.has_own_balancers:
        found += _of_no_balancer(scaling)
        found += endpoint_port.problems(desired, scaling.hosts)
    if not found and canonical_ip(desired.endpoint.host) is None and not desired.has_own_dns:
        found += reasons.unresolved(desired.endpoint, scaling.endpoint_views)
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
                SUBJECT,
                f"{SUBJECT} {desired.endpoint} is the API server of {name} itself, so it would go away with it: give the address of the load "
                "balancer.",
            )
        elif name in desired.load_balancers and desired.has_own_balancers and server.port == desired.endpoint.port:
            yield Problem(
                SUBJECT,
                f"{name} is a load balancer and a control plane, and its API server has port {server.port}: choose another port for "
                f"{SUBJECT}, for example 8443.",
            )


def _of_no_balancer(scaling: Scaling) -> t.Iterator[Problem]:
    desired = scaling.desired
    hosts = [scaling.hosts[name] for name in desired.load_balancers if name in scaling.hosts]
    is_known = desired.endpoint.san.kind == "dns" or desired.vip_address == desired.endpoint.host
    if not is_known and not any(host.has_address(desired.endpoint.host) for host in hosts):
        yield Problem(
            SUBJECT,
            f"{SUBJECT} {desired.endpoint} is not an address of any load balancer host ({', '.join(desired.load_balancers)}): give one of "
            "theirs, kubeadm_ha_vip's, or a DNS name that leads to them.",
        )


def _somebody_else(scaling: Scaling) -> t.Iterator[Problem]:
    """Where a load balancer is to stand, nobody of another CA may answer."""
    clauses = {
        name: [
            attempt.objection(view.endpoint) for attempt in view.attempts if attempt.outcome == endpoint_view.UNTRUSTED
        ]
        for name, view in scaling.endpoint_views.items()
    }
    yield from reasons.somebody_else(scaling.desired.endpoint, clauses)


def _unproved(scaling: Scaling) -> t.Iterator[Problem]:
    """An endpoint that the run does not build must lead to the cluster's API from every host."""
    clauses = {name: view.objections() for name, view in scaling.endpoint_views.items()}
    for clause, names in reasons.by_clause(clauses).items():
        yield reasons.unproved(scaling.desired, names, clause, target=scaling.source, server=scaling.server)


__all__ = ("problems",)
