# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The step *network*: the pod network of a cluster that this collection has made."""

from __future__ import annotations

import dataclasses
import typing as t

from .. import pod_network
from ..entry import Entry
from ..step import Step

if t.TYPE_CHECKING:
    from ...host.host import Host
    from ..situation import Situation


@dataclasses.dataclass(frozen=True)
class Record:
    """What the role cni is given.

    Attributes:
        server: address and port of the serving control plane's API server.
        network: ``flannel``, or the path or URL of a manifest.
        pod_subnet: of the cluster's pods; of two address families with a comma between.
    """

    server: str
    network: str
    pod_subnet: str


class Network(Step["Situation"]):
    """Only where no node has the configuration of any: a network that is there is its owner's."""

    name = "network"

    def entries(self, situation: Situation, others: t.Sequence[Entry]) -> t.Iterator[Entry]:
        """One, on the serving control plane."""
        del others
        joined = situation.joined(situation.desired.nodes)
        change = pod_network.change(situation.desired.cluster.network)
        is_ours = any(host.report.creation for host in joined)
        if change is not None and is_ours and not any(host.report.cni_configurations for host in joined):
            yield Entry(situation.serving_control_plane.name, self.name, change)

    def record(self, situation: Situation, host: Host) -> Record:
        """The same for every host."""
        del host
        cluster = situation.desired.cluster
        return Record(str(situation.server), cluster.network, ",".join(cluster.pod_subnets))


__all__ = ("Network", "Record")
