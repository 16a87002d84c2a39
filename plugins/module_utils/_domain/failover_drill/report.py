# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a drill knows of a host and, by a control plane, of the cluster."""

from __future__ import annotations

import dataclasses
import typing as t

from ..base.report_fields import absent, as_dict, read
from .election import Election


@dataclasses.dataclass(frozen=True)
class InstanceReport:
    """An instance of a component.

    Attributes:
        component: its name.
        problem: why it does not run as it should, as a clause; empty when it does.
        election: its settings.
        unit: the service of systemd that runs it; empty for a static pod.
    """

    component: str
    problem: str
    election: Election
    unit: str = dataclasses.field(default="", metadata=absent(""))


@dataclasses.dataclass(frozen=True)
class Leader:
    """Who leads.

    Attributes:
        component: its name.
        holder: identity in the lock, empty without one.
        host_name: the host name in that identity, empty without one.
        transitions: how often the leader has changed.
        is_held: whether the lock is renewed.
    """

    component: str
    holder: str
    host_name: str
    transitions: int
    is_held: bool


@dataclasses.dataclass(frozen=True)
class NodeReport:
    """A node that is not Ready.

    Attributes:
        name: its name.
        reason: what its kubelet says.
    """

    name: str
    reason: str


@dataclasses.dataclass(frozen=True)
class EtcdReport:
    """The member of etcd on this host, and the etcd cluster as it shows it.

    Attributes:
        problem: why it does not run as it should, as a clause; empty when it does.
        voters: members with a vote.
        healthy_voters: healthy ones among them.
        is_leader: whether it is the leader.
        election_timeout: seconds.
        unit: the service of systemd that runs it; empty for a static pod.
        is_learner: whether it has no vote.
    """

    problem: str
    voters: int = 0
    healthy_voters: int = 0
    is_leader: bool = False
    election_timeout: float = 1.0
    unit: str = dataclasses.field(default="", metadata=absent(""))
    is_learner: bool = dataclasses.field(default=False, metadata=absent(False))

    @property
    def follows(self) -> bool:
        """Whether it runs, votes and does not lead."""
        return not self.problem and not self.is_leader and not self.is_learner


@dataclasses.dataclass(frozen=True)
class BalancerReport:
    """The load balancer on this host.

    Attributes:
        problem: why it does not run as it should, as a clause; empty when it does.
        unit: the service of systemd that runs it; empty without one.
        has_endpoint: whether an address of the endpoint is the host's.
        can_reload: whether its service can be reloaded.
    """

    problem: str
    unit: str
    has_endpoint: bool
    can_reload: bool = dataclasses.field(default=False, metadata=absent(False))


@dataclasses.dataclass(frozen=True)
class RouterReport:
    """keepalived on this host, which moves the endpoint's address.

    Attributes:
        problem: why it does not run as it should, as a clause; empty when it does.
        unit: the service of systemd that runs it; empty without one.
        address: the virtual IP.
        interface: that gets it.
        mac: hardware address of that interface.
        is_holder: whether the host has the address.
        bound: seconds within which another host has it when its holder is silent.
        detection: seconds within which it is noticed that the load balancer, or what else is tracked, has failed; ``None`` where
            nothing is tracked.
        has_own_mac: whether the address has a hardware address of its own.
    """

    problem: str
    unit: str
    address: str
    interface: str
    mac: str
    is_holder: bool
    bound: float
    detection: float | None
    has_own_mac: bool


@dataclasses.dataclass(frozen=True)
class CutReport:
    """Whether the network of something on this host can be cut.

    Attributes:
        component: ``etcd`` or ``control_plane``.
        problem: why it cannot, as a clause about the host; empty when it can.
        remedy: what to do.
    """

    component: str
    problem: str
    remedy: str = dataclasses.field(default="", metadata=absent(""))


@dataclasses.dataclass(frozen=True)
class DrillReport:
    """A host, and where it is a control plane the cluster as its API server shows it.

    Attributes:
        host_name: what the host calls itself: components put that into their identities.
        instances: of each component and of the API server; none where it is no control plane.
        left: components that a drill has interrupted and not restored.
        leaders: of each component.
        unready_nodes: nodes that are not Ready.
        etcd: its member of etcd; ``None`` when etcd runs elsewhere.
        balancer: its load balancer; ``None`` where the host is none.
        router: its keepalived; ``None`` where none is configured for the endpoint's address.
        is_endpoint: whether all addresses of the endpoint are the host's.
        administrator: the kubeconfig of a cluster administrator on this host; empty where it has only the components' own.
        cuts: of each whose network may be cut.
    """

    host_name: str
    instances: tuple[InstanceReport, ...]
    left: tuple[str, ...]
    leaders: tuple[Leader, ...]
    unready_nodes: tuple[NodeReport, ...]
    etcd: EtcdReport | None = dataclasses.field(default=None, metadata=absent(None))
    balancer: BalancerReport | None = dataclasses.field(default=None, metadata=absent(None))
    router: RouterReport | None = dataclasses.field(default=None, metadata=absent(None))
    is_endpoint: bool = dataclasses.field(default=False, metadata=absent(False))
    administrator: str = dataclasses.field(default="", metadata=absent(""))
    cuts: tuple[CutReport, ...] = dataclasses.field(default=(), metadata=absent(()))

    @classmethod
    def from_dict(cls, name: str, document: t.Any) -> DrillReport:
        """The report of a host.

        Raises:
            MalformedReport: when it is none.
        """
        return read(cls, document, where=f"What {name} reported")

    def as_dict(self) -> dict[str, t.Any]:
        """JSON-compatible."""
        return as_dict(self)

    @property
    def is_control_plane(self) -> bool:
        """Whether it was inspected as one."""
        return bool(self.instances)

    @property
    def is_whole(self) -> bool:
        """Whether everything of it runs, somebody leads each component and all nodes are Ready."""
        whole = not self.left and not self.unready_nodes and all(leader.is_held for leader in self.leaders)
        etcd = self.etcd is None or (not self.etcd.problem and self.etcd.healthy_voters == self.etcd.voters)
        others = [item for item in (self.balancer, self.router) if item is not None]
        return whole and etcd and not any(item.problem for item in (*self.instances, *others))


__all__ = (
    "BalancerReport",
    "CutReport",
    "DrillReport",
    "EtcdReport",
    "InstanceReport",
    "Leader",
    "NodeReport",
    "RouterReport",
)
