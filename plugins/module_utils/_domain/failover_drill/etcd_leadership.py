# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who leads etcd, before an event and after it, as its members say."""

from __future__ import annotations

import typing as t

from ..base.errors import UnsupportedState
from ..etcd.etcd import EtcdError, collect, member_id
from .leadership import Held, Single

if t.TYPE_CHECKING:
    from ..._ports.etcd import Etcd


class EtcdLeadership(Single):
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


class EtcdFollowing(Single):
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

    def is_of(self, _host_name: str) -> bool:
        """Whether this host's member leads: it would not have been let fail then."""
        return False

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


__all__ = ("EtcdFollowing", "EtcdLeadership", "EtcdOutage")
