# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the pods of a Deployment are, may be and go, over tables of nodes and against a small scheduler."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.errors import NotProved
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.cluster import deployment_spread
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.cluster.deployment_spread import (
    Deployment,
    Placement,
    Pod,
)
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.cluster.node import Node
from tests.unit.plugins.memory_api import MemoryApi, MemoryClock

CONTROL_PLANE = "node-role.kubernetes.io/control-plane"
COREDNS_TOLERATIONS = [
    {"key": "CriticalAddonsOnly", "operator": "Exists"},
    {"key": CONTROL_PLANE, "effect": "NoSchedule"},
]


def node(name: str, *taints: str, ready: bool = True, **labels: str) -> Node:
    parsed = tuple(dict(zip(("key", "effect"), taint.split(":"), strict=True)) for taint in taints)
    return Node(name, {"os": "linux", **labels}, parsed, is_ready=ready)


def collected(*places: str, **deployment: t.Any) -> Placement:
    """``places``: the node of each pod, with ``-`` before it when it is not ready, with ``x`` when it goes away."""
    usual = Deployment(
        namespace="kube-system",
        name="coredns",
        replicas=2,
        node_selector={"os": "linux"},
        node_terms=(),
        tolerations=tuple(COREDNS_TOLERATIONS),
    )
    pods = (
        Pod(f"p{i}", p.lstrip("-x"), is_ready=p[0] != "-", is_terminating=p[0] == "x") for i, p in enumerate(places)
    )
    return Placement(dataclasses.replace(usual, **deployment), tuple(pods))


def term(operator: str, *values: str) -> dict[str, t.Any]:
    return {"node_terms": [{"matchExpressions": [{"key": "disk", "operator": operator, "values": list(values)}]}]}


DECISIONS = [
    ("together", collected("cp1", "cp1"), [node("cp1"), node("w1")], True),
    ("apart", collected("cp1", "w1"), [node("cp1"), node("w1")], False),
    ("the only node", collected("cp1", "cp1"), [node("cp1")], False),
    ("no Deployment", Placement(None, ()), [node("cp1"), node("w1")], False),
    ("one replica", collected("cp1", replicas=1), [node("cp1"), node("w1")], False),
    ("one ready pod", collected("cp1", "-cp1"), [node("cp1"), node("w1")], False),
    ("an old pod goes away", collected("cp1", "cp1", "xw1"), [node("cp1"), node("w1")], True),
    ("no pods", collected(), [node("cp1"), node("w1")], False),
    ("other not ready", collected("cp1", "cp1"), [node("cp1"), node("w1", ready=False)], False),
    (
        "other cordoned",
        collected("cp1", "cp1"),
        [node("cp1"), node("w1", "node.kubernetes.io/unschedulable:NoSchedule")],
        False,
    ),
    (
        "other just joined",
        collected("cp1", "cp1"),
        [node("cp1"), node("w1", "node.kubernetes.io/not-ready:NoSchedule")],
        True,
    ),
    ("other a control plane", collected("cp1", "cp1"), [node("cp1"), node("cp2", f"{CONTROL_PLANE}:NoSchedule")], True),
    ("other avoided only", collected("cp1", "cp1"), [node("cp1"), node("w1", "x:PreferNoSchedule")], True),
    ("other of another system", collected("cp1", "cp1"), [node("cp1"), node("w1", os="windows")], False),
    ("affinity allows", collected("cp1", "cp1", **term("In", "ssd")), [node("cp1"), node("w1", disk="ssd")], True),
    ("affinity forbids", collected("cp1", "cp1", **term("In", "ssd")), [node("cp1"), node("w1", disk="hdd")], False),
    ("affinity not in", collected("cp1", "cp1", **term("NotIn", "hdd")), [node("cp1"), node("w1")], True),
    ("affinity exists", collected("cp1", "cp1", **term("Exists")), [node("cp1"), node("w1")], False),
    ("affinity does not exist", collected("cp1", "cp1", **term("DoesNotExist")), [node("cp1"), node("w1")], True),
    ("affinity unknown", collected("cp1", "cp1", **term("Gt", "1")), [node("cp1"), node("w1", disk="2")], False),
    (
        "taint with value",
        collected("a", "a", tolerations=[{"key": "k", "value": "v"}]),
        [node("w1", "k:NoSchedule")],
        False,
    ),
    ("any taint", collected("a", "a", tolerations=[{"operator": "Exists"}]), [node("w1", "k:NoExecute")], True),
]


@pytest.mark.parametrize(
    ("view", "nodes", "spreads"), [row[1:] for row in DECISIONS], ids=[row[0] for row in DECISIONS]
)
def test_pods_are_spread_where_that_is_possible(view: Placement, nodes: list[Node], spreads: bool) -> None:
    change = deployment_spread.decide(view, nodes)
    assert (change is not None) is spreads
    if change is not None:
        assert change.object == "Deployment kube-system/coredns"
        assert str(change.before).startswith("2 pods on ")


