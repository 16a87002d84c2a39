# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who leads etcd, as its members say."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.errors import ApiError, UnsupportedState
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.etcd.etcd import EtcdError
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.failover_drill.etcd_leadership import (
    EtcdFollowing,
    EtcdLeadership,
    EtcdOutage,
)
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.failover_drill.leadership import (
    Handover,
    Held,
    HostLeadership,
)
from tests.unit.plugins.memory_api import MemoryClock

OWN = "https://127.0.0.1:2379"
#: Ids by name; the JSON gateway writes numbers as texts.
IDS = {"cp1": "10", "cp2": "11", "cp3": "12"}


class Members:
    """The part of the port Etcd that is asked."""

    def __init__(self, leader: str = "cp1", term: int = 3) -> None:
        self.leaders = dict.fromkeys(IDS, (leader, term))
        self.down: set[str] = set()

    def members(self, _endpoint: str) -> dict[str, t.Any]:
        """All of them."""
        listed = [
            {"ID": number, "name": name, "clientURLs": [f"https://{name}:2379"], "peerURLs": []}
            for name, number in IDS.items()
        ]
        return {"members": listed}

    def status(self, endpoint: str) -> dict[str, t.Any]:
        """What one knows."""
        name = "cp1" if endpoint == OWN else endpoint.removeprefix("https://").partition(":")[0]
        if name in self.down:
            raise EtcdError(f"{name} does not answer")
        leader, term = self.leaders[name]
        known = {"leader": IDS[leader]} if leader else {}
        return {"header": {"member_id": IDS[name]}, "raftTerm": str(term), **known}

    def read(self, _endpoint: str) -> dict[str, t.Any]:
        """A read."""
        return {}

    def alarms(self, _endpoint: str) -> dict[str, t.Any]:
        """None."""
        return {}


def test_another_one_leads() -> None:
    etcd = Members()
    leadership = EtcdLeadership(t.cast("t.Any", etcd), OWN)
    assert leadership.before() == Held("cp1", 3)
    assert leadership.after() is None
    etcd.down |= {"cp1", "cp2"}
    etcd.leaders["cp3"] = ("", 4)
    assert leadership.after() is None
    etcd.leaders["cp3"] = ("cp3", 4)
    assert leadership.after() == Held("cp3", 4)


def test_the_same_one_may_lead_in_a_later_term() -> None:
    etcd = Members()
    leadership = EtcdLeadership(t.cast("t.Any", etcd), OWN)
    leadership.before()
    etcd.leaders["cp2"] = ("cp1", 5)
    assert leadership.after() == Held("cp1", 5)


def test_a_member_that_does_not_lead_is_left_alone() -> None:
    with pytest.raises(UnsupportedState, match="The leader of etcd is cp2, no longer"):
        EtcdLeadership(t.cast("t.Any", Members(leader="cp2")), OWN).before()


def test_a_member_that_does_not_answer_is_left_alone() -> None:
    etcd = Members()
    etcd.down.add("cp1")
    with pytest.raises(UnsupportedState, match="so nothing was done"):
        EtcdLeadership(t.cast("t.Any", etcd), OWN).before()


def test_beside_a_follower_all_others_must_know_the_same_leader() -> None:
    etcd = Members(leader="cp2")
    leadership = EtcdFollowing(t.cast("t.Any", etcd), OWN)
    assert leadership.before() == Held("cp2", 3)
    # What it says itself is of no interest, nor whether it answers.
    etcd.down.add("cp1")
    assert leadership.after() == Held("cp2", 3)
    etcd.leaders["cp3"] = ("", 4)
    assert leadership.after() is None
    etcd.leaders["cp3"] = ("cp3", 4)
    assert leadership.after() is None
    etcd.leaders["cp2"] = ("cp3", 4)
    assert leadership.after() == Held("cp3", 4)
    etcd.down.add("cp2")
    assert leadership.after() is None


def test_without_a_quorum_nobody_is_waited_for() -> None:
    etcd = Members()
    leadership = EtcdOutage(t.cast("t.Any", etcd), OWN)
    assert leadership.before() == Held("cp1", 3)
    etcd.down |= {"cp2", "cp3"}
    assert leadership.after() == Held("", 3)
    assert leadership.carries_api
    with pytest.raises(UnsupportedState, match="The leader of etcd is cp2, no longer"):
        EtcdOutage(t.cast("t.Any", Members(leader="cp2")), OWN).before()


