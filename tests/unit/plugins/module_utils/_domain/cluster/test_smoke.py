# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The smoke application: what is created, used again and removed, and why it is not ready, against a small cluster."""

from __future__ import annotations

import copy
import dataclasses
import typing as t

import pytest

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.errors import (
    InvalidInput,
    KubeadmHaError,
    NotProved,
    UnsupportedState,
)
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.cluster import smoke
from tests.unit.plugins.memory_api import MemoryApi, MemoryClock

if t.TYPE_CHECKING:
    from collections.abc import Sequence

    from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.change import Decision

NAMESPACE = "kubeadm-ha-smoke"
IMAGE = "registry.example.org/coredns:v1.12.1"
KINDS = ["Namespace", "ConfigMap", "Deployment", "Service"]
COREDNS = {
    "kind": "Deployment",
    "metadata": {"name": "coredns", "namespace": "kube-system"},
    "spec": {"template": {"spec": {"containers": [{"name": "coredns", "image": IMAGE}]}}},
}


def node(name: str, *addresses: str, ready: bool = True) -> dict[str, t.Any]:
    return {
        "kind": "Node",
        "metadata": {"name": name},
        "status": {
            "addresses": [
                {"type": "Hostname", "address": name},
                *({"type": "InternalIP", "address": address} for address in addresses),
            ],
            "conditions": [{"type": "Ready", "status": str(ready)}],
        },
    }


