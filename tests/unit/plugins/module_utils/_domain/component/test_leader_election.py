# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Records of leader election, over tables of locks."""

from __future__ import annotations

import json
import typing as t

import pytest

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.component import leader_election
from tests.unit.plugins.memory_api import MemoryApi, MemoryClock

NAME = "kube-controller-manager"
#: 2026-11-21T08:00:20Z
NOW = 1795248020.0
Document = dict[str, t.Any]


def lease(holder: str = "cp1_6b0d", renewed: str = "2026-11-21T08:00:10.500000Z", **spec: t.Any) -> Document:
    common = {"holderIdentity": holder, "leaseDurationSeconds": 15, "renewTime": renewed}
    times = {"acquireTime": "2026-11-21T07:00:00.000000Z", "leaseTransitions": 3}
    metadata = {"namespace": "kube-system", "name": NAME}
    return {"kind": "Lease", "metadata": metadata, "spec": {**common, **times, **spec}}


def older(
    kind: str, renewed: str = "2026-11-21T08:00:15Z", text: str | None = None, holder: str = "cp2_77"
) -> Document:
    record = {
        "holderIdentity": holder,
        "leaseDurationSeconds": 15,
        "acquireTime": "2026-11-21T07:30:00Z",
        "renewTime": renewed,
        "leaderTransitions": 7,
    }
    annotations = {leader_election.ANNOTATION: json.dumps(record) if text is None else text}
    return {"kind": kind, "metadata": {"namespace": "kube-system", "name": NAME, "annotations": annotations}}


def leader(*documents: Document) -> Document:
    decision = leader_election.inspect(MemoryApi(*documents), MemoryClock(NOW), [NAME])
    assert decision.changes == ()
    return t.cast("Document", decision.values["leaders"][0])


def test_a_held_lease() -> None:
    assert leader(lease()) == {
        "component": NAME,
        "lock": "lease",
        "holder": "cp1_6b0d",
        "node": "cp1",
        "acquire_time": "2026-11-21T07:00:00.000000Z",
        "renew_time": "2026-11-21T08:00:10.500000Z",
        "age": 3620.0,
        "renewed_ago": 9.5,
        "lease_duration": 15.0,
        "transitions": 3,
        "is_held": True,
    }


LOCKS = [
    ("nothing", [], None, None, False),
    ("held Lease", [lease()], "lease", "cp1", True),
    ("Lease at its end", [lease(renewed="2026-11-21T08:00:05Z")], "lease", "cp1", True),
    ("Lease past its end", [lease(renewed="2026-11-21T08:00:04.999999Z")], "lease", "cp1", False),
    ("Lease given back", [lease(holder="")], "lease", None, False),
    ("Lease that nobody took", [{**lease(), "spec": {}}], "lease", None, False),
    ("holder without an id", [lease(holder="cp1")], "lease", "cp1", True),
    ("host name with underscores", [lease(holder="cp_1_6b0d")], "lease", "cp_1", True),
    ("Endpoints", [older("Endpoints")], "endpoints", "cp2", True),
    ("ConfigMap", [older("ConfigMap")], "configmap", "cp2", True),
    (
        "stale Endpoints beside a held Lease",
        [lease(), older("Endpoints", "2020-01-01T00:00:00Z")],
        "lease",
        "cp1",
        True,
    ),
    ("both renewed", [lease(), older("Endpoints")], "lease", "cp1", True),
    (
        "stale Lease beside held Endpoints",
        [lease(renewed="2020-01-01T00:00:00Z"), older("Endpoints")],
        "endpoints",
        "cp2",
        True,
    ),
    (
        "both stale",
        [lease(renewed="2020-01-02T00:00:00Z"), older("Endpoints", "2020-01-01T00:00:00Z")],
        "lease",
        "cp1",
        False,
    ),
    ("annotation that is no JSON", [older("Endpoints", text="{")], None, None, False),
    ("annotation that is no record", [older("Endpoints", text="[]")], None, None, False),
    (
        "no annotation",
        [{**older("Endpoints"), "metadata": {"namespace": "kube-system", "name": NAME}}],
        None,
        None,
        False,
    ),
]


@pytest.mark.parametrize(
    ("documents", "lock", "node", "is_held"), [row[1:] for row in LOCKS], ids=[row[0] for row in LOCKS]
)
def test_the_lock_that_counts(documents: list[Document], lock: str | None, node: str | None, is_held: bool) -> None:
    found = leader(*documents)
    assert (found["lock"], found["node"], found["is_held"]) == (lock, node, is_held)


def test_an_older_lock_is_read_whole() -> None:
    found = leader(older("Endpoints"))
    assert (found["holder"], found["transitions"], found["age"], found["renewed_ago"]) == ("cp2_77", 7, 1820.0, 5.0)


def test_each_component_in_its_order() -> None:
    decision = leader_election.inspect(MemoryApi(lease()), MemoryClock(NOW), ["kube-scheduler", NAME])
    assert [item["component"] for item in decision.values["leaders"]] == ["kube-scheduler", NAME]
    assert [item["is_held"] for item in decision.values["leaders"]] == [False, True]
