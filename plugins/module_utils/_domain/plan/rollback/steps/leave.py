# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Control planes that were added leave the cluster, one by one, the latest first."""

from __future__ import annotations

import dataclasses
import typing as t

from ....base.enumeration import beginning
from ....base.problem import Problem
from ....cluster import node_removal
from ....etcd import etcd_removal
from ....etcd.etcd import EtcdCluster
from ....kubeadm.join_traces import is_of_kubeadm
from ....kubeadm.kubeadm_reset import reset_change
from ...checks.control_plane_parity import files_of
from ...entry import Entry
from ...step import Step

if t.TYPE_CHECKING:
    from ....base.change import Change
    from ....host.host import Host
    from ..rollback import Rollback


@dataclasses.dataclass(frozen=True)
class Record:
    """What the role node_remove is given.

    Attributes:
        staying: inventory name of a control plane that stays.
        server: address and port of its API server.
        pki_dir: kubeadm's certificatesDir there.
        node_name: name of the host's Node.
        addresses: of the host.
        member_id: of its member of etcd; empty without.
        certificates_dir: kubeadm's, on the host.
        cri_socket: of its container runtime; empty when it is not known.
        ca_cert_hashes: hashes of the public keys of the cluster's CAs.
        replaceable_files: that are not kubeadm's and that a run has brought.
        is_reset: whether anything of a node is on the host.
    """

    staying: str
    server: str
    pki_dir: str
    node_name: str
    addresses: tuple[str, ...]
    member_id: str
    certificates_dir: str
    cri_socket: str
    ca_cert_hashes: tuple[str, ...]
    replaceable_files: tuple[str, ...]
    is_reset: bool


class Leave(Step["Rollback"]):
    """Its pods go, its member of etcd is taken out, the host is reset, its Node is deleted."""

    name = "leave"

    def entries(self, situation: Rollback, others: t.Sequence[Entry]) -> t.Iterator[Entry]:
        """By what there is of each host: a killed run goes on where it was."""
        del others
        for host in situation.leaving:
            for change in _changes(situation, host):
                yield Entry(host.name, self.name, change)

    def problems(self, situation: Rollback, entries: t.Sequence[Entry]) -> t.Iterator[Problem]:
        """A quorum that would be lost on the way, pods that cannot be moved, files that a reset would destroy."""
        del entries
        yield from _quorum(situation)
        for host in situation.leaving:
            drain = situation.drains.get(host.name)
            if drain is not None and drain.objection:
                yield Problem(host.name, drain.objection)
            yield from _in_the_way(situation, host)

    def record(self, situation: Rollback, host: Host) -> Record:
        """What there is of this host."""
        member = situation.member_of(host)
        return Record(
            staying=situation.first.name,
            server=str(situation.server),
            pki_dir=situation.first.pki_dir,
            node_name=host.node_name,
            addresses=tuple(host.report.addresses),
            member_id="" if member is None else member.id,
            certificates_dir=host.pki_dir,
            cri_socket=host.wanted_cri_socket or host.report.kubelet_cri_socket,
            ca_cert_hashes=tuple(sorted(situation.first.cluster_ca_hashes)),
            replaceable_files=_carried(situation),
            is_reset=_has_traces(host),
        )


def _changes(situation: Rollback, host: Host) -> t.Iterator[Change]:
    drain = situation.drains.get(host.name)
    if drain is not None and drain.change is not None:
        yield drain.change
    member = situation.member_of(host)
    if member is not None:
        yield etcd_removal.removal_change(member)
    if _has_traces(host):
        yield reset_change(host.node_name, is_member=True)
    if host.node_name in situation.cluster.nodes:
        yield node_removal.removal_change(host.node_name, is_member=True)


def _has_traces(host: Host) -> bool:
    """The same that the module kubeadm_reset sees."""
    return host.is_member or any(is_of_kubeadm(path) for path in host.report.kubernetes_files)


def _carried(situation: Rollback) -> tuple[str, ...]:
    return tuple(sorted(fact.path for fact in files_of(situation.first)))


def _quorum(situation: Rollback) -> t.Iterator[Problem]:
    """Members are taken out one after the other, so the arithmetic is made for each as it will be then."""
    members = [member for host in situation.leaving for member in [situation.member_of(host)] if member is not None]
    if situation.cluster.uses_external_etcd:
        return
    if situation.etcd is None:
        if situation.leaving:
            yield Problem(
                "etcd", "etcd could not be asked for its members, so none can be taken out: mend it, then run again."
            )
        return
    now = situation.etcd
    for member in members:
        reason = etcd_removal.objection(EtcdCluster(now.members), member)
        if reason is not None:
            yield Problem(
                "etcd",
                f"The etcd member {member.name or member.id} cannot be taken out: {reason}. A member that is lost for good while no quorum is left can "
                f"only be given up by a person, on {situation.first.name}: https://etcd.io/docs/latest/op-guide/recovery/ (--force-new-cluster).",
            )
            return
        now = now.without([member])


def _in_the_way(situation: Rollback, host: Host) -> t.Iterator[Problem]:
    carried = _carried(situation)
    emptied = ("/etc/kubernetes/manifests/", f"{host.pki_dir}/")
    found = [
        path
        for path in host.report.kubernetes_files
        if path.startswith(emptied) and not is_of_kubeadm(path) and path not in carried and "/." not in path
    ]
    if found and _has_traces(host):
        shown = beginning(found, 3)
        yield Problem(
            host.name, f"{host.name} is to be reset, which deletes {shown}, not kubeadm's: move such files away first."
        )


__all__ = ("Leave", "Record")
