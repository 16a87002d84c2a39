# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The step *nodes* of a new cluster: bare hosts become ready for kubeadm."""

from __future__ import annotations

import typing as t

from ...entry import Entry
from ...step import Step
from ...steps.nodes import ROLE, Record

if t.TYPE_CHECKING:
    from ....host.host import Host
    from ..creation import Creation


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
        desired = situation.desired
        return Record(
            node_type="control_plane" if host.name in desired.control_planes else "worker",
            api_server_port=host.future_api_server(situation.server).port,
            control_planes=tuple(server.address for server in situation.api_servers if server.address),
            stacked_etcd=not desired.etcd_hosts,
            pod_subnet=",".join(desired.cluster.pod_subnets),
            cni=desired.cluster.network,
            kubelet_configuration={},
        )


__all__ = ("Nodes",)
