# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who leads a component, before an event and after it."""

from __future__ import annotations

import dataclasses
import typing as t

from ..base.errors import UnsupportedState
from ..component import leader_election
from ..etcd.etcd import EtcdError, collect, member_id

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


class Leadership(t.Protocol):
    """How the leader of a component is found."""

    #: Whether API servers depend on it.
    carries_api: bool

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


class LockLeadership:
    """By the lock of leader election: another identity in it."""

    carries_api = False

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

    def after(self) -> Held | None:
        """Who else holds it."""
        record = leader_election.find(self._api, self._clock, self._component)
        if record is None or record.holder in ("", self._previous):
            return None
        return Held(record.holder, record.transitions)


class EtcdLeadership:
    """By the other members of etcd: a leader of a later term. That may be the same member, where it was started again fast enough."""

    carries_api = True

    def __init__(self, etcd: Etcd, endpoint: str) -> None:
        """``endpoint``: client URL of the member that is to fail, and leads."""
        self._etcd, self._endpoint = etcd, endpoint
        self._names: dict[str, str] = {}
        self._others: tuple[str, ...] = ()
        self._term = 0

    def before(self) -> Held:
        """The member of this host, which leads."""
        try:
            own = self._etcd.status(self._endpoint)
            members = collect(self._etcd, self._endpoint).members
        except EtcdError as error:
            raise UnsupportedState(
                f"etcd of this host does not answer, so nothing was done: {error.message}"
            ) from error
        identity, leader = (member_id(number) for number in (own["header"]["member_id"], own.get("leader", 0)))
        self._names = {member.id: member.name for member in members}
        if identity != leader:
            name = self._names.get(leader, leader)
            raise UnsupportedState(
                f"The leader of etcd is {name}, no longer this host's member, so nothing was done: run again."
            )
        self._others = tuple(url for member in members if member.id != identity for url in member.client_urls[:1])
        self._term = int(own.get("raftTerm", 0))
        return Held(self._names[identity], self._term)

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


class NoLeadership:
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


__all__ = ("EtcdLeadership", "Held", "Leadership", "LockLeadership", "NoLeadership")
