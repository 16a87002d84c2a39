# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""kubernetes_cluster_info against a real API server: consumers of old endpoints, and what must stay on the host."""

from __future__ import annotations

import base64
import datetime as dt
import json
import time
import typing as t

import pytest
import yaml

from tests.integration import processes

if t.TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.control_plane import ControlPlane
    from tests.integration.modules import Modules, Result

CANARY = "c4n4ry-s3cr3t"
OLD = "192.0.2.11:6443"
NAMESPACE = "default"


@pytest.fixture
def consumers(cluster: ControlPlane) -> t.Iterator[ControlPlane]:
    """The cluster with objects of every kind that name an old endpoint, and more pages of Secrets."""
    kubeconfig = f"server: https://{OLD}\ntoken: {CANARY}\n"
    environment = [{"name": "KUBERNETES_SERVICE_HOST", "value": "192.0.2.11"}]
    pod = {"containers": [{"name": "agent", "image": "agent:1", "env": environment}]}
    metadata = {"namespace": NAMESPACE, "name": "agent", "labels": {"test": "consumers"}}
    ended = {"apiVersion": "v1", "kind": "Pod", "metadata": {**metadata, "name": "ended"}, "spec": pod}
    cluster.apply({"apiVersion": "v1", "kind": "List", "items": [*workloads(metadata, pod), ended]})
    phase = json.dumps({"status": {"phase": "Succeeded"}})
    cluster.kubectl("patch", "pod", "ended", "--subresource=status", "--type=merge", f"--patch={phase}")
    wait_for_owned_pods(cluster, "Deployment", "ReplicaSet")
    cluster.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"config": kubeconfig}})
    encoded = base64.b64encode(kubeconfig.encode()).decode()
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": {"kubeconfig": encoded}}
    many = [
        {
            **secret,
            "metadata": {**metadata, "name": f"more-{number:03}"},
            "data": {"key": encoded if number == 249 else ""},
        }
        for number in range(250)
    ]
    release = {**secret, "type": "helm.sh/release.v1", "metadata": {**metadata, "name": "release"}}
    items = [secret, release, *many]
    cluster.kubectl("create", "-f", "-", stdin=json.dumps({"apiVersion": "v1", "kind": "List", "items": items}))
    yield cluster
    # One request for each kind: kubectl would take a request for each object, and its time between them.
    for kind in (
        *(f"apis/apps/v1/{{}}/{name}" for name in ("daemonsets", "deployments", "statefulsets", "replicasets")),
        *("apis/batch/v1/{}/cronjobs", "apis/batch/v1/{}/jobs"),
        *("api/v1/{}/pods", "api/v1/{}/configmaps", "api/v1/{}/secrets"),
    ):
        path = kind.format(f"namespaces/{NAMESPACE}")
        cluster.kubectl("delete", f"--raw=/{path}?labelSelector=test%3Dconsumers")


