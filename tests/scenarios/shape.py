# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What differs between the clusters that scenarios convert: names, ports, and the inventory that a user would have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


@dataclass(frozen=True, kw_only=True)
class Shape:
    """A cluster of the lab before and after its conversion. Hosts go by their names in lab and inventory.

    :param topology: the lab's topology.
    :param arguments: what a user adds to the command line.
    :param example: the inventory that users start from; the lab's adds addresses, a way in and an endpoint. None: the lab's
        names the hosts, too.
    :param control_planes: the existing one first.
    :param node_names: names of Node objects, where they are not the hosts'.
    :param pki_dir: where kubeadm's certificates are.
    :param endpoint_name: DNS name of the endpoint; None: it is the balancer's address.
    """

    topology: str
    example: Path | None = None
    control_planes: tuple[str, ...] = ("cp1", "cp2", "cp3")
    workers: tuple[str, ...] = ("w1", "w2")
    balancer: str = "lb1"
    node_names: Mapping[str, str] = field(default_factory=dict)
    api_port: int = 6443
    endpoint_name: str | None = None
    dns_domain: str = "cluster.local"
    pki_dir: str = "/etc/kubernetes/pki"
    arguments: tuple[str, ...] = ()

    @property
    def first(self) -> str:
        """The control plane that there is before."""
        return self.control_planes[0]

    @property
    def first_nodes(self) -> tuple[str, ...]:
        """The nodes that there are before."""
        return (self.first, *self.workers)

    @property
    def nodes(self) -> tuple[str, ...]:
        """Control planes, then workers."""
        return (*self.control_planes, *self.workers)

    @property
    def hosts(self) -> tuple[str, ...]:
        """Nodes, then the balancer."""
        return (*self.nodes, self.balancer)

    def inventories(self, lab: Path) -> tuple[Path, ...]:
        """What a run is given, with the lab's inventory last."""
        return (lab,) if self.example is None else (self.example, lab)

    def node_name(self, host: str) -> str:
        """Name of a host's Node object."""
        return self.node_names.get(host, host)

    @property
    def all_node_names(self) -> set[str]:
        """Names of all Node objects."""
        return {self.node_name(host) for host in self.nodes}


PLAIN = Shape(topology="convert", example=EXAMPLES / "haproxy" / "hosts.yml")
VERSIONS = Shape(topology="versions", workers=("w1",))
SSL = Shape(
    topology="convert_ssl",
    workers=("w1",),
    pki_dir="/etc/kubernetes/ssl",
    arguments=("--extra-vars", "kubeadm_ha_allow_two_control_planes=true"),
)
EXTERNAL_ETCD = Shape(
    topology="external_etcd",
    example=PLAIN.example,
    arguments=("--extra-vars", "kubeadm_ha_patches_dir=/etc/kubernetes/patches"),
)
HARDENED = Shape(
    topology="convert_odd",
    example=EXAMPLES / "odd" / "hosts.yml",
    node_names={
        "cp1": "master-1.odd.example.org",
        "cp2": "master-2.odd.example.org",
        "cp3": "third-master",
        "w1": "storage-a",
        "w2": "worker-2.odd.example.org",
    },
    api_port=7443,
    endpoint_name="k8s.odd.example.org",
    dns_domain="odd.internal",
    arguments=("--extra-vars", f"@{EXAMPLES / 'odd' / 'groups.yml'}"),
)
