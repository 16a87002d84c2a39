# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What both layouts have to know of a cluster of systemd services, and what a layout has to answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from typing import Protocol

from tests.lab.errors import LabError
from tests.lab.nodefiles import NodeFile
from tests.lab.services.pki import Authorities
from tests.lab.topology import DEFAULT_API_PORT, Node, Topology

DOMAIN = "cluster.local"
CONTROL_PLANE = ("kube-apiserver", "kube-controller-manager", "kube-scheduler")
NODE = ("kubelet", "kube-proxy")
ETCD = ("etcd", "etcdctl", "etcdutl")
_API_NAMES = ("kubernetes", "kubernetes.default", "kubernetes.default.svc", f"kubernetes.default.svc.{DOMAIN}")

#: Files of a node: paths without the leading slash.
Files = dict[str, NodeFile]


@dataclass(frozen=True, kw_only=True)
class Site:
    """A cluster of systemd services: its nodes, and where they are."""

    topology: Topology
    addresses: Mapping[str, IPv4Address]
    kubernetes: str
    service_subnet: IPv4Network

    @property
    def master(self) -> Node:
        """The only control plane."""
        if self.topology.master is None:
            raise LabError(f"topology {self.topology.name} has no control plane of systemd services")
        return self.topology.master

    @property
    def workers(self) -> tuple[Node, ...]:
        """Hosts with kubelet and kube-proxy and without a control plane."""
        return self.topology.service_workers

    @property
    def address(self) -> IPv4Address:
        """The control plane's own address, which everybody connects to."""
        return self.addresses[self.master.name]

    @property
    def server(self) -> str:
        """The API server's URL by that address."""
        return f"https://{self.address}:{DEFAULT_API_PORT}"

    @property
    def members(self) -> dict[str, IPv4Address]:
        """The members of etcd and their addresses."""
        return {node.name: self.addresses[node.name] for node in self.topology.etcd}

    @property
    def etcd_servers(self) -> str:
        """The client URLs of all members."""
        return ",".join(f"https://{address}:2379" for address in self.members.values())

    @property
    def dns(self) -> IPv4Address:
        """ClusterIP of the cluster's DNS."""
        return self.service_subnet[2]

    @property
    def api_addresses(self) -> list[IPv4Address]:
        """What the API server's certificate is for: the cluster's Service, this host, and what was reserved."""
        reserved = [self.addresses[name] for name in self.topology.reserved]
        return [self.service_subnet[1], IPv4Address("127.0.0.1"), self.address, *reserved]

    @property
    def api_names(self) -> tuple[str, ...]:
        """DNS names of that certificate."""
        return _API_NAMES

    def initial_cluster(self, names: Mapping[str, str]) -> str:
        """Name and peer URL of all members, by what they call themselves."""
        return ",".join(f"{names[node]}=https://{address}:2380" for node, address in self.members.items())


class Layout(Protocol):
    """Where the files of such a cluster are and what stands in them."""

    @property
    def admin(self) -> str:
        """Path of the administrator's kubeconfig on the control plane."""

    @property
    def site(self) -> Site:
        """The cluster."""

    def files(self, authorities: Authorities) -> dict[str, Files]:
        """Files of each node, with new certificates."""

    def programs(self, node: Node) -> dict[str, str]:
        """Path of each program that a node has, and its name."""

    def manifests(self) -> list[object]:
        """Objects that the components need to work with one another."""


def components(topology: Topology, node: Node) -> Iterator[str]:
    """The components that a node runs, by the name of their unit and program."""
    if node in topology.etcd:
        yield "etcd"
    if node == topology.master:
        yield from CONTROL_PLANE
    if node in topology.service_workers or (node == topology.master and topology.runs_pods(node)):
        yield from NODE


def secret(content: str) -> NodeFile:
    """A file that its owner alone may read."""
    return NodeFile(content=content, mode=0o600)


def public(content: str) -> NodeFile:
    """A file that everybody may read."""
    return NodeFile(content=content)
