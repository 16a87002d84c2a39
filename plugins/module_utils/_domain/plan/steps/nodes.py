# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bare hosts that join become ready for kubeadm."""

from __future__ import annotations

import dataclasses
import typing as t

from ...kubeadm.init_marker import COMPLETE
from .. import role_problems
from ..desired_cluster import NO_NETWORK
from ..entry import Entry
from ..step import Step

if t.TYPE_CHECKING:
    from ...base.address import Endpoint
    from ...base.problem import Problem
    from ...cluster.cluster import Cluster
    from ...host.host import Host
    from ..desired import Desired
    from ..situation import ApiServer, Situation

ROLE = "node_prepare"


@dataclasses.dataclass(frozen=True)
class Record:
    """What the role node_prepare is given beside the inventory's own variables.

    Attributes:
        node_type: ``control_plane`` or ``worker``.
        api_server_port: of the API server that a control plane will run.
        control_planes: addresses of all control planes.
        stacked_etcd: whether control planes run members of etcd.
        pod_subnet: networks of pods, with a comma between them.
        cni: the pod network whose ports are opened.
        kubelet_configuration: what the kubelets have; empty where the inventory's variable says it.
    """

    node_type: str
    api_server_port: int
    control_planes: tuple[str, ...]
    stacked_etcd: bool
    pod_subnet: str
    cni: str
    kubelet_configuration: t.Mapping[str, object]


class Nodes(Step["Situation"]):
    """What the role itself has found to change."""

    name = "nodes"

    def entries(self, situation: Situation, others: t.Sequence[Entry]) -> t.Iterator[Entry]:
        """In the order of the nodes."""
        del others
        decisions = situation.decisions.get(ROLE, {})
        for name in situation.bare:
            if name in decisions:
                yield from (Entry(name, self.name, change) for change in decisions[name].changes)

    def problems(self, situation: Situation, entries: t.Sequence[Entry]) -> t.Iterator[Problem]:
        """The role's own."""
        del entries
        decisions = situation.decisions.get(ROLE, {})
        yield from role_problems.problems({name: decisions[name] for name in situation.bare if name in decisions})

    def record(self, situation: Situation, host: Host) -> Record:
        """What the host shall be, as the cluster's other nodes are."""
        return record(
            host,
            situation.desired,
            situation.hosts,
            situation.cluster,
            like=situation.server,
            servers=situation.api_servers,
        )


def record(
    host: Host,
    desired: Desired,
    hosts: t.Mapping[str, Host],
    cluster: Cluster,
    *,
    like: Endpoint,
    servers: t.Iterable[ApiServer],
) -> Record:
    """What the role is given on a host that joins a cluster.

    Args:
        host: the host.
        desired: what the inventory describes.
        hosts: every host that was inspected.
        cluster: what the API reported.
        like: an API server of the cluster, like which others advertise.
        servers: every API server that there will be.
    """
    networking = cluster.configuration.get("networking")
    given = cluster.kubelet_configuration
    own = given if isinstance(given, dict) else {}
    return Record(
        node_type="control_plane" if host.name in desired.control_planes else "worker",
        api_server_port=host.future_api_server(like).port,
        control_planes=tuple(server.address for server in servers if server.address),
        stacked_etcd=not cluster.uses_external_etcd,
        pod_subnet=str(networking.get("podSubnet") or "") if isinstance(networking, dict) else "",
        # The ports of a network that somebody else has installed are not known.
        cni=desired.cluster.network if any(each.report.creation == COMPLETE for each in hosts.values()) else NO_NETWORK,
        kubelet_configuration={
            name: own[name] for name in ("cgroupDriver", "failCgroupV1", "failSwapOn") if name in own
        },
    )


__all__ = ("ROLE", "Nodes", "Record", "record")
