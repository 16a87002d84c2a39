# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who begins an etcd cluster, who is added to it, and whose data is lost."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.external_etcd import membership, places
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.external_etcd.report import Record
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.host.report import Service
from tests.unit.plugins.module_utils._domain.external_etcd.values import address_of, bare, made, three

if t.TYPE_CHECKING:
    from ansible_collections.kubeadm.ha.plugins.module_utils._domain.external_etcd.report import EtcdHost

NAMES = ("etcd1", "etcd2", "etcd3")
FOUNDERS = {name: f"https://{address_of(name)}:2380" for name in NAMES}
FOUNDING, JOINING, MEMBER = Record("founding", FOUNDERS), Record("joining"), Record("member")


def begun(name: str, record: Record, *, has_data: bool = True) -> EtcdHost:
    """A host on which a run that was killed has begun something."""
    return made(name, record=record, data=(places.DATA,) if has_data else ())


def test_all_hosts_of_a_new_etcd_cluster_begin_together() -> None:
    found = membership.find(three(bare))
    assert (found.founders, found.beginning, found.additions, found.members) == (FOUNDERS, NAMES, (), ())
    assert found.problems == ()


def test_a_host_alone_begins_alone() -> None:
    found = membership.find({"etcd1": bare("etcd1")})
    assert (list(found.founders), found.problems) == (["etcd1"], ())


def test_an_etcd_cluster_that_is_there_has_nothing_to_begin() -> None:
    found = membership.find(three(made))
    assert (found.founders, found.beginning, found.additions, found.members) == ({}, (), (), NAMES)


def test_further_hosts_are_added_in_their_order() -> None:
    found = membership.find({"etcd5": bare("etcd5"), **three(made), "etcd4": bare("etcd4")})
    assert (found.beginning, found.additions, found.members) == ((), ("etcd5", "etcd4"), NAMES)


KILLED: dict[str, tuple[dict[str, EtcdHost], tuple[str, ...], tuple[str, ...], tuple[str, ...]]] = {
    "before any start": (three(begun, record=FOUNDING, has_data=False), NAMES, (), ()),
    "after the first start": (
        {**three(begun, record=FOUNDING, has_data=False), "etcd1": begun("etcd1", FOUNDING)},
        ("etcd2", "etcd3"),
        (),
        ("etcd1",),
    ),
    "before the last record": ({**three(bare), "etcd1": begun("etcd1", FOUNDING, has_data=False)}, NAMES, (), ()),
    "before it was seen to work": (three(begun, record=FOUNDING), (), (), NAMES),
    "when some were seen": (
        {**three(begun, record=FOUNDING), "etcd1": begun("etcd1", MEMBER)},
        (),
        (),
        NAMES,
    ),
    "when the last had not begun": (
        {**three(made), "etcd3": begun("etcd3", FOUNDING, has_data=False)},
        ("etcd3",),
        (),
        ("etcd1", "etcd2"),
    ),
    "an addition before its start": (
        {**three(made), "etcd4": begun("etcd4", JOINING, has_data=False)},
        (),
        ("etcd4",),
        NAMES,
    ),
    "an addition before its vote": ({**three(made), "etcd4": begun("etcd4", JOINING)}, (), ("etcd4",), NAMES),
    "with one more host since": (
        {**three(begun, record=FOUNDING, has_data=False), "etcd4": bare("etcd4")},
        NAMES,
        ("etcd4",),
        (),
    ),
}


@pytest.mark.parametrize("case", KILLED)
def test_an_interrupted_run_goes_on(case: str) -> None:
    hosts, beginning, additions, members = KILLED[case]
    found = membership.find(hosts)
    assert (found.beginning, found.additions, found.members) == (beginning, additions, members)
    assert not beginning or found.founders == FOUNDERS
    assert found.problems == ()


