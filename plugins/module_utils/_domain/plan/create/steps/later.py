# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The steps of a new cluster that begin once its first control plane serves: the plan says what they will do.

They run by the plan that is built then, for the cluster that there is; it has nothing that is not announced here.
"""

from __future__ import annotations

import dataclasses
import posixpath
import typing as t

from ....base.change import KNOWN_AFTER_APPLY, Change
from ....host.carried_files import REASON as CARRIED_REASON
from ....kubeadm import learner_mode
from ....kubeadm.join import join_change
from ....pki.authorities import CLIENT_FILES, shared_files
from ....pki.certificates_dir import DEFAULT
from ... import pod_network
from ...desired import COPY
from ...entry import Entry
from ...step import Step
from ...steps.spread import spread_later

if t.TYPE_CHECKING:
    from ....host.host import Host
    from ..creation import Creation


@dataclasses.dataclass(frozen=True)
class Record:
    """Nothing: these steps have no play in this plan."""


class _Announced(Step["Creation"]):
    """A step without a play of its own in this plan."""

    def groups(self, situation: Creation, entries: t.Sequence[Entry]) -> t.Mapping[str, t.Sequence[str]]:
        """None: the plan of the cluster has them."""
        del situation, entries
        return {}

    def record(self, situation: Creation, host: Host) -> Record:
        """Nothing."""
        del situation, host
        return Record()


class Network(_Announced):
    """The pod network."""

    name = "network"

    def entries(self, situation: Creation, others: t.Sequence[Entry]) -> t.Iterator[Entry]:
        """One, on the first control plane."""
        del others
        change = pod_network.change(situation.desired.cluster.network)
        if change is not None:
            yield Entry(situation.first.name, self.name, change)


class Join(_Announced):
    """Every other node, with the secrets that its join takes."""

    name = "join"

    def entries(self, situation: Creation, others: t.Sequence[Entry]) -> t.Iterator[Entry]:
        """Control planes, then workers."""
        del others
        for host, secrets in _joins(situation):
            is_control_plane = host.name in situation.desired.control_planes
            if is_control_plane:
                yield from (Entry(host.name, self.name, change) for change in _copies(situation))
            yield Entry(host.name, self.name, join_change(host.node_name, control_plane=is_control_plane))
            for name in secrets:
                made = Change(name, None, KNOWN_AFTER_APPLY, f"{host.node_name} joins with it")
                yield Entry(host.name, self.name, made)
            if is_control_plane and _needs_gate(situation):
                yield Entry(host.name, self.name, learner_mode.enabling())


class Spread(_Announced):
    """The cluster's DNS, whose pods all start on the first nodes that are there."""

    name = "spread"

    def entries(self, situation: Creation, others: t.Sequence[Entry]) -> t.Iterator[Entry]:
        """One, where there will be a second node."""
        del others
        if len(situation.desired.nodes) > 1:
            yield Entry(situation.first.name, self.name, spread_later())


class Revoke(_Announced):
    """What the joins took."""

    name = "revoke"

    def entries(self, situation: Creation, others: t.Sequence[Entry]) -> t.Iterator[Entry]:
        """In the order of the joins."""
        del others
        for host, secrets in _joins(situation):
            for name in secrets:
                gone = Change(name, KNOWN_AFTER_APPLY, None, f"{host.node_name} has joined or failed to")
                yield Entry(host.name, self.name, gone)
            if host.name in situation.desired.control_planes and _needs_gate(situation):
                yield Entry(host.name, self.name, learner_mode.disabling())


def _copies(situation: Creation) -> t.Iterator[Change]:
    """What a control plane is brought, where nothing is uploaded."""
    if situation.desired.certificates != COPY:
        return
    is_stacked = not situation.desired.etcd_hosts
    names = [*shared_files(has_stacked_etcd=is_stacked), *(() if is_stacked else CLIENT_FILES)]
    objects = [
        f"directory {posixpath.join(DEFAULT, name).rstrip('/')}" for name in {posixpath.dirname(name) for name in names}
    ]
    objects += [f"file {posixpath.join(DEFAULT, name)}" for name in names]
    for object_ in sorted(objects, key=lambda text: text.partition(" ")[2]):
        yield Change(object_, None, KNOWN_AFTER_APPLY, CARRIED_REASON)


def _needs_gate(situation: Creation) -> bool:
    """Whether the gate for learners of etcd is set while control planes join."""
    etcd: dict[str, t.Any] = {"external": {}} if situation.desired.etcd_hosts else {}
    version = situation.desired.cluster.version
    return learner_mode.needs_gate({"kubernetesVersion": str(version or ""), "etcd": etcd})


def _joins(situation: Creation) -> t.Iterator[tuple[Host, tuple[str, ...]]]:
    """Each host that joins, and the secrets that it takes."""
    desired = situation.desired
    for name in desired.nodes:
        if name in situation.hosts and name != situation.first.name:
            yield situation.hosts[name], desired.join_secrets(name)


__all__ = ("Join", "Network", "Record", "Revoke", "Spread")
