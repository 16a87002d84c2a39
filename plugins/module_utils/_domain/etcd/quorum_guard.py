# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The quorum guard: what a step makes of the quorum, and which steps are not made.

The one place that judges it; whoever adds, promotes or removes a member asks here. The counts are the whole of it: a member that
does not answer and one that has never started are voters that are not healthy, and a learner is no voter
(https://etcd.io/docs/v3.5/learning/design-learner/).
"""

from __future__ import annotations

import dataclasses
import typing as t

from ..base.errors import UnsupportedState
from .etcd import Quorum

#: With so many voters etcd bears the loss of one.
ENOUGH = 3


@dataclasses.dataclass(frozen=True)
class Outlook:
    """What a step makes of the quorum.

    Attributes:
        now: before the step.
        after: when it has been made.
    """

    now: Quorum
    after: Quorum

    @property
    def worst(self) -> Quorum:
        """The worst next case: one more voter fails directly after the step."""
        return Quorum(self.after.voters, max(self.after.healthy_voters - 1, 0))

    @property
    def is_riskier(self) -> bool:
        """Whether there are more voters afterwards of which each one stops the etcd cluster."""
        return single_points(self.after) > single_points(self.now)

    @property
    def passes_through_two(self) -> bool:
        """Whether the one voter becomes two, either of which stops etcd."""
        return self.now.voters == 1 and self.after.voters == 2

    def as_dict(self) -> dict[str, t.Any]:
        """JSON-compatible."""
        return {"now": self.now.as_dict(), "after": self.after.as_dict(), "worst": self.worst.as_dict()}

    def __str__(self) -> str:
        """The arithmetic as a part of a sentence."""
        now, after, worst = map(described, (self.now, self.after, self.worst))
        return f"now {now}; afterwards {after}; then with one more failure {worst}"


def single_points(quorum: Quorum) -> int:
    """How many voters there are of which each one stops the etcd cluster by its failure."""
    return quorum.healthy_voters if quorum.is_there and not quorum.tolerance else 0


def described(quorum: Quorum) -> str:
    """The counts as a part of a sentence."""
    bears = f"{quorum.tolerance} may fail" if quorum.is_there else "etcd and the API stop"
    return f"{quorum.healthy_voters} of {quorum.voters} voters healthy, {quorum.needed} needed, {bears}"


def learner_added(now: Quorum) -> Outlook:
    """A learner is added: it has no vote, so nothing changes but what may come next."""
    return Outlook(now, now)


def promoted(now: Quorum, *, is_healthy: bool = True) -> Outlook:
    """A learner becomes a voter. etcd promotes only one that is in step with the leader, so it is healthy unless it fails then."""
    return Outlook(now, Quorum(now.voters + 1, now.healthy_voters + int(is_healthy)))


def removed(now: Quorum, *, is_learner: bool, is_healthy: bool) -> Outlook:
    """A member is taken out."""
    if is_learner:
        return Outlook(now, now)
    return Outlook(now, Quorum(now.voters - 1, now.healthy_voters - int(is_healthy)))


def stopped(now: Quorum, *, is_learner: bool = False, is_healthy: bool = True) -> Outlook:
    """A member stops for a while and stays a member."""
    return Outlook(now, now if is_learner else Quorum(now.voters, now.healthy_voters - int(is_healthy)))


def objection_to_growth(
    outlook: Outlook, *, expected_voters: int | None = None, allows_two: bool = False
) -> str | None:
    """Why a learner must not be promoted, or added to be promoted; ``None`` when nothing speaks against it.

    Args:
        outlook: of the promotion.
        expected_voters: how many voters the etcd cluster is to have once every host that was found ready has been added.
        allows_two: whether the operator bears that etcd stops with either of two.
    """
    if not outlook.now.is_there:
        return f"etcd has lost its quorum ({described(outlook.now)}): bring its members back first"
    if not outlook.after.is_there:
        return f"etcd and with it the API would stop ({outlook})"
    if outlook.passes_through_two:
        if allows_two or (expected_voters or 0) >= ENOUGH:
            return None
        return f"etcd would stop with either of two members instead of with one ({outlook}), and no third is ready to follow"
    if outlook.is_riskier:
        return f"more members than now would stop etcd by their failure ({outlook}): bring the other members back first"
    return None


def check_join(now: Quorum, *, additions: int, allows_two: bool) -> None:
    """Refuse the join of a control plane with stacked etcd.

    Args:
        now: before it.
        additions: how many join one by one, this one included.
        allows_two: whether the operator bears that etcd stops with either of two.

    Raises:
        UnsupportedState: with the arithmetic.
    """
    outlook = promoted(now)
    reason = objection_to_growth(outlook, expected_voters=now.voters + additions, allows_two=allows_two)
    if reason is not None:
        raise UnsupportedState(f"No control plane was joined: {reason}.", quorum=outlook.as_dict())


def objection_to_removal(outlook: Outlook) -> str | None:
    """Why a member must not be taken out; ``None`` when nothing speaks against it.

    That etcd bears less afterwards is no reason: who leaves is somebody's decision, and :func:`risk` says what it costs.
    """
    now, after = outlook.now, outlook.after
    if not now.is_there:
        return (
            f"etcd has lost its quorum ({now.healthy_voters} of {now.voters} voters are healthy, {now.needed} are needed), so no "
            "member can be taken out: bring its members back first"
        )
    if after.voters < 1 or not after.is_there:
        return (
            f"without it {after.healthy_voters} of {after.voters} voters would be healthy and {max(after.needed, 1)} needed, so etcd "
            "and with it the API would stop: bring the other members back first"
        )
    return None


def objection_to_stop(outlook: Outlook) -> str | None:
    """Why a member must not be stopped; ``None`` when etcd works on without it."""
    return None if outlook.after.is_there else f"etcd and with it the API would stop ({outlook})"


def risk(outlook: Outlook) -> str | None:
    """What a step that is made puts at risk, as a sentence; ``None`` when etcd bears afterwards what it bears now."""
    if not outlook.is_riskier:
        return None
    count = single_points(outlook.after)
    return f"Afterwards the failure of any of {count} members of etcd stops the API: {outlook}."


__all__ = (
    "ENOUGH",
    "Outlook",
    "check_join",
    "described",
    "learner_added",
    "objection_to_growth",
    "objection_to_removal",
    "objection_to_stop",
    "promoted",
    "removed",
    "risk",
    "single_points",
    "stopped",
)
