# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who leads etcd, as its members say."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.errors import UnsupportedState
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.etcd.etcd import EtcdError
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.failover_drill.leadership import EtcdLeadership, Held

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
