# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host on which a join did not end: whether the run may reset it, and what is left afterwards.

Which hosts these are, :mod:`membership` says. Nothing is reset that anybody needs or somebody else put there, and what
cannot be determined counts as needed.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ..base.enumeration import beginning
from ..cluster import node_removal
from ..etcd import etcd_removal
from ..etcd.etcd import EtcdCluster, Member
from ..kubeadm.join_traces import KUBERNETES, MANIFESTS, is_of_kubeadm
from ..kubeadm.kubeadm_reset import reset_change
from ..kubeconfig import embedded_ca
from ..pki.certificates_dir import is_cleanable
from . import left_by_joins
from .checks import reset_guard
from .checks.control_plane_parity import files_of
from .input_values import COMPONENT_PORTS
from .without_nodes import without_nodes

if t.TYPE_CHECKING:
    from ..base.change import Change
    from ..base.file_fact import FileFact
    from ..cluster.cluster import Cluster
    from ..etcd.report import EtcdReport
    from ..host.host import Host
    from ..host.report import Listener
    from ..kubeconfig.document import Entry

Hosts = t.Mapping[str, "Host"]
Files = t.Mapping[str, "FileFact"]

#: The switch.
VARIABLE = "kubeadm_ha_reset_half_joined"


@dataclasses.dataclass(frozen=True)
class HostReset:
    """What the role needs on a host to reset it.

    Attributes:
        node_name: name of its Node, which is deleted before.
        addresses: its own.
        member_id: of the member of etcd that is taken out first; empty without.
        certificates_dir: kubeadm's, there.
        cri_socket: of its container runtime; empty when it is not known.
        ca_cert_hashes: hashes of the public keys of the cluster's CAs.
        replaceable_files: that are not kubeadm's and that the join brings again.
    """

    node_name: str
    addresses: tuple[str, ...]
    member_id: str
    certificates_dir: str
    cri_socket: str
    ca_cert_hashes: tuple[str, ...]
    replaceable_files: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class Reset:
    """What the run does to a host on which a join did not end, before it joins the host.

    Attributes:
        host: the host.
        ca_cert_hashes: hashes of the public keys of the cluster's CAs.
        member: the member of etcd that the join left, which is taken out first; ``None`` without.
        node: name of the Node that is deleted then; ``None`` without.
        replaceable: files that are not kubeadm's and that the join brings again, because the serving control plane has them.
    """

    host: Host
    ca_cert_hashes: t.AbstractSet[str]
    member: Member | None = None
    node: str | None = None
    replaceable: tuple[str, ...] = ()

    def changes(self) -> t.Iterator[Change]:
        """In the order in which they are made."""
        if self.member is not None:
            change = etcd_removal.removal_change(self.member)
            yield dataclasses.replace(change, reason=f"the join of {self.host.name} did not end")
        if self.node is not None:
            yield node_removal.removal_change(self.node)
        yield reset_change(self.host.node_name)

    @property
    def of_host(self) -> HostReset:
        """What the host is given."""
        return HostReset(
            node_name=self.host.node_name,
            addresses=tuple(self.host.report.addresses),
            member_id="" if self.member is None else self.member.id,
            certificates_dir=self.host.pki_dir,
            cri_socket=self.host.wanted_cri_socket or self.host.report.kubelet_cri_socket,
            ca_cert_hashes=tuple(sorted(self.ca_cert_hashes)),
            replaceable_files=self.replaceable,
        )


#: What resets a host, or why nothing may, as the end of a sentence.
Verdict = t.Union[Reset, str]


