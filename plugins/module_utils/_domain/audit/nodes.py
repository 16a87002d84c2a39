# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Findings about nodes and hosts: readiness, versions, clocks, services, firewalls."""

from __future__ import annotations

import typing as t

from ..base.connection_attempt import REACHED
from ..base.errors import InvalidInput
from ..base.version import KubernetesVersion
from ..plan.checks import machine_identity, skew
from ..plan.checks import preflight as checks
from ..plan.checks import swap as swap_check
from . import kinds
from .audit_finding import found
from .control_planes import api_versions

if t.TYPE_CHECKING:
    from ..host.host import Host
    from .audit_finding import AuditFinding
    from .audit_input import AuditInput

_GIB = 1024**3
#: Services without which a node, or the endpoint, does not come back.
_NEEDED = (
    *("kubelet", "containerd", "crio", "docker", "cri-docker"),
    *(
        "haproxy",
        "nginx-kubernetes-apiserver",
        "kubernetes-apiserver-watch",
        "keepalived",
        "gdnsd",
        "kubeadm-ha-dns-answers",
    ),
    *("kube-apiserver", "kube-controller-manager", "kube-scheduler", "etcd", "kube-proxy"),
)
_RUNTIMES = ("containerd", "crio", "docker")


def find(audit: AuditInput) -> t.Iterator[AuditFinding]:
    """Every finding about nodes and hosts."""
    yield from _nodes(audit)
    yield from _versions(audit)
    yield from _clocks(audit)
    for host in audit.hosts.values():
        yield from _host(audit, host)
    for copy, original in machine_identity.clones(tuple(audit.hosts), audit.hosts):
        yield found(
            kinds.NODE_DUPLICATE,
            copy.name,
            f"{copy.name} has the machine-id of {original.name}.",
            f"/etc/machine-id: {copy.report.machine_id}",
            remedy=f"Remove /etc/machine-id on {copy.name}, run systemd-machine-id-setup and restart it.",
        )
    yield from _blocked(audit)


def _nodes(audit: AuditInput) -> t.Iterator[AuditFinding]:
    for node in audit.cluster.nodes.values() if audit.cluster is not None else ():
        name = audit.host_of_node.get(node.name)
        if name is None and not audit.unseen:
            yield found(
                kinds.NODE_UNKNOWN,
                node.name,
                f"The node {node.name} is no host that was inspected.",
                f"addresses: {', '.join(node.addresses) or 'none'}",
                remedy="Put its host into the inventory (kube_node), then run the audit again.",
            )
        if not node.is_ready and name not in audit.control_planes:
            yield found(
                kinds.NODE_NOT_READY,
                name or node.name,
                f"The node {node.name} is not Ready.",
                node.ready_reason or f"Ready is {node.ready_status or 'unknown'}",
                remedy=f"journalctl -u kubelet on {name or node.name} says why. If it is gone for good, take it out of the "
                f"inventory: kubeadm.ha.site with kubeadm_ha_lost_nodes: [{node.name}].",
            )


def _versions(audit: AuditInput) -> t.Iterator[AuditFinding]:
    servers = dict(api_versions(audit))
    if not servers or audit.cluster is None:
        return
    oldest, newest = min(servers.values()), max(servers.values())
    for node in audit.cluster.nodes.values():
        try:
            kubelet = KubernetesVersion.parse(node.kubelet_version)
        except InvalidInput:
            continue
        name = audit.host_of_node.get(node.name, node.name)
        own = servers.get(name, oldest)
        evidence = (f"kubelet {kubelet}", f"API servers {', '.join(sorted({str(item) for item in servers.values()}))}")
        if kubelet.release > own.release:
            yield found(
                kinds.NODE_KUBELET_NEWER,
                name,
                f"The kubelet of {name} is {kubelet}, the API server {own}.",
                *evidence,
                remedy=f"Upgrade the control planes to {kubelet.major}.{kubelet.minor}, or install kubelet {own.major}.{own.minor} on {name}.",
            )
        elif skew.is_too_old(kubelet, newest):
            yield found(
                kinds.NODE_KUBELET_OLD,
                name,
                f"The kubelet of {name} is {kubelet}, the API server {newest}.",
                *evidence,
                remedy=f"Upgrade the kubelet of {name} (kubeadm upgrade node, then the package).",
            )


