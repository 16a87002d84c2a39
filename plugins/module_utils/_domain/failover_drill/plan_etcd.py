# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Events of etcd, whose members elect a leader among themselves."""

from __future__ import annotations

import typing as t

from ..base.change import KNOWN_AFTER_APPLY
from ..base.problem import Problem
from ..etcd import quorum_guard
from ..etcd.etcd import Quorum
from . import election
from .event import CONTROL_PLANE, ETCD, FOLLOWER, LEADER
from .plan_entry import RUN_AGAIN, Entry
from .situation import not_cut

if t.TYPE_CHECKING:
    from .event import Event
    from .situation import Situation


class EtcdMembers:
    """Its leader, or a voter that does not lead."""

    changed_by = frozenset({ETCD, CONTROL_PLANE})

    def problems(self, situation: Situation, events: t.Sequence[Event]) -> t.Iterator[Problem]:
        """See the protocol."""
        found = {name: report.etcd for name, report in situation.reports.items() if report.etcd is not None}
        if not found:
            yield Problem(
                ETCD,
                f"etcd runs on none of {', '.join(situation.reports)} as a static pod or as a service of systemd, so none of its members can "
                "fail here: let the play have its hosts (group etcd), or leave its events out.",
            )
        for name, member in found.items():
            if member.problem:
                yield Problem(name, f"etcd of {name} {member.problem}: mend it, {RUN_AGAIN}.")
        yield from not_cut(situation, ETCD, events)
        answering = [member for member in found.values() if not member.problem]
        counts = [Quorum(member.voters, member.healthy_voters) for member in answering]
        worst = min(counts, key=lambda found: found.tolerance, default=None)
        if worst is not None and quorum_guard.objection_to_stop(quorum_guard.stopped(worst)) is not None:
            yield Problem(
                ETCD,
                f"The etcd cluster has {worst.healthy_voters} healthy voters of {worst.voters} and an event takes one of "
                f"them; {worst.needed} must be left: mend the others or add members, until "
                f"{max(worst.needed + 1, 3)} at least are healthy.",
            )
            return
        asked = {event.which for event in events}
        if answering and LEADER in asked and situation.etcd_leader is None:
            yield Problem(
                ETCD,
                "The leader of etcd is on none of the play's hosts: add its host to the group kube_control_plane or etcd, or leave etcd's "
                "events out.",
            )
        if answering and FOLLOWER in asked and situation.etcd_follower is None:
            yield Problem(
                ETCD,
                "No voter of etcd on the play's hosts follows another one: add their hosts to the group kube_control_plane or etcd, or leave "
                "the events of its followers out.",
            )

    def entry(self, number: int, event: Event, situation: Situation, *, is_known: bool) -> Entry:
        """See the protocol. A host of etcd alone has nothing to ask the endpoint with."""
        found = situation.etcd_follower if event.which == FOLLOWER else situation.etcd_leader
        host = found if is_known else None
        return Entry(
            number=number,
            component=ETCD,
            how=event.how,
            host=host or KNOWN_AFTER_APPLY,
            others=(),
            object=str(event),
            bound=etcd_bound(situation),
            observer="" if host is None or host in situation.planes else situation.observer(host),
            which=event.which,
        )


def etcd_bound(situation: Situation) -> float:
    """Seconds within which another member leads, by the longest election timeout."""
    timeouts = (report.etcd.election_timeout for report in situation.reports.values() if report.etcd is not None)
    return election.etcd_bound(max(timeouts, default=0.0))


__all__ = ("EtcdMembers", "etcd_bound")
