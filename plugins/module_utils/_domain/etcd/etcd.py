# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The etcd cluster: members, health, and what it bears.

Quorum: https://etcd.io/docs/v3.5/faq/#what-is-failure-tolerance. A learner has no vote
(https://etcd.io/docs/v3.5/learning/design-learner/).
"""

from __future__ import annotations

import dataclasses
import typing as t

from ..base.errors import KubeadmHaError
from ..base.report_fields import at, present

if t.TYPE_CHECKING:
    from ..._ports.etcd import Etcd


class EtcdError(KubeadmHaError):
    """An etcd server could not be reached, or refused a request."""


@dataclasses.dataclass(frozen=True)
class Quorum:
    """How many voters there are and how many of them are healthy."""

    voters: int
    healthy_voters: int

    @property
    def needed(self) -> int:
        """How many healthy voters the etcd cluster needs to work: more than half of all."""
        return self.voters // 2 + 1

    @property
    def is_there(self) -> bool:
        """Whether the etcd cluster works."""
        return self.healthy_voters >= self.needed

    @property
    def tolerance(self) -> int:
        """How many healthy voters may fail now before the etcd cluster stops; 0 also when it has stopped."""
        return max(self.healthy_voters - self.needed, 0)

    def as_dict(self) -> dict[str, t.Any]:
        """JSON-compatible."""
        return {
            "voters": self.voters,
            "healthy_voters": self.healthy_voters,
            "needed": self.needed,
            "tolerance": self.tolerance,
        }


@dataclasses.dataclass(frozen=True)
class Member:
    """A member of the etcd cluster.

    Attributes:
        id: its id as etcdctl prints it, hexadecimal.
        name: its name; empty until it has started.
        peer_urls: where the other members reach it.
        client_urls: where clients reach it; empty until it has started.
        is_learner: it has no vote yet.
        leader: id of the leader that it knows; ``None`` when it knows none or did not answer.
        is_healthy: it answered; a voter also made a linearizable read, which needs the leader and a quorum.
        db_size: bytes of its database file.
        version: version of etcd.
        raft_term: the term that it knows.
        problem: why it is not healthy.
    """

    id: str
    name: str = ""
    peer_urls: tuple[str, ...] = ()
    client_urls: tuple[str, ...] = ()
    is_learner: bool = False
    leader: str | None = None
    is_healthy: bool = dataclasses.field(default=False, metadata={**at("healthy"), **present()})
    db_size: int | None = None
    version: str | None = None
    raft_term: int | None = None
    problem: str | None = None

    @property
    def is_answering(self) -> bool:
        """Whether its own server answered, healthy or not."""
        return self.is_healthy or self.raft_term is not None

    @property
    def is_started(self) -> bool:
        """Whether it has ever started: a member reports its name at its first start."""
        return bool(self.name)

    def as_dict(self, *, leader: str | None) -> dict[str, t.Any]:
        """JSON-compatible."""
        return {
            "id": self.id,
            "name": self.name,
            "peer_urls": list(self.peer_urls),
            "client_urls": list(self.client_urls),
            "is_learner": self.is_learner,
            "is_leader": self.id == leader,
            "started": self.is_started,
            "healthy": self.is_healthy,
            "db_size": self.db_size,
            "version": self.version,
            "raft_term": self.raft_term,
            "problem": self.problem,
        }


@dataclasses.dataclass(frozen=True)
class EtcdCluster:
    """All members, and the alarms as ``ALARM of member ID``."""

    members: tuple[Member, ...]
    alarms: tuple[str, ...] = ()

    @property
    def voters(self) -> tuple[Member, ...]:
        """Members with a vote, started or not: etcd counts both."""
        return tuple(member for member in self.members if not member.is_learner)

    @property
    def quorum(self) -> Quorum:
        """The etcd cluster's quorum."""
        return Quorum(len(self.voters), sum(member.is_healthy for member in self.voters))

    @property
    def leader(self) -> str | None:
        """Id of the leader on which all healthy voters agree; ``None`` when they do not or there are none."""
        leaders = {member.leader for member in self.voters if member.is_healthy}
        return next(iter(leaders)) if len(leaders) == 1 else None

    @property
    def problems(self) -> tuple[str, ...]:
        """Everything that keeps the etcd cluster from being healthy."""
        found = []
        for member in self.members:
            shown = member.name or f"member {member.id}"
            if not member.is_started:
                found.append(f"{shown} ({', '.join(member.peer_urls)}) has not started")
            elif not member.is_healthy:
                found.append(f"{shown} is not healthy: {member.problem}")
            if member.is_learner:
                found.append(f"{shown} is still a learner")
        if self.leader is None:
            found.append("the members agree on no leader")
        found += self.alarms
        return tuple(found)

    @property
    def is_healthy(self) -> bool:
        """Every member has started, is healthy and votes, all agree on one leader, and there is no alarm."""
        return not self.problems

    def as_dict(self) -> dict[str, t.Any]:
        """JSON-compatible."""
        return {
            "members": [member.as_dict(leader=self.leader) for member in self.members],
            "leader": self.leader,
            "alarms": list(self.alarms),
            "quorum": self.quorum.as_dict(),
            "healthy": self.is_healthy,
            "problems": list(self.problems),
        }


def member_id(number: str | int) -> str:
    """The id of a member as etcdctl prints it, from the decimal text of the JSON gateway."""
    return f"{int(number):x}"


def collect(etcd: Etcd, *endpoints: str) -> EtcdCluster:
    """The etcd cluster as it is now.

    Args:
        etcd: reaches the servers.
        endpoints: servers that know the members; the first that answers reports them, and each started one is asked
            itself.

    Raises:
        EtcdError: when none of the servers reports the members.
    """
    endpoint, listed = _listed(etcd, endpoints)
    members = tuple(_asked(etcd, _member(document)) for document in listed)
    return EtcdCluster(members, _alarms(etcd, endpoint, members))


def answering(etcd: Etcd, endpoints: t.Sequence[str]) -> str:
    """The first of the servers that reports its status.

    Raises:
        EtcdError: when none does.
    """
    return first_answer(endpoints, etcd.status)[0]


def _listed(etcd: Etcd, endpoints: t.Sequence[str]) -> tuple[str, t.Sequence[t.Mapping[str, t.Any]]]:
    """The first endpoint that reports the members, and what it reports."""
    endpoint, answer = first_answer(endpoints, etcd.members)
    return endpoint, answer.get("members") or ()


def first_answer(endpoints: t.Sequence[str], ask: t.Callable[[str], dict[str, t.Any]]) -> tuple[str, dict[str, t.Any]]:
    """The first endpoint that answers, and its answer.

    Raises:
        EtcdError: with the errors of all of them, when none does.
    """
    failures = []
    for endpoint in endpoints:
        try:
            return endpoint, ask(endpoint)
        except EtcdError as error:
            failures.append(error.message)
    raise EtcdError("; ".join(failures) or "No etcd server is named.")


def _member(document: t.Mapping[str, t.Any]) -> Member:
    return Member(
        id=member_id(document["ID"]),
        name=str(document.get("name", "")),
        peer_urls=tuple(document.get("peerURLs") or ()),
        client_urls=tuple(document.get("clientURLs") or ()),
        is_learner=bool(document.get("isLearner", False)),
    )


def _asked(etcd: Etcd, member: Member) -> Member:
    """The member with what its own server says; the first client URL that answers counts."""
    if not member.is_started:
        return dataclasses.replace(member, problem="it has not started")
    problem = "it has no client URL"
    for url in member.client_urls:
        try:
            return _answered(etcd, member, url)
        except EtcdError as error:
            problem = error.message
    return dataclasses.replace(member, problem=problem)


def _answered(etcd: Etcd, member: Member, url: str) -> Member:
    status = etcd.status(url)
    leader = int(status.get("leader", 0))
    answered = dataclasses.replace(
        member,
        leader=member_id(leader) if leader else None,
        db_size=int(status.get("dbSize", 0)),
        version=str(status.get("version", "")),
        raft_term=int(status.get("raftTerm", 0)),
    )
    try:
        # A learner serves no reads (etcdserver: rpc not supported for learner).
        if not member.is_learner:
            etcd.read(url)
    except EtcdError as error:
        return dataclasses.replace(answered, problem=error.message)
    return dataclasses.replace(answered, is_healthy=True)


def _alarms(etcd: Etcd, endpoint: str, members: t.Sequence[Member]) -> tuple[str, ...]:
    """Alarms are read through the etcd cluster's log: without a quorum there is no answer, and other problems to report."""
    if not any(member.is_healthy and not member.is_learner for member in members):
        return ()
    names = {member.id: member.name for member in members}
    try:
        found = etcd.alarms(endpoint).get("alarms") or ()
    except EtcdError:
        return ()
    alarms = []
    for item in found:
        identity = member_id(item.get("memberID", 0))
        alarms.append(f"alarm {item.get('alarm', 'NONE')} of {names.get(identity) or f'member {identity}'}")
    return tuple(alarms)


__all__ = (
    "EtcdCluster",
    "EtcdError",
    "Member",
    "Quorum",
    "answering",
    "collect",
    "first_answer",
    "member_id",
)
