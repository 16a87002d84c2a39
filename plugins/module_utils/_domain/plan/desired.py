# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the operator wants."""

from __future__ import annotations

import dataclasses
import typing as t

from ..base.address import San
from ..kubeadm.bootstrap_token import BOOTSTRAP_TOKEN, UPLOADED_CERTIFICATES
from .desired_cluster import DesiredCluster

if t.TYPE_CHECKING:
    from ..base.address import Endpoint

#: How joining control planes get the certificate authorities.
UPLOAD, COPY = "upload", "copy"
#: Load balancers that the collection sets up.
OWN_BALANCERS = ("haproxy", "nginx")
#: Their services.
SERVICES: t.Mapping[str, tuple[str, ...]] = {
    "haproxy": ("haproxy",),
    "nginx": ("nginx-kubernetes-apiserver", "kubernetes-apiserver-watch"),
    "dns": ("gdnsd", "kubeadm-ha-dns-answers"),
}
#: DNS servers that the collection sets up: they lead to the API servers themselves.
DNS = "dns"
LOAD_BALANCERS = (*OWN_BALANCERS, DNS, "external", "none")


@dataclasses.dataclass(frozen=True)
class Desired:
    """The highly available control plane that the inventory describes. Hosts go by their inventory names."""

    endpoint: Endpoint
    load_balancer: str
    control_planes: tuple[str, ...]
    workers: tuple[str, ...]
    load_balancers: tuple[str, ...]
    extra_sans: frozenset[San] = frozenset()
    unmanaged_nodes: frozenset[str] = frozenset()
    #: Nodes whose machines are gone for good.
    lost_nodes: tuple[str, ...] = ()
    allow_two_control_planes: bool = False
    allow_older_kubeadm: bool = False
    reset_half_joined: bool = False
    admin_users: frozenset[str] = frozenset({"root"})
    adopt_manifest_flags: bool = False
    patches_dir: str = ""
    certificates: str = UPLOAD
    probe_certificate: bool = False
    #: How many workers are changed at the same time, batch by batch.
    worker_batches: tuple[int | str, ...] = ("25%",)
    #: Where backups are kept on the nodes.
    backup_directory: str = "/var/backups/kubeadm-ha"
    #: Hosts of external etcd, of which only a cluster that is to be created takes note.
    etcd_hosts: tuple[str, ...] = ()
    #: A virtual IP address and the length of its prefix, which keepalived gives to one of the hosts behind the endpoint.
    vip: str = ""
    #: What it shall be where there is none yet.
    cluster: DesiredCluster = dataclasses.field(default_factory=DesiredCluster)

    @property
    def sans(self) -> frozenset[San]:
        """The SANs that every API server's certificate must have."""
        return self.extra_sans | {self.endpoint.san} | ({San.parse(self.vip_address)} if self.vip else set())

    @property
    def vip_address(self) -> str:
        """The virtual IP address alone; empty without one."""
        return self.vip.partition("/")[0]

    @property
    def has_own_balancers(self) -> bool:
        """Whether the run sets the load balancers up."""
        return self.load_balancer in OWN_BALANCERS

    @property
    def has_own_dns(self) -> bool:
        """Whether the run sets the DNS servers of the endpoint's name up."""
        return self.load_balancer == DNS

    @property
    def virtual_ip_hosts(self) -> tuple[str, ...]:
        """The hosts of which one has the virtual IP address: the load balancers', without any the control planes."""
        if not self.vip:
            return ()
        return self.control_planes if self.load_balancer == "none" else self.load_balancers

    def join_secrets(self, name: str) -> tuple[str, ...]:
        """What a host's join takes and the run revokes afterwards."""
        is_uploaded = name in self.control_planes and self.certificates == UPLOAD
        return (BOOTSTRAP_TOKEN, UPLOADED_CERTIFICATES) if is_uploaded else (BOOTSTRAP_TOKEN,)

    @property
    def nodes(self) -> tuple[str, ...]:
        """Control planes, then workers."""
        return self.control_planes + self.workers


__all__ = ("COPY", "DNS", "LOAD_BALANCERS", "OWN_BALANCERS", "SERVICES", "UPLOAD", "Desired")
