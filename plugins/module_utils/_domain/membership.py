# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which hosts are members of this cluster, and what the others are. Private to kubeadm.ha: no stable interface.

The cluster's CA and the API's Node objects decide, not the presence of a file. A host that is neither a whole member nor
clean is told of once, with everything that is known of it and one remedy.
"""

from __future__ import annotations

import typing as t

from .address import canonical_ip
from .control_plane_parity import files_of
from .wish import Problem

if t.TYPE_CHECKING:
    from .cluster import Cluster
    from .host import Host
    from .wish import Wish

Hosts = t.Mapping[str, "Host"]
Member = t.Mapping[str, t.Any]

#: Files under /etc/kubernetes that a kubelet package brings and that do not tell of a join.
_PACKAGE_FILES = ("/etc/kubernetes/manifests/.kubelet-keep",)
_CONTROL_PLANE_PODS = ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "etcd")
_KUBELET_KUBECONFIG = "/etc/kubernetes/kubelet.conf"
_ADMIN_KUBECONFIG = "/etc/kubernetes/admin.conf"


def is_joined(host: Host, cluster: Cluster, ca_hash: str | None) -> bool:
    """Whether a host is a member of this cluster: it trusts the cluster's CA and the API has its Node."""
    return host.is_member and ca_hash in host.ca_hashes and host.node_name in cluster.nodes


def problems(
    wish: Wish, hosts: Hosts, cluster: Cluster, serving: Host, etcd: t.Mapping[str, t.Any] | None
) -> t.Iterator[Problem]:
    """One problem for each host, and for each member of etcd, that is neither in the cluster nor out of it."""
    stale = stale_members(hosts, cluster, etcd)
    for name in wish.nodes:
        host = hosts.get(name)
        if host is None:
            continue
        member = next((item for item in stale if _is_of(item, host)), None)
        message = _explained(wish, host, hosts, cluster, serving, member)
        if message is not None:
            yield Problem(name, message)
    for item in stale:
        if not any(_is_of(item, hosts[name]) for name in wish.nodes if name in hosts):
            yield Problem(
                "etcd",
                f"The etcd ring has the member {_shown(item)}, but the cluster has no such node: if its host is gone for "
                f"good, take it out with etcdctl member remove {item['id']}.",
            )


def stale_members(hosts: Hosts, cluster: Cluster, etcd: t.Mapping[str, t.Any] | None) -> list[Member]:
    """Members of stacked etcd that belong to no node of the cluster: what is left of a join or of a lost host."""
    if etcd is None or cluster.uses_external_etcd:
        return []
    return [member for member in etcd.get("members") or () if not _has_node(member, hosts, cluster)]


def is_unhealthy_besides(etcd: t.Mapping[str, t.Any], stale: t.Sequence[Member]) -> list[str]:
    """The ring's problems that are not those of stale members, which are told of by themselves."""
    names = [str(member.get("name") or f"member {member.get('id')}") for member in stale]
    told = [str(text) for text in etcd.get("problems") or ("unknown reason",)]
    return [text for text in told if not any(text.startswith(f"{name} ") for name in names)]


def leftovers(host: Host, serving: Host) -> list[str]:
    """Files of a join on a host.

    Args:
        host: one that has not joined.
        serving: a control plane whose files an earlier run, or the operator, may have brought before the join.
    """
    carried = {fact.path for fact in files_of(serving)}
    files = host.report["kubernetes_files"]
    return [path for path in files if path not in _PACKAGE_FILES and path not in carried]


def _explained(
    wish: Wish, host: Host, hosts: Hosts, cluster: Cluster, serving: Host, member: Member | None
) -> str | None:
    """Why a host is neither a whole member nor clean, with the remedy; ``None`` when it is one of them."""
    if host.ca_hashes and serving.ca is not None and serving.ca.public_key_sha256 not in host.ca_hashes:
        return _foreign(host, serving)
    if host.is_member:
        return _unlike_member(wish, host, hosts, cluster, member)
    return _unlike_newcomer(host, cluster, member, serving)


def _foreign(host: Host, serving: Host) -> str:
    server = host.servers.get(_KUBELET_KUBECONFIG)
    told = f"its kubelet dials {server} and trusts another CA" if server else "its /etc/kubernetes/pki/ca.crt differs"
    return (
        f"{host.name} belongs to another cluster than {serving.name} ({told}): take it out of the inventory, or run "
        f"kubeadm reset on {host.name} if it is to leave that cluster."
    )


