# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A member is added to etcd as a learner, and becomes a voter once it has caught up, behind the arithmetic of the quorum.

https://etcd.io/docs/v3.5/learning/design-learner/
"""

from __future__ import annotations

import contextlib
import dataclasses
import typing as t

from ..base.change import Change, Decision
from ..base.errors import NotProved, UnsupportedState
from . import quorum_guard
from .etcd import EtcdError, collect, first_answer, member_id

if t.TYPE_CHECKING:
    from ..._ports.clock import Clock
    from ..._ports.etcd import Etcd
    from .etcd import EtcdCluster, Member
    from .quorum_guard import Outlook

_POLL_SECONDS = 0.5


@dataclasses.dataclass(frozen=True)
class Growth:
    """How far an etcd cluster grows.

    Attributes:
        expected_voters: how many voters it is to have once every host that was found ready has been added.
        allows_two: whether the operator bears two voters, either of which stops etcd.
    """

    expected_voters: int | None = None
    allows_two: bool = False

    def check(self, outlook: Outlook, whose: str) -> None:
        """Refuse a promotion, or the addition that leads to it.

        Raises:
            UnsupportedState: with the arithmetic.
        """
        reason = quorum_guard.objection_to_growth(
            outlook, expected_voters=self.expected_voters, allows_two=self.allows_two
        )
        if reason is None:
            return
        remedy = (
            f"; check a third host and set expected_voters: {quorum_guard.ENOUGH}, or allow_two_voters: true to bear it"
            if outlook.passes_through_two
            else ""
        )
        raise UnsupportedState(f"{whose}: {reason}{remedy}.", quorum=outlook.as_dict())

    def warnings(self, outlook: Outlook) -> tuple[str, ...]:
        """What the operator bears: two voters that no third follows."""
        at_risk = quorum_guard.risk(outlook)
        if at_risk is None or (self.expected_voters or 0) >= quorum_guard.ENOUGH:
            return ()
        return (at_risk,)


def add(
    etcd: Etcd,
    clock: Clock,
    *,
    endpoints: t.Sequence[str],
    name: str,
    peer_url: str,
    wait_timeout: float,
    growth: Growth,
) -> Decision:
    """A member with this peer URL is in the cluster; the one that is added is a learner.

    Args:
        etcd: reaches the servers.
        clock: bounds the waiting.
        endpoints: servers that know the members; the first that answers is asked.
        name: that the member will have, for the values.
        peer_url: where the others will reach it.
        wait_timeout: seconds in which etcd must take it; it refuses while members have been connected for less than 5 s.
        growth: how far the etcd cluster grows.

    Raises:
        EtcdError: when no server reports the members, or etcd goes on refusing.
        UnsupportedState: when the cluster is not healthy, or its promotion would be refused.
    """
    etcd_cluster = collect(etcd, *endpoints)
    there = _with_peer(etcd_cluster, peer_url)
    if there is not None:
        return Decision(values=_values(etcd_cluster, there.id, name))
    if not etcd_cluster.is_healthy:
        raise UnsupportedState(
            f"{name} was not added to etcd: {'; '.join(etcd_cluster.problems)}. Mend it before members are added."
        )

    growth.check(quorum_guard.promoted(etcd_cluster.quorum), f"{name} was not added to etcd")
    outlook = quorum_guard.learner_added(etcd_cluster.quorum)

    def act() -> t.Mapping[str, t.Any]:
        answer = _until(clock, wait_timeout, lambda: first_answer(endpoints, lambda url: etcd.add(url, peer_url))[1])
        return {
            **_values(collect(etcd, *endpoints), member_id(answer["member"]["ID"]), name),
            "quorum": outlook.as_dict(),
        }

    change = Change(f"etcd member {name}", None, f"learner at {peer_url}", "it is to be a member of the etcd cluster")
    return Decision((change,), {"member_id": None, "initial_cluster": {}, "quorum": outlook.as_dict()}, act)


def promote(
    etcd: Etcd, clock: Clock, *, endpoints: t.Sequence[str], peer_url: str, wait_timeout: float, growth: Growth
) -> Decision:
    """The member with this peer URL is a voter.

    Args:
        etcd: reaches the servers.
        clock: bounds the waiting.
        endpoints: servers that know the members.
        peer_url: of the member.
        wait_timeout: seconds in which it must have caught up and etcd must be healthy.
        growth: how far the etcd cluster grows.

    Raises:
        EtcdError: when no server reports the members, or etcd goes on refusing.
        UnsupportedState: when there is no such member, or the quorum does not bear its vote.
        NotProved: when etcd is not healthy in time with the new voter.
    """
    etcd_cluster = collect(etcd, *endpoints)
    member = _with_peer(etcd_cluster, peer_url)
    if member is None:
        raise UnsupportedState(f"No member of etcd has the peer URL {peer_url}: add it as a learner first.")
    values = _values(etcd_cluster, member.id, member.name)
    if not member.is_learner:
        return Decision(values=values)
    outlook = quorum_guard.promoted(etcd_cluster.quorum)
    growth.check(outlook, f"{member.name or peer_url} was not given a vote in etcd")

    def act() -> t.Mapping[str, t.Any]:
        _until(clock, wait_timeout, lambda: first_answer(endpoints, lambda url: etcd.promote(url, member.id)))
        deadline = clock.monotonic() + wait_timeout
        while not _is_healthy(etcd, endpoints):
            if clock.monotonic() >= deadline:
                raise NotProved(
                    f"{member.name or peer_url} votes, but etcd was not healthy within {wait_timeout:g} s: inspect it with "
                    "kubeadm.ha.etcd_member_info."
                )
            clock.sleep(_POLL_SECONDS)
        return {}

    change = Change(f"etcd member {member.name or member.id}", "learner", "voter", "it has caught up with the others")
    return Decision((change,), {**values, "quorum": outlook.as_dict()}, act, growth.warnings(outlook))


def _with_peer(etcd_cluster: EtcdCluster, peer_url: str) -> Member | None:
    return next((member for member in etcd_cluster.members if peer_url in member.peer_urls), None)


def _values(etcd_cluster: EtcdCluster, identity: str, name: str) -> dict[str, t.Any]:
    """The id, and peer URLs of all members by their names; one that has not started has the name that it is given."""
    named = ((name if member.id == identity else member.name, member) for member in etcd_cluster.members)
    return {
        "member_id": identity,
        "initial_cluster": {own: member.peer_urls[0] for own, member in named if own and member.peer_urls},
        "quorum": quorum_guard.learner_added(etcd_cluster.quorum).as_dict(),
    }


_Answer = t.TypeVar("_Answer")


def _until(clock: Clock, wait_timeout: float, ask: t.Callable[[], _Answer]) -> _Answer:
    """What etcd answers once it does not refuse."""
    deadline = clock.monotonic() + wait_timeout
    while True:
        try:
            return ask()
        except EtcdError:
            if clock.monotonic() >= deadline:
                raise
            clock.sleep(_POLL_SECONDS)


def _is_healthy(etcd: Etcd, endpoints: t.Sequence[str]) -> bool:
    with contextlib.suppress(EtcdError):
        return collect(etcd, *endpoints).is_healthy
    return False


__all__ = ("Growth", "add", "promote")
