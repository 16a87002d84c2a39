# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Quorum arithmetic by properties, and the health of a cluster by tables."""

from __future__ import annotations

import itertools
import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.errors import NotProved
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.etcd import etcd, etcd_inspection
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.etcd.etcd import EtcdCluster, EtcdError, Member, Quorum
from tests.unit.plugins.memory_api import MemoryClock

voters_and_healthy = st.integers(1, 7).flatmap(lambda voters: st.tuples(st.just(voters), st.integers(0, voters)))


@given(voters_and_healthy)
def test_tolerance_is_what_may_be_lost_at_worst(counts: tuple[int, int]) -> None:
    """The definition itself, by trying every loss: more than half of all voters must be left healthy."""
    voters, healthy = counts
    quorum = Quorum(voters, healthy)
    states = [index < healthy for index in range(voters)]

    def works(state: t.Sequence[bool]) -> bool:
        return 2 * sum(state) > voters

    assert quorum.is_there == works(states)
    bearable = [
        lost
        for lost in range(healthy + 1)
        if all(
            works([alive and index not in gone for index, alive in enumerate(states)])
            for gone in itertools.combinations(range(healthy), lost)
        )
    ]
    assert quorum.tolerance == max(bearable, default=0)


@given(voters_and_healthy)
def test_losing_one_costs_one_at_most(counts: tuple[int, int]) -> None:
    voters, healthy = counts
    before = Quorum(voters, healthy)
    if healthy:
        after = Quorum(voters, healthy - 1)
        assert before.tolerance - after.tolerance in (0, 1)
        assert before.is_there or not after.is_there


def test_two_members_are_worse_than_one_and_even_numbers_gain_nothing() -> None:
    assert [Quorum(count, count).tolerance for count in range(1, 8)] == [0, 0, 1, 1, 2, 2, 3]
    assert [Quorum(count, count).needed for count in range(1, 8)] == [1, 2, 2, 3, 3, 4, 4]


def member(number: int, **more: t.Any) -> Member:
    """A healthy voter that follows member 1."""
    values: dict[str, t.Any] = {
        "id": f"{number:x}",
        "name": f"cp{number}",
        "peer_urls": (f"https://192.0.2.1{number}:2380",),
        "client_urls": (f"https://192.0.2.1{number}:2379",),
        "leader": "1",
        "is_healthy": True,
        **more,
    }
    return Member(**values)


ETCD_CLUSTERS: dict[str, tuple[tuple[Member, ...], tuple[str, ...], str | None]] = {
    "one": ((member(1),), (), None),
    "three": ((member(1), member(2), member(3)), (), None),
    "not started": ((member(1), member(2, name="", is_healthy=False)), (), "has not started"),
    "learner": ((member(1), member(2, is_learner=True)), (), "cp2 is still a learner"),
    "unhealthy": ((member(1), member(2, is_healthy=False, problem="timed out")), (), "cp2 is not healthy: timed out"),
    "two leaders": ((member(1), member(2, leader="2")), (), "agree on no leader"),
    "no leader": ((member(1, leader=None),), (), "agree on no leader"),
    "alarm": ((member(1),), ("alarm NOSPACE of cp1",), "alarm NOSPACE of cp1"),
}


@pytest.mark.parametrize("name", ETCD_CLUSTERS)
def test_health(name: str) -> None:
    members, alarms, problem = ETCD_CLUSTERS[name]
    etcd_cluster = EtcdCluster(members, alarms)
    assert etcd_cluster.is_healthy == (problem is None)
    assert problem is None or problem in "; ".join(etcd_cluster.problems)
    assert etcd_cluster.as_dict()["healthy"] == etcd_cluster.is_healthy


@given(st.lists(st.tuples(st.booleans(), st.booleans(), st.booleans(), st.sampled_from(["1", "2", None])), max_size=7))
def test_a_healthy_cluster_has_quorum_and_one_leader(rows: list[tuple[bool, bool, bool, str | None]]) -> None:
    members = tuple(
        member(
            number,
            name=f"cp{number}" if started else "",
            is_healthy=healthy and started,
            is_learner=learner,
            leader=leader,
        )
        for number, (started, healthy, learner, leader) in enumerate(rows, start=1)
    )
    etcd_cluster = EtcdCluster(members)
    assert etcd_cluster.quorum.voters + sum(item.is_learner for item in members) == len(members)
    if etcd_cluster.is_healthy:
        assert etcd_cluster.quorum.is_there
        assert etcd_cluster.quorum.voters == len(members)
        assert {item.leader for item in members} == {etcd_cluster.leader}


