# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Events of kube-controller-manager and kube-scheduler, which elect a leader by a lock."""

from __future__ import annotations

import typing as t

from ..base.change import KNOWN_AFTER_APPLY
from ..base.problem import Problem
from . import election
from .event import CONTROL_PLANE, ETCD
from .plan_entry import RUN_AGAIN, Entry

if t.TYPE_CHECKING:
    from .event import Event
    from .situation import Situation


class Controllers:
    """One of them."""

    def __init__(self, component: str) -> None:
        """By its name."""
        self._component = component

    def changed_by(self, _situation: Situation) -> frozenset[str]:
        """See the protocol. An API server that has no etcd for a while may cost the leaders beside it their locks."""
        return frozenset({self._component, ETCD, CONTROL_PLANE})

    def problems(self, situation: Situation, events: t.Sequence[Event]) -> t.Iterator[Problem]:
        """See the protocol."""
        component, instances = self._component, situation.instances(self._component)
        yield from too_few(situation, component, max(event.count for event in events))
        for name, item in instances.items():
            if not item.election.is_enabled:
                yield Problem(
                    name,
                    f"{component} of {name} runs with --leader-elect=false: remove the flag, so that another one can take over.",
                )
        leader = situation.leader(component)
        if leader is None:
            yield Problem(
                component,
                f"Nobody holds the lock of {component}: read its log on the control planes, mend it, {RUN_AGAIN}.",
            )
        elif situation.leading_host(component) is None:
            yield Problem(
                component,
                f"The leader of {component} is {leader}, which is no host of the play: add it to the group kube_control_plane.",
            )

    def entry(self, number: int, event: Event, situation: Situation, *, is_known: bool) -> Entry:
        """See the protocol."""
        instances = situation.instances(self._component)
        host = situation.leading_host(self._component) if is_known else None
        others = [name for name, item in instances.items() if name != host and not item.problem][: event.count - 1]
        return Entry(
            number=number,
            component=self._component,
            how=event.how,
            host=host or KNOWN_AFTER_APPLY,
            others=tuple(others) if host else (KNOWN_AFTER_APPLY,) * (event.count - 1),
            object=str(event),
            bound=election.longest(item.election for item in instances.values()).bound,
        )


def too_few(situation: Situation, component: str, most: int) -> t.Iterator[Problem]:
    """Whether a healthy instance is left when so many of a component fail."""
    instances = situation.instances(component)
    faulty = {name: item.problem for name, item in instances.items() if item.problem}
    healthy = len(instances) - len(faulty)
    if healthy > most:
        return
    listed = "; ".join(f"{component} of {name} {problem}" for name, problem in faulty.items())
    remedy = f"mend what does not run ({listed}), {RUN_AGAIN}." if faulty else "let more control planes join first."
    yield Problem(
        component,
        f"{component} runs on {healthy} of {len(instances)} control planes and an event takes {most} of them: {remedy}",
    )


__all__ = ("Controllers", "too_few")