@pytest.mark.parametrize("leader", ["", "cp1"])
def test_no_leader_and_the_one_that_failed_do_not_count(leader: str) -> None:
    etcd = Members(leader="cp2")
    leadership = EtcdFollowing(t.cast("t.Any", etcd), OWN)
    leadership.before()
    etcd.leaders = dict.fromkeys(IDS, (leader, 4))
    assert leadership.after() is None


def test_a_follower_that_leads_by_now_is_left_alone() -> None:
    with pytest.raises(UnsupportedState, match="of this host .cp1. leads by now, so nothing was done: run again"):
        EtcdFollowing(t.cast("t.Any", Members()), OWN).before()


class Lock:
    """The leadership of a component, whose lock is read."""

    carries_api = False
    has_parts = False

    def __init__(self, holder: str, new: str = "", *, fails: bool = False) -> None:
        self.holder, self.new, self.fails = holder, new, fails

    def before(self) -> Held:
        """Who holds it."""
        return Held(self.holder, 3)

    def is_of(self, host_name: str) -> bool:
        """By its host."""
        return self.holder == host_name

    def after(self) -> Held | None:
        """Who holds it since."""
        if self.fails:
            raise ApiError("no answer")
        return Held(self.new, 4) if self.new else None

    def handovers(self, _at: float) -> tuple[Handover, ...]:
        """Of nothing else."""
        return ()


def test_a_host_hands_over_what_it_leads() -> None:
    clock = MemoryClock()
    manager, scheduler, etcd = Lock("cp1"), Lock("cp2", "cp3"), Members()
    member = EtcdLeadership(t.cast("t.Any", etcd), OWN, is_part=True)
    leadership = HostLeadership(clock, {"kcm": manager, "scheduler": scheduler, "etcd": member}, "cp1")
    assert leadership.before() == Held("kcm: cp1; etcd: cp1", 6)
    at = clock.monotonic()
    assert leadership.after() is None
    clock.sleep(2)
    etcd.leaders["cp2"], manager.fails = ("cp2", 4), True
    assert leadership.after() is None
    clock.sleep(5)
    manager.fails, manager.new = False, "cp3"
    assert leadership.after() == Held("kcm: cp3; etcd: cp2", 8)
    assert leadership.handovers(at) == (Handover("kcm", "cp1", "cp3", 1, 7.0), Handover("etcd", "cp1", "cp2", 1, 2.0))


def test_what_nobody_takes_over_is_named() -> None:
    clock = MemoryClock()
    leadership = HostLeadership(clock, {"kcm": Lock("cp1"), "scheduler": Lock("cp1", "cp2")}, "cp1")
    leadership.before()
    assert leadership.after() is None
    assert leadership.handovers(clock.monotonic()) == (
        Handover("kcm", "cp1", None, 0, None),
        Handover("scheduler", "cp1", "cp2", 1, 0.0),
    )


def test_a_host_that_leads_nothing_is_left_alone() -> None:
    member = EtcdLeadership(t.cast("t.Any", Members(leader="cp2")), OWN, is_part=True)
    with pytest.raises(UnsupportedState, match="cp1 leads none of kcm, etcd any longer"):
        HostLeadership(MemoryClock(), {"kcm": Lock("cp2"), "etcd": member}, "cp1").before()


def follows(etcd_leader: str, manager: str) -> HostLeadership:
    """A host that is to lead as little as possible."""
    member = EtcdLeadership(t.cast("t.Any", Members(leader=etcd_leader)), OWN, is_part=True)
    parts = {"kcm": Lock(manager, "cp3"), "etcd": member}
    return HostLeadership(MemoryClock(), t.cast("t.Any", parts), "cp1", follows=True)


def test_a_host_that_leads_nothing_hands_nothing_over() -> None:
    leadership = follows("cp2", "cp2")
    assert leadership.before() == Held("", 0)
    assert leadership.after() == Held("", 0)
    assert leadership.handovers(0.0) == ()


def test_a_host_that_leads_little_hands_that_over() -> None:
    leadership = follows("cp2", "cp1")
    assert leadership.before() == Held("kcm: cp1", 3)
    assert leadership.after() == Held("kcm: cp3", 4)


def test_a_host_that_is_to_lead_little_does_not_lead_etcd() -> None:
    with pytest.raises(UnsupportedState, match="The member of etcd of cp1 leads by now"):
        follows("cp1", "cp2").before()
