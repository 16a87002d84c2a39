# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Findings about who connects to one API server, by files and by live sockets."""

from __future__ import annotations

import typing as t

from ..base.addresses_in_text import addresses_in
from ..plan.checks import host_bound_addresses, node_health
from . import kinds
from .audit_finding import found
from .audit_input import ADMINISTRATOR, CONTROLLER_MANAGER, KUBE_PROXY, KUBELET, SCHEDULER

if t.TYPE_CHECKING:
    from .audit_finding import AuditFinding
    from .audit_input import AuditInput, Client

#: What connects to every API server by its own address on purpose.
_BALANCER_UNITS = frozenset({
    "haproxy.service", "nginx.service", "nginx-kubernetes-apiserver.service", "kubernetes-apiserver-watch.service",
    "keepalived.service", "kubeadm-ha-vip-health.service", "gdnsd.service", "kubeadm-ha-dns-answers.service",
})  # fmt: skip
_BALANCERS = frozenset(
    {"haproxy", "nginx", "envoy", "traefik", "gobetween", "kube-vip", "kube-apiserver", "keepalived"}
)
_POINT = "Run kubeadm.ha.site (step point) with kubeadm_ha_endpoint"


def find(audit: AuditInput) -> t.Iterator[AuditFinding]:
    """Every finding about clients."""
    for client in audit.clients:
        owner = audit.api_server_at(client.server, seen_from=client.host)
        if owner is not None:
            yield from _by_file(client, owner)
    yield from _kube_proxy(audit)
    yield from _joins(audit)
    yield from _references(audit)
    yield from _workloads(audit)
    yield from _kubelet_sockets(audit)
    yield from _sockets(audit)
    yield from _components(audit)


def _by_file(client: Client, owner: str) -> t.Iterator[AuditFinding]:
    line = f"{client.path}: server {client.server}"
    if client.component == ADMINISTRATOR:
        yield found(
            kinds.CLIENT_ADMINISTRATOR,
            client.host,
            f"{client.path} on {client.host} names the API server of {owner}.",
            line,
            remedy=f"{_POINT}, and the user in kubeadm_ha_admin_users.",
            lost_with=[owner],
        )
        return
    if owner == client.host:
        # It is lost with its own host anyway.
        return
    if client.component == KUBELET:
        kind, what, remedy = kinds.CLIENT_KUBELET, "The kubelet", f"{_POINT}: each kubelet follows and is proved."
    elif client.component == KUBE_PROXY:
        kind, what, remedy = kinds.CLIENT_KUBE_PROXY, "kube-proxy", f"{_POINT}."
    elif client.component in (CONTROLLER_MANAGER, SCHEDULER):
        kind, what = kinds.CLIENT_CONTROLLER, client.component
        remedy = f"Let {client.path} on {client.host} name its own API server or the endpoint, and restart {client.component}."
    else:
        return
    yield found(
        kind,
        client.host,
        f"{what} of {client.host} depends on the API server of {owner}.",
        line,
        remedy=remedy,
        lost_with=[owner],
    )


def _kube_proxy_server(audit: AuditInput) -> tuple[str, str | None]:
    """What the ConfigMap of kube-proxy names, and whose API server that is."""
    kubeconfig = audit.cluster.kube_proxy if audit.cluster is not None else None
    server = (kubeconfig.server if kubeconfig is not None else None) or ""
    return server, audit.api_server_at(server)


def _kube_proxy(audit: AuditInput) -> t.Iterator[AuditFinding]:
    server, owner = _kube_proxy_server(audit)
    if owner is not None:
        yield found(
            kinds.CLIENT_KUBE_PROXY,
            "ConfigMap kube-system/kube-proxy",
            f"kube-proxy of every node connects to the API server of {owner}.",
            f"kubeconfig.conf: server {server}",
            remedy=f"{_POINT}: the ConfigMap is changed and the pods are restarted.",
            lost_with=[owner],
        )


def _joins(audit: AuditInput) -> t.Iterator[AuditFinding]:
    server = audit.cluster.joining_server if audit.cluster is not None else None
    owner = audit.api_server_at(server) if server else None
    if owner is not None:
        yield found(
            kinds.CLIENT_JOIN,
            "ConfigMap kube-public/cluster-info",
            f"Nodes that join are led to the API server of {owner}.",
            f"kubeconfig: server {server}",
            remedy=f"{_POINT}.",
            lost_with=[owner],
        )


def _references(audit: AuditInput) -> t.Iterator[AuditFinding]:
    for name, host in audit.hosts.items():
        for item in host.report.references:
            owners = [audit.api_server_at(text, seen_from=name) for text in item.endpoints]
            bound = [owner for owner in owners if owner is not None]
            if not bound:
                continue
            if item.user is None:
                remedy = "Let the CNI plugin's own configuration name the endpoint or the Service kubernetes."
            else:
                remedy = f"Put {item.user} into kubeadm_ha_admin_users and run kubeadm.ha.site, or let the file name the endpoint."
            yield found(
                kinds.CLIENT_FILE,
                name,
                f"{item.path} on {name} names the API server of {', '.join(dict.fromkeys(bound))}.",
                f"{item.path}: {', '.join(item.endpoints)}",
                remedy=remedy,
                lost_with=bound,
            )


