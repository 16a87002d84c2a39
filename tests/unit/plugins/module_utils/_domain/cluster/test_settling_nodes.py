# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests of the nodes that are about to be Ready."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.errors import ApiError
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.cluster import settling_nodes
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.cluster.node import Node
from tests.unit.plugins.memory_api import MemoryClock

#: 2026-12-01T02:00:00Z
NOW = 1796090400.0
NETWORK = "NetworkPluginNotReady message:Network plugin returns error: cni plugin not initialized"


def document(
    name: str, status: str | None = "True", since: str = "2026-12-01T01:59:30Z", reason: str = "KubeletReady"
) -> dict[str, t.Any]:
    """A Node of the API, made half a minute ago."""
    ready = {"type": "Ready", "status": status, "reason": reason, "message": "", "lastTransitionTime": since}
    return {
        "metadata": {"name": name, "creationTimestamp": "2026-12-01T01:59:30Z"},
        "spec": {},
        "status": {"conditions": [] if status is None else [ready], "nodeInfo": {"kubeletVersion": "v1.34.4"}},
    }


class Api:
    """An API that answers in turn, the last answer again and again; ``None`` is none."""

    def __init__(self, *answers: list[dict[str, t.Any]] | None) -> None:
        """Each the Nodes."""
        self.answers = list(answers)
        self.asked = 0

    def list(self, kind: str) -> list[dict[str, t.Any]]:
        """The Nodes."""
        assert kind == "node"
        self.asked += 1
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if answer is None:
            raise ApiError("the API server does not answer")
        return answer


READY = document("cp1", since="2026-11-01T00:00:00Z")
CASES: dict[str, tuple[dict[str, t.Any], list[str]]] = {
    "its network starts": (document("cp2", "False", reason=NETWORK), ["cp2"]),
    "the kubelet has reported nothing yet": (document("cp2", None), ["cp2"]),
    "it has been so for two minutes": (document("cp2", "False", "2026-12-01T01:58:00Z", NETWORK), []),
    "the cluster has not heard of it": (document("cp2", "Unknown", reason="NodeStatusUnknown"), []),
    "it is Ready": (document("cp2"), []),
}


@pytest.mark.parametrize(("other", "expected"), CASES.values(), ids=CASES)
def test_which_nodes_are_about_to_be_ready(other: dict[str, t.Any], expected: list[str]) -> None:
    nodes = [Node.from_api(item) for item in (READY, other)]
    assert settling_nodes.names(nodes, now=NOW, seconds=120) == expected


def test_a_cluster_without_a_ready_node_waits_for_its_network() -> None:
    assert settling_nodes.names([Node.from_api(document("cp1", "False", reason=NETWORK))], now=NOW, seconds=120) == []


def waited(
    clock: MemoryClock, *answers: list[dict[str, t.Any]] | None, timeout: float = 120
) -> tuple[Api, tuple[str, ...]]:
    """Wait; the first answer is what was found before."""
    first, *later = answers
    assert first is not None
    api = Api(*later)
    nodes = [Node.from_api(item) for item in first]
    return api, settling_nodes.wait(nodes, t.cast("t.Any", api), clock, timeout=timeout)


def test_nobody_is_asked_where_nobody_settles() -> None:
    api, said = waited(MemoryClock(NOW), [READY], None)
    assert (api.asked, said) == (0, ())


def test_it_is_waited_until_the_node_is_ready_also_while_the_api_is_away() -> None:
    starting = [READY, document("cp2", "False", reason=NETWORK)]
    api, said = waited(MemoryClock(NOW), starting, None, starting, [READY, document("cp2")])
    assert api.asked == 3
    assert said == ("waited 3 s for nodes that have been not Ready for a moment only, cp2: Ready now.",)


def test_no_longer_than_a_node_may_need() -> None:
    starting = [READY, document("cp2", "False", reason=NETWORK)]
    api, said = waited(MemoryClock(NOW), starting, starting)
    assert api.asked == 90
    assert said == ("waited 90 s for nodes that have been not Ready for a moment only, cp2: cp2 is still not Ready.",)


def test_without_a_time_it_is_not_waited() -> None:
    starting = [READY, document("cp2", "False", reason=NETWORK)]
    assert waited(MemoryClock(NOW), starting, starting, timeout=0)[1] == ()
