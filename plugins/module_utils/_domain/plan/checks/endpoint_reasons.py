# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reasons to stop for the endpoint as hosts see it, whatever runs the control plane."""

from __future__ import annotations

import typing as t

from ...base.enumeration import listed
from ...base.problem import Problem

if t.TYPE_CHECKING:
    from ...base.address import Endpoint
    from ...base.endpoint_view import View
    from ..desired import Desired

SUBJECT = "kubeadm_ha_endpoint"


def unresolved(endpoint: Endpoint, views: t.Mapping[str, View], *, where: str = "") -> t.Iterator[Problem]:
    """Hosts that do not know its name. ``where`` continues the remedy."""
    by_error: dict[str, list[str]] = {}
    for name, view in views.items():
        if not view.addresses:
            by_error.setdefault(view.resolution_error or "no address", []).append(name)
    for error, names in by_error.items():
        yield Problem(
            SUBJECT,
            f"{listed(names)} cannot resolve {endpoint.host} ({error}), and would lose the API once pointed to "
            f"{endpoint}: let DNS or /etc/hosts of every host answer it{where}.",
        )


def somebody_else(endpoint: Endpoint, clauses: t.Mapping[str, t.Sequence[str]]) -> t.Iterator[Problem]:
    """Hosts that it leads to an API server of another CA; ``clauses`` says by host what they have seen of it."""
    for clause, names in by_clause(clauses).items():
        yield Problem(
            SUBJECT,
            f"{SUBJECT} {endpoint} leads {listed(names)} to somebody else: {clause}. Give an endpoint "
            "whose address and port are free for this cluster's load balancer.",
        )


def unproved(
    desired: Desired, names: t.Sequence[str], clause: str, *, target: str, server: Endpoint | None, hint: str = ""
) -> Problem:
    """Hosts that it does not lead to the API of the cluster, though the run does not build it.

    Args:
        desired: what the inventory describes.
        names: of the hosts.
        clause: what they have seen.
        target: inventory name of the control plane to which it is to forward.
        server: that one's API server.
        hint: one more sentence, with a space before it.
    """
    return Problem(
        SUBJECT,
        f"{SUBJECT} {desired.endpoint} does not lead {listed(names)} to this cluster's API: {clause}. "
        f"With kubeadm_ha_load_balancer: {desired.load_balancer} it must do so before the run; let it forward TCP, "
        f"without ending TLS, to {target} ({server}).{hint}",
    )


def by_clause(clauses: t.Mapping[str, t.Sequence[str]]) -> dict[str, list[str]]:
    """Names of the hosts by what they have to say; those without are left out."""
    found: dict[str, list[str]] = {}
    for name, described in clauses.items():
        if described:
            found.setdefault("; ".join(described), []).append(name)
    return found


__all__ = ("SUBJECT", "by_clause", "somebody_else", "unproved", "unresolved")