def _workloads(audit: AuditInput) -> t.Iterator[AuditFinding]:
    consumers = audit.cluster.report.consumers.found if audit.cluster is not None else ()
    for item in consumers:
        named = [text for text in item.endpoints if audit.endpoint is None or text != str(audit.endpoint)]
        bound = [owner for owner in map(audit.api_server_at, named) if owner is not None]
        if named and (bound or audit.endpoint is not None):
            whose = f"the API server of {', '.join(dict.fromkeys(bound))}" if bound else "an old endpoint"
            yield found(
                kinds.CLIENT_WORKLOAD,
                item.object,
                f"{item.object} names {whose}.",
                *(f"{place}: {', '.join(named)}" for place in item.where),
                remedy="Let it name the endpoint, or the Service kubernetes (kubernetes.default.svc) where it runs in the cluster.",
                lost_with=bound,
            )


def _kubelet_sockets(audit: AuditInput) -> t.Iterator[AuditFinding]:
    for name, host in audit.hosts.items():
        others = {str(item.api_server): other for other, item in audit.control_planes.items() if other != name}
        remote = node_health.connects_to_another(host, others)
        if remote:
            yield found(
                kinds.CLIENT_KUBELET_SOCKET,
                name,
                f"The kubelet of {name} is connected to the API server of {others[remote]}, which its kubelet.conf does not name.",
                f"socket of kubelet to {remote}",
                f"kubelet.conf: server {host.report.kubelet_server.server if host.report.kubelet_server else ''}",
                remedy=f"systemctl restart kubelet on {name}: it reads its kubeconfig at the start only.",
                lost_with=[others[remote]],
            )


def _sockets(audit: AuditInput) -> t.Iterator[AuditFinding]:
    shared = set(audit.resolved(audit.endpoint)) if audit.endpoint is not None else set()
    by_file = {
        (client.host, client.component, audit.api_server_at(client.server, seen_from=client.host))
        for client in audit.clients
    }
    _server, owner_of_proxies = _kube_proxy_server(audit)
    by_file.update((name, KUBE_PROXY, owner_of_proxies) for name in audit.hosts)
    for name, host in audit.hosts.items():
        others = {str(item.api_server): other for other, item in audit.control_planes.items() if other != name}
        facts = host.report.audit
        connections = [(item.process, item.unit, item.remote) for item in (facts.connections if facts else ())]
        connections += [
            (item.process, "", item.remote) for item in host.report.api_clients if item.process == KUBE_PROXY
        ]
        is_unknown_balancer = _is_unknown_balancer(audit, name)
        for process, unit, remote in sorted(set(connections)):
            owner = others.get(remote)
            is_balancer = is_unknown_balancer or process in _BALANCERS or unit in _BALANCER_UNITS
            if owner is None or is_balancer or shared.intersection(addresses_in(remote.rpartition(":")[0])):
                continue
            if any(
                client == name and component.startswith(process) and server == owner
                for client, component, server in by_file
            ):
                # Its kubeconfig, or its ConfigMap, is a finding already.
                continue
            yield found(
                kinds.CLIENT_SOCKET,
                name,
                f"{process} on {name} is connected to the API server of {owner}.",
                f"socket of {process}{f' ({unit})' if unit else ''} to {remote}",
                remedy=f"Find what led it there (its flags, its kubeconfig), let that name the endpoint, and restart {process}.",
                lost_with=[owner],
            )


def _is_unknown_balancer(audit: AuditInput, name: str) -> bool:
    """Whether a program that is not known by its name stands before the API servers, so that its connections to each of them say nothing."""
    host, endpoint = audit.hosts[name], audit.endpoint
    if endpoint is None or name in audit.control_planes or not any(map(host.has_address, audit.resolved(endpoint))):
        return False
    return any(item.port == endpoint.port and not item.process for item in host.report.listening)


def _components(audit: AuditInput) -> t.Iterator[AuditFinding]:
    if audit.cluster is None or not audit.cluster.configuration:
        return
    for host, message in _dependencies(audit):
        yield found(
            kinds.CLIENT_COMPONENT,
            host,
            f"{message[:1].upper()}{message[1:]}.",
            message,
            remedy=f"Give it a name or an address that does not go away with {host}.",
            lost_with=[host],
        )


def _dependencies(audit: AuditInput) -> t.Iterator[tuple[str, str]]:
    cluster = audit.cluster
    if cluster is not None:
        for item in host_bound_addresses.dependencies_besides(
            audit.endpoint.host if audit.endpoint is not None else "", audit.owners, cluster
        ):
            yield item.host, item.message


__all__ = ("find",)
