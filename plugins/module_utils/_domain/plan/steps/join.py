# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""New nodes."""

from __future__ import annotations

import dataclasses
import typing as t

from ...base.change import KNOWN_AFTER_APPLY, Change
from ...kubeadm import learner_mode
from ...kubeadm.bootstrap_token import UPLOADED_CERTIFICATES
from ...kubeadm.join import join_change
from .. import quorum_steps
from ..checks import (
    container_runtime,
    control_plane_parity,
    etcd_urls,
    join_parity,
    join_secrets,
    kubeadm_objections,
    reachability,
)
from ..entry import Entry
from ..groups import Groups
from ..step import Step, hosts_of

if t.TYPE_CHECKING:
    from ...base.problem import Problem
    from ...host.host import Host
    from ..situation import Situation


@dataclasses.dataclass(frozen=True)
class Record:
    """What the roles control_plane_join and worker_join are given.

    Attributes:
        serving: inventory name of the control plane that serves.
        server: address and port of its API server.
        ca_certificate: the cluster's CA certificates in PEM where a join cannot find the cluster without them, else empty.
        node_name: name that the Node shall have.
        has_files: whether the serving control plane has files that joining ones get.
        certificates: how they get the certificate authorities, ``upload`` or ``copy``.
        is_reset: whether the run resets the host before.
        cri_socket: the container runtime's socket, empty where kubeadm finds the only one.
        advertise_address: address of the new API server.
        bind_port: its port.
        batches: how many workers join at the same time, batch by batch.
    """

    serving: str
    server: str
    ca_certificate: str
    node_name: str
    has_files: bool
    certificates: str
    is_reset: bool
    cri_socket: str
    advertise_address: str
    bind_port: int
    batches: tuple[int | str, ...]


class Join(Step["Situation"]):
    """Control planes one by one, then workers in batches."""

    name = "join"

    def entries(self, situation: Situation, others: t.Sequence[Entry]) -> t.Iterator[Entry]:
        """What is carried to a new control plane, the join, and the secrets that it takes."""
        del others
        gated = _set_gate(situation)
        for host, is_control_plane, secrets in joins(situation):
            if is_control_plane:
                comparison = control_plane_parity.compare(
                    situation.serving_control_plane, situation.files.get(host.name, {})
                )
                yield from (Entry(host.name, self.name, change) for change in comparison.changes)
            yield Entry(host.name, self.name, join_change(host.node_name, control_plane=is_control_plane))
            for name in secrets:
                there = join_secrets.before_a_join(situation.cluster.report) if name == UPLOADED_CERTIFICATES else None
                made = Change(name, there, KNOWN_AFTER_APPLY, f"{host.node_name} joins with it")
                yield Entry(host.name, self.name, made)
            if host.name in gated:
                yield Entry(host.name, self.name, learner_mode.enabling())

    def problems(self, situation: Situation, entries: t.Sequence[Entry]) -> t.Iterator[Problem]:
        """What joining hosts lack, cannot reach, or would get otherwise than the others have it, and what etcd does not bear."""
        del entries
        yield from control_plane_parity.problems(
            situation.desired,
            situation.hosts,
            situation.cluster,
            situation.serving_control_plane,
            joining={host.name: situation.files.get(host.name, {}) for host in situation.joining_control_planes},
            joined=situation.joined(situation.desired.control_planes),
        )
        yield from join_parity.problems(situation)
        yield from reachability.problems(_connections(situation), situation.attempts)
        yield from kubeadm_objections.problems(situation)
        yield from quorum_steps.problems(situation)

    def groups(self, situation: Situation, entries: t.Sequence[Entry]) -> t.Mapping[str, t.Sequence[str]]:
        """Control planes and workers join by plays of their own; bare hosts by the plan that is built once they are prepared."""
        joining = set(hosts_of(entries, self.name)) - set(situation.bare)
        return {
            "join_control_planes": [name for name in situation.desired.control_planes if name in joining],
            "join_workers": [name for name in situation.desired.workers if name in joining],
        }

    def record(self, situation: Situation, host: Host) -> Record:
        """How this host joins."""
        server = host.future_api_server(situation.server)
        return Record(
            serving=situation.serving_control_plane.name,
            server=str(situation.server),
            ca_certificate=situation.serving_control_plane.ca_pem if situation.hides_cluster_info else "",
            node_name=host.node_name,
            has_files=bool(control_plane_parity.files_of(situation.serving_control_plane)),
            certificates=situation.desired.certificates,
            is_reset=any(reset.host.name == host.name for reset in situation.resets),
            cri_socket=container_runtime.socket_of(host, situation.cri_sockets),
            advertise_address=server.host,
            bind_port=server.port,
            batches=situation.desired.worker_batches,
        )


def joins(situation: Situation) -> t.Iterator[tuple[Host, bool, tuple[str, ...]]]:
    """Each host that joins, whether as a control plane, and the secrets that it takes."""
    for host in situation.joining_control_planes:
        yield host, True, situation.desired.join_secrets(host.name)
    for host in situation.joining_workers:
        yield host, False, situation.desired.join_secrets(host.name)


def take_gate_away(situation: Situation) -> list[str]:
    """The control planes after whose join the gate for learners of etcd goes away again."""
    names = [host.name for host in situation.joining_control_planes]
    is_set = learner_mode.needs_gate(situation.cluster.configuration) or join_secrets.is_gate_left(
        situation.cluster.report
    )
    return names if is_set else []


def _set_gate(situation: Situation) -> list[str]:
    """Those before whose join it is set: not the first one where a killed run has left it."""
    return take_gate_away(situation)[1 if join_secrets.is_gate_left(situation.cluster.report) else 0 :]


def _connections(situation: Situation) -> list[reachability.Connection]:
    """What hosts must reach before control planes join."""
    desired = situation.desired
    known = (situation.hosts, situation.cluster, situation.serving_control_plane)
    groups = Groups(desired.control_planes, desired.workers, desired.load_balancers)
    found = reachability.connections(groups, *known, etcd_urls.peer_endpoints(*known, situation.etcd))
    # The firewall of a bare host is opened when it is prepared.
    return [connection for connection in found if connection.target not in situation.bare]


__all__ = ("Join", "Record", "joins", "take_gate_away")
