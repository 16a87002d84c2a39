# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The step *nodes* of a new cluster: bare hosts become ready for kubeadm."""

from __future__ import annotations

import dataclasses
import typing as t

from ...entry import Entry
from ...step import Step

if t.TYPE_CHECKING:
    from ....host.host import Host
    from ..creation import Creation

ROLE = "node_prepare"


@dataclasses.dataclass(frozen=True)
class Record:
    """What the role node_prepare is given beside the inventory's own variables.

    Attributes:
        node_type: ``control_plane`` or ``worker``.
        api_server_port: of the API server that a control plane will run.
        control_planes: addresses of all control planes.
        stacked_etcd: whether control planes run members of etcd.
    """

    node_type: str
    api_server_port: int
    control_planes: tuple[str, ...]
    stacked_etcd: bool


class Nodes(Step["Creation"]):
    """What the role itself has found to change."""

    name = "nodes"

    def entries(self, situation: Creation, others: t.Sequence[Entry]) -> t.Iterator[Entry]:
        """In the order of the nodes."""
        del others
        for name in situation.desired.nodes:
            decision = situation.decision(ROLE, name)
            if decision is not None:
                yield from (Entry(name, self.name, change) for change in decision.changes)

    def record(self, situation: Creation, host: Host) -> Record:
        """What the host shall be."""
        is_control_plane = host.name in situation.desired.control_planes
        return Record(
            "control_plane" if is_control_plane else "worker",
            host.future_api_server(situation.server).port,
            tuple(server.address for server in situation.api_servers if server.address),
            not situation.desired.etcd_hosts,
        )


__all__ = ("ROLE", "Nodes", "Record")
