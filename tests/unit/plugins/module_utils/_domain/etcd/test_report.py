# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report of etcd: it is written as it is read, and what is wrong with it is one sentence."""

from __future__ import annotations

import copy
import dataclasses
import functools
import typing as t

import pytest

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.errors import MalformedReport
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.etcd.etcd import EtcdCluster, Member
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.etcd.report import EtcdReport


def member(number: str, **found: t.Any) -> Member:
    """A healthy voter."""
    usual = Member(
        id=number,
        name=f"cp{number}",
        peer_urls=(f"https://192.0.2.1{number}:2380",),
        client_urls=(f"https://192.0.2.1{number}:2379",),
        leader="1",
        is_healthy=True,
        db_size=4096,
        version="3.6.5",
        raft_term=7,
    )
    return dataclasses.replace(usual, **found)


ETCD_CLUSTERS = {
    "healthy": EtcdCluster((member("1"), member("2"), member("3"))),
    "alone": EtcdCluster((member("1"),)),
    "nobody": EtcdCluster(()),
    "one is silent": EtcdCluster(
        (member("1"), member("2", is_healthy=False, leader=None, db_size=None, version=None, problem="It is silent."))
    ),
    "a learner": EtcdCluster((member("1"), member("2", is_learner=True))),
    "one never started": EtcdCluster(
        (member("1"), Member(id="a", peer_urls=("https://192.0.2.12:2380",), is_learner=True))
    ),
    "no leader": EtcdCluster((member("1"), member("2", leader=None))),
    "an alarm": EtcdCluster((member("1"),), ("alarm NOSPACE of cp1",)),
}


@pytest.mark.parametrize("name", ETCD_CLUSTERS)
def test_what_was_seen_is_read_and_written_again(name: str) -> None:
    expected = ETCD_CLUSTERS[name].as_dict()
    read = EtcdReport.from_dict(expected)
    assert read.as_dict() == expected
    assert (read.is_healthy, read.problems) == (ETCD_CLUSTERS[name].is_healthy, ETCD_CLUSTERS[name].problems)
    if ETCD_CLUSTERS[name].leader is not None:
        assert read.members == ETCD_CLUSTERS[name].members


def test_what_may_be_missing() -> None:
    assert EtcdReport.from_dict({}) == EtcdReport((), is_healthy=False)
    assert EtcdReport.from_dict({"members": [{"id": "a", "healthy": False}]}).members == (Member(id="a"),)
    assert EtcdReport.if_reported(None) is None


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        ("members", {}, "members is a mapping and not a list"),
        ("members.0", "cp1", "members[0] is a text and not a mapping"),
        ("members.1.id", 7, "members[1].id is 7 and not a text"),
        ("members.1.healthy", None, "members[1].healthy is empty and not true or false"),
        ("members.0.peer_urls.0", None, "members[0].peer_urls[0] is empty and not a text"),
        ("members.0.is_learner", "no", "members[0].is_learner is a text and not true or false"),
        ("members.0.db_size", 1.5, "members[0].db_size is 1.5 and not a whole number"),
        ("healthy", "yes", "healthy is a text and not true or false"),
        ("problems", "none", "problems is a text and not a list"),
        ("leader", 1, "leader is 1 and not a text"),
    ],
)
def test_what_is_wrong_is_named_by_its_place(path: str, value: t.Any, expected: str) -> None:
    report = copy.deepcopy(ETCD_CLUSTERS["healthy"].as_dict())
    *parents, last = [int(part) if part.isdigit() else part for part in path.split(".")]
    functools.reduce(lambda found, part: found[part], parents, t.cast("t.Any", report))[last] = value
    with pytest.raises(MalformedReport) as caught:
        EtcdReport.from_dict(report)
    assert caught.value.message.startswith(f"The report of etcd cannot be understood, because {expected}: ")


def test_a_member_whose_health_is_not_reported_is_none() -> None:
    with pytest.raises(MalformedReport, match=r"because members\[0\]\.healthy is missing"):
        EtcdReport.from_dict({"members": [{"id": "a"}]})


def test_without_members_that_are_taken_out() -> None:
    lost = member("2", is_healthy=False, problem="It is silent.")
    report = EtcdReport.from_dict(EtcdCluster((member("1"), lost)).as_dict())
    assert report.problems == ("cp2 is not healthy: It is silent.",)
    assert report.without([lost]) == EtcdReport((member("1"),), is_healthy=True)
    assert report.without([]) == report
    unknown = EtcdReport((), is_healthy=False)
    assert unknown.without([lost]) == unknown
