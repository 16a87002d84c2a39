# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which hosts are members of this cluster, and what the others are.

The cluster's CA and the API's Node objects decide, not the presence of a file. A host that is neither a whole member nor
clean is reported once, with everything that is known of it and one remedy.
"""

from __future__ import annotations

import typing as t

from ...base import etcd_url
from ...base.address import same_server
from ...base.enumeration import beginning
from ...base.problem import Problem
from ...host.other_static_pods import other_static_pods
from ...kubeadm.join_traces import is_of_kubeadm
from ...kubeconfig.kubelet_kubeconfig import KUBELET_KUBECONFIG
from .. import half_joined, left_by_joins
from ..etcd_commands import etcdctl
from . import reset_guard
from .control_plane_parity import files_of

if t.TYPE_CHECKING:
    from ...cluster.cluster import Cluster
    from ...etcd.report import EtcdReport
    from ...host.host import Host
    from ..desired import Desired
    from ..left_by_joins import Stale

Hosts = t.Mapping[str, "Host"]

_CONTROL_PLANE_PODS = ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "etcd")
_ADMIN_KUBECONFIG = "/etc/kubernetes/admin.conf"


def is_joined(host: Host, cluster: Cluster, ca_hashes: t.AbstractSet[str]) -> bool:
    """Whether a host is a member of this cluster: it trusts one of the cluster's CAs and the API has its Node."""
    return host.is_member and bool(ca_hashes & host.ca_hashes) and host.node_name in cluster.nodes


def problems(
    desired: Desired, hosts: Hosts, cluster: Cluster, serving_control_plane: Host, etcd: EtcdReport | None
) -> t.Iterator[Problem]:
    """One problem for each host, and for each member of etcd, that is neither in the cluster nor out of it."""
    stale = left_by_joins.stale_members(desired.nodes, hosts, cluster, etcd)
    verdicts = half_joined_hosts(desired, hosts, cluster, serving_control_plane, etcd)
    switch = {
        name: half_joined.described(verdict, is_on=desired.reset_half_joined) for name, verdict in verdicts.items()
    }
    for name in desired.nodes:
        host = hosts.get(name)
        if host is None:
            continue
        member = next((item for item in stale if item.owner == name), None)
        needed = reset_guard.objection(host, cluster, etcd)
        if member is not None and member.member.is_learner:
            # A learner serves no API server, even where one listens for a moment.
            needed = None
        message = _explained(desired, host, hosts, cluster, serving_control_plane, member, needed)
        if message is not None:
            yield Problem(name, message + switch.get(name, ""))
        elif member is not None and member.objection is not None:
            yield Problem(
                name,
                f"{name} has nothing of a join, but etcd has its member {member.shown}, which cannot be taken out: "
                f"{member.objection}.",
            )
    # It may be a host's that could not be inspected.
    for item in stale if all(name in hosts for name in desired.nodes) else ():
        if item.owner is None:
            yield Problem(
                "etcd",
                f"The etcd cluster has the member {item.shown}, but the cluster has no such node: if its host is gone "
                f"for good, {_taken_out(item, serving_control_plane)}",
            )
    yield from _learners(desired, hosts, cluster, serving_control_plane, etcd, switch)


def _taken_out(stale: Stale, serving_control_plane: Host) -> str:
    """How a member of nobody's goes. One that has never started has no name by which the run could know it."""
    if stale.member.name:
        return f"name {stale.member.name} in kubeadm_ha_lost_nodes, and run again."
    return f"take it out on {serving_control_plane.name} with: {etcdctl(serving_control_plane, 'member', 'remove', stale.member.id)}"


def half_joined_hosts(
    desired: Desired, hosts: Hosts, cluster: Cluster, serving_control_plane: Host, etcd: EtcdReport | None
) -> dict[str, half_joined.Verdict]:
    """The hosts on which a join did not end, by inventory name, and whether the run may reset them."""
    learners = left_by_joins.learners_of_nodes(hosts, cluster, etcd)
    known = [hosts[name] for name in desired.nodes if name in hosts]
    found = [
        host
        for host in known
        if _is_half_joined(desired, host, hosts, cluster, serving_control_plane)
        or (host.is_member and any(left_by_joins.is_of(learner, host) for learner in learners))
    ]
    return half_joined.verdicts(found, cluster=cluster, serving_control_plane=serving_control_plane, etcd=etcd)


def _is_half_joined(desired: Desired, host: Host, hosts: Hosts, cluster: Cluster, serving_control_plane: Host) -> bool:
    """Whether a host has something of a join to this cluster, and is no whole member."""
    if _is_foreign(host, serving_control_plane):
        return False
    if not host.is_member:
        return bool(leftovers(host, serving_control_plane))
    # A kubelet that has no certificate yet has no owner.
    if _owner(desired, hosts, cluster, host.node_name) not in (None, host):
        return False
    if host.node_name not in cluster.nodes:
        return True
    return host.name in desired.control_planes and not _is_worker(host) and _lacking(host, cluster) is not None