def _unlike_member(wish: Wish, host: Host, hosts: Hosts, cluster: Cluster, member: Member | None) -> str | None:
    node = host.node_name
    owner = _owner(wish, hosts, node)
    if owner is not None and owner is not host:
        return (
            f"The kubelet of {host.name} has the credentials of the node {node}, which is {owner.name}: its disk is a copy "
            f"of {owner.name}'s; run kubeadm reset on {host.name} so that it can join under its own name."
        )
    if node not in cluster.nodes:
        leave = f" The etcd ring still has its member {_shown(member)}, which the reset takes out." if member else ""
        return (
            f"{host.name} has joined before, but the cluster has no node {node}: run kubeadm reset on it so that it can "
            f"join again.{leave}"
        )
    if host.wanted_node_name and host.wanted_node_name != node:
        return (
            f"{host.name} has joined as the node {node}, but its kubeadm_ha_node_name is {host.wanted_node_name}: give the "
            "name that it has, or drain the node, delete it and run kubeadm reset on the host."
        )
    if host.name in wish.control_planes:
        return _unlike_control_plane(host, cluster)
    return None


def _unlike_control_plane(host: Host, cluster: Cluster) -> str | None:
    there = [name for name in _CONTROL_PLANE_PODS if name in host.manifests]
    if not there and _ADMIN_KUBECONFIG not in host.kubeconfigs:
        return (
            f"{host.name} is in the control plane group but has joined as a worker: drain it and run kubeadm reset on it "
            "first, or put it into the node group."
        )
    lacks_etcd = "etcd" not in there and not cluster.uses_external_etcd and _dials_itself(host)
    if "kube-apiserver" not in there or lacks_etcd:
        lacking = "kube-apiserver" if "kube-apiserver" not in there else "etcd"
        return (
            f"{host.name} is half joined: its kubelet is a member, but of its control plane {lacking} is missing in "
            "/etc/kubernetes/manifests; drain the node, delete it and run kubeadm reset on the host."
        )
    return None


def _dials_itself(host: Host) -> bool:
    access = host.etcd_access
    return access is not None and all("//127.0.0.1:" in url or "//[::1]:" in url for url in access.endpoints)


def _unlike_newcomer(host: Host, cluster: Cluster, member: Member | None, serving: Host) -> str | None:
    files = leftovers(host, serving)
    node = f"the cluster has the node {host.node_name}" if host.node_name in cluster.nodes else ""
    ring = f"the etcd ring has its member {_shown(member)}" if member is not None else ""
    if files:
        shown = f"{', '.join(files[:3])}{' and more' if len(files) > 3 else ''}"
        also = "".join(f", and {text}" for text in (node, ring) if text)
        then = [f"kubectl delete node {host.node_name}"] if node else []
        then += [f"etcdctl member remove {member['id']} if the reset did not"] if member is not None else []
        return (
            f"{host.name} is half joined: it has no kubelet.conf, but {shown}{also}; run kubeadm reset on it"
            f"{''.join(f', then {text}' for text in then)}."
        )
    if member is not None:
        return (
            f"{host.name} has nothing of a join, but {ring}: take it out with etcdctl member remove {member['id']}"
            f"{', and delete the node' if node else ''}."
        )
    if node:
        return (
            f"The cluster already has a node {host.node_name}, but {host.name} has not joined: give the host another name "
            f"(kubeadm_ha_node_name), or delete the old Node if {host.name} replaces it."
        )
    return None


def _owner(wish: Wish, hosts: Hosts, node: str) -> Host | None:
    """The host whose node it is, of all that have its credentials: the one of that name, else the first."""
    found = [hosts[name] for name in wish.nodes if name in hosts and hosts[name].certified_node_name == node]
    named = (host for host in found if node in (host.wanted_node_name, str(host.report["hostname"]).lower(), host.name))
    return next(named, next(iter(found), None))


def _has_node(member: Member, hosts: Hosts, cluster: Cluster) -> bool:
    """Whether a member of etcd belongs to a node, by kubeadm's rule that it has its name, or by its address."""
    if member.get("name") in cluster.nodes:
        return True
    known = {canonical_ip(str(item)) for node in cluster.nodes.values() for item in node.get("addresses") or ()}
    for host in hosts.values():
        if host.is_member and host.node_name in cluster.nodes:
            known |= {canonical_ip(str(item)) for item in host.report["addresses"]}
    addresses = _peer_addresses(member)
    # A peer that goes by a DNS name cannot be told from here.
    return not addresses or bool(addresses & known)


def _is_of(member: Member, host: Host) -> bool:
    if member.get("name"):
        return bool(member["name"] == host.node_name)
    return any(host.has_address(address) for address in _peer_addresses(member))


def _peer_addresses(member: Member) -> set[str]:
    hosts = (str(url).partition("//")[2].rpartition(":")[0] for url in member.get("peer_urls") or ())
    return {address for address in map(canonical_ip, hosts) if address is not None}


def _shown(member: Member) -> str:
    return f"{member.get('name') or 'without a name'} ({member['id']}, {', '.join(member.get('peer_urls') or ())})"


__all__ = ("is_joined", "is_unhealthy_besides", "leftovers", "problems", "stale_members")
