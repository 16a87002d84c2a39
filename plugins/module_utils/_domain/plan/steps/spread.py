# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The cluster's DNS runs on more than one node."""

from __future__ import annotations

import dataclasses
import typing as t

from ...base.change import KNOWN_AFTER_APPLY, Change
from ...cluster import deployment_spread
from ..entry import Entry
from ..step import Step, hosts_of
from .point import mended_nodes

if t.TYPE_CHECKING:
    from ...host.host import Host
    from ..situation import Situation


@dataclasses.dataclass(frozen=True)
class Record:
    """What the role cluster_dns is given.

    Attributes:
        server: address and port of the serving control plane's API server.
    """

    server: str


class Spread(Step["Situation"]):
    """A rolling restart, where all pods of the DNS are on one node."""

    name = "spread"

    def entries(self, situation: Situation, others: t.Sequence[Entry]) -> t.Iterator[Entry]:
        """What the nodes will be Ready for when the run comes to this step, those among them whose kubelets it mends."""
        mended = mended_nodes(situation, others)
        will_be_ready = {host.node_name for host in situation.joined(situation.desired.nodes) if host.name in mended}
        nodes = [
            dataclasses.replace(node, is_ready=node.is_ready or node.name in will_be_ready) for node in situation.nodes
        ]
        change = deployment_spread.decide(situation.cluster.report.cluster_dns, nodes)
        if change is None and hosts_of(others, "network") and len(nodes) > 1:
            change = spread_later()
        if change is not None:
            yield Entry(situation.serving_control_plane.name, self.name, change)

    def record(self, situation: Situation, host: Host) -> Record:
        """The same for every host."""
        del host
        return Record(str(situation.server))


def spread_later() -> Change:
    """The spread of the DNS of a cluster whose pods start while the run goes on: on which nodes is seen then."""
    return Change(
        f"Deployment {'/'.join(deployment_spread.CLUSTER_DNS)}",
        KNOWN_AFTER_APPLY,
        KNOWN_AFTER_APPLY,
        "its pods start on the first nodes that are there, and would die with one",
    )


__all__ = ("Record", "Spread", "spread_later")
