# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What each planned step makes of the quorum of stacked etcd, in the order of the run."""

from __future__ import annotations

import dataclasses
import typing as t

from ..base.problem import Note, Problem
from ..etcd import etcd_removal, quorum_guard
from ..etcd.etcd import EtcdCluster
from . import left_by_joins
from .checks import membership

if t.TYPE_CHECKING:
    from ..etcd.etcd import Member
    from ..etcd.quorum_guard import Outlook
    from .situation import Situation

#: The switch.
VARIABLE = "kubeadm_ha_allow_two_control_planes"


@dataclasses.dataclass(frozen=True)
class QuorumStep:
    """A planned change of etcd's members.

    Attributes:
        host: inventory name of the host to which the member belongs.
        action: what becomes of the member.
        outlook: what that makes of the quorum.
    """

    host: str
    action: str
    outlook: Outlook

    def as_dict(self) -> dict[str, object]:
        """JSON-compatible."""
        return {"host": self.host, "action": self.action, **self.outlook.as_dict()}


def find(situation: Situation) -> tuple[QuorumStep, ...]:
    """Members that are taken out, then control planes that join; none where etcd is external or could not be asked."""
    if situation.etcd is None or situation.cluster.uses_external_etcd:
        return ()
    gone = [(loss.name, member) for loss in situation.losses for member in loss.members]
    gone += [(reset.host.name, reset.member) for reset in situation.resets if reset.member is not None]
    gone += [(item.owner or "", item.member) for item in situation.stale_members]
    # What etcd reported is as it will be when the first two kinds of them are taken out.
    first = [member for loss in situation.losses for member in loss.members]
    first += [reset.member for reset in situation.resets if reset.member is not None]
    now = EtcdCluster((*situation.etcd.members, *first)).quorum
    found = []
    for host, member in gone:
        found.append(QuorumStep(host, _described(member), etcd_removal.outlook(now, member)))
        now = found[-1].outlook.after
    for new in situation.joining_control_planes:
        found.append(
            QuorumStep(new.name, f"etcd member {new.node_name} is added and votes", quorum_guard.promoted(now))
        )
        now = found[-1].outlook.after
    return tuple(found)


def lines(steps: t.Sequence[QuorumStep]) -> list[str]:
    """The steps as text."""
    if not steps:
        return []
    return [
        "What etcd bears:",
        *(f"- {step.host}: {step.action}: {_brief(step.outlook)}." for step in steps),
        *_restarts(steps),
    ]


def _restarts(steps: t.Sequence[QuorumStep]) -> t.Iterator[str]:
    """What a voter that restarts while the run is at work takes away: it is what a voter that fails does, for a while."""
    exposed = [step for step in steps if step.outlook.now.tolerance == 0]
    if not exposed:
        return
    last = steps[-1].outlook.after
    until = f"Until {exposed[-1].host} votes" if last.tolerance > 0 else "Then, too"
    yield (
        f"- {until} no voter may fail: the API is away while one of them restarts, until it is back. The run then stops; run it again."
    )


def _brief(outlook: Outlook) -> str:
    now, after, worst = outlook.now, outlook.after, outlook.worst
    then = f"with one failed {worst.tolerance} more" if worst.is_there else "and the next failure stops the API"
    return f"{now.tolerance} of {now.voters} voters may fail before, {after.tolerance} of {after.voters} after, {then}"


def problems(situation: Situation) -> t.Iterator[Problem]:
    """The second voter comes only where a third follows, or the operator bears it.

    Every host that is to join has passed its own checks and kubeadm's by then, else the run stops before the first of them joins. A
    control plane of the inventory that has joined and has no vote does not count. That the inventory has only two is a problem of
    :mod:`preflight`, as is what is wrong with etcd now, and hosts on which a join did not end are one of :mod:`membership`.
    """
    desired, steps = situation.desired, find(situation)
    known = (desired, situation.hosts, situation.cluster, situation.serving_control_plane, situation.etcd)
    if len(desired.control_planes) == 2 or membership.half_joined_hosts(*known):
        return
    for step in steps:
        reason = quorum_guard.objection_to_growth(
            step.outlook,
            expected_voters=steps[-1].outlook.after.voters,
            allows_two=desired.allow_two_control_planes,
        )
        if step.outlook.passes_through_two and reason is not None:
            without = ", ".join(_without_member(situation))
            yield Problem(
                step.host,
                f"{step.host} does not join as a control plane: {reason}. {without} of the inventory has joined and has no member of "
                f"etcd: reset it, so that it joins again, add another control plane, or set {VARIABLE}: true to bear it.",
            )


def _without_member(situation: Situation) -> list[str]:
    members = situation.etcd.members if situation.etcd is not None else ()
    joined = situation.joined(situation.desired.control_planes)
    return [host.name for host in joined if not any(left_by_joins.is_of(member, host) for member in members)]


def notes(situation: Situation) -> t.Iterator[Note]:
    """What the operator puts at risk by the switch, and what removals cost."""
    steps = find(situation)
    for step in steps:
        at_risk = quorum_guard.risk(step.outlook)
        if at_risk is None or (
            step.outlook.passes_through_two and steps[-1].outlook.after.voters >= quorum_guard.ENOUGH
        ):
            continue
        why = f"{VARIABLE} is set: " if step.outlook.passes_through_two else ""
        yield Note(step.host, f"{why}{step.action} ({step.host}). {at_risk}")


def _described(member: Member) -> str:
    role = "learner" if member.is_learner else "voter"
    return f"{role} {member.name or member.id} is taken out of etcd"


__all__ = ("VARIABLE", "QuorumStep", "find", "lines", "notes", "problems")