def verdicts(
    candidates: t.Iterable[Host], *, cluster: Cluster, serving_control_plane: Host, etcd: EtcdReport | None
) -> dict[str, Verdict]:
    """For each host on which a join did not end, by its name.

    A member that is taken out has no vote or does not work, so without it the quorum of the others is never farther away, and each
    host can be judged by itself.

    Args:
        candidates: hosts on which a join did not end.
        cluster: what the API reported.
        serving_control_plane: a control plane that serves the API.
        etcd: what etcd reported; ``None`` when it could not be asked.
    """
    found: dict[str, Verdict] = {}
    etcd_cluster = None if etcd is None else EtcdCluster(etcd.members)
    for host in candidates:
        member = _member_of(host, cluster, etcd_cluster)
        reason = (
            _needed(host, member, cluster, etcd)
            or _foreign(host, serving_control_plane)
            or _of_others(host, serving_control_plane)
            or _node_objection(host, cluster)
            or _member_objection(host, member, cluster, etcd_cluster)
        )
        if reason is not None:
            found[host.name] = reason
            continue
        found[host.name] = Reset(
            host=host,
            ca_cert_hashes=serving_control_plane.cluster_ca_hashes,
            member=member,
            node=host.node_name if host.node_name in cluster.nodes else None,
            replaceable=tuple(sorted(set(_not_of_kubeadm(host)) & _carried(serving_control_plane))),
        )
    return found


def described(verdict: Verdict | None, *, is_on: bool) -> str:
    """What the message about such a host says of the switch, with a space before; empty when there is nothing to say."""
    if verdict is None or (isinstance(verdict, str) and not is_on):
        return ""
    if isinstance(verdict, str):
        return f" {VARIABLE} leaves it as it is: {verdict}."
    return f" Or set {VARIABLE}: true for a run, which takes out what the join left in the cluster, resets the host and joins it."


def after(
    resets: t.Sequence[Reset], hosts: Hosts, cluster: Cluster, etcd: EtcdReport | None
) -> tuple[dict[str, Host], Cluster, EtcdReport | None]:
    """Hosts, cluster and etcd as they are when the resets are done: from there on the plan is the one of clean hosts."""
    if not resets:
        return dict(hosts), cluster, etcd
    clean = {reset.host.name: _clean(reset.host) for reset in resets}
    nodes = {reset.node for reset in resets if reset.node is not None}
    gone = [reset.member for reset in resets if reset.member is not None]
    return (
        {name: clean.get(name, host) for name, host in hosts.items()},
        without_nodes(cluster, nodes),
        etcd if etcd is None else etcd.without(gone),
    )


def files_after(resets: t.Sequence[Reset], files: t.Mapping[str, Files]) -> dict[str, Files]:
    """The files of joining control planes, by inventory name and path, without those that a reset takes away."""
    directories = {reset.host.name: _emptied(reset.host) for reset in resets}
    return {
        name: {path: fact for path, fact in facts.items() if not path.startswith(directories.get(name, ()))}
        for name, facts in files.items()
    }


def _needed(host: Host, member: Member | None, cluster: Cluster, etcd: EtcdReport | None) -> str | None:
    if host.report.kubeadm_processes:
        return f"kubeadm is running on {host.name}"
    if host.report.is_at_work:
        return f"a module of kubeadm.ha is changing {host.name}"
    if reset_guard.is_ready_node(host, cluster):
        return f"it is the node {host.node_name}, which is Ready"
    if member is not None and member.is_learner:
        # It has no vote and answers no read, so no API server works with it, even where one listens for a moment.
        return None
    reason = reset_guard.objection(host, cluster, etcd)
    if reason is not None:
        return reason
    if any(item.process == "etcd" for item in host.report.listening):
        return "it runs an etcd"
    return None


def _foreign(host: Host, serving_control_plane: Host) -> str | None:
    """Why its files may be another cluster's. Every CA on it that identifies the cluster must be one of this cluster's."""
    known = [hashes for hashes in (host.kubelet_ca_hashes, host.pki_ca_hashes) if hashes]
    embedded = [found for found in map(embedded_ca.authorities, _own_clusters(host)) if found]
    if not known and not embedded:
        return "nothing on it shows to which cluster its files belong"
    own = embedded_ca.certificates(serving_control_plane.ca_pem)
    if all(hashes & serving_control_plane.cluster_ca_hashes for hashes in known) and all(
        found & own for found in embedded
    ):
        return None
    return "it has files of another cluster"


def _own_clusters(host: Host) -> t.Iterator[Entry]:
    """Every cluster that Kubernetes' kubeconfigs name, whichever their clients connect to: a reset deletes them all."""
    for path, found in host.kubeconfigs.items():
        if found is not None and path.startswith(f"{KUBERNETES}/"):
            yield from found.clusters


