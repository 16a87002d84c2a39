# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When a node counts as Ready, and what is said of one that is not."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.errors import NotProved
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.cluster import node_readiness
from tests.unit.plugins.memory_api import MemoryApi, MemoryClock


def node(status: str | None) -> dict[str, t.Any]:
    """A Node with this status of its condition Ready; ``None`` is one that no kubelet has reported of."""
    condition = {
        "type": "Ready",
        "status": status,
        "reason": "KubeletNotReady",
        "message": "cni plugin not\ninitialized",
    }
    return {
        "kind": "Node",
        "metadata": {"name": "cp2"},
        "spec": {},
        "status": {"conditions": [condition] if status else [], "nodeInfo": {"kubeletVersion": "v1.34.4"}},
    }


def test_a_ready_node_is_returned_at_once() -> None:
    clock = MemoryClock(0.0)
    decision = node_readiness.inspect(MemoryApi(node("True")), clock, "cp2", wait_timeout=60)
    assert (decision.changes, decision.values["node"]["name"], clock.time) == ((), "cp2", 0.0)


def test_a_node_that_becomes_ready_is_waited_for() -> None:
    api, clock = MemoryApi(), MemoryClock(0.0)

    def join() -> None:
        api.put(node("True" if clock.time >= 5 else "False"))

    clock.after_sleep = join
    assert node_readiness.inspect(api, clock, "cp2", wait_timeout=60).values["node"]["ready"]
    assert clock.time == 5.0


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ([], "the cluster has no such node"),
        ([node(None)], "its kubelet has reported nothing yet"),
        ([node("False")], "KubeletNotReady cni plugin not initialized"),
    ],
)
def test_a_node_that_does_not_is_explained(found: list[dict[str, t.Any]], said: str) -> None:
    with pytest.raises(NotProved) as raised:
        node_readiness.inspect(MemoryApi(*found), MemoryClock(0.0), "cp2", wait_timeout=20)
    assert raised.value.message.startswith(f"The node cp2 is not Ready after 20 s: {said}.")
