# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When a node is drained."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.errors import NotProved
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