def _of_others(host: Host, serving_control_plane: Host) -> str | None:
    """What is not kubeadm's and would be deleted: a reset empties the directories of manifests and certificates."""
    if not is_cleanable(host.pki_dir):
        return f"its certificates are in {host.pki_dir}, and what else is there is not known"
    carried = _carried(serving_control_plane)
    found = [path for path in _not_of_kubeadm(host) if path not in carried]
    if not found:
        return None
    shown = beginning(found, 3)
    return f"{shown} {'is' if len(found) == 1 else 'are'} not kubeadm's, and a reset deletes such files; move them away first"


def _not_of_kubeadm(host: Host) -> list[str]:
    return [
        path
        for path in host.report.kubernetes_files
        if path.startswith(_emptied(host)) and not is_of_kubeadm(path) and not path.startswith(f"{MANIFESTS}/.")
    ]


def _emptied(host: Host) -> tuple[str, ...]:
    """Beginnings of the paths that a reset deletes, whatever is there."""
    return (f"{MANIFESTS}/", f"{host.pki_dir}/")


def _carried(serving_control_plane: Host) -> frozenset[str]:
    return frozenset(fact.path for fact in files_of(serving_control_plane))


def _node_objection(host: Host, cluster: Cluster) -> str | None:
    node = cluster.nodes.get(host.node_name)
    if node is None:
        return None
    if any(host.has_address(item) for item in node.addresses):
        return None
    shown = ", ".join(node.addresses) or "it has no address at all"
    return f"the node {host.node_name} has none of its addresses ({shown})"


def _member_of(host: Host, cluster: Cluster, etcd_cluster: EtcdCluster | None) -> Member | None:
    if etcd_cluster is None or cluster.uses_external_etcd:
        return None
    return next((member for member in etcd_cluster.members if left_by_joins.is_of(member, host)), None)


def _member_objection(
    host: Host, member: Member | None, cluster: Cluster, etcd_cluster: EtcdCluster | None
) -> str | None:
    if cluster.uses_external_etcd:
        return None
    if etcd_cluster is None:
        return "etcd could not be asked whether it has a member of it"
    if member is None:
        return None
    if not member.is_learner and member.is_healthy:
        return "it runs a voting member of etcd"
    if not member.is_learner and member.is_started and host.node_name in cluster.nodes:
        return f"its member of etcd {member.id} has a vote, although it does not work"
    reason = etcd_removal.objection(etcd_cluster, member)
    return None if reason is None else f"its member of etcd {member.id} cannot be taken out: {reason}"


def _clean(host: Host) -> Host:
    """A host without everything that a reset takes away."""
    own = [path for path in host.kubeconfigs if path.startswith(f"{KUBERNETES}/")]

    def kept(found: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
        return {path: value for path, value in found.items() if path not in own}

    emptied = _emptied(host)
    report = dataclasses.replace(
        host.report,
        certificates=(),
        kubeconfigs=tuple(item for item in host.report.kubeconfigs if item.path not in own),
        kubernetes_files=tuple(
            path
            for path in host.report.kubernetes_files
            if not is_of_kubeadm(path) and (not path.startswith(emptied) or path.startswith(f"{MANIFESTS}/."))
        ),
        manifests={},
        has_ca_key=False,
        interrupted_certificates=(),
        stopped_pods={},
        kubelet_server=None,
        api_clients=(),
        listening=tuple(item for item in host.report.listening if not _is_stopped(item)),
    )
    return dataclasses.replace(
        host,
        report=report,
        certificates={},
        ca_pem="",
        kubeconfigs=kept(host.kubeconfigs),
        kubelet_ca_hashes=frozenset(),
        pki_ca_hashes=frozenset(),
        kubeconfig_faults=kept(host.kubeconfig_faults),
        client_certificates=kept(host.client_certificates),
        closed_to_anonymous=frozenset(),
    )


def _is_stopped(listener: Listener) -> bool:
    """Whether a reset ends who listens. Most processes are not named, but those of Kubernetes' ports are its own here."""
    process = listener.process
    return process in ("kube-apiserver", "etcd", "kubelet") or (not process and listener.port in COMPONENT_PORTS)


__all__ = ("VARIABLE", "HostReset", "Reset", "Verdict", "after", "described", "files_after", "verdicts")
