# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Members of etcd that a join which did not end has left.

``kubeadm reset`` takes the member of its host out only while the Node exists, because it finds its configuration by the Node
(cmd/kubeadm/app/cmd/phases/reset/removeetcdmember.go). What belongs to a host of the inventory the run takes out itself,
where the quorum allows it; what belongs to nobody a person takes out.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ..base.address import canonical_ip
from ..base.etcd_url import EtcdUrl
from ..etcd import etcd_removal
from ..etcd.etcd import EtcdCluster, Member

if t.TYPE_CHECKING:
    from ..cluster.cluster import Cluster
    from ..etcd.report import EtcdReport
    from ..host.host import Host

Hosts = t.Mapping[str, "Host"]


@dataclasses.dataclass(frozen=True)
class Stale:
    """A member of stacked etcd that belongs to no node of the cluster.

    Attributes:
        member: the member.
        owner: inventory name of the host that it belongs to; ``None`` when it is none of the inventory's.
        objection: why it cannot be taken out now; ``None`` when it can.
    """

    member: Member
    owner: str | None
    objection: str | None = None

    @property
    def is_removed(self) -> bool:
        """Whether the run takes it out."""
        return self.owner is not None and self.objection is None

    @property
    def shown(self) -> str:
        """Name, id and peers."""
        return f"{self.member.name or 'without a name'} ({self.member.id}, {', '.join(self.member.peer_urls)})"


def stale_members(names: t.Iterable[str], hosts: Hosts, cluster: Cluster, etcd: EtcdReport | None) -> tuple[Stale, ...]:
    """Members that belong to no node, and whether the run may take them out, one after the other.

    Args:
        names: inventory names of the nodes that the cluster is to have.
        hosts: all hosts.
        cluster: what the API reported.
        etcd: what etcd reported; ``None`` when it could not be asked.
    """
    if etcd is None or cluster.uses_external_etcd:
        return ()
    etcd_cluster = EtcdCluster(etcd.members)
    candidates = [hosts[name] for name in names if name in hosts]
    found = []
    for member in etcd_cluster.members:
        if _has_node(member, hosts, cluster):
            continue
        owner = next((host for host in candidates if is_of(member, host)), None)
        reason = _objection(etcd_cluster, member, owner)
        if owner is not None and reason is None:
            etcd_cluster = EtcdCluster(tuple(item for item in etcd_cluster.members if item.id != member.id))
        found.append(Stale(member, None if owner is None else owner.name, reason))
    return tuple(found)


def learners_of_nodes(hosts: Hosts, cluster: Cluster, etcd: EtcdReport | None) -> tuple[Member, ...]:
    """Learners that belong to a node of the cluster: a join that ended before their promotion."""
    if etcd is None or cluster.uses_external_etcd:
        return ()
    return tuple(member for member in etcd.members if member.is_learner and _has_node(member, hosts, cluster))


def is_of(member: Member, host: Host) -> bool:
    """Whether a member is a host's, by kubeadm's rule that it has the node's name; one that never started by its address."""
    if member.name:
        return member.name == host.node_name
    return any(map(host.has_address, peer_addresses(member)))


def peer_addresses(member: Member) -> set[str]:
    """The IP addresses where other members reach a member; names are left out."""
    parsed = (EtcdUrl.parse(url) for url in member.peer_urls)
    return {url.address for url in parsed if url is not None and url.address is not None}


def _objection(etcd_cluster: EtcdCluster, member: Member, owner: Host | None) -> str | None:
    if owner is not None and member.is_healthy and not member.is_learner:
        return f"it votes, so {owner.name} is needed"
    if owner is not None and owner.report.kubeadm_processes:
        return f"kubeadm is running on {owner.name}"
    return etcd_removal.objection(etcd_cluster, member)


def _has_node(member: Member, hosts: Hosts, cluster: Cluster) -> bool:
    """Whether a member of etcd belongs to a node, by kubeadm's rule that it has its name, or by its address."""
    if member.name in cluster.nodes:
        return True
    known = {canonical_ip(item) for node in cluster.nodes.values() for item in node.addresses}
    for host in hosts.values():
        if host.is_member and host.node_name in cluster.nodes:
            known |= {canonical_ip(item) for item in host.report.addresses}
    addresses = peer_addresses(member)
    # A peer that goes by a DNS name cannot be determined from here.
    return not addresses or bool(addresses & known)


__all__ = ("Stale", "is_of", "learners_of_nodes", "peer_addresses", "stale_members")
