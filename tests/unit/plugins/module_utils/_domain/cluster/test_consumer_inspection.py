# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The search for consumers of an old endpoint, over tables of objects."""

from __future__ import annotations

import base64
import json
import typing as t

import pytest

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.address import Endpoint
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.cluster import consumer_inspection
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.cluster.cluster_inspection import inspect_cluster
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.cluster.consumer_inspection import (
    collect_consumers,
    old_endpoints,
)
from tests.unit.plugins.memory_api import MemoryApi, MemoryClock

CANARY = "c4n4ry-s3cr3t"
OLD = frozenset({Endpoint("192.0.2.11", 6443)})


def config_map(name: str = "one", namespace: str = "apps", **data: str) -> dict[str, t.Any]:
    return {"kind": "ConfigMap", "metadata": {"namespace": namespace, "name": name}, "data": data}


def secret(name: str = "one", kind: str = "Opaque", **data: str) -> dict[str, t.Any]:
    encoded = {key: base64.b64encode(value.encode()).decode() for key, value in data.items()}
    return {"kind": "Secret", "type": kind, "metadata": {"namespace": "apps", "name": name}, "data": encoded}


def workload(kind: str = "DaemonSet", **container: t.Any) -> dict[str, t.Any]:
    pod = {"containers": [{"name": "main", **container}]}
    return {"kind": kind, "metadata": {"namespace": "apps", "name": "one"}, "spec": {"template": {"spec": pod}}}


def pod(**more: t.Any) -> dict[str, t.Any]:
    """A pod that names the old endpoint."""
    spec = workload("Pod", env=env(API="https://192.0.2.11:6443"))["spec"]["template"]["spec"]
    return {"kind": "Pod", "metadata": {"namespace": "apps", "name": "one", **more}, "spec": spec}


def cron_job() -> dict[str, t.Any]:
    job = workload("Job", env=env(API="https://192.0.2.11:6443"))
    return {**job, "kind": "CronJob", "spec": {"jobTemplate": {"spec": job["spec"]}}}


def owner(version: str, kind: str, *, controller: bool = True) -> list[dict[str, t.Any]]:
    return [{"apiVersion": version, "kind": kind, "name": "owner", "uid": "1", "controller": controller}]


def owned(kind: str, owners: list[dict[str, t.Any]], **status: t.Any) -> dict[str, t.Any]:
    document = workload(kind, env=env(API="https://192.0.2.11:6443"))
    document["metadata"]["ownerReferences"] = owners
    return {**document, "status": status}


def env(**values: str) -> list[dict[str, t.Any]]:
    return [{"name": name, "value": value} for name, value in values.items()]


def found(*documents: dict[str, t.Any], old: frozenset[Endpoint] = OLD) -> dict[str, t.Any]:
    return collect_consumers(MemoryApi(*documents), MemoryClock(), old).as_dict()


CONSUMERS = [
    (
        "pinned host and port",
        workload(env=env(KUBERNETES_SERVICE_HOST="192.0.2.11", KUBERNETES_SERVICE_PORT="6443")),
        "container main: KUBERNETES_SERVICE_HOST",
    ),
    (
        "pinned host",
        workload("Deployment", env=env(KUBERNETES_SERVICE_HOST="192.0.2.11")),
        "container main: KUBERNETES_SERVICE_HOST",
    ),
    ("variable", workload("StatefulSet", env=env(API="https://192.0.2.11:6443")), "container main: API"),
    ("flag", workload(args=["--kube-api-server=https://192.0.2.11:6443"]), "container main: --kube-api-server"),
    ("flag and value", workload(args=["-v", "2", "--master", "192.0.2.11:6443"]), "container main: --master"),
    ("command", workload(command=["curl https://192.0.2.11:6443"]), "container main: command"),
    ("CronJob", cron_job(), "container main: API"),
    ("Job", workload("Job", args=["--server=https://192.0.2.11:6443"]), "container main: --server"),
    (
        "Job at work",
        owned("Job", [], conditions=[{"type": "Suspended", "status": "True"}, {"type": "Failed", "status": "False"}]),
        "container main: API",
    ),
    ("ReplicaSet", owned("ReplicaSet", []), "container main: API"),
    (
        "ReplicaSet of a custom resource",
        owned("ReplicaSet", owner("argoproj.io/v1alpha1", "Rollout")),
        "container main: API",
    ),
    ("bare pod", pod(), "container main: API"),
    ("pod of a custom resource", pod(ownerReferences=owner("batch.volcano.sh/v1alpha1", "Job")), "container main: API"),
    (
        "pod that somebody else controls",
        pod(ownerReferences=owner("v1", "Node", controller=False)),
        "container main: API",
    ),
    ("ConfigMap", config_map(config="server: https://192.0.2.11:6443"), "key config"),
    (
        "ConfigMap with host and port",
        config_map(KUBERNETES_SERVICE_HOST="192.0.2.11", KUBERNETES_SERVICE_PORT="6443"),
        "key KUBERNETES_SERVICE_HOST",
    ),
    ("Secret", secret(kubeconfig=f"server: https://192.0.2.11:6443\ntoken: {CANARY}"), "key kubeconfig"),
]


