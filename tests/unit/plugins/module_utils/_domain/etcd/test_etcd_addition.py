# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Members are added as learners of a healthy etcd cluster, and vote once they have caught up."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.errors import NotProved, UnsupportedState
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.etcd import etcd_addition
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.etcd.etcd import EtcdError, Quorum
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.etcd.etcd_addition import Growth
from tests.unit.plugins.memory_api import MemoryClock
from tests.unit.plugins.module_utils._domain.etcd.test_etcd import Servers

ENDPOINTS = ("https://etcd1:2379", "https://etcd2:2379")
PEER = "https://etcd4:2380"
#: A learner has no vote.
UNCHANGED = {
    "now": Quorum(3, 3).as_dict(),
    "after": Quorum(3, 3).as_dict(),
    "worst": Quorum(3, 2).as_dict(),
}


class Growing(Servers):
    """Servers that take members, after some refusals."""

    def __init__(self, refusals: int = 0, **states: str) -> None:
        super().__init__(**states)
        self.refusals = refusals

    def _refuse(self, why: str) -> None:
        if self.refusals:
            self.refusals -= 1
            raise EtcdError(why)

    def add(self, endpoint: str, peer_url: str) -> dict[str, t.Any]:
        """MemberAddResponse."""
        self._state(endpoint)
        self._refuse("etcdserver: unhealthy cluster")
        name = peer_url.split("//")[1].split(":", maxsplit=1)[0]
        self.states[name] = "added"
        return {"member": {"ID": str(len(self.states) * 2**60), "peerURLs": [peer_url], "isLearner": True}}

    def promote(self, endpoint: str, member_id: str) -> dict[str, t.Any]:
        """MemberPromoteResponse."""
        self._state(endpoint)
        self._refuse("etcdserver: can only promote a learner member which is in sync with leader")
        name = list(self.states)[int(member_id, 16) // 2**60 - 1]
        self.states[name] = "up"
        return {}


def three(refusals: int = 0, **more: str) -> Growing:
    """A healthy etcd cluster."""
    return Growing(refusals, etcd1="up", etcd2="up", etcd3="up", **more)


def add(servers: Growing, **changes: t.Any) -> t.Any:
    """The addition of etcd4."""
    given = {
        "endpoints": ENDPOINTS,
        "name": "etcd4",
        "peer_url": PEER,
        "wait_timeout": 10.0,
        "growth": Growth(),
        **changes,
    }
    return etcd_addition.add(servers, MemoryClock(), **given)


def promote(servers: Growing, **changes: t.Any) -> t.Any:
    """Its promotion."""
    given = {"endpoints": ENDPOINTS, "peer_url": PEER, "wait_timeout": 10.0, "growth": Growth(), **changes}
    return etcd_addition.promote(servers, MemoryClock(), **given)


def test_a_learner_is_listed_with_all_that_it_has_to_know() -> None:
    servers = three(refusals=3)
    decision = add(servers)
    assert [(change.object, change.before, change.after) for change in decision.changes] == [
        ("etcd member etcd4", None, f"learner at {PEER}")
    ]
    assert decision.values == {"member_id": None, "initial_cluster": {}, "quorum": UNCHANGED}
    assert "etcd4" not in servers.states
    values = decision.act()
    assert values == {
        "member_id": f"{4 * 2**60:x}",
        "initial_cluster": {name: f"https://{name}:2380" for name in ("etcd1", "etcd2", "etcd3", "etcd4")},
        "quorum": UNCHANGED,
    }
    # Once more, after a run that was killed: the same member.
    again = add(servers)
    assert again.changes == ()
    assert {**again.values, "quorum": UNCHANGED} == values


def test_etcd_that_goes_on_refusing_is_an_error() -> None:
    with pytest.raises(EtcdError, match="unhealthy cluster"):
        add(three(refusals=1000)).act()


@pytest.mark.parametrize("state", ["down", "learner", "added"])
def test_nobody_is_added_to_an_etcd_cluster_that_is_not_healthy(state: str) -> None:
    with pytest.raises(UnsupportedState, match="etcd4 was not added to etcd"):
        add(Growing(etcd1="up", etcd2="up", etcd3=state))


def test_a_learner_votes_once_it_has_caught_up() -> None:
    servers = three(refusals=5, etcd4="learner")
    decision = promote(servers)
    assert [(change.before, change.after) for change in decision.changes] == [("learner", "voter")]
    assert servers.states["etcd4"] == "learner"
    assert decision.act() == {}
    assert servers.states["etcd4"] == "up"
    assert promote(servers).changes == ()


def test_who_was_not_added_cannot_vote() -> None:
    with pytest.raises(UnsupportedState, match="No member of etcd has the peer URL"):
        promote(three())


def test_etcd_must_be_healthy_with_the_new_voter() -> None:
    servers = three(etcd4="learner")
    decision = promote(servers)
    servers.states["etcd3"] = "down"
    with pytest.raises(NotProved, match="etcd4 votes, but etcd was not healthy within 10 s"):
        decision.act()


ONE_TO_TWO = "now 1 of 1 voters healthy, 1 needed, 0 may fail; afterwards 2 of 2 voters healthy, 2 needed, 0 may fail"


@pytest.mark.parametrize(
    ("ensure", "states"),
    [(add, {"etcd1": "up"}), (promote, {"etcd1": "up", "etcd4": "learner"})],
    ids=["add", "promote"],
)
def test_one_voter_becomes_two_only_where_a_third_follows_or_the_operator_bears_it(
    ensure: t.Callable[..., t.Any], states: dict[str, str]
) -> None:
    for growth in (Growth(), Growth(expected_voters=2)):
        with pytest.raises(UnsupportedState, match="etcd would stop with either of two members") as caught:
            ensure(Growing(**states), growth=growth)
        assert ONE_TO_TWO in caught.value.message
        assert "set expected_voters: 3, or allow_two_voters: true" in caught.value.message
    followed = ensure(Growing(**states), growth=Growth(expected_voters=3))
    assert (len(followed.changes), followed.warnings) == (1, ())
    borne = ensure(Growing(**states), growth=Growth(allows_two=True))
    assert len(borne.changes) == 1
    # A learner alone puts nothing at risk, its vote does.
    warned = [text for text in borne.warnings if ONE_TO_TWO in text and "any of 2 members of etcd" in text]
    assert len(warned) == len(borne.warnings) == (1 if ensure is promote else 0)


def test_who_cannot_be_borne_is_not_promoted_whatever_is_allowed() -> None:
    degraded = Growing(etcd1="up", etcd2="up", etcd3="down", etcd4="learner")
    with pytest.raises(
        UnsupportedState, match="etcd4 was not given a vote in etcd: more members than now would stop etcd"
    ):
        promote(degraded, growth=Growth(expected_voters=4, allows_two=True))