def _learners(
    desired: Desired,
    hosts: Hosts,
    cluster: Cluster,
    serving_control_plane: Host,
    etcd: EtcdReport | None,
    switch: t.Mapping[str, str],
) -> t.Iterator[Problem]:
    """Nodes whose member of etcd was never promoted. They are needed by nobody: a learner has no vote."""
    known = [hosts[name] for name in desired.nodes if name in hosts]
    for learner in left_by_joins.learners_of_nodes(hosts, cluster, etcd):
        name = next((host.name for host in known if left_by_joins.is_of(learner, host)), learner.name)
        node = learner.name or name
        yield Problem(
            name,
            f"The join of {name} did not end: its etcd member {learner.id} is still a learner, which has no vote and "
            f"serves no API server. Run kubeadm reset on {name}, which takes the member out as long as the node exists, "
            f"then kubectl --kubeconfig {_ADMIN_KUBECONFIG} delete node {node} on {serving_control_plane.name}, and run "
            f"again.{switch.get(name, '')}",
        )


def is_unhealthy_besides(etcd: EtcdReport, hosts: Hosts, cluster: Cluster) -> list[str]:
    """What is wrong with etcd besides members that joins have left, which are reported separately."""
    members = [item.member for item in left_by_joins.stale_members((), hosts, cluster, etcd)]
    members += left_by_joins.learners_of_nodes(hosts, cluster, etcd)
    names = [member.name or f"member {member.id}" for member in members]
    described = etcd.problems or ("unknown reason",)
    return [text for text in described if not any(text.startswith(f"{name} ") for name in names)]


def leftovers(host: Host, serving_control_plane: Host) -> list[str]:
    """Files of a join on a host: those that kubeadm makes.

    Args:
        host: one that has not joined.
        serving_control_plane: a control plane whose files an earlier run, or the operator, may have brought before the
            join.
    """
    carried = {fact.path for fact in files_of(serving_control_plane)}
    files = host.report.kubernetes_files
    return [path for path in files if is_of_kubeadm(path) and path not in carried]


def _explained(
    desired: Desired,
    host: Host,
    hosts: Hosts,
    cluster: Cluster,
    serving_control_plane: Host,
    member: Stale | None,
    needed: str | None,
) -> str | None:
    """Why a host is neither a whole member nor clean, with the remedy; ``None`` when it is one of them.

    ``needed`` is why the host must not be reset (:mod:`reset_guard`).
    """
    if _is_foreign(host, serving_control_plane):
        return _foreign(desired, host, hosts, cluster, serving_control_plane, needed)
    if host.is_member:
        return _unlike_member(desired, host, hosts, cluster, member, needed) or _with_another_authority(
            host, serving_control_plane
        )
    return _unlike_joining_host(desired, host, cluster, member, serving_control_plane)


def _is_foreign(host: Host, serving_control_plane: Host) -> bool:
    """Whether the host trusts another cluster's CA."""
    return bool(
        host.ca_hashes
        and serving_control_plane.cluster_ca_hashes
        and not serving_control_plane.cluster_ca_hashes & host.ca_hashes
    )


def _with_another_authority(host: Host, serving_control_plane: Host) -> str | None:
    """Why a member must not be restarted: its kubelet would accept the clients of another cluster, and none of this one's API servers."""
    known = serving_control_plane.cluster_ca_hashes
    if not known or not host.pki_ca_hashes or known & host.pki_ca_hashes:
        return None
    path = f"{host.pki_dir}/ca.crt"
    return (
        f"{host.name} is a node of this cluster, but its {path} is of another CA than that of {serving_control_plane.name}: once its kubelet "
        f"is restarted it takes no API server's request for logs or exec any more. Copy {serving_control_plane.pki_dir}/ca.crt of "
        f"{serving_control_plane.name} there, then run again."
    )


def _foreign(
    desired: Desired, host: Host, hosts: Hosts, cluster: Cluster, serving_control_plane: Host, needed: str | None
) -> str:
    server = host.servers.get(KUBELET_KUBECONFIG)
    if reset_guard.is_ready_node(host, cluster) and _connects_here(server, desired, hosts, cluster):
        return (
            f"{host.name} trusts another CA than {serving_control_plane.name}, although it is the node {host.node_name} "
            "of this cluster and Ready: a rotation of the CA is not finished; give both the bundle of the old and the "
            "new CA, then run again."
        )
    described = (
        f"its kubelet connects to {server} and trusts another CA" if server else f"its {host.pki_dir}/ca.crt differs"
    )
    remedy = (
        f"take it out of the inventory; nothing of it may be deleted, because {needed}"
        if needed is not None
        else f"take it out of the inventory, or run kubeadm reset on {host.name} if it is to leave that cluster"
    )
    return f"{host.name} belongs to another cluster than {serving_control_plane.name} ({described}): {remedy}."