@pytest.mark.parametrize(("document", "where"), [row[1:] for row in CONSUMERS], ids=[row[0] for row in CONSUMERS])
def test_a_consumer_is_reported_with_its_place_and_without_values(document: dict[str, t.Any], where: str) -> None:
    result = found(document)
    assert result["complete"] is True
    expected = {"kind": document["kind"], "namespace": "apps", "name": "one", "where": [where]}
    assert result["found"] == [{**expected, "endpoints": ["192.0.2.11:6443"]}]
    assert CANARY not in json.dumps(result)


@pytest.mark.parametrize(
    "document",
    [
        workload(env=env(KUBERNETES_SERVICE_HOST="192.0.2.10", KUBERNETES_SERVICE_PORT="6443")),
        workload(env=env(KUBERNETES_SERVICE_HOST="192.0.2.11", KUBERNETES_SERVICE_PORT="8443")),
        workload(
            env=[{"name": "KUBERNETES_SERVICE_HOST", "valueFrom": {"configMapKeyRef": {"name": "x", "key": "y"}}}]
        ),
        workload(args=["--master=https://192.0.2.10:6443"]),
        owned("ReplicaSet", owner("apps/v1", "Deployment")),
        owned("Job", owner("batch/v1", "CronJob")),
        owned("Job", [], conditions=[{"type": "Complete", "status": "True"}]),
        owned("Job", [], conditions=[{"type": "Failed", "status": "True"}]),
        pod(ownerReferences=owner("apps/v1", "DaemonSet")),
        pod(ownerReferences=owner("apps/v1", "StatefulSet")),
        pod(ownerReferences=owner("batch/v1", "Job")),
        pod(ownerReferences=owner("v1", "Node")),
        config_map(config="server: https://192.0.2.110:6443"),
        config_map("kubeadm-config", "kube-system", ClusterConfiguration="controlPlaneEndpoint: 192.0.2.11:6443"),
        config_map("cluster-info", "kube-public", kubeconfig="server: https://192.0.2.11:6443"),
        config_map("kube-proxy", "kube-system", **{"kubeconfig.conf": "server: https://192.0.2.11:6443"}),
        secret(kind="helm.sh/release.v1", release="https://192.0.2.11:6443"),
        {**secret(), "data": {"broken": "%%%"}},
    ],
)
def test_what_is_no_consumer_is_left_out(document: dict[str, t.Any]) -> None:
    assert found(document) == {"found": [], "complete": True}


def test_without_old_endpoints_nothing_is_read() -> None:
    class NoApi(MemoryApi):
        def pages(self, kind: str, *, size: int, fields: str | None = None) -> t.Iterator[t.Any]:
            raise AssertionError(kind)

    assert collect_consumers(NoApi(), MemoryClock(), frozenset()).as_dict() == {"found": [], "complete": True}