class Cluster:
    """A Deployment of two pods in a memory API, with a controller and a scheduler that does what a test says."""

    def __init__(self, *placements: str) -> None:
        self.placements = list(placements)
        self.clock = MemoryClock()
        spec = {
            "replicas": 2,
            "selector": {"matchLabels": {"k8s-app": "kube-dns"}},
            "template": {"metadata": {}, "spec": {"tolerations": COREDNS_TOLERATIONS}},
        }
        metadata = {"namespace": "kube-system", "name": "coredns", "generation": 1}
        self.api = MemoryApi({"kind": "Deployment", "metadata": metadata, "spec": spec, "status": {}})
        self.count = 0
        #: A pod that no controller counts and nobody ends.
        self.keeps = ""
        self.run("cp1")
        self.run("cp1")
        self.api.after_write = self.restarted
        self.clock.after_sleep = self.settle
        self.restarts = 0
        self.settle()

    def run(self, place: str) -> None:
        self.count += 1
        metadata = {"namespace": "kube-system", "name": f"p{self.count}", "labels": {"k8s-app": "kube-dns"}}
        status = {"conditions": [{"type": "Ready", "status": "True"}]}
        self.api.put({"kind": "Pod", "metadata": metadata, "spec": {"nodeName": place}, "status": status})

    def restarted(self, document: dict[str, t.Any]) -> None:
        document["metadata"]["generation"] += 1
        self.restarts += 1
        for pod in self.counted():
            self.api.delete("pod", pod["metadata"]["name"], namespace="kube-system")

    def settle(self) -> None:
        deployment = self.api.objects[("deployment", "kube-system", "coredns")]
        for _missing in range(2 - len(self.counted())):
            if self.placements:
                self.run(self.placements.pop(0))
        ready = len(self.counted())
        status = dict.fromkeys(("replicas", "updatedReplicas", "availableReplicas"), ready)
        deployment["status"] = {"observedGeneration": deployment["metadata"]["generation"], **status}

    def counted(self) -> list[dict[str, t.Any]]:
        return [pod for pod in self.api.list("pod") if pod["metadata"]["name"] != self.keeps]

    def ensure(self) -> t.Any:
        nodes = [node("cp1"), node("w1")]
        where = {"namespace": "kube-system", "name": "coredns"}
        return deployment_spread.ensure(self.api, self.clock, nodes, timeout=30, **where)


def test_the_restart_spreads() -> None:
    cluster = Cluster("w1", "cp1")
    decision = cluster.ensure()
    assert decision.values == {"nodes": {"cp1": 2}}
    assert decision.act() == {"nodes": {"w1": 1, "cp1": 1}}
    deployment = cluster.api.objects[("deployment", "kube-system", "coredns")]
    assert "kubectl.kubernetes.io/restartedAt" in deployment["spec"]["template"]["metadata"]["annotations"]
    assert cluster.ensure().changes == ()


def test_a_pod_that_ends_for_ever_on_a_node_that_is_down_holds_nothing_up() -> None:
    """Its node does not confirm its end; the pod that is there no longer counts, and neither does the node."""
    cluster = Cluster("w1", "cp1")
    metadata = {"namespace": "kube-system", "name": "p0", "labels": {"k8s-app": "kube-dns"}, "deletionTimestamp": "x"}
    stuck = {"kind": "Pod", "metadata": metadata, "spec": {"nodeName": "w9"}, "status": {}}
    cluster.api.put(stuck)
    cluster.keeps = "p0"
    nodes = [node("cp1"), node("w1"), node("w9", ready=False)]
    decision = deployment_spread.ensure(
        cluster.api, cluster.clock, nodes, timeout=30, namespace="kube-system", name="coredns"
    )
    assert decision.values == {"nodes": {"cp1": 2}}
    assert decision.act() == {"nodes": {"w1": 1, "cp1": 1}}


@pytest.mark.parametrize("again", range(4))
def test_pods_that_stay_together_are_parted_by_one_restart(again: int) -> None:
    """A scheduler scores; it need not take the other node the first time."""
    cluster = Cluster("w1", "w1", *["w1"] * again, "cp1")
    assert cluster.ensure().act() == {"nodes": {"w1": 1, "cp1": 1}}
    assert cluster.restarts == 1


def test_a_scheduler_that_does_not_spread_is_reported() -> None:
    cluster = Cluster(*["w1"] * 6)
    with pytest.raises(NotProved, match="put all pods on w1 again"):
        cluster.ensure().act()


def test_a_rollout_that_does_not_end_is_reported() -> None:
    cluster = Cluster("w1")
    with pytest.raises(NotProved, match="30 s later 1 of 2 pods are ready"):
        cluster.ensure().act()
