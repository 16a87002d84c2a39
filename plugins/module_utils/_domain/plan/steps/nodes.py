# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bare hosts that join become ready for kubeadm."""

from __future__ import annotations

import dataclasses
import typing as t

from ...base.problem import Problem
from .. import role_problems
from ..entry import Entry
from ..step import Step

if t.TYPE_CHECKING:
    from ...host.host import Host
    from ..situation import Situation

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
        """The role's own, and a cluster whose kubelets are not as the role makes them."""
        del entries
        decisions = situation.decisions.get(ROLE, {})
        yield from role_problems.problems({name: decisions[name] for name in situation.bare if name in decisions})
        configuration = situation.cluster.kubelet_configuration
        driver = configuration.get("cgroupDriver") if isinstance(configuration, dict) else None
        if situation.bare and driver == "cgroupfs":
            names = " and ".join(situation.bare)
            yield Problem(
                situation.bare[0],
                f"The kubelets of this cluster use the cgroup driver cgroupfs, and containerd on {names} would be set up for systemd: "
                f"install containerd, kubeadm and kubelet on {names} yourself, or move the cluster to systemd first.",
            )

    def record(self, situation: Situation, host: Host) -> Record:
        """What the host shall be."""
        return record(
            is_control_plane=host.name in situation.desired.control_planes,
            port=host.future_api_server(situation.server).port,
            control_planes=[server.address for server in situation.api_servers],
            has_stacked_etcd=not situation.cluster.uses_external_etcd,
        )


def record(*, is_control_plane: bool, port: int, control_planes: t.Iterable[str], has_stacked_etcd: bool) -> Record:
    """What the role is given on a host."""
    return Record(
        "control_plane" if is_control_plane else "worker",
        port,
        tuple(address for address in control_planes if address),
        has_stacked_etcd,
    )


__all__ = ("ROLE", "Nodes", "Record", "record")