def _connects_here(server: str | None, desired: Desired, hosts: Hosts, cluster: Cluster) -> bool:
    """Whether a kubelet's server is one of this cluster's."""
    own = [str(other.api_server) for other in hosts.values() if other.api_server is not None]
    known = [cluster.joining_server, cluster.endpoint, str(desired.endpoint), *own]
    return any(same_server(server or "", text) for text in known if text)


def _unlike_member(
    desired: Desired, host: Host, hosts: Hosts, cluster: Cluster, member: Stale | None, needed: str | None
) -> str | None:
    node = host.node_name
    owner = _owner(desired, hosts, cluster, node)
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
    if host.name in desired.control_planes:
        return _unlike_control_plane(host, cluster, needed)
    return None


def _without_node(host: Host, member: Stale | None, needed: str | None) -> str:
    if needed is not None:
        return (
            f"The cluster has no node {host.node_name}, but {host.name} has joined and is in use: {needed}. Restart its "
            "kubelet (systemctl restart kubelet), which registers the node again; a reset would destroy what it runs."
        )
    return (
        f"{host.name} has joined before, but the cluster has no node {host.node_name}: restart its kubelet if the Node was "
        f"deleted by mistake, else run kubeadm reset on it so that it can join again.{_then_taken_out(member)}"
    )


def _then_taken_out(member: Stale | None) -> str:
    """What becomes of a host's member of etcd, which a reset without a Node leaves."""
    if member is None:
        return ""
    if member.objection is not None:
        return f" etcd still has its member {member.shown}, which cannot be taken out: {member.objection}."
    return f" etcd still has its member {member.shown}, which the next run takes out."


def _unlike_control_plane(host: Host, cluster: Cluster, needed: str | None) -> str | None:
    if _is_worker(host):
        return (
            f"{host.name} is in the control plane group but has joined as a worker: put it into the node group. A worker "
            f"becomes a control plane only anew: kubectl drain and kubectl delete node {host.node_name} first; this run "
            "then names what is left of the old join."
        )
    lacking = _lacking(host, cluster)
    if lacking is not None:
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


def _is_worker(host: Host) -> bool:
    """Whether nothing of a control plane is on the host."""
    return _ADMIN_KUBECONFIG not in host.kubeconfigs and not any(name in host.manifests for name in _CONTROL_PLANE_PODS)


def _lacking(host: Host, cluster: Cluster) -> str | None:
    """The component that a control plane's manifests lack; ``None`` when they are whole."""
    if "kube-apiserver" not in host.manifests:
        return "kube-apiserver"
    lacks_etcd = "etcd" not in host.manifests and not cluster.uses_external_etcd and _connects_to_itself(host)
    return "etcd" if lacks_etcd else None


def _connects_to_itself(host: Host) -> bool:
    access = host.etcd_access
    return access is not None and etcd_url.lead_to_loopback(access.endpoints)


def _unlike_joining_host(
    desired: Desired, host: Host, cluster: Cluster, member: Stale | None, serving_control_plane: Host
) -> str | None:
    files = leftovers(host, serving_control_plane)
    has_node = host.node_name in cluster.nodes
    delete = f"kubectl --kubeconfig {_ADMIN_KUBECONFIG} delete node {host.node_name} on {serving_control_plane.name}"
    if files:
        shown = beginning(files, 3)
        also = f", and the cluster has the node {host.node_name}" if has_node else ""
        then = f", then {delete}" if has_node else ""
        return (
            f"{host.name} is half joined: it has no kubelet.conf, but {shown}{also}; run kubeadm reset on it{then}."
            f"{_then_taken_out(member)}{_lost_by_a_reset(host)}"
        )
    # Why the Node of a machine that is said to be gone stays is reported by itself.
    if has_node and host.node_name not in desired.lost_nodes:
        return (
            f"The cluster already has a node {host.node_name}, but {host.name} has not joined: give the host another name "
            f"(kubeadm_ha_node_name), or name {host.node_name} in kubeadm_ha_lost_nodes if {host.name} replaces its machine, which is gone "
            "for good."
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


def _owner(desired: Desired, hosts: Hosts, cluster: Cluster, node: str) -> Host | None:
    """The host whose node it is, of all that have its credentials.

    It is the one with the Node's address that the API knows, else the one of that name, else the first.
    """
    found = [hosts[name] for name in desired.nodes if name in hosts and hosts[name].certified_node_name == node]
    known = cluster.nodes.get(node)
    addresses = known.addresses if known is not None else ()
    at_home = [host for host in found if any(host.has_address(item) for item in addresses)]
    if len(at_home) == 1:
        return at_home[0]
    named = (host for host in found if node in (host.wanted_node_name, host.report.hostname.lower(), host.name))
    return next(named, next(iter(found), None))


__all__ = ("half_joined_hosts", "is_joined", "is_unhealthy_besides", "leftovers", "problems")
