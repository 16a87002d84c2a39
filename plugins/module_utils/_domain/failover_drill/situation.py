# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What all hosts of a drill have reported, as the planning of its events asks for it."""

from __future__ import annotations

import dataclasses
import typing as t

from ..base.problem import Problem
from ..etcd.etcd import Quorum
from .event import CUT

if t.TYPE_CHECKING:
    from .event import Event
    from .plan_entry import Entry
    from .report import BalancerReport, DrillReport, InstanceReport, RouterReport


@dataclasses.dataclass(frozen=True)
class Situation:
    """The hosts of a drill.

    Attributes:
        reports: by their inventory names, in the order of the inventory.
        accepts_outage: whether a load balancer may fail beside which there is no other way to the endpoint, and more members of etcd than it
            bears.
    """

    reports: t.Mapping[str, DrillReport]
    accepts_outage: bool = False

    @property
    def planes(self) -> dict[str, DrillReport]:
        """The control planes among them."""
        return {name: report for name, report in self.reports.items() if report.is_control_plane}

    @property
    def balancers(self) -> dict[str, BalancerReport]:
        """Their load balancers."""
        return {name: report.balancer for name, report in self.reports.items() if report.balancer is not None}

    @property
    def routers(self) -> dict[str, RouterReport]:
        """Where keepalived has the endpoint's address."""
        return {name: report.router for name, report in self.reports.items() if report.router is not None}

    @property
    def etcd_leader(self) -> str | None:
        """Whose member of etcd leads."""
        found = (name for name, report in self.reports.items() if report.etcd is not None and report.etcd.is_leader)
        return next(found, None)

    @property
    def etcd_follower(self) -> str | None:
        """The first host with a voter of etcd that runs and does not lead."""
        return next(iter(self.etcd_followers), None)

    @property
    def etcd_followers(self) -> tuple[str, ...]:
        """All hosts with such a voter."""
        members = {name: report.etcd for name, report in self.reports.items() if report.etcd is not None}
        return tuple(name for name, member in members.items() if member.follows)

    @property
    def etcd_quorum(self) -> Quorum | None:
        """The etcd cluster as the member shows it that knows of the fewest; ``None`` where none answers."""
        members = (report.etcd for report in self.reports.values() if report.etcd is not None)
        counts = [Quorum(member.voters, member.healthy_voters) for member in members if not member.problem]
        return min(counts, key=lambda found: found.tolerance, default=None)

    def instances(self, component: str) -> dict[str, InstanceReport]:
        """The instances of a component, of each control plane."""
        return {name: instance_of(report, component) for name, report in self.planes.items()}

    def leader(self, component: str) -> str | None:
        """What the leader's host calls itself; every control plane has seen the same, so the first that has seen one counts."""
        held = (leader for report in self.reports.values() for leader in report.leaders if leader.is_held)
        return next((leader.host_name for leader in held if leader.component == component), None)

    def leading_host(self, component: str) -> str | None:
        """The leader's host by its inventory name."""
        leader = self.leader(component)
        if leader is None:
            return None
        return next((name for name, report in self.reports.items() if report.host_name == leader), None)

    def observer(self, host: str) -> str:
        """The first control plane beside a host; empty without one."""
        return next((name for name in self.planes if name != host), "")


def not_cut(situation: Situation, component: str, events: t.Sequence[Event]) -> t.Iterator[Problem]:
    """Whose network cannot be cut, where an event would."""
    if any(event.how == CUT for event in events):
        for name, report in situation.reports.items():
            for item in report.cuts:
                if item.component == component and item.problem:
                    yield Problem(name, f"The {component.replace('_', ' ')} of {name} {item.problem}: {item.remedy}.")


class Planner(t.Protocol):
    """How events of one component are planned."""

    def changed_by(self, situation: Situation) -> frozenset[str]:
        """After events of which components it is not known any longer which host one of this component concerns."""

    def problems(self, situation: Situation, events: t.Sequence[Event]) -> t.Iterator[Problem]:
        """Why the cluster does not bear these events of the component."""

    def entry(self, number: int, event: Event, situation: Situation, *, is_known: bool) -> Entry:
        """An event; ``is_known`` says whether nothing has changed the host that it concerns."""


def instance_of(report: DrillReport, component: str) -> InstanceReport:
    """A control plane's instance of a component."""
    return next(item for item in report.instances if item.component == component)


__all__ = ("Planner", "Situation", "instance_of", "not_cut")