def workloads(metadata: t.Mapping[str, t.Any], pod: t.Mapping[str, t.Any]) -> t.Iterator[dict[str, t.Any]]:
    """A workload of every kind with this pod, all named alike."""
    for kind in ("DaemonSet", "Deployment", "StatefulSet", "ReplicaSet"):
        labels = {"app": kind}
        template = {"metadata": {"labels": {**labels, "test": "consumers"}}, "spec": pod}
        spec: dict[str, t.Any] = {"selector": {"matchLabels": labels}, "template": template}
        if kind == "StatefulSet":
            spec["serviceName"] = "agent"
        yield {"apiVersion": "apps/v1", "kind": kind, "metadata": metadata, "spec": spec}
    job = {"template": {"metadata": {"labels": metadata["labels"]}, "spec": {**pod, "restartPolicy": "Never"}}}
    schedule = {"schedule": "0 0 1 1 *", "jobTemplate": {"spec": job}}
    yield {"apiVersion": "batch/v1", "kind": "CronJob", "metadata": metadata, "spec": schedule}
    yield {"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": job}
    yield {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": pod}


def wait_for_owned_pods(cluster: ControlPlane, *owners: str) -> None:
    """Wait until the controllers have made a pod of these workloads, which are its label ``app``."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        selector = f"--selector=app in ({','.join(owners)})"
        found = json.loads(cluster.kubectl("get", "pods", "--output=json", f"--namespace={NAMESPACE}", selector))
        if {item["metadata"]["labels"]["app"] for item in found["items"]} == set(owners):
            return
        time.sleep(0.2)
    raise AssertionError(f"No pods of {owners} within 30 s.")


def inspect(cluster: ControlPlane, modules: Modules, **options: t.Any) -> Result:
    """The module's result."""
    result = modules.run("kubernetes_cluster_info", kubeconfig=str(cluster.kubeconfig), **options)
    assert not result.get("failed"), result
    return result


def test_consumers_are_reported_without_any_value(consumers: ControlPlane, modules_with_each_adapter: Modules) -> None:
    result = inspect(consumers, modules_with_each_adapter, endpoint="k8s.example.org:6443", api_servers=[OLD])
    found = result["cluster"]["consumers"]
    assert found["complete"] is True
    reported = sorted((item["kind"], item["name"], item["where"], item["endpoints"]) for item in found["found"])
    kinds = ("CronJob", "DaemonSet", "Deployment", "Job", "Pod", "ReplicaSet")
    variable = ["container agent: KUBERNETES_SERVICE_HOST"]
    assert reported == [
        ("ConfigMap", "agent", ["key config"], [OLD]),
        *((kind, "agent", variable, [OLD]) for kind in kinds),
        ("Secret", "agent", ["key kubeconfig"], [OLD]),
        ("Secret", "more-249", ["key key"], [OLD]),
        ("StatefulSet", "agent", variable, [OLD]),
    ]
    assert CANARY not in json.dumps(result)
    assert base64.b64encode(CANARY.encode()).decode()[:12] not in json.dumps(result)


def test_what_names_the_endpoint_is_no_consumer(consumers: ControlPlane, modules_with_each_adapter: Modules) -> None:
    found = inspect(consumers, modules_with_each_adapter, endpoint=OLD, api_servers=[OLD])["cluster"]["consumers"]
    assert found == {"found": [], "complete": True}


def test_nobody_is_searched_for_without_an_endpoint(
    consumers: ControlPlane, modules_with_each_adapter: Modules
) -> None:
    assert inspect(consumers, modules_with_each_adapter)["cluster"]["consumers"] == {"found": [], "complete": True}


def test_the_server_of_cluster_info_is_an_old_endpoint(
    cluster: ControlPlane, modules_with_each_adapter: Modules
) -> None:
    server = f"127.0.0.1:{cluster.api_port}"
    metadata = {"namespace": NAMESPACE, "name": "agent"}
    cluster.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"api": f"https://{server}"}})
    try:
        found = inspect(cluster, modules_with_each_adapter, endpoint="k8s.example.org:6443")["cluster"]["consumers"][
            "found"
        ]
    finally:
        cluster.delete("configmap/agent", namespace=NAMESPACE)
    assert [(item["kind"], item["name"], item["endpoints"]) for item in found] == [("ConfigMap", "agent", [server])]


def manifests_of(cluster: ControlPlane, directory: Path, *, etcd_port: int) -> str:
    """The manifest of an API server with external etcd, which is the cluster's own at its port."""
    pki = cluster.pki
    flags = [
        f"--etcd-servers=https://127.0.0.1:{etcd_port}",
        f"--etcd-cafile={pki / 'etcd' / 'ca.crt'}",
        f"--etcd-certfile={pki / 'apiserver-etcd-client.crt'}",
        f"--etcd-keyfile={pki / 'apiserver-etcd-client.key'}",
    ]
    container = {"name": "kube-apiserver", "command": ["kube-apiserver", *flags]}
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "kube-apiserver"},
        "spec": {"containers": [container]},
    }
    directory.mkdir(exist_ok=True)
    (directory / "kube-apiserver.yaml").write_text(yaml.safe_dump(pod), encoding="utf-8")
    return str(directory)


