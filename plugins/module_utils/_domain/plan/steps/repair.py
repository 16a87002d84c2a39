# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an interrupted run left, etcd between key and certificate and joins that did not end, and what machines that are gone have left."""

from __future__ import annotations

import dataclasses
import typing as t

from ...base.change import KNOWN_AFTER_APPLY, Change
from ...etcd import etcd_removal
from ...kubeadm.bootstrap_kubeconfig import BOOTSTRAP_KUBECONFIG
from ...pki import certificate
from ..entry import Entry
from ..lost_nodes import LostNode
from ..step import Step

if t.TYPE_CHECKING:
    from ...host.host import Host
    from ..half_joined import HostReset
    from ..situation import Situation


@dataclasses.dataclass(frozen=True)
class Record:
    """What the roles apiserver_certificate and control_plane_join are given to repair a host.

    Attributes:
        server: address and port of the serving control plane's API server.
        serving: inventory name of that control plane.
        pki_dir: kubeadm's certificatesDir there.
        node_name: name of the host's Node.
        certificates: names of those whose replacement was interrupted.
        stale_members: ids of members of etcd that are taken out, on the serving control plane.
        lost_members: ids of members of etcd whose hosts are gone for good, on the serving control plane.
        lost_nodes: their Nodes, which are deleted there.
        left_files: files of a join that ended without deleting them.
        is_unmarked: whether the Node is to be marked as a control plane.
        reset: how the host is reset; ``None`` where it is not.
    """

    server: str
    serving: str
    pki_dir: str
    node_name: str
    certificates: tuple[str, ...]
    stale_members: tuple[str, ...]
    lost_members: tuple[str, ...]
    lost_nodes: tuple[LostNode, ...]
    left_files: tuple[str, ...]
    is_unmarked: bool
    reset: HostReset | None


class Repair(Step["Situation"]):
    """Etcd's certificates, machines that are gone, joins that did not end, marks of Nodes."""

    name = "repair"

    def entries(self, situation: Situation, others: t.Sequence[Entry]) -> t.Iterator[Entry]:
        """Certificates first: without them etcd does not answer."""
        del others
        for host in situation.joined(situation.desired.control_planes):
            for name in host.interrupted_certificates:
                change = Change(
                    object=certificate.object_name(name),
                    before="interrupted",
                    after=KNOWN_AFTER_APPLY,
                    reason="an interrupted run has begun to replace it, which is completed or undone",
                )
                yield Entry(host.name, self.name, change)
        for reset in situation.resets:
            yield from (Entry(reset.host.name, self.name, change) for change in reset.changes())
        for item in situation.stale_members:
            yield Entry(situation.serving_control_plane.name, self.name, etcd_removal.removal_change(item.member))
        for loss in situation.losses:
            yield from (Entry(situation.serving_control_plane.name, self.name, change) for change in loss.changes())
        for name, change in (*situation.unmarked.items(), *situation.left_bootstrap_kubeconfigs.items()):
            yield Entry(name, self.name, change)

    def record(self, situation: Situation, host: Host) -> Record:
        """What is to be repaired on this host."""
        resets = {reset.host.name: reset.of_host for reset in situation.resets}
        members = tuple(item.member.id for item in situation.stale_members)
        losses = situation.losses if host.name == situation.serving_control_plane.name else ()
        return Record(
            server=str(situation.server),
            serving=situation.serving_control_plane.name,
            pki_dir=situation.serving_control_plane.pki_dir,
            node_name=host.node_name,
            certificates=tuple(host.interrupted_certificates),
            stale_members=members if host.name == situation.serving_control_plane.name else (),
            lost_members=tuple(member.id for loss in losses for member in loss.members),
            lost_nodes=tuple(LostNode(loss.name, loss.node.addresses) for loss in losses if loss.node is not None),
            left_files=(BOOTSTRAP_KUBECONFIG,) if host.name in situation.left_bootstrap_kubeconfigs else (),
            is_unmarked=host.name in situation.unmarked,
            reset=resets.get(host.name),
        )


__all__ = ("Record", "Repair")