def _clocks(audit: AuditInput) -> t.Iterator[AuditFinding]:
    for name, seconds in checks.clocks_apart(audit.hosts):
        yield found(
            kinds.NODE_CLOCK,
            name,
            f"The clock of {name} is {seconds:.0f} s away from the others'.",
            f"{seconds:.1f} s",
            remedy=f"Synchronise it on {name} (chrony, systemd-timesyncd).",
        )
    for name, host in audit.hosts.items():
        facts = host.report.audit
        if facts is not None and not facts.time_services:
            yield found(
                kinds.NODE_TIME_SERVICE,
                name,
                f"No service keeps the clock of {name}.",
                "none of chronyd, systemd-timesyncd, ntpd is active",
                remedy=f"Install chrony or enable systemd-timesyncd on {name}; machines that take the host's clock need none.",
            )


def _host(audit: AuditInput, host: Host) -> t.Iterator[AuditFinding]:
    report, name = host.report, host.name
    is_node = host.is_member or name in audit.services
    if report.swap and is_node and audit.cluster is not None and not swap_check.is_borne(host, audit.cluster):
        yield found(
            kinds.NODE_SWAP,
            name,
            f"Swap is on on {name}, and its kubelet fails with swap.",
            "/proc/swaps has an entry",
            remedy=f"swapoff -a on {name}, and take its line out of /etc/fstab; or failSwapOn: false for kubelets that shall have it.",
        )
    if host.is_member and not host.is_active("kubelet"):
        yield _stopped(name, "kubelet", host)
    runtimes = [item for item in _RUNTIMES if item in report.services]
    if host.is_member and runtimes and not any(map(host.is_active, runtimes)):
        yield _stopped(name, runtimes[0], host)
    for service in _NEEDED:
        state = report.services.get(service)
        if state is not None and state.active == "active" and state.enabled == "disabled":
            yield found(
                kinds.NODE_SERVICE_DISABLED,
                name,
                f"{service} runs on {name} and is not enabled.",
                f"{service}.service: {state.active}, {state.enabled}",
                remedy=f"systemctl enable {service} on {name}.",
            )
    if report.free_bytes < _GIB:
        yield found(
            kinds.NODE_DISK,
            name,
            f"{name} has {report.free_bytes // 2**20} MiB free in /var.",
            f"{report.free_bytes} bytes",
            remedy=f"Make room on {name}: crictl rmi --prune, journalctl --vacuum-size=200M.",
        )
    if is_node and report.forwarding.get("net.ipv4.ip_forward") == "0":
        yield found(
            kinds.NODE_FORWARDING,
            name,
            f"{name} does not forward IPv4 packets.",
            "net.ipv4.ip_forward = 0",
            remedy=f"sysctl -w net.ipv4.ip_forward=1 on {name}, and a file in /etc/sysctl.d (role node_prepare).",
        )


def _stopped(name: str, service: str, host: Host) -> AuditFinding:
    state = host.report.services.get(service)
    return found(
        kinds.NODE_SERVICE_STOPPED,
        name,
        f"{service} does not run on {name}.",
        f"{service}.service: {state.active if state is not None else 'not there'}",
        remedy=f"journalctl -u {service} on {name} says why; then systemctl start {service}.",
    )


def _blocked(audit: AuditInput) -> t.Iterator[AuditFinding]:
    for name, attempts in audit.attempts.items():
        failed = [item for item in attempts if item.outcome not in REACHED]
        for address in dict.fromkeys(item.address for item in failed):
            owners = audit.owners.get(address) or (address,)
            ports = [item for item in failed if item.address == address]
            yield found(
                kinds.NODE_FIREWALL,
                name,
                f"{name} does not reach {owners[0]} on port {', '.join(str(item.port) for item in ports)}.",
                *(f"{item.address}:{item.port}: {item.outcome} {item.error}".rstrip() for item in ports),
                remedy="Open these ports between control planes (role host_firewall; firewalld and ufw), and see which router lies between.",
            )


__all__ = ("find",)
