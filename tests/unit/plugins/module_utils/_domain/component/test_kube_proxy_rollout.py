# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""kube-proxy starts anew on every node that lives, whatever is down beside it."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.errors import NotProved
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.component import kube_proxy_rollout
from tests.unit.plugins.memory_api import MemoryApi, MemoryClock
from tests.unit.plugins.memory_controllers import DaemonSetController, node, start_event
from tests.unit.plugins.module_utils._domain.cluster.test_control_plane_endpoint import daemonset, pod

OLD = "2026-11-21T10:00:{:02}Z"


def affinity_to(name: str) -> dict[str, t.Any]:
    """What the DaemonSet controller gives a pod before it is bound."""
    field = {"key": "metadata.name", "operator": "In", "values": [name]}
    terms = {"nodeSelectorTerms": [{"matchFields": [field]}]}
    return {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": terms}}


class Cluster:
    """Nodes with an old pod each, and a DaemonSet controller that works once between two inspections."""

    def __init__(self, living: int, dead: int = 0, **controller: t.Any) -> None:
        """Nodes n01, n02, ...; the last ones are dead."""
        names = [f"n{i:02}" for i in range(1, living + dead + 1)]
        nodes = [node(name, ready=i < living) for i, name in enumerate(names)]
        pods = [pod(OLD.format(i)) for i in range(1, living + dead + 1)]
        self.living = frozenset(names[:living])
        self.api = MemoryApi(daemonset(), *nodes, *pods)
        self.clock = MemoryClock()
        self.controller = DaemonSetController(self.api, **controller)
        self.lowest = living
        self.clock.after_sleep = self._tick
        self.api.after_write = self._count_generation

    def _count_generation(self, document: dict[str, t.Any]) -> None:
        if document["kind"] == "DaemonSet":
            document["metadata"]["generation"] += 1

    def _tick(self) -> None:
        self.controller.sync()
        self.lowest = min(self.lowest, len(self.ready()))

    def ready(self) -> set[str]:
        """The living nodes with a ready pod."""
        pods = self.api.list("pod")
        return {
            item["spec"]["nodeName"]
            for item in pods
            if item["status"]["conditions"][0]["status"] == "True" and not item["metadata"].get("deletionTimestamp")
        } & self.living

    def restart(self, **options: t.Any) -> tuple[str, ...]:
        """The use case."""
        return kube_proxy_rollout.restart(self.api, self.clock, timeout=30, **options)


@pytest.mark.parametrize(("living", "dead"), [(1, 0), (3, 0), (2, 1), (5, 3), (1, 1)])
def test_every_living_node_gets_a_new_pod(living: int, dead: int) -> None:
    cluster = Cluster(living, dead)
    left = cluster.restart()
    assert left == tuple(f"n{i:02}" for i in range(living + 1, living + dead + 1))
    names = {item["spec"]["nodeName"]: item["metadata"]["name"] for item in cluster.api.list("pod")}
    assert all(names[name].startswith("kube-proxy-new-") for name in cluster.living)
    # One at a time: no more than one living node was ever without a ready pod.
    assert cluster.lowest >= living - 1


def test_the_daemonset_alone_would_wait_for_the_dead_node() -> None:
    """What the collection met: with a node down not one pod of the others is replaced."""
    cluster = Cluster(2, 1)
    patch = {"spec": {"template": {"metadata": {"annotations": {kube_proxy_rollout.RESTARTED_AT: "now"}}}}}
    cluster.api.patch("daemonset", "kube-proxy", patch, namespace="kube-system")
    cluster.controller.run()
    assert cluster.controller.made == 0


def test_the_daemonset_s_own_pace_is_left_alone_while_every_node_lives() -> None:
    cluster = Cluster(4)
    deleted: list[str] = []
    delete = cluster.api.delete
    cluster.api.delete = lambda kind, name, **more: deleted.append(name) or delete(kind, name, **more)  # type: ignore[func-returns-value, method-assign]
    cluster.controller.api = MemoryApi()
    cluster.controller.api.objects = cluster.api.objects
    cluster.restart()
    assert deleted == []


def test_a_living_node_whose_pod_does_not_start_is_reported() -> None:
    cluster = Cluster(2, 1, failing={"n01"})
    with pytest.raises(NotProved) as caught:
        cluster.restart()
    assert caught.value.message == (
        "DaemonSet kube-system/kube-proxy was restarted, but 30 s later 0 of its 3 pods are new and 1 available; waited for "
        "n01, n02 (not for n03: not Ready). The events of the pods say why: 'kubectl -n kube-system describe pods -l "
        "k8s-app=kube-proxy'. Run again when that is mended."
    )
    # The other living node's pod was left alone.
    assert "n02" in cluster.ready()


def test_an_unmanaged_node_holds_nothing_up() -> None:
    cluster = Cluster(3, failing={"n01"})
    assert cluster.restart(unmanaged={"n01"}) == ("n01",)


def test_the_time_begins_anew_with_each_new_pod() -> None:
    cluster = Cluster(10, 1)
    slow = cluster.clock.after_sleep
    steps = iter(range(10**6))

    def every_five_seconds() -> None:
        if next(steps) % 20 == 0:
            slow()

    cluster.clock.after_sleep = every_five_seconds
    start = cluster.clock.now()
    cluster.restart()
    assert cluster.clock.now() - start > 30


def test_a_node_that_dies_meanwhile_holds_nothing_up() -> None:
    cluster = Cluster(3)
    tick = cluster.clock.after_sleep

    def dies() -> None:
        if cluster.clock.now() > 1_790_000_001:
            cluster.api.objects["node", None, "n02"] = node("n02", ready=False)
        else:
            return
        tick()

    cluster.clock.after_sleep = dies
    assert cluster.restart() == ("n02",)


def test_a_node_that_comes_back_is_waited_for() -> None:
    cluster = Cluster(2, 1)
    tick = cluster.clock.after_sleep

    def comes_back() -> None:
        cluster.api.objects["node", None, "n03"] = node("n03")
        tick()

    cluster.clock.after_sleep = comes_back
    assert cluster.restart() == ()


def test_nothing_is_proved_where_no_node_is_ready() -> None:
    cluster = Cluster(0, 1)
    with pytest.raises(NotProved, match=r"0 of its 1 pods are new and 0 available; waited for no node that is Ready"):
        cluster.restart()


def test_somebody_else_s_restart_meanwhile_is_as_good() -> None:
    cluster = Cluster(2, 1)
    tick = cluster.clock.after_sleep
    once = iter([True])

    def another() -> None:
        if next(once, False):
            patch = {"spec": {"template": {"metadata": {"annotations": {kube_proxy_rollout.RESTARTED_AT: "theirs"}}}}}
            cluster.api.patch("daemonset", "kube-proxy", patch, namespace="kube-system")
        tick()

    cluster.clock.after_sleep = another
    assert cluster.restart() == ("n03",)


@pytest.mark.parametrize(
    ("ready", "outdated"), [({"n01", "n02", "n03"}, 2), ({"n01", "n03"}, 1), ({"n03"}, 0), (set(), 0)]
)
def test_pods_of_nodes_that_are_down_are_no_change(ready: set[str], outdated: int) -> None:
    pods = [kube_proxy_rollout.KubeProxyPod.from_api(pod(OLD.format(number))) for number in (1, 2)]
    change = kube_proxy_rollout.decide(pods, ready_nodes=ready, written=None, will_change=True)
    assert (change.before["outdated_pods"] if change else 0) == outdated


@pytest.mark.parametrize(
    ("spec", "node_name"),
    [
        ({}, ""),
        ({"nodeName": "w1"}, "w1"),
        ({"affinity": {"nodeAffinity": None}}, ""),
        ({"affinity": {"podAffinity": {}}}, ""),
        ({"nodeName": None, "affinity": affinity_to("w2")}, "w2"),
        ({"nodeName": "w1", "affinity": affinity_to("w2")}, "w1"),
    ],
)
def test_the_node_of_a_pod(spec: dict[str, t.Any], node_name: str) -> None:
    assert kube_proxy_rollout.node_of({"spec": spec}) == node_name


@pytest.mark.parametrize("dead", [0, 1])
def test_a_new_pod_that_does_not_reach_the_api_proves_nothing(dead: int) -> None:
    cluster = Cluster(2, dead, mute=("n02",))
    # Its kubelet, and kube-proxy before the restart, have reported their own start.
    cluster.api.put(start_event("n02", "2026-12-01T00:00:00Z", reporter="kubelet"))
    cluster.api.put(start_event("n02", "2026-11-21T10:00:01Z"))
    with pytest.raises(NotProved) as caught:
        cluster.restart()
    assert (
        "kube-proxy on n02 has not reached the API by the server in ConfigMap kube-system/kube-proxy"
        in caught.value.message
    )


def test_no_further_pod_is_replaced_while_a_new_one_has_not_reached_the_api() -> None:
    cluster = Cluster(2, 1, mute=("n01", "n02"))
    with pytest.raises(NotProved):
        cluster.restart()
    assert [item["metadata"]["name"] for item in cluster.api.list("pod") if item["spec"]["nodeName"] == "n02"] == [
        "kube-proxy-02"
    ]