PROBLEMS: dict[str, tuple[dict[str, EtcdHost], str, str]] = {
    "data that is lost": (
        {**three(made), "etcd2": made("etcd2", data=())},
        "etcd2",
        "The data of the etcd member etcd2 is lost",
    ),
    "all data that is lost": (three(made, data=()), "etcd1", "The data of the etcd member etcd1 is lost"),
    "somebody's data": (
        {**three(bare), "etcd3": bare("etcd3", data=("/var/lib/etcd",))},
        "etcd3",
        "etcd3 has an etcd that this role did not make (/var/lib/etcd/member)",
    ),
    "somebody's unit": (
        {**three(bare), "etcd1": bare("etcd1", files={places.UNIT: "0"})},
        "etcd1",
        f"etcd1 has an etcd that this role did not make ({places.UNIT})",
    ),
    "somebody's data beside ours": (
        {**three(made), "etcd1": made("etcd1", data=("/var/lib/etcd", places.DATA))},
        "etcd1",
        "etcd1 has an etcd that this role did not make (/var/lib/etcd/member)",
    ),
    "a port in use": (
        {**three(bare), "etcd2": bare("etcd2", taken=(2379,))},
        "etcd2",
        "etcd2 has an etcd that this role did not make (port 2379 in use)",
    ),
    "the package's own etcd": (
        {**three(bare), "etcd2": bare("etcd2", taken=(2379, 2380), service=Service("active", "enabled"))},
        "etcd2",
        "etcd2 has an etcd that this role did not make (port 2379 in use)",
    ),
    "no address": ({**three(bare), "etcd2": bare("etcd2", address="")}, "etcd2", "No address of etcd2 is known"),
    "another's address": (
        {**three(bare), "etcd2": bare("etcd2", address="192.0.2.99")},
        "etcd2",
        "192.0.2.99 is none of the addresses of etcd2 (192.0.2.32)",
    ),
    "two": ({"etcd1": bare("etcd1"), "etcd2": bare("etcd2")}, "etcd1", "An etcd cluster of two (etcd1, etcd2) fails"),
    "a founder that went": (
        {name: begun(name, FOUNDING, has_data=False) for name in ("etcd1", "etcd2", "etcd4")},
        "etcd3",
        "The etcd cluster was begun with etcd3, which the inventory does not have",
    ),
    "two beginnings": (
        {
            **three(begun, record=FOUNDING, has_data=False),
            "etcd3": begun("etcd3", Record("founding", {"etcd3": FOUNDERS["etcd3"]}), has_data=False),
        },
        "etcd3",
        "etcd1, etcd2, etcd3 were begun as members of different etcd clusters",
    ),
}


@pytest.mark.parametrize("case", PROBLEMS)
def test_reasons_to_stop(case: str) -> None:
    hosts, subject, message = PROBLEMS[case]
    first = membership.find(hosts).problems[0]
    assert first.subject == subject
    assert first.message.startswith(message)


STATES = st.sampled_from(["", "founding", "joining", "member"])


@given(st.lists(st.tuples(STATES, st.booleans()), min_size=1, max_size=7))
def test_nobody_begins_where_an_etcd_cluster_is_or_where_its_data_was(rows: list[tuple[str, bool]]) -> None:
    hosts = {}
    names = [f"etcd{number}" for number in range(1, len(rows) + 1)]
    founders = {name: f"https://{address_of(name)}:2380" for name in names}
    for name, (state, has_data) in zip(names, rows, strict=True):
        record = Record(state, founders if state == "founding" else {})
        hosts[name] = dataclasses.replace(bare(name), record=record, data=(places.DATA,) if has_data else ())
    found = membership.find(hosts)
    exists = any(state == "member" for state, _data in rows)
    lists = [*found.beginning, *found.additions, *found.members]
    assert len(lists) == len(set(lists))
    for name, (state, has_data) in zip(names, rows, strict=True):
        if name in found.beginning:
            assert not has_data
            assert state == "founding" or not (exists or state)
        if state == "member" and not has_data:
            assert name not in lists
            assert any(problem.subject == name for problem in found.problems)
        if exists and not state and not has_data:
            assert name in found.additions