def test_the_search_reads_in_pages_and_ends_in_time() -> None:
    clock = MemoryClock()
    pages = 0

    class SlowApi(MemoryApi):
        def pages(self, kind: str, *, size: int, fields: str | None = None) -> t.Iterator[t.Any]:
            nonlocal pages
            assert size == (100 if kind in ("configmap", "secret") else 500)
            while True:
                pages += 1
                clock.sleep(1)
                yield [config_map(config="https://192.0.2.11:6443")] if kind == "configmap" else []
                if kind != "configmap":
                    assert kind not in ("secret", "pod"), "the time is over before these"
                    return

    result = collect_consumers(SlowApi(), clock, OLD).as_dict()
    assert result["complete"] is False
    assert pages == consumer_inspection.SECONDS + 1


def test_each_kind_costs_one_request() -> None:
    asked = []

    class CountingApi(MemoryApi):
        def pages(self, kind: str, *, size: int, fields: str | None = None) -> t.Iterator[t.Any]:
            asked.append((kind, fields))
            return super().pages(kind, size=size, fields=fields)

    collect_consumers(CountingApi(), MemoryClock(), OLD)
    assert dict(asked) == {
        **dict.fromkeys(("daemonset", "deployment", "statefulset", "cronjob", "job", "replicaset", "configmap")),
        "secret": "type!=helm.sh/release.v1",
        "pod": "status.phase!=Succeeded,status.phase!=Failed",
    }
    assert len(asked) == 9


@pytest.mark.parametrize(
    ("server", "asked", "reads"),
    [
        ("192.0.2.11:6443", False, True),
        ("192.0.2.10:6443", False, False),
        ("192.0.2.10:6443", True, True),
        (None, False, True),
    ],
    ids=["before the cluster is pointed to the endpoint", "afterwards", "afterwards, by the audit", "no cluster-info"],
)
def test_secrets_are_read_only_where_the_result_is_shown(server: str | None, *, asked: bool, reads: bool) -> None:
    read = []

    class WatchedApi(MemoryApi):
        def pages(self, kind: str, *, size: int, fields: str | None = None) -> t.Iterator[t.Any]:
            read.append(kind)
            return super().pages(kind, size=size, fields=fields)

        def raw(self, path: str) -> str:
            return json.dumps({"gitVersion": "v1.34.4"})

    data = {"kubeconfig": json.dumps({"clusters": [{"cluster": {"server": f"https://{server}"}}]})}
    info = {"kind": "ConfigMap", "metadata": {"namespace": "kube-public", "name": "cluster-info"}, "data": data}
    inspect_cluster(
        WatchedApi(*[info] * (server is not None)),
        MemoryClock(),
        endpoint="192.0.2.10:6443",
        api_servers=["192.0.2.11:6443"],
        search_secrets=asked,
    )
    assert {"configmap", "pod"} <= set(read)
    assert ("secret" in read) is reads


def test_of_many_findings_the_first_are_reported() -> None:
    result = found(*(config_map(f"number-{i}", config="https://192.0.2.11:6443") for i in range(250)))
    assert result["complete"] is False
    assert len(result["found"]) == consumer_inspection.MOST_FOUND


@pytest.mark.parametrize(
    ("cluster_info", "configuration", "endpoint", "old"),
    [
        ("server: https://192.0.2.11:6443", "a: b", "192.0.2.10:6443", ["192.0.2.11:6443", "192.0.2.12:6443"]),
        (
            "server: https://k8s.example.org",
            "controlPlaneEndpoint: K8s.example.org:443",
            "192.0.2.10:6443",
            ["192.0.2.12:6443", "k8s.example.org:443"],
        ),
        (
            "server: https://192.0.2.10:6443",
            'controlPlaneEndpoint: "192.0.2.10"',
            "192.0.2.10:6443",
            ["192.0.2.12:6443"],
        ),
    ],
)
def test_old_endpoints(cluster_info: str, configuration: str, endpoint: str, old: list[str]) -> None:
    config_maps = {
        "kube-public/cluster-info": {"data": {"kubeconfig": cluster_info}},
        "kube-system/kubeadm-config": {"data": {"ClusterConfiguration": f"apiVersion: x\n{configuration}\n"}},
    }
    found_there = old_endpoints(config_maps, ["192.0.2.12:6443"], endpoint)
    assert sorted(str(item) for item in found_there) == old
