# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which container runtime a joining host uses, and whether it can.

kubeadm searches for the sockets below and stops when it finds several. The one that the cluster's nodes use is taken
then.
"""

from __future__ import annotations

import typing as t

from ...base.problem import Problem
from ...host.container_sockets import KNOWN_SOCKETS

if t.TYPE_CHECKING:
    from ...cluster.cluster import Cluster
    from ...host.host import Host
    from ...host.report import Service
    from ..desired import Desired

#: Services that bring one.
SERVICES = ("containerd", "crio", "cri-docker", "docker")


def problems(desired: Desired, hosts: t.Mapping[str, Host], cluster: Cluster) -> t.Iterator[Problem]:
    """One problem for each joining host whose runtime or kubelet would fail the join."""
    used = sockets_of_cluster(hosts, cluster)
    for name in desired.nodes:
        host = hosts.get(name)
        if host is not None and not host.is_member:
            yield from _runtime(host, used)
            yield from _kubelet(host)


def socket_of(host: Host, used: t.AbstractSet[str]) -> str:
    """The socket that a joining host is given; empty where kubeadm finds the only one by itself.

    Args:
        host: one that has not joined.
        used: what :func:`sockets_of_cluster` found.
    """
    if host.wanted_cri_socket:
        return host.wanted_cri_socket
    answering = _answering(host)
    shared = [socket for socket in answering if _plain(socket) in used]
    return shared[0] if len(answering) > 1 and len(shared) == 1 else ""


def sockets_of_cluster(hosts: t.Mapping[str, Host], cluster: Cluster) -> frozenset[str]:
    """The sockets of the cluster's nodes: their kubelets' own word, else kubeadm's annotation of the Node."""
    found = {name: node.cri_socket for name, node in cluster.nodes.items()}
    for host in hosts.values():
        if host.is_member and host.report.kubelet_cri_socket and host.node_name in found:
            found[host.node_name] = host.report.kubelet_cri_socket
    return frozenset(_plain(socket) for socket in found.values() if socket)


def _runtime(host: Host, used: t.AbstractSet[str]) -> t.Iterator[Problem]:
    services = {name: state for name, state in host.report.services.items() if name in SERVICES}
    answering = _answering(host)
    wanted = host.wanted_cri_socket
    if wanted:
        if _plain(wanted) not in {_plain(socket) for socket in answering}:
            yield Problem(
                host.name,
                f"kubeadm_ha_cri_socket of {host.name} is {wanted}, but nothing listens there: start that container "
                "runtime, or correct the variable.",
            )
    elif not services and not answering:
        yield Problem(host.name, f"{host.name} has no container runtime: install containerd or CRI-O.")
    elif not answering:
        yield Problem(host.name, _silent(host, services))
    elif len(answering) > 1 and not socket_of(host, used):
        why = (
            f"the cluster's nodes use {', '.join(sorted(used))}"
            if used
            else "what the cluster's nodes use is not known"
        )
        yield Problem(
            host.name,
            f"{host.name} has several container runtimes ({', '.join(answering)}), and {why}: set kubeadm_ha_cri_socket "
            "for the host to one of them.",
        )


def _silent(host: Host, services: t.Mapping[str, Service]) -> str:
    stopped = next((name for name, state in services.items() if state.active != "active"), None)
    if stopped is not None:
        state = services[stopped]
        unmask = f"systemctl unmask {stopped}, then " if state.enabled == "masked" else ""
        return (
            f"The container runtime of {host.name} is not running ({stopped} is {state.active}): start it "
            f"({unmask}systemctl enable --now {stopped})."
        )
    return (
        f"No container runtime of {host.name} listens where kubeadm searches ({', '.join(KNOWN_SOCKETS)}): enable its CRI "
        "plugin, or set kubeadm_ha_cri_socket for the host."
    )


def _kubelet(host: Host) -> t.Iterator[Problem]:
    state = host.report.services.get("kubelet")
    if state is not None and state.enabled.startswith("masked"):
        yield Problem(
            host.name,
            f"The kubelet of {host.name} is masked, so its join could not start it: run systemctl unmask kubelet there.",
        )


def _answering(host: Host) -> list[str]:
    return list(host.report.cri_sockets)


def _plain(socket: str) -> str:
    """One spelling of a socket: with its scheme, and below /run, to which /var/run is a link everywhere."""
    path = socket[len("unix://") :] if socket.startswith("unix://") else socket
    return f"unix://{path[len('/var') :] if path.startswith('/var/run/') else path}"


__all__ = ("SERVICES", "problems", "socket_of", "sockets_of_cluster")
