# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Nodes whose machines are gone for good, as the operator says: what the run takes out of etcd and the cluster.

Nobody can see that a machine never starts again. What can be seen is that it runs, and then nothing of it is taken out.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ..base.address import Endpoint, canonical_ip, endpoint_or_none
from ..base.problem import Problem
from ..cluster import node_removal
from ..cluster.life_signs import QUIET_SECONDS, LifeSigns
from ..etcd import etcd_removal
from ..etcd.etcd import EtcdCluster, Member
from . import left_by_joins
from .without_nodes import without_nodes

if t.TYPE_CHECKING:
    from ..base.change import Change
    from ..cluster.cluster import Cluster
    from ..cluster.node import Node
    from ..etcd.report import EtcdReport
    from ..host.host import Host
    from .desired import Desired

Hosts = t.Mapping[str, "Host"]

#: The input.
VARIABLE = "kubeadm_ha_lost_nodes"


@dataclasses.dataclass(frozen=True)
class LostNode:
    """What the role needs to delete a Node: its name, and its addresses by which it is known again."""

    name: str
    addresses: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class Loss:
    """What the cluster still has of a machine that is gone.

    Attributes:
        name: of its Node.
        node: the Node; ``None`` when it has been deleted.
        members: its members of stacked etcd.
        api_server: where its API server was; ``None`` where it is not known to have had one.
    """

    name: str
    node: Node | None = None
    members: tuple[Member, ...] = ()
    api_server: Endpoint | None = None

    def changes(self) -> t.Iterator[Change]:
        """In the order in which they are made."""
        yield from (etcd_removal.removal_change(member, is_lost=True) for member in self.members)
        if self.node is not None:
            yield node_removal.removal_change(self.name, is_lost=True)

    @property
    def addresses(self) -> frozenset[str]:
        """Those of its Node and of its API server, IP addresses only."""
        known = self.node.addresses if self.node is not None else ()
        found = {canonical_ip(text) for text in (*known, *([self.api_server.host] if self.api_server else ()))}
        return frozenset(address for address in found if address is not None)


#: What is taken out, or why nothing may, as the end of a sentence.
Verdict = t.Union[Loss, str]


def verdicts(desired: Desired, hosts: Hosts, cluster: Cluster, etcd: EtcdReport | None) -> dict[str, Verdict]:
    """For each name of which the cluster, etcd or the inventory knows something, in the order of the input.

    Members are judged one after the other, as they will be taken out.

    Args:
        desired: what the operator wants.
        hosts: all hosts that were inspected.
        cluster: what the API reported.
        etcd: what etcd reported; ``None`` when it could not be asked.
    """
    found: dict[str, Verdict] = {}
    etcd_cluster = EtcdCluster(etcd.members if etcd is not None and not cluster.uses_external_etcd else ())
    signs = {item.name: item for item in cluster.report.life_signs}
    for name in desired.lost_nodes:
        loss = _of(name, hosts, cluster, etcd_cluster, signs.get(name, LifeSigns(name)))
        reason = _contradiction(name, desired, hosts)
        if reason is None and (loss.node is None and not loss.members):
            continue
        reason = reason or _alive(loss, hosts, signs.get(name, LifeSigns(name)))
        if reason is None and etcd is None and not cluster.uses_external_etcd:
            reason = "etcd could not be asked whether it has a member of it; run again when it answers"
        left = etcd_cluster
        for member in loss.members if reason is None else ():
            reason = reason or etcd_removal.objection(left, member)
            left = EtcdCluster(tuple(item for item in left.members if item.id != member.id))
        if reason is None:
            etcd_cluster = left
        found[name] = loss if reason is None else reason
    return found


def problems(found: t.Mapping[str, Verdict]) -> t.Iterator[Problem]:
    """One for each name that must not be taken out."""
    for name, verdict in found.items():
        if isinstance(verdict, str):
            yield Problem(VARIABLE, f"kubeadm_ha_lost_nodes names {name}, but {verdict}.")


def losses(found: t.Mapping[str, Verdict]) -> tuple[Loss, ...]:
    """Those that are taken out."""
    return tuple(verdict for verdict in found.values() if isinstance(verdict, Loss))


def after(gone: t.Sequence[Loss], cluster: Cluster, etcd: EtcdReport | None) -> tuple[Cluster, EtcdReport | None]:
    """Cluster and etcd as they are when all of it is taken out."""
    if not gone:
        return cluster, etcd
    names = [loss.name for loss in gone if loss.node is not None]
    members = [member for loss in gone for member in loss.members]
    return without_nodes(cluster, names), etcd if etcd is None else etcd.without(members)


def _of(name: str, hosts: Hosts, cluster: Cluster, etcd_cluster: EtcdCluster, signs: LifeSigns) -> Loss:
    node = cluster.nodes.get(name)
    addresses = {canonical_ip(item) for item in (node.addresses if node is not None else ())}
    return Loss(
        name=name,
        node=node,
        members=tuple(
            member
            for member in etcd_cluster.members
            if (member.name == name if member.name else _is_at(member, addresses, hosts))
        ),
        api_server=endpoint_or_none(signs.api_server),
    )


def _is_at(member: Member, addresses: t.AbstractSet[str | None], hosts: Hosts) -> bool:
    """Whether a member that has never started is at these addresses, and not at a host's that has taken one of them over."""
    peers = left_by_joins.peer_addresses(member)
    return bool(peers & addresses) and not any(host.has_address(peer) for peer in peers for host in hosts.values())


def _contradiction(name: str, desired: Desired, hosts: Hosts) -> str | None:
    """What of inputs and inventory says that the machine is there."""
    host = next((item for item in hosts.values() if item.is_member and item.node_name == name), None)
    if host is not None and host.is_serving:
        return (
            f"that is the node of {host.name}, which answers and serves the Kubernetes API: take the name out; kubeadm.ha.remove_node removes "
            "a host that answers, if another control plane serves"
        )
    if host is not None:
        return f"that is the node of {host.name}, which answers: take the name out; kubeadm.ha.remove_node removes a host that answers"
    if name in desired.unmanaged_nodes:
        return "kubeadm_ha_unmanaged_nodes does, too: a node is either kept or gone for good; take the name out of one of the two"
    return None


def _alive(loss: Loss, hosts: Hosts, signs: LifeSigns) -> str | None:
    """What shows that the machine runs."""
    if loss.node is not None and loss.node.is_ready:
        return "that node is Ready: stop its machine for good, and run again when the node is not Ready any more"
    if signs.lease_age is not None and signs.has_renewed:
        return f"its kubelet renewed its Lease {signs.lease_age:.0f} s ago: stop its machine for good, and run again {QUIET_SECONDS:.0f} s later"
    server = loss.api_server
    if server is not None and signs.is_answering and not any(host.has_address(server.host) for host in hosts.values()):
        return f"its API server answers at {server}: stop its machine for good, then run again"
    for member in loss.members:
        if member.is_answering:
            return f"its member of etcd {member.id} answers: stop its machine for good, then run again"
    return None


__all__ = ("VARIABLE", "Loss", "LostNode", "Verdict", "after", "losses", "problems", "verdicts")
