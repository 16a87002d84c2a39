# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Members are taken out, with a warning where etcd bears less without them."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.errors import UnsupportedState
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.etcd import etcd_removal
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.etcd.etcd import Quorum
from tests.unit.plugins.memory_api import MemoryClock
from tests.unit.plugins.module_utils._domain.etcd.test_etcd import Servers


class Shrinking(Servers):
    """Servers that let members go."""

    def remove(self, endpoint: str, member_id: str) -> dict[str, t.Any]:
        """MemberRemoveResponse."""
        self._state(endpoint)
        del self.states[list(self.states)[int(member_id, 16) // 2**60 - 1]]
        return {}

    def status(self, endpoint: str) -> dict[str, t.Any]:
        """StatusResponse with the id of the member that is asked."""
        name = endpoint.split("//")[1].split(":", maxsplit=1)[0]
        number = str((list(self.states).index(name) + 1) * 2**60)
        return {**super().status(endpoint), "header": {"member_id": number}}


def remove(servers: Shrinking, number: int, *, is_lost: bool = False) -> t.Any:
    """The removal of a member, of which cp1 is asked."""
    member = f"{number * 2**60:x}"
    return etcd_removal.remove(
        servers, MemoryClock(), endpoints=["https://cp1:2379"], member_id=member, is_lost=is_lost
    )


REMOVALS = {
    "a learner": ({"cp1": "up", "cp2": "learner"}, 2, (1, 1), None),
    "one of three": ({"cp1": "up", "cp2": "up", "cp3": "up"}, 3, (2, 2), "any of 2 members of etcd stops the API"),
    "the dead one of three": ({"cp1": "up", "cp2": "up", "cp3": "down"}, 3, (2, 2), None),
    "one of two": ({"cp1": "up", "cp2": "up"}, 2, (1, 1), None),
}


@pytest.mark.parametrize(("states", "number", "left", "warning"), REMOVALS.values(), ids=REMOVALS)
def test_what_is_left_is_said(states: dict[str, str], number: int, left: tuple[int, int], warning: str | None) -> None:
    servers = Shrinking(**states)
    decision = remove(servers, number)
    assert decision.values["quorum"]["after"] == Quorum(*left).as_dict()
    assert [warning in text for text in decision.warnings] == ([] if warning is None else [True])
    assert len(servers.states) == len(states)
    decision.act()
    assert len(servers.states) == len(states) - 1


REFUSED = {
    "a healthy one of three of which one is dead": (
        {"cp1": "up", "cp2": "up", "cp3": "down"},
        2,
        "1 of 2 voters would be healthy",
    ),
    "without a quorum": ({"cp1": "up", "cp2": "down"}, 2, "etcd has lost its quorum"),
    "the one that is asked": ({"cp1": "up", "cp2": "up", "cp3": "up"}, 1, "it is the one that is asked"),
}


@pytest.mark.parametrize(("states", "number", "message"), REFUSED.values(), ids=REFUSED)
def test_what_etcd_needs_stays(states: dict[str, str], number: int, message: str) -> None:
    with pytest.raises(UnsupportedState, match=message):
        remove(Shrinking(**states), number)


@pytest.mark.parametrize(
    ("states", "is_refused"),
    [
        ({"cp1": "up", "cp2": "up", "cp3": "down"}, False),
        ({"cp1": "up", "cp2": "up", "cp3": "up"}, True),
        ({"cp1": "up", "cp2": "up", "cp3": "learner"}, True),
        ({"cp1": "up", "cp2": "up", "cp3": "added"}, False),
        # It answers and has no leader, so it is not healthy: its host runs all the same.
        ({"cp1": "up", "cp2": "down", "cp3": "up", "cp4": "down"}, True),
    ],
)
def test_a_member_that_answers_is_not_lost(states: dict[str, str], is_refused: bool) -> None:
    servers = Shrinking(**states)
    if is_refused:
        with pytest.raises(UnsupportedState, match="it answers, so its host is not gone for good"):
            remove(servers, 3, is_lost=True)
        return
    decision = remove(servers, 3, is_lost=True)
    assert [change.reason for change in decision.changes] == ["its host is gone for good"]
    decision.act()
    assert "cp3" not in servers.states


def test_one_that_is_gone_changes_nothing() -> None:
    decision = remove(Shrinking(cp1="up"), 7)
    assert (decision.changes, decision.values["quorum"]["after"]) == ((), Quorum(1, 1).as_dict())
