# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Findings about the shared endpoint, virtual IP addresses and load balancers."""

from __future__ import annotations

import typing as t

from ..base.address import canonical_ip
from ..base.endpoint_view import View
from . import kinds
from .audit_finding import found
from .audit_input import KUBELET

if t.TYPE_CHECKING:
    from ..base.address import Endpoint
    from .audit_finding import AuditFinding
    from .audit_input import AuditInput

_BALANCERS = ("haproxy", "nginx", "nginx-kubernetes-apiserver", "gdnsd")
_SITE = "Set kubeadm_ha_endpoint to the address of a load balancer, or kubeadm_ha_vip, and run kubeadm.ha.site (steps balance and point)"


def find(audit: AuditInput) -> t.Iterator[AuditFinding]:
    """Every finding about the endpoint."""
    if audit.control_planes:
        endpoint = audit.endpoint
        if endpoint is None:
            yield from _without(audit)
        else:
            yield from _shared(audit, endpoint)
    yield from _balancers(audit)
    yield from _views(audit)


def _without(audit: AuditInput) -> t.Iterator[AuditFinding]:
    if audit.has_local_balancers and len(audit.control_planes) > 1:
        return
    named = [(where, item) for where, item in audit.named_endpoints if where != "kubelets" and where != "cluster-info"]
    if named:
        where, endpoint = named[0]
        owner = audit.api_server_at(str(endpoint))
        yield found(
            kinds.ENDPOINT_IS_A_HOST,
            str(endpoint),
            f"{endpoint} is the API server of {owner} and of nobody else.",
            f"{where}: {endpoint}",
            *(f"{endpoint.host} is {address}" for address in audit.resolved(endpoint) if address != endpoint.host),
            remedy=f"{_SITE}.",
            lost_with=[owner] if owner else [],
        )
        return
    bound = {item.server: audit.api_server_at(item.server, seen_from=item.host) for item in audit.clients}
    yield found(
        kinds.ENDPOINT_MISSING,
        "cluster",
        "The cluster has no controlPlaneEndpoint, and everybody connects to an API server by its own address.",
        *(
            f"{component} on {host}: {server}"
            for host, component, server in sorted(
                (item.host, item.component, item.server) for item in audit.clients if item.component == KUBELET
            )[:5]
        ),
        remedy=f"{_SITE}.",
        lost_with=sorted({owner for owner in bound.values() if owner is not None})
        if len(audit.control_planes) == 1
        else [],
    )


def _shared(audit: AuditInput, endpoint: Endpoint) -> t.Iterator[AuditFinding]:
    addresses = audit.resolved(endpoint)
    holders = [name for address in addresses for name in audit.owners.get(canonical_ip(address) or "", ())]
    if not holders:
        yield from _nowhere(audit, endpoint, addresses)
        return
    if len(set(addresses)) > 1:
        if len(set(holders)) == 1 and len(holders) == len(addresses):
            yield _single(audit, endpoint, holders[0])
        return
    if len(set(holders)) > 1:
        yield found(
            kinds.ENDPOINT_TWO_HOLDERS,
            addresses[0],
            f"{', '.join(holders)} have {addresses[0]} at the same time.",
            *(f"{name} has {addresses[0]}" for name in holders),
            remedy="Let VRRP (IP protocol 112) pass between them, and see that each has the same virtual_router_id and password; then restart "
            "keepalived on all but one.",
        )
        return
    holder = holders[0]
    takers = audit.takers(addresses)
    if set(takers) - {holder}:
        return
    if holder in takers:
        yield found(
            kinds.ENDPOINT_NO_TAKER,
            holder,
            f"{holder} has {addresses[0]} of {endpoint}, and no other host runs keepalived or kube-vip.",
            f"{holder} has {addresses[0]}",
            remedy="Put a second host into kube_load_balancer, set kubeadm_ha_vip and run kubeadm.ha.site (step balance).",
            lost_with=[holder],
        )
    else:
        yield _single(audit, endpoint, holder)


def _single(audit: AuditInput, endpoint: Endpoint, holder: str) -> AuditFinding:
    active = [name for name in _BALANCERS if audit.hosts[holder].is_active(name)]
    return found(
        kinds.ENDPOINT_SINGLE_BALANCER,
        holder,
        f"{endpoint} leads to {holder} alone.",
        f"{holder} has {', '.join(audit.resolved(endpoint))}",
        *(f"{name} runs on {holder}" for name in active),
        remedy="Put a second host into kube_load_balancer, set kubeadm_ha_vip to an address that both may have and run kubeadm.ha.site "
        "(step balance).",
        lost_with=[holder],
    )


def _nowhere(audit: AuditInput, endpoint: Endpoint, addresses: t.Sequence[str]) -> t.Iterator[AuditFinding]:
    """An endpoint that no inspected host has: somebody else's, or lost."""
    views = [host.report.kubelet_server for host in audit.hosts.values()]
    seen = [view.view for view in views if view is not None and view.endpoint == endpoint]
    keepers = audit.takers(addresses)
    if keepers and seen and not any(view.is_proved for view in seen):
        yield found(
            kinds.ENDPOINT_NO_HOLDER,
            str(endpoint),
            f"No host has {', '.join(addresses) or endpoint.host}, although {', '.join(keepers)} may have it.",
            *(objection for view in seen[:3] for objection in view.objections()),
            remedy="Read why keepalived gives it to nobody: journalctl -u keepalived, kubeadm-ha-vip-health.",
        )
        return
    yield found(
        kinds.UNSEEN_BALANCER,
        str(endpoint),
        f"{endpoint} is the address of no host that was inspected.",
        *(f"{where}: {item}" for where, item in audit.named_endpoints if item == endpoint),
        *(f"{endpoint.host} is {address}" for address in addresses if address != endpoint.host),
        remedy="Put its hosts into the group kube_load_balancer, or ask whoever runs it what happens when one of its parts is lost.",
    )


def _balancers(audit: AuditInput) -> t.Iterator[AuditFinding]:
    endpoint = audit.endpoint
    for name in audit.groups.load_balancers:
        host = audit.hosts.get(name)
        if host is None or any(host.is_active(service) for service in _BALANCERS):
            continue
        ports = {item.port for item in host.report.listening}
        if endpoint is None or endpoint.port in ports:
            continue
        yield found(
            kinds.ENDPOINT_BALANCER_STOPPED,
            name,
            f"Nothing listens on port {endpoint.port} of {name}.",
            *(
                f"{service} is {found_there.active}"
                for service, found_there in host.report.services.items()
                if service in _BALANCERS
            ),
            remedy=f"Run kubeadm.ha.site (step balance), or start it on {name} and read why it had stopped.",
        )


def _views(audit: AuditInput) -> t.Iterator[AuditFinding]:
    for name, host in audit.hosts.items():
        server = host.report.kubelet_server
        view: View | None = server.view if server is not None else None
        if view is None or host.report.user_id != 0 or view.is_proved:
            continue
        yield found(
            kinds.ENDPOINT_NOT_ANSWERING,
            name,
            f"{name} reaches no API server of the cluster at {view.endpoint}, which its kubelet.conf names.",
            *view.objections(),
            remedy="Mend what stands at that address, or let kubelet.conf name the endpoint (kubeadm.ha.site, step point) and restart the "
            "kubelet.",
        )


__all__ = ("find",)
