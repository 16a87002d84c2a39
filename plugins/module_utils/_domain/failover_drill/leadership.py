# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who leads a component, before an event and after it."""

from __future__ import annotations

import contextlib
import dataclasses
import typing as t

from ..base.errors import ApiError, UnsupportedState
from ..component import leader_election
from ..etcd.etcd import EtcdError, collect, member_id
from .event import ETCD

if t.TYPE_CHECKING:
    from ..._ports.api import Api
    from ..._ports.clock import Clock
    from ..._ports.etcd import Etcd


@dataclasses.dataclass(frozen=True)
class Held:
    """A leader.

    Attributes:
        holder: its identity.
        count: grows with each further leader.
    """

    holder: str
    count: int


@dataclasses.dataclass(frozen=True)
class Handover:
    """A leader of one of several components, and the next one.

    Attributes:
        component: whose.
        previous_holder: identity that led.
        new_holder: identity that leads now; ``None`` when nobody else did in time.
        transitions: by how many the count of leaders has grown.
        seconds: from the event to the moment when the new leader was seen; ``None`` without one.
    """

    component: str
    previous_holder: str
    new_holder: str | None
    transitions: int
    seconds: float | None


class Leadership(t.Protocol):
    """How the leader of a component is found."""

    #: Whether API servers depend on it.
    carries_api: bool
    #: Whether several components are led.
    has_parts: bool

    def before(self) -> Held:
        """Who leads.

        Raises:
            UnsupportedState: when nobody does, so that nothing was done.
        """

    def after(self) -> Held | None:
        """Who leads since; ``None`` as long as nobody else does.

        Raises:
            ApiError: when the API cannot be asked now.
        """

    def handovers(self, at: float) -> tuple[Handover, ...]:
        """Of each component, where several are led. ``at`` is the event, by the monotonic clock."""


class _Single:
    """The leadership of one component."""

    carries_api = False
    has_parts = False

    def handovers(self, _at: float) -> tuple[Handover, ...]:
        """None: what is measured is the only one."""
        return ()


class LockLeadership(_Single):
    """By the lock of leader election: another identity in it."""

    def __init__(self, api: Api, clock: Clock, component: str) -> None:
        """Of a component, by the name of its lock."""
        self._api, self._clock, self._component = api, clock, component
        self._previous = ""

    def before(self) -> Held:
        """Who holds the lock."""
        record = leader_election.find(self._api, self._clock, self._component)
        if record is None or not record.is_held(self._clock.now()):
            raise UnsupportedState(f"Nobody holds the lock of {self._component}, so nothing was done: mend that first.")
        self._previous = record.holder
        return Held(record.holder, record.transitions)

    def is_of(self, host_name: str) -> bool:
        """Whether this host's instance leads."""
        return leader_election.host_of(self._previous) == host_name

    def after(self) -> Held | None:
        """Who else holds it."""
        record = leader_election.find(self._api, self._clock, self._component)
        if record is None or record.holder in ("", self._previous):
            return None
        return Held(record.holder, record.transitions)


class EtcdLeadership(_Single):
    """By the other members of etcd: a leader of a later term. That may be the same member, where it was started again fast enough."""

    carries_api = True

    def __init__(self, etcd: Etcd, endpoint: str, *, is_part: bool = False) -> None:
        """Of the member that is to fail, and leads.

        Args:
            etcd: asks the members.
            endpoint: client URL of that member.
            is_part: whether others of its host fail, too, so that it need not lead.
        """
        self._etcd, self._endpoint, self._is_part = etcd, endpoint, is_part
        self._is_own = False
        self._names: dict[str, str] = {}
        self._others: tuple[str, ...] = ()
        self._term = 0

    def before(self) -> Held:
        """The member of this host, which leads."""
        identity, leader, self._term, self._names, self._others = _state_of(self._etcd, self._endpoint)
        self._is_own = identity == leader
        if not self._is_own and not self._is_part:
            name = self._names.get(leader, leader)
            raise UnsupportedState(
                f"The leader of etcd is {name}, no longer this host's member, so nothing was done: run again."
            )
        return Held(self._names.get(leader, leader), self._term)

    def is_of(self, _host_name: str) -> bool:
        """Whether this host's member leads."""
        return self._is_own

    def after(self) -> Held | None:
        """What the first of the others that knows of one says."""
        for url in self._others:
            try:
                status = self._etcd.status(url)
            except EtcdError:
                continue
            leader, term = int(status.get("leader", 0)), int(status.get("raftTerm", 0))
            if leader and term > self._term:
                identity = member_id(leader)
                return Held(self._names.get(identity, identity), term)
        return None


class EtcdOutage(EtcdLeadership):
    """Without a quorum nobody leads, and nobody is waited for."""

    def after(self) -> Held | None:
        """Nobody."""
        return Held("", self._term)