class Servers:
    """``Etcd`` in memory: members that are up, down or learners, all of one leader."""

    def __init__(self, **states: str) -> None:
        self.states = states
        self.asked = 0

    def members(self, endpoint: str) -> dict[str, t.Any]:
        """MemberListResponse as the gateway writes it: false and empty are left out."""
        self.asked += 1
        if self.states.get(endpoint.split("//")[1].split(":", maxsplit=1)[0]) == "down":
            raise EtcdError(f"{endpoint} is down")
        return {"members": [self._member(number, name) for number, name in enumerate(self.states, start=1)]}

    def _member(self, number: int, name: str) -> dict[str, t.Any]:
        document: dict[str, t.Any] = {"ID": str(number * 2**60), "peerURLs": [f"https://{name}:2380"]}
        if self.states[name] != "added":
            document.update(name=name, clientURLs=[f"https://{name}:2379"])
        if self.states[name] == "learner":
            document["isLearner"] = True
        return document

    def _state(self, endpoint: str) -> str:
        state = self.states[endpoint.split("//")[1].split(":", maxsplit=1)[0]]
        if state == "down":
            raise EtcdError(f"{endpoint} did not answer")
        return state

    def status(self, endpoint: str) -> dict[str, t.Any]:
        """StatusResponse."""
        self._state(endpoint)
        return {"version": "3.6.5", "dbSize": "20480", "leader": str(2**60), "raftTerm": "7"}

    def read(self, endpoint: str) -> dict[str, t.Any]:
        """RangeResponse, only of a started voter with a quorum."""
        if self._state(endpoint) == "learner":
            raise EtcdError("etcdserver: rpc not supported for learner")
        voters = [state for state in self.states.values() if state != "learner"]
        if 2 * voters.count("up") <= len(voters):
            raise EtcdError("etcdserver: request timed out")
        return {"header": {"revision": "42"}}

    def alarms(self, endpoint: str) -> dict[str, t.Any]:
        """AlarmResponse."""
        self.read(endpoint)
        return {"alarms": [{"memberID": str(2 * 2**60), "alarm": "CORRUPT"}]} if "corrupt" in self.states else {}

    def snapshot(self, endpoint: str) -> t.Iterator[bytes]:
        """Not used by these tests."""
        raise AssertionError(endpoint)

    def remove(self, endpoint: str, member_id: str) -> dict[str, t.Any]:
        """Not used by these tests."""
        raise AssertionError(endpoint, member_id)

    add = promote = count = remove


def test_what_the_servers_report() -> None:
    etcd_cluster = etcd.collect(Servers(cp1="up", cp2="up", cp3="learner"), "https://cp1:2379")
    assert [item.is_healthy for item in etcd_cluster.members] == [True, True, True]
    assert etcd_cluster.quorum == Quorum(2, 2)
    first = etcd_cluster.members[0]
    assert (first.id, first.db_size, first.raft_term, first.version) == ("1000000000000000", 20480, 7, "3.6.5")
    assert etcd_cluster.leader == first.id
    lost = etcd.collect(Servers(cp1="up", cp2="down", cp3="down"), "https://cp1:2379")
    assert lost.quorum == Quorum(3, 0)
    assert lost.members[0].problem == "etcdserver: request timed out"
    assert lost.members[1].problem == "https://cp2:2379 did not answer"
    corrupt = etcd.collect(Servers(cp1="up", corrupt="up"), "https://cp1:2379")
    assert corrupt.alarms == ("alarm CORRUPT of corrupt",)


def test_waiting_ends_with_a_healthy_cluster() -> None:
    servers = Servers(cp1="up", cp2="added")
    clock = MemoryClock()

    def start() -> None:
        servers.states["cp2"] = "up"

    clock.after_sleep = start
    values = etcd_inspection.inspect(
        servers, clock, endpoints=["https://cp1:2379"], wait_timeout=10, expected_voters=2
    ).values
    assert values["healthy"]
    assert servers.asked == 2


def test_waiting_gives_up_with_every_reason() -> None:
    clock = MemoryClock()
    with pytest.raises(NotProved, match="cp2 is not healthy.*it has 3 voters instead of 5") as caught:
        etcd_inspection.inspect(
            Servers(cp1="up", cp2="down", cp3="up"),
            clock,
            endpoints=["https://cp1:2379"],
            wait_timeout=10,
            expected_voters=5,
        )
    assert "within 10 s" in caught.value.message
    assert clock.time - MemoryClock().time >= 10


def test_without_waiting_it_is_reported_as_it_is() -> None:
    values = etcd_inspection.inspect(
        Servers(cp1="up", cp2="down", cp3="up"), MemoryClock(), endpoints=["https://cp1:2379"]
    ).values
    assert (values["healthy"], values["quorum"]["tolerance"]) == (False, 0)
    with pytest.raises(EtcdError, match="is down"):
        etcd_inspection.inspect(Servers(cp1="down"), MemoryClock(), endpoints=["https://cp1:2379"], wait_timeout=5)


def test_the_first_server_that_answers_reports_the_members() -> None:
    servers = Servers(cp1="down", cp2="up", cp3="up")
    etcd_cluster = etcd.collect(servers, "https://cp1:2379", "https://cp2:2379")
    assert [member.name for member in etcd_cluster.members] == ["cp1", "cp2", "cp3"]
    assert etcd.answering(servers, ["https://cp1:2379", "https://cp3:2379"]) == "https://cp3:2379"
    with pytest.raises(EtcdError, match="cp1"):
        etcd.answering(servers, ["https://cp1:2379"])
    with pytest.raises(EtcdError, match="No etcd server is named"):
        etcd.collect(servers)
