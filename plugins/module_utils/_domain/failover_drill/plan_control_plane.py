# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Events of a whole control plane, which takes with it whatever it has."""

from __future__ import annotations

import dataclasses
import typing as t

from ..base.change import KNOWN_AFTER_APPLY
from ..base.problem import Problem
from .event import (
    API_SERVER,
    COMPONENTS,
    CONTROL_PLANE,
    ETCD,
    FOLLOWER,
    LOAD_BALANCER,
    SUBJECTS,
    VIRTUAL_IP,
    Event,
)
from .plan_controllers import Controllers, too_few
from .plan_entry import Entry
from .plan_etcd import EtcdMembers, problems_of_loss
from .situation import not_cut

if t.TYPE_CHECKING:
    from .situation import Planner, Situation

_LED: t.Mapping[str, Planner] = {
    **{component: Controllers(component) for component in COMPONENTS},
    ETCD: EtcdMembers(),
}


class WholeControlPlane:
    """The one that leads most, or the one that leads least."""

    def changed_by(self, _situation: Situation) -> frozenset[str]:
        """See the protocol."""
        return frozenset(SUBJECTS) - {LOAD_BALANCER, VIRTUAL_IP}

    def problems(self, situation: Situation, events: t.Sequence[Event]) -> t.Iterator[Problem]:
        """See the protocol. Whatever one of them takes with it is there once more."""
        alone = dataclasses.replace(situation, reports=situation.planes)
        for component in COMPONENTS:
            # How they fail together is asked below.
            yield from _LED[component].problems(alone, [Event(component, "stop")])
        if ETCD in _parts(alone):
            # A member goes with the host. Who leads may be on another one, which need not be a control plane.
            yield from problems_of_loss(situation)
        yield from not_cut(alone, CONTROL_PLANE, events)
        yield from too_few(alone, API_SERVER, 1)
        for name, report in alone.reports.items():
            if report.is_endpoint and report.router is None and report.balancer is None:
                yield Problem(
                    name,
                    f"The control plane endpoint leads to {name} alone, so nobody reaches the API without it: let a load balancer or a "
                    "virtual IP be the endpoint first.",
                )

    def entry(self, number: int, event: Event, situation: Situation, *, is_known: bool) -> Entry:
        """See the protocol. That of etcd's leader counts before others that lead as much, and is never the one that leads least."""
        alone = dataclasses.replace(situation, reports=situation.planes)
        entries = {
            component: _LED[component].entry(number, Event(component, event.how), alone, is_known=True)
            for component in _parts(alone)
        }
        led = {
            name: [component for component, entry in entries.items() if entry.host == name] for name in alone.reports
        }
        host = _chosen(led, event.which) if is_known else None
        bounds = [entry.bound or 0.0 for component, entry in entries.items() if host is None or component in led[host]]
        return Entry(
            number=number,
            component=CONTROL_PLANE,
            how=event.how,
            host=host or KNOWN_AFTER_APPLY,
            others=(),
            object=str(event),
            # One that leads nothing has nothing to hand over: what it might have led says how long that may take.
            bound=max(bounds or [entry.bound or 0.0 for entry in entries.values()]),
            which=event.which,
        )


def _chosen(led: t.Mapping[str, t.Sequence[str]], which: str) -> str | None:
    """The host that fails, by what each leads."""
    if which == FOLLOWER:
        return min((name for name in led if ETCD not in led[name]), key=lambda name: len(led[name]), default=None)
    return max(led, key=lambda name: (len(led[name]), ETCD in led[name]), default=None)


def _parts(situation: Situation) -> tuple[str, ...]:
    """What a control plane may lead; etcd may have hosts of its own."""
    has_etcd = any(report.etcd is not None for report in situation.reports.values())
    return (*COMPONENTS, ETCD) if has_etcd else COMPONENTS


__all__ = ("WholeControlPlane",)