class EtcdFollowing(_Single):
    """By the members beside a follower that fails: all of them know the same leader, which may be the one of before."""

    carries_api = True

    def __init__(self, etcd: Etcd, endpoint: str) -> None:
        """``endpoint``: client URL of the member that is to fail, and does not lead."""
        self._etcd, self._endpoint = etcd, endpoint
        self._names: dict[str, str] = {}
        self._own = ""
        self._others: tuple[str, ...] = ()

    def before(self) -> Held:
        """The leader, which is another member."""
        identity, leader, term, self._names, self._others = _state_of(self._etcd, self._endpoint)
        if leader == identity:
            raise UnsupportedState(
                f"The member of etcd of this host ({self._names.get(identity, identity)}) leads by now, so nothing was done: run again."
            )
        self._own = identity
        return Held(self._names.get(leader, leader), term)

    def after(self) -> Held | None:
        """What all of the others say alike."""
        found = set()
        for url in self._others:
            try:
                status = self._etcd.status(url)
            except EtcdError:
                return None
            found.add((member_id(status.get("leader", 0)), int(status.get("raftTerm", 0))))
        if len(found) != 1:
            return None
        leader, term = found.pop()
        if leader in (member_id(0), self._own):
            return None
        return Held(self._names.get(leader, leader), term)


class Part(Leadership, t.Protocol):
    """One of several."""

    def is_of(self, host_name: str) -> bool:
        """Whether this host's instance leads; known once it was asked before the event."""


class HostLeadership:
    """Of all that one host leads: another leader of each."""

    carries_api = False
    has_parts = True

    def __init__(self, clock: Clock, parts: t.Mapping[str, Part], host_name: str, *, follows: bool = False) -> None:
        """Nobody is asked yet.

        Args:
            clock: of this host.
            parts: how each leader is found, by component; those that other hosts lead are passed over.
            host_name: what the host calls itself.
            follows: whether it need lead nothing, and must not lead etcd.
        """
        self._clock, self._parts, self._host_name = clock, dict(parts), host_name
        self._follows = follows
        self._before: dict[str, Held] = {}
        self._after: dict[str, tuple[Held, float]] = {}

    def before(self) -> Held:
        """All that it leads."""
        found = {name: part.before() for name, part in self._parts.items()}
        self._before = {name: held for name, held in found.items() if self._parts[name].is_of(self._host_name)}
        if self._follows and ETCD in self._before:
            raise UnsupportedState(
                f"The member of etcd of {self._host_name} leads by now, so nothing was done: run again."
            )
        if not self._before and not self._follows:
            raise UnsupportedState(
                f"{self._host_name} leads none of {', '.join(self._parts)} any longer, so nothing was done: run again."
            )
        return _all(self._before)

    def after(self) -> Held | None:
        """All that have another leader, when all have."""
        for name in self._before.keys() - self._after.keys():
            # Each has its own way to be asked, so that one does not keep another from being seen.
            with contextlib.suppress(ApiError):
                held = self._parts[name].after()
                if held is not None:
                    self._after[name] = held, self._clock.monotonic()
        return (
            _all({name: self._after[name][0] for name in self._before})
            if len(self._after) == len(self._before)
            else None
        )

    def handovers(self, at: float) -> tuple[Handover, ...]:
        """Of each that it led."""
        return tuple(self._handover(name, at) for name in self._before)

    def _handover(self, name: str, at: float) -> Handover:
        before, found = self._before[name], self._after.get(name)
        if found is None:
            return Handover(name, before.holder, None, 0, None)
        held, seen = found
        return Handover(name, before.holder, held.holder, held.count - before.count, round(max(0.0, seen - at), 3))


def _state_of(etcd: Etcd, endpoint: str) -> tuple[str, str, int, dict[str, str], tuple[str, ...]]:
    """What a member says: its own identity, the leader's, the term, the names of all, and client URLs of the others.

    Raises:
        UnsupportedState: when it does not answer.
    """
    try:
        own = etcd.status(endpoint)
        members = collect(etcd, endpoint).members
    except EtcdError as error:
        raise UnsupportedState(f"etcd of this host does not answer, so nothing was done: {error.message}") from error
    identity, leader = (member_id(number) for number in (own["header"]["member_id"], own.get("leader", 0)))
    others = tuple(url for member in members if member.id != identity for url in member.client_urls[:1])
    return identity, leader, int(own.get("raftTerm", 0)), {member.id: member.name for member in members}, others


def _all(found: t.Mapping[str, Held]) -> Held:
    return Held(
        "; ".join(f"{name}: {held.holder}" for name, held in found.items()), sum(held.count for held in found.values())
    )


class NoLeadership(_Single):
    """Of what has no leader: the event lasts for as long as those that take the API from its clients, and nobody else is waited for."""

    carries_api = True

    def __init__(self, host_name: str) -> None:
        """``host_name``: whose instance fails."""
        self._held = Held(host_name, 0)

    def before(self) -> Held:
        """The host itself."""
        return self._held

    def after(self) -> Held | None:
        """The host itself: nothing else follows."""
        return self._held


__all__ = (
    "EtcdFollowing",
    "EtcdLeadership",
    "EtcdOutage",
    "Handover",
    "Held",
    "HostLeadership",
    "Leadership",
    "LockLeadership",
    "NoLeadership",
    "Part",
)