def test_etcd_and_the_api_are_reported_without_each_other(
    cluster: ControlPlane, modules: Modules, tmp_path: Path
) -> None:
    kubeconfig = str(cluster.kubeconfig)
    manifests = manifests_of(cluster, tmp_path / "manifests", etcd_port=cluster.etcd_port)
    both = modules.run("kubernetes_cluster_info", kubeconfig=kubeconfig, etcd={"manifests_dir": manifests})
    alone = modules.run("etcd_member_info", manifests_dir=manifests)
    assert both["etcd"]["healthy"]
    assert [member["id"] for member in both["etcd"]["members"]] == [member["id"] for member in alone["members"]]
    assert both["etcd_failure"] == ""
    assert both["cluster"]["version"]

    (closed,) = processes.free_ports(1)
    without_api = modules.run(
        "kubernetes_cluster_info",
        kubeconfig=kubeconfig,
        server=f"127.0.0.1:{closed}",
        etcd={"manifests_dir": manifests},
    )
    assert without_api["failed"]
    assert without_api["etcd"]["healthy"]

    elsewhere = manifests_of(cluster, tmp_path / "elsewhere", etcd_port=closed)
    without_etcd = modules.run("kubernetes_cluster_info", kubeconfig=kubeconfig, etcd={"manifests_dir": elsewhere})
    assert without_etcd["cluster"]["version"]
    assert without_etcd["etcd"] is None
    assert f"127.0.0.1:{closed}" in without_etcd["etcd_failure"]

    too_few = {"manifests_dir": manifests, "expected_voters": 3}
    demanded = modules.run("kubernetes_cluster_info", kubeconfig=kubeconfig, etcd=too_few)
    assert "it has 1 voters instead of 3" in demanded["etcd_failure"]
    not_asked = modules.run("kubernetes_cluster_info", kubeconfig=kubeconfig)
    assert (not_asked["etcd"], not_asked["etcd_failure"]) == (None, "")


def test_what_shows_that_a_lost_machine_runs(cluster: ControlPlane, modules_with_each_adapter: Modules) -> None:
    """Two machines, of which only one has an API server that answers; its kubelet has been quiet for ten minutes."""
    (closed,) = processes.free_ports(1)
    ca = (cluster.pki / "ca.crt").read_text(encoding="utf-8")
    had_root = cluster.kubectl("--namespace=kube-system", "get", "configmap", "kube-root-ca.crt", "--ignore-not-found")
    if not had_root:
        metadata = {"name": "kube-root-ca.crt", "namespace": "kube-system"}
        cluster.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"ca.crt": ca}})
    renewed = dt.datetime.fromtimestamp(time.time() - 600, tz=dt.UTC)
    cluster.apply(
        {
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": {"name": "cp8", "namespace": "kube-node-lease"},
            "spec": {"holderIdentity": "cp8", "renewTime": renewed.strftime("%Y-%m-%dT%H:%M:%S.%fZ")},
        }
    )
    annotation = "kubeadm.kubernetes.io/kube-apiserver.advertise-address.endpoint"
    for name, port in (("cp8", cluster.api_port), ("cp9", closed)):
        pod = {"name": f"kube-apiserver-{name}", "namespace": "kube-system"}
        annotated = {**pod, "annotations": {annotation: f"127.0.0.1:{port}"}}
        containers = [{"name": "kube-apiserver", "image": "example.org/none"}]
        cluster.apply({"apiVersion": "v1", "kind": "Pod", "metadata": annotated, "spec": {"containers": containers}})
    try:
        result = modules_with_each_adapter.run(
            "kubernetes_cluster_info", kubeconfig=str(cluster.kubeconfig), lost_nodes="cp8, cp9,nobody"
        )
        assert not result.get("failed"), result
        signs = {item["name"]: item for item in result["cluster"]["life_signs"]}
        assert {name: (item["api_server"], item["is_answering"]) for name, item in signs.items()} == {
            "cp8": (f"127.0.0.1:{cluster.api_port}", True),
            "cp9": (f"127.0.0.1:{closed}", False),
            "nobody": ("", False),
        }
        assert 590 < signs["cp8"]["lease_age"] < 700
        assert signs["cp9"]["lease_age"] is None
    finally:
        for name in ("cp8", "cp9"):
            cluster.delete(f"pod/kube-apiserver-{name}", namespace="kube-system")
        cluster.delete("lease/cp8", namespace="kube-node-lease")
        if not had_root:
            cluster.delete("configmap/kube-root-ca.crt", namespace="kube-system")
