# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The quorum guard against a model of raft, over all etcd clusters up to seven members and all states of each member.

The model counts nothing: a set of members works when those that answer and vote outvote all others, and what may be lost is found by
trying every loss.
"""

from __future__ import annotations

import itertools
import typing as t

import pytest

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.errors import UnsupportedState
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.etcd import etcd_removal, quorum_guard
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.etcd.etcd import EtcdCluster, Member, Quorum
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.etcd.quorum_guard import Outlook

HEALTHY, UNREACHABLE, UNSTARTED, LEARNER, DEAD_LEARNER = (
    "healthy",
    "unreachable",
    "unstarted",
    "learner",
    "dead learner",
)
STATES = (HEALTHY, UNREACHABLE, UNSTARTED, LEARNER, DEAD_LEARNER)
VOTERS = (HEALTHY, UNREACHABLE, UNSTARTED)
#: How many members of each state; which of them is which changes nothing.
CLUSTERS = [states for count in range(1, 8) for states in itertools.combinations_with_replacement(STATES, count)]

States = tuple[str, ...]


def cluster_of(states: States) -> EtcdCluster:
    """The members as etcd_member_info collects them."""
    return EtcdCluster(
        tuple(
            Member(
                id=f"{number:x}",
                name="" if state == UNSTARTED else f"cp{number}",
                peer_urls=(f"https://192.0.2.{number}:2380",),
                is_learner=state in (LEARNER, DEAD_LEARNER),
                is_healthy=state in (HEALTHY, LEARNER),
                leader="1" if state in (HEALTHY, LEARNER) else None,
            )
            for number, state in enumerate(states, start=1)
        )
    )


def works(states: States) -> bool:
    """Whether those that answer outvote the others. An etcd cluster without a voter does not work."""
    return states.count(HEALTHY) > sum(states.count(state) for state in (UNREACHABLE, UNSTARTED))


def losses(states: States) -> list[States]:
    """What each single failure of a member leaves."""
    return [
        (*states[:place], DEAD_LEARNER if state == LEARNER else UNREACHABLE, *states[place + 1 :])
        for place, state in enumerate(states)
        if state in (HEALTHY, LEARNER)
    ]


def borne(states: States) -> int:
    """How many may fail, whichever they are."""
    if not works(states):
        return 0
    count = 0
    left = [states]
    while left:
        left = [each for state in left for each in losses(state)]
        left = list(dict.fromkeys(tuple(sorted(each)) for each in left))
        if not left or not all(works(each) for each in left):
            return count
        count += 1
    return count


def fatal(states: States) -> int:
    """How many members there are of which each one stops etcd."""
    return sum(not works(each) for each in losses(states)) if works(states) else 0


def steps(states: States) -> t.Iterator[tuple[str, str, States, Outlook]]:
    """Every step from a state: what it is, of which member, what it leaves, and what the guard makes of it."""
    etcd_cluster = cluster_of(states)
    now = etcd_cluster.quorum
    yield "add", LEARNER, (*states, DEAD_LEARNER), quorum_guard.learner_added(now)
    for place, (state, member) in enumerate(zip(states, etcd_cluster.members, strict=True)):
        others = (*states[:place], *states[place + 1 :])
        yield "remove", state, others, etcd_removal.outlook(etcd_cluster.quorum, member)
        if state in (LEARNER, DEAD_LEARNER):
            voter = HEALTHY if state == LEARNER else UNREACHABLE
            yield "promote", state, (*others, voter), quorum_guard.promoted(now, is_healthy=member.is_healthy)
        if state in (HEALTHY, LEARNER):
            stopped = UNREACHABLE if state == HEALTHY else DEAD_LEARNER
            yield "stop", state, (*others, stopped), quorum_guard.stopped(now, is_learner=member.is_learner)


def test_all_clusters_are_tried() -> None:
    # Multisets of 1 to 7 of 5 states.
    assert len(CLUSTERS) == 791
    assert sum(1 for states in CLUSTERS for _each in steps(states)) > 10_000 // 2


@pytest.mark.parametrize("size", range(1, 8))
def test_the_arithmetic_is_what_every_loss_shows(size: int) -> None:
    for states in (each for each in CLUSTERS if len(each) == size):
        found = cluster_of(states).quorum
        assert found.is_there == works(states), states
        # A learner's failure costs nothing, so what is borne is counted in voters.
        voters = tuple(state for state in states if state in VOTERS)
        assert found.tolerance == borne(voters), states
        assert quorum_guard.single_points(found) == fatal(states), states
        for action, state, left, outlook in steps(states):
            case = (states, action, state)
            assert outlook.now == found, case
            assert outlook.after == cluster_of(left).quorum, case
            assert outlook.after.is_there == works(left), case
            next_failures = losses(tuple(item for item in left if item in VOTERS))
            assert outlook.worst.is_there == (works(left) and all(works(each) for each in next_failures)), case


@pytest.mark.parametrize("size", range(1, 8))
def test_no_step_that_is_let_pass_stops_etcd(size: int) -> None:
    for states in (each for each in CLUSTERS if len(each) == size):
        for action, state, left, outlook in steps(states):
            case = (states, action, state, str(outlook))
            if action == "remove":
                reason = quorum_guard.objection_to_removal(outlook)
                # etcd writes a removal into its log, which a lost quorum cannot.
                assert (reason is None) == (works(states) and works(left)), case
            elif action == "stop":
                assert (quorum_guard.objection_to_stop(outlook) is None) == works(left), case
            elif action == "promote":
                reason = quorum_guard.objection_to_growth(outlook, expected_voters=3)
                passes = works(states) and works(left)
                is_second = sum(item in VOTERS for item in states) == 1
                assert (reason is None) == (passes and (is_second or fatal(left) <= fatal(states))), case
                if is_second and passes:
                    assert quorum_guard.objection_to_growth(outlook) is not None, case
                    assert quorum_guard.objection_to_growth(outlook, expected_voters=2) is not None, case
                    assert quorum_guard.objection_to_growth(outlook, allows_two=True) is None, case
                else:
                    # The switch is for two members only, never for what would stop etcd.
                    assert (quorum_guard.objection_to_growth(outlook, allows_two=True) is None) == (reason is None), (
                        case
                    )
            said = reason_of(action, outlook)
            numbers = [f"{each.healthy_voters} of {each.voters} voters" for each in (outlook.now, outlook.after)]
            assert not said or any(each in said for each in numbers), case
            # Who loses nothing is not warned, and whoever is, gets to know how many members are at stake.
            at_risk = quorum_guard.risk(outlook)
            assert (at_risk is not None) == (fatal(left) > fatal(states)), case
            assert at_risk is None or f"any of {fatal(left)} members" in at_risk, case


def reason_of(action: str, outlook: Outlook) -> str:
    """The objection to a step; empty without one."""
    found = {
        "add": None,
        "remove": quorum_guard.objection_to_removal(outlook),
        "stop": quorum_guard.objection_to_stop(outlook),
        "promote": quorum_guard.objection_to_growth(outlook, expected_voters=3),
    }[action]
    return found or ""


def test_growing_one_by_one_is_let_pass_where_a_third_follows() -> None:
    now = Quorum(1, 1)
    borne_by = []
    for _number in range(2, 8):
        outlook = quorum_guard.promoted(now)
        assert quorum_guard.objection_to_growth(outlook, expected_voters=7) is None
        now = outlook.after
        borne_by.append((now.tolerance, outlook.worst.is_there))
    assert borne_by == [(0, False), (1, True), (1, True), (2, True), (2, True), (3, True)]


def test_the_arithmetic_is_said() -> None:
    reason = quorum_guard.objection_to_growth(quorum_guard.promoted(Quorum(1, 1)))
    assert reason == (
        "etcd would stop with either of two members instead of with one (now 1 of 1 voters healthy, 1 needed, 0 may fail; afterwards 2 of "
        "2 voters healthy, 2 needed, 0 may fail; then with one more failure 1 of 2 voters healthy, 2 needed, etcd and the API stop), and "
        "no third is ready to follow"
    )
    assert quorum_guard.objection_to_growth(quorum_guard.promoted(Quorum(3, 1))) == (
        "etcd has lost its quorum (1 of 3 voters healthy, 2 needed, etcd and the API stop): bring its members back first"
    )
    assert "bring the other members back first" in (
        quorum_guard.objection_to_growth(quorum_guard.promoted(Quorum(3, 2))) or ""
    )
    assert quorum_guard.risk(quorum_guard.removed(Quorum(3, 3), is_learner=False, is_healthy=True)) == (
        "Afterwards the failure of any of 2 members of etcd stops the API: now 3 of 3 voters healthy, 2 needed, 1 may fail; afterwards 2 "
        "of 2 voters healthy, 2 needed, 0 may fail; then with one more failure 1 of 2 voters healthy, 2 needed, etcd and the API stop."
    )
    assert quorum_guard.promoted(Quorum(1, 1)).as_dict() == {
        "now": {"voters": 1, "healthy_voters": 1, "needed": 1, "tolerance": 0},
        "after": {"voters": 2, "healthy_voters": 2, "needed": 2, "tolerance": 0},
        "worst": {"voters": 2, "healthy_voters": 1, "needed": 2, "tolerance": 0},
    }


def test_a_join_is_refused_by_the_same_rules() -> None:
    with pytest.raises(UnsupportedState, match="No control plane was joined: etcd would stop with either of two"):
        quorum_guard.check_join(Quorum(1, 1), additions=1, allows_two=False)
    for now, additions, allows_two in ((Quorum(1, 1), 2, False), (Quorum(1, 1), 1, True), (Quorum(2, 2), 1, False)):
        quorum_guard.check_join(now, additions=additions, allows_two=allows_two)
    with pytest.raises(UnsupportedState, match="bring the other members back first"):
        quorum_guard.check_join(Quorum(3, 2), additions=2, allows_two=True)
