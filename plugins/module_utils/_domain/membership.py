# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which hosts are members of this cluster, and what the others are. Private to kubeadm.ha: no stable interface.

The cluster's CA and the API's Node objects decide, not the presence of a file. A host that is neither a whole member nor
clean is told of once, with everything that is known of it and one remedy.
"""

from __future__ import annotations

import typing as t

from . import reset_guard
from .address import canonical_ip, same_server
from .control_plane_parity import files_of
from .join_traces import is_of_kubeadm, other_static_pods
from .wish import Problem

if t.TYPE_CHECKING:
    from .cluster import Cluster
    from .host import Host
    from .wish import Wish

Hosts = t.Mapping[str, "Host"]
Member = t.Mapping[str, t.Any]

_CONTROL_PLANE_PODS = ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "etcd")
_KUBELET_KUBECONFIG = "/etc/kubernetes/kubelet.conf"
_ADMIN_KUBECONFIG = "/etc/kubernetes/admin.conf"


def is_joined(host: Host, cluster: Cluster, ca_hashes: t.AbstractSet[str]) -> bool:
    """Whether a host is a member of this cluster: it trusts one of the cluster's CAs and the API has its Node."""
    return host.is_member and bool(ca_hashes & host.ca_hashes) and host.node_name in cluster.nodes


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
        message = _explained(wish, host, hosts, cluster, serving, member, reset_guard.objection(host, cluster, etcd))
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
    """Files of a join on a host: those that kubeadm makes.

    Args:
        host: one that has not joined.
        serving: a control plane whose files an earlier run, or the operator, may have brought before the join.
    """
    carried = {fact.path for fact in files_of(serving)}
    files = host.report["kubernetes_files"]
    return [path for path in files if is_of_kubeadm(path) and path not in carried]


def _explained(
    wish: Wish,
    host: Host,
    hosts: Hosts,
    cluster: Cluster,
    serving: Host,
    member: Member | None,
    needed: str | None,
) -> str | None:
    """Why a host is neither a whole member nor clean, with the remedy; ``None`` when it is one of them.

    ``needed`` is why the host must not be reset (:mod:`reset_guard`).
    """
    if host.ca_hashes and serving.cluster_ca_hashes and not serving.cluster_ca_hashes & host.ca_hashes:
        return _foreign(wish, host, hosts, cluster, serving, needed)
    if host.is_member:
        return _unlike_member(wish, host, hosts, cluster, member, needed)
    return _unlike_newcomer(host, cluster, member, serving)


def _foreign(wish: Wish, host: Host, hosts: Hosts, cluster: Cluster, serving: Host, needed: str | None) -> str:
    server = host.servers.get(_KUBELET_KUBECONFIG)
    if reset_guard.is_ready_node(host, cluster) and _dials_here(server, wish, hosts, cluster):
        return (
            f"{host.name} trusts another CA than {serving.name}, although it is the node {host.node_name} of this cluster and "
            "Ready: a rotation of the CA is not finished; give both the bundle of the old and the new CA, then run again."
        )
    told = f"its kubelet dials {server} and trusts another CA" if server else f"its {host.pki_dir}/ca.crt differs"
    remedy = (
        f"take it out of the inventory; nothing of it may be deleted, because {needed}"
        if needed is not None
        else f"take it out of the inventory, or run kubeadm reset on {host.name} if it is to leave that cluster"
    )
    return f"{host.name} belongs to another cluster than {serving.name} ({told}): {remedy}."


def _dials_here(server: str | None, wish: Wish, hosts: Hosts, cluster: Cluster) -> bool:
    """Whether a kubelet's server is one of this cluster's."""
    own = [str(other.api_server) for other in hosts.values() if other.api_server is not None]
    known = [cluster.joining_server, cluster.endpoint, str(wish.endpoint), *own]
    return any(same_server(server or "", text) for text in known if text)


