# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When a node is drained, and how."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.errors import (
    ApiError,
    NotProved,
    UnsupportedState,
)
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.cluster import node_drain
from tests.unit.plugins.memory_api import MemoryApi, MemoryClock


def node(*, unschedulable: bool = True) -> dict[str, t.Any]:
    """The Node."""
    return {"kind": "Node", "metadata": {"name": "m2"}, "spec": {"unschedulable": unschedulable}}


def pod(name: str, *, phase: str = "Running", **metadata: t.Any) -> dict[str, t.Any]:
    """A pod there."""
    return {"kind": "Pod", "metadata": {"name": name, "namespace": "n", **metadata}, "status": {"phase": phase}}


DAEMON = {"ownerReferences": [{"kind": "DaemonSet"}]}
MIRROR = {"annotations": {"kubernetes.io/config.mirror": "x"}}


def inspect(*documents: dict[str, t.Any], wait_timeout: float = 0.0) -> t.Mapping[str, t.Any]:
    """What is found."""
    return node_drain.inspect(MemoryApi(*documents), MemoryClock(), "m2", wait_timeout=wait_timeout).values


def test_nothing_runs_there_but_what_is_everywhere() -> None:
    pods = (pod("a", **DAEMON), pod("b", **MIRROR), pod("c", phase="Succeeded"), pod("d", phase="Failed"))
    assert inspect(node(), *pods) == {"node": {"name": "m2"}}


def test_a_node_that_there_is_not_is_drained() -> None:
    assert inspect() == {"node": {}}


@pytest.mark.parametrize(
    ("documents", "said"),
    [
        ((node(unschedulable=False),), "it takes new pods. Drain it first"),
        ((node(), pod("a")), "it runs n/a. Drain it first"),
        ((node(), *(pod(name) for name in "abcde")), "it runs n/a, n/b and n/c and 2 more. Drain it first"),
    ],
)
def test_what_is_in_the_way_is_named_with_the_remedy(documents: tuple[dict[str, t.Any], ...], said: str) -> None:
    with pytest.raises(NotProved) as error:
        inspect(*documents, wait_timeout=3)
    assert said in error.value.message
    assert error.value.message.endswith("kubectl drain m2 --ignore-daemonsets --delete-emptydir-data")


OWNED = {"ownerReferences": [{"kind": "ReplicaSet"}]}


class Cluster(MemoryApi):
    """Evicts as an API server does: a pod goes at once, ends slowly, is kept by a budget, or has gone meanwhile."""

    def __init__(self, *documents: dict[str, t.Any], kept: int = 0, is_slow: bool = False) -> None:
        """``kept``: how many evictions a budget refuses."""
        super().__init__(*documents)
        self.kept, self.is_slow = kept, is_slow
        self.evicted: list[str] = []

    def create(self, document: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
        """An eviction."""
        assert (document["apiVersion"], document["kind"]) == ("policy/v1", "Eviction")
        name = document["metadata"]["name"]
        if self.kept:
            self.kept -= 1
            raise ApiError("The API server refused: a budget.", reason="TooManyRequests")
        key = ("pod", "n", name)
        if key not in self.objects:
            raise ApiError("gone", reason="NotFound")
        self.evicted.append(name)
        if self.is_slow:
            self.objects[key]["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
        else:
            del self.objects[key]
        return {}


def drain(api: MemoryApi, timeout: float = 10.0) -> t.Any:
    """The decision."""
    return node_drain.drain(api, MemoryClock(), "m2", timeout=timeout)


def test_pods_are_evicted_and_no_new_ones_come() -> None:
    api = Cluster(
        node(unschedulable=False), pod("a", **OWNED), pod("b", **OWNED), pod("c", **DAEMON), pod("d", **MIRROR)
    )
    decision = drain(api)
    assert [(change.object, change.before, change.after) for change in decision.changes] == [
        ("pods of node m2", "scheduled", "evicted")
    ]
    assert api.evicted == []
    decision.act()
    assert api.evicted == ["a", "b"]
    assert api.objects["node", None, "m2"]["spec"]["unschedulable"] is True
    assert drain(api).changes == ()


def test_a_budget_is_waited_for() -> None:
    api = Cluster(node(), pod("a", **OWNED), kept=3)
    drain(api).act()
    assert api.evicted == ["a"]


def test_a_pod_that_ends_is_asked_once() -> None:
    api = Cluster(node(), pod("a", **OWNED), is_slow=True)
    with pytest.raises(NotProved, match=r"n/a did not go within 10 s\. Let them go"):
        drain(api).act()
    assert api.evicted == ["a"]


def test_what_keeps_a_pod_is_said() -> None:
    api = Cluster(node(), pod("a", **OWNED), kept=100)
    with pytest.raises(NotProved, match=r"n/a did not go within 10 s \(The API server refused: a budget\.\)"):
        drain(api).act()


def test_another_refusal_is_an_error() -> None:
    class Refusing(Cluster):
        def create(self, document: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
            raise ApiError("no right", reason="Forbidden")

    with pytest.raises(ApiError, match="no right"):
        drain(Refusing(node(), pod("a", **OWNED))).act()


def test_a_pod_that_nobody_would_start_elsewhere_is_a_reason_to_change_nothing() -> None:
    api = Cluster(node(unschedulable=False), pod("a"), pod("b", **OWNED))
    with pytest.raises(UnsupportedState, match="n/a belongs to no controller"):
        drain(api)
    assert api.writes == []


@pytest.mark.parametrize("documents", [(), (node(),), (node(), pod("c", **DAEMON))])
def test_a_drained_node_is_left_alone(documents: tuple[dict[str, t.Any], ...]) -> None:
    assert drain(Cluster(*documents)).changes == ()