def pod(name: str, place: str | None, status: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
    ready = {"conditions": [{"type": "Ready", "status": "True"}]}
    return {
        "kind": "Pod",
        "metadata": {"name": name, "namespace": NAMESPACE, "labels": {"app.kubernetes.io/name": "smoke"}},
        "spec": {"nodeName": place} if place else {},
        "status": ready if status is None else status,
    }


@dataclasses.dataclass
class Controllers:
    """What a Service, a Deployment and a namespace's end come to."""

    pods: Sequence[dict[str, t.Any]]
    addresses: Sequence[str] = ("10.96.0.7",)
    removes: bool = True


class Cluster(MemoryApi):
    """A cluster whose controllers act at once."""

    def __init__(self, controllers: Controllers, *documents: dict[str, t.Any]) -> None:
        super().__init__(*documents)
        self.controllers = controllers

    def create(self, document: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
        stored = copy.deepcopy(dict(document))
        if stored["kind"] == "Service":
            stored["spec"]["clusterIPs"] = list(self.controllers.addresses)
            stored["spec"]["ports"][0]["nodePort"] = 31380
        if stored["kind"] == "Deployment":
            for item in self.controllers.pods:
                self.put(item)
        return self.put(stored)

    def delete(self, kind: str, name: str, *, namespace: str | None = None) -> bool:
        assert (kind, name, namespace) == ("namespace", NAMESPACE, None)
        if not self.controllers.removes:
            self.objects[("namespace", None, name)]["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
            return True
        self.objects = {key: item for key, item in self.objects.items() if key[1] != name and key[2] != name}
        return True


READY = Controllers([pod("smoke-a", "cp1"), pod("smoke-b", "w1")])


def ensure(api: MemoryApi, *, image: str = "", replicas: int = 2) -> Decision:
    return smoke.ensure_present(api, MemoryClock(), namespace=NAMESPACE, image=image, replicas=replicas, timeout=10)


def remove(api: MemoryApi) -> Decision:
    return smoke.ensure_absent(api, MemoryClock(), namespace=NAMESPACE, timeout=10)


def kinds(decision: Decision) -> list[str]:
    return [change.object.split()[0] for change in decision.changes if change.after is not None]


def test_created_used_again_and_removed() -> None:
    api = Cluster(READY, COREDNS, node("cp1", "192.0.2.11"), node("w1", "192.0.2.21"))
    before = copy.deepcopy(api.objects)
    first = ensure(api)
    assert kinds(first) == KINDS
    assert first.values == {"image": IMAGE, "pods": [], "targets": []}
    assert api.objects == before, "a decision changes nothing"

    running = first.act()
    assert running["pods"] == [{"name": "smoke-a", "node": "cp1"}, {"name": "smoke-b", "node": "w1"}]
    assert running["targets"] == [
        {"address": "10.96.0.7", "port": 80},
        {"address": "192.0.2.11", "port": 31380},
        {"address": "192.0.2.21", "port": 31380},
    ]
    again = ensure(api)
    assert again.changes == ()
    assert {**again.values} == {"image": IMAGE, **running}

    end = remove(api)
    assert [(change.object, change.after) for change in end.changes] == [(f"Namespace {NAMESPACE}", None)]
    end.act()
    assert api.objects == before
    assert remove(api).changes == ()


def test_what_a_killed_run_has_left_is_completed() -> None:
    api = Cluster(READY, COREDNS)
    for document in smoke.documents(namespace=NAMESPACE, image=IMAGE, replicas=2)[:2]:
        api.create(document)
    assert kinds(ensure(api)) == KINDS[2:]


def test_what_another_run_has_left_is_removed_first() -> None:
    api = Cluster(READY, COREDNS)
    for document in smoke.documents(namespace=NAMESPACE, image="other", replicas=2):
        api.create(document)
    decision = ensure(api)
    assert decision.changes[0].after is None
    assert kinds(decision) == KINDS
    decision.act()
    deployment = api.objects[("deployment", NAMESPACE, "smoke")]
    assert deployment["spec"]["template"]["spec"]["containers"][0]["image"] == IMAGE


def test_addresses_of_both_families_and_of_ready_nodes() -> None:
    both = Controllers(READY.pods, addresses=("10.96.0.7", "fd00::7"))
    nodes = (node("w1", "192.0.2.21", "2001:db8::21"), node("w2", "192.0.2.22", ready=False))
    one, two = Cluster(both, COREDNS, *nodes), Cluster(READY, COREDNS, *nodes)
    assert [item["address"] for item in ensure(one).act()["targets"]] == [
        "10.96.0.7", "fd00::7", "192.0.2.21", "2001:db8::21",
    ]  # fmt: skip
    assert [item["address"] for item in ensure(two).act()["targets"]] == ["10.96.0.7", "192.0.2.21"]


PULL = {"containerStatuses": [{"state": {"waiting": {"reason": "ImagePullBackOff", "message": "no\n such  image"}}}]}
FULL = {"conditions": [{"type": "PodScheduled", "status": "False", "message": "0/3 nodes are available"}]}
NOT_READY = [
    ("no pods", [], "0 of 2 pods are (there are no pods yet: does kube-controller-manager run?)"),
    ("no scheduler", [pod("a", None, {})], "0 of 2 pods are (not scheduled yet: does kube-scheduler run?)"),
    ("no room", [pod("a", None, FULL), pod("b", "w1")], "1 of 2 pods are (0/3 nodes are available)"),
    ("no image", [pod("a", "w2", PULL), pod("b", "w1")], "1 of 2 pods are (on w2: ImagePullBackOff no such image)"),
    ("starting", [pod("a", "w2", {}), pod("b", "w1", {})], "(on w1: not ready yet; on w2: not ready yet)"),
]


@pytest.mark.parametrize(("pods", "words"), [case[1:] for case in NOT_READY], ids=[case[0] for case in NOT_READY])
def test_why_it_is_not_ready(pods: list[dict[str, t.Any]], words: str) -> None:
    decision = ensure(Cluster(Controllers(pods), COREDNS))
    with pytest.raises(NotProved) as failed:
        decision.act()
    assert words in failed.value.message
    assert f"the namespace {NAMESPACE} is not ready after 10 s" in failed.value.message
    assert "cluster_verify_smoke_timeout" in failed.value.message


def test_pods_that_admission_refuses() -> None:
    class Refusing(Cluster):
        def create(self, document: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
            failure = {"type": "ReplicaFailure", "status": "True", "message": "pods are forbidden: quota"}
            return super().create({**document, "status": {"conditions": [failure]}})

    with pytest.raises(NotProved, match=r"0 of 2 pods are \(pods are forbidden: quota\)"):
        ensure(Refusing(Controllers([]), COREDNS)).act()


def test_a_namespace_that_stays() -> None:
    api = Cluster(Controllers([], removes=False), COREDNS)
    for document in smoke.documents(namespace=NAMESPACE, image=IMAGE, replicas=2):
        api.create(document)
    with pytest.raises(NotProved, match="is still going away 10 s later"):
        remove(api).act()
    assert ensure(api).changes[0].after is None, "what goes away is not used again"


STOPS: list[tuple[str, list[dict[str, t.Any]], int, type[KubeadmHaError], str]] = [
    ("one replica", [COREDNS], 1, InvalidInput, "replicas is 1"),
    ("no CoreDNS", [], 2, InvalidInput, "cluster_verify_smoke_image"),
    (
        "somebody else's",
        [COREDNS, {"kind": "Namespace", "metadata": {"name": NAMESPACE}}],
        2,
        UnsupportedState,
        "cluster_verify_smoke_namespace",
    ),
]


@pytest.mark.parametrize(
    ("documents", "replicas", "kind", "words"), [case[1:] for case in STOPS], ids=[case[0] for case in STOPS]
)
def test_stops(documents: list[dict[str, t.Any]], replicas: int, kind: type[KubeadmHaError], words: str) -> None:
    with pytest.raises(kind, match=words):
        ensure(Cluster(READY, *documents), replicas=replicas)


def test_a_namespace_of_somebody_else_is_not_removed() -> None:
    with pytest.raises(UnsupportedState):
        remove(Cluster(READY, {"kind": "Namespace", "metadata": {"name": NAMESPACE, "labels": {"team": "a"}}}))


def test_its_pods_are_restricted() -> None:
    """https://kubernetes.io/docs/concepts/security/pod-security-standards/"""
    deployment = smoke.documents(namespace=NAMESPACE, image=IMAGE, replicas=2)[2]
    spec = deployment["spec"]["template"]["spec"]
    (container,) = spec["containers"]
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"]["allowPrivilegeEscalation"] is False
    assert container["securityContext"]["capabilities"] == {"add": ["NET_BIND_SERVICE"], "drop": ["ALL"]}
    assert spec["automountServiceAccountToken"] is False
    assert {key for volume in spec["volumes"] for key in volume} == {"name", "configMap"}


@pytest.mark.parametrize(
    "taints",
    [
        # As kubeadm 1.24 gives them, and later ones.
        ["node-role.kubernetes.io/master", "node-role.kubernetes.io/control-plane"],
        ["node-role.kubernetes.io/control-plane"],
    ],
)
def test_its_pods_run_on_control_planes_of_every_kubeadm(taints: list[str]) -> None:
    deployment = smoke.documents(namespace=NAMESPACE, image=IMAGE, replicas=2)[2]
    tolerations = deployment["spec"]["template"]["spec"]["tolerations"]
    borne = {item["key"] for item in tolerations if item["effect"] == "NoSchedule" and item["operator"] == "Exists"}
    assert set(taints) <= borne
