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

    def changed_by(self, _situation: Situation) -> frozenset[str]:
        """See the protocol."""
        return frozenset({ETCD, CONTROL_PLANE})

    def problems(self, situation: Situation, events: t.Sequence[Event]) -> t.Iterator[Problem]:
        """See the protocol."""
        if all(report.etcd is None for report in situation.reports.values()):
            yield Problem(
                ETCD,
                f"etcd runs on none of {', '.join(situation.reports)} as a static pod or as a service of systemd, so none of its members can "
                "fail here: let the play have its hosts (group etcd), or leave its events out.",
            )
        yield from not_cut(situation, ETCD, events)
        objections = list(problems_of_loss(situation))
        yield from objections
        worst = situation.etcd_quorum
        if worst is None or any(problem.subject == ETCD for problem in objections):
            return
        asked = {event.which for event in events}
        most = max(event.count for event in events)
        if not situation.accepts_outage and not _left(worst, most).is_there:
            yield Problem(
                ETCD,
                f"The etcd cluster has {worst.healthy_voters} healthy voters of {worst.voters} and an event takes {most} of them; "
                f"{worst.needed} must be left and {_left(worst, most).healthy_voters} would be, so that nobody reaches the API meanwhile: accept the outage "
                "by failover_drill_accept_outage=true, or leave the event out.",
            )
        if LEADER in asked and situation.etcd_leader is None:
            yield Problem(
                ETCD,
                "The leader of etcd is on none of the play's hosts: add its host to the group kube_control_plane or etcd, or leave etcd's "
                "events out.",
            )
        if (FOLLOWER in asked or most > 1) and situation.etcd_follower is None:
            yield Problem(
                ETCD,
                "No voter of etcd on the play's hosts follows another one: add their hosts to the group kube_control_plane or etcd, or leave "
                "the events of its followers out.",
            )

    def entry(self, number: int, event: Event, situation: Situation, *, is_known: bool) -> Entry:
        """See the protocol. A host of etcd alone has nothing to ask the endpoint with; without a quorum nobody leads."""
        found = situation.etcd_follower if event.which == FOLLOWER else situation.etcd_leader
        host, more, quorum = found if is_known else None, event.count - 1, situation.etcd_quorum
        is_outage = more > 0 and quorum is not None and not _left(quorum, event.count).is_there
        needs_observer = is_outage or host not in situation.planes
        return Entry(
            number=number,
            component=ETCD,
            how=event.how,
            host=host or KNOWN_AFTER_APPLY,
            others=(KNOWN_AFTER_APPLY,) * more if host is None else situation.etcd_followers[:more],
            object=str(event),
            bound=None if is_outage else etcd_bound(situation),
            # When the API is back is seen when the host is restored.
            observer=situation.observer(host) if host is not None and needs_observer else "",
            which=event.which,
        )


def problems_of_loss(situation: Situation) -> t.Iterator[Problem]:
    """Why the etcd cluster does not bear that one of its members is lost, whichever it is and wherever its leader is."""
    for name, report in situation.reports.items():
        if report.etcd is not None and report.etcd.problem:
            yield Problem(name, f"etcd of {name} {report.etcd.problem}: mend it, {RUN_AGAIN}.")
    worst = situation.etcd_quorum
    if worst is not None and quorum_guard.objection_to_stop(quorum_guard.stopped(worst)) is not None:
        yield Problem(
            ETCD,
            f"The etcd cluster has {worst.healthy_voters} healthy voters of {worst.voters} and an event takes one of "
            f"them; {worst.needed} must be left: mend the others or add members, until "
            f"{max(worst.needed + 1, 3)} at least are healthy.",
        )


def _left(quorum: Quorum, count: int) -> Quorum:
    """What is left of it when so many voters fail at the same time."""
    return Quorum(quorum.voters, max(quorum.healthy_voters - count, 0))


def etcd_bound(situation: Situation) -> float:
    """Seconds within which another member leads, by the longest election timeout."""
    timeouts = (report.etcd.election_timeout for report in situation.reports.values() if report.etcd is not None)
    return election.etcd_bound(max(timeouts, default=0.0))


__all__ = ("EtcdMembers", "etcd_bound", "problems_of_loss")