def _unlike_member(
    wish: Wish, host: Host, hosts: Hosts, cluster: Cluster, member: Member | None, needed: str | None
) -> str | None:
    node = host.node_name
    owner = _owner(wish, hosts, cluster, node)
    if owner is not None and owner is not host:
        return (
            f"The kubelet of {host.name} has the credentials of the node {node}, which is {owner.name}: its disk is a copy "
            f"of {owner.name}'s; take {host.name} out of the inventory, or install it anew, and leave {owner.name} as it is."
        )
    if node not in cluster.nodes:
        return _without_node(host, member, needed)
    if host.wanted_node_name and host.wanted_node_name != node:
        return (
            f"{host.name} has joined as the node {node}, but its kubeadm_ha_node_name is {host.wanted_node_name}: give the "
            "name that it has; a node cannot be renamed."
        )
    if host.name in wish.control_planes:
        return _unlike_control_plane(host, cluster, needed)
    return None


def _without_node(host: Host, member: Member | None, needed: str | None) -> str:
    if needed is not None:
        return (
            f"The cluster has no node {host.node_name}, but {host.name} has joined and is in use: {needed}. Restart its "
            "kubelet (systemctl restart kubelet), which registers the node again; a reset would destroy what it runs."
        )
    leave = f" The etcd ring still has its member {_shown(member)}, which the reset takes out." if member else ""
    return (
        f"{host.name} has joined before, but the cluster has no node {host.node_name}: restart its kubelet if the Node was "
        f"deleted by mistake, else run kubeadm reset on it so that it can join again.{leave}"
    )


def _unlike_control_plane(host: Host, cluster: Cluster, needed: str | None) -> str | None:
    there = [name for name in _CONTROL_PLANE_PODS if name in host.manifests]
    if not there and _ADMIN_KUBECONFIG not in host.kubeconfigs:
        return (
            f"{host.name} is in the control plane group but has joined as a worker: put it into the node group. A worker "
            f"becomes a control plane only anew: kubectl drain and kubectl delete node {host.node_name} first; this run "
            "then names what is left of the old join."
        )
    lacks_etcd = "etcd" not in there and not cluster.uses_external_etcd and _dials_itself(host)
    if "kube-apiserver" not in there or lacks_etcd:
        lacking = "kube-apiserver" if "kube-apiserver" not in there else "etcd"
        remedy = (
            f"put {lacking}.yaml back there (kubeadm keeps older ones in /etc/kubernetes/tmp); do not reset it, because "
            f"{needed}"
            if needed is not None
            else "drain the node, delete it and run kubeadm reset on the host"
        )
        return (
            f"{host.name} is half joined: its kubelet is a member, but of its control plane {lacking} is missing in "
            f"/etc/kubernetes/manifests; {remedy}."
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
            f"{''.join(f', then {text}' for text in then)}.{_lost_by_a_reset(host)}"
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


def _lost_by_a_reset(host: Host) -> str:
    """A warning of what is not kubeadm's and would go with it: a reset empties the directory of the manifests."""
    own = other_static_pods(host)
    if not own:
        return ""
    many = len(own) > 1
    return (
        f" Its static {'pods' if many else 'pod'} {', '.join(own)} {'are' if many else 'is'} not kubeadm's, and the reset "
        f"deletes {'them' if many else 'it'}, too: keep a copy elsewhere."
    )


def _owner(wish: Wish, hosts: Hosts, cluster: Cluster, node: str) -> Host | None:
    """The host whose node it is, of all that have its credentials.

    It is the one with the Node's address that the API knows, else the one of that name, else the first.
    """
    found = [hosts[name] for name in wish.nodes if name in hosts and hosts[name].certified_node_name == node]
    addresses = [str(item) for item in (cluster.nodes.get(node) or {}).get("addresses") or ()]
    at_home = [host for host in found if any(host.has_address(item) for item in addresses)]
    if len(at_home) == 1:
        return at_home[0]
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
