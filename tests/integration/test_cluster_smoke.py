# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""cluster_smoke against a real kube-apiserver, real controllers and a real kube-scheduler; kubelets are played by the test."""

from __future__ import annotations

import contextlib
import json
import threading
import typing as t

import pytest

from tests.integration import control_plane, processes

if t.TYPE_CHECKING:
    from tests.integration.control_plane import ControlPlane
    from tests.integration.modules import Modules, Result

NAMESPACE = "kubeadm-ha-smoke"
IMAGE = "registry.example.org/coredns/coredns:v1.12.1"
NODES = {"cp1": "192.0.2.11", "w1": "192.0.2.21"}
READY = {"type": "Ready", "status": "True", "lastTransitionTime": "2026-01-01T00:00:00Z"}


@pytest.fixture
def smoke_cluster(plane: ControlPlane) -> t.Iterator[ControlPlane]:
    """Two nodes, CoreDNS' Deployment, and the controllers that the application needs besides those of all tests."""
    (port,) = processes.free_ports(1)
    manager = [
        f"--kubeconfig={plane.kubeconfig}",
        "--controllers=namespace",
        "--leader-elect=false",
        "--bind-address=127.0.0.1",
        f"--secure-port={port}",
    ]
    scheduler = [f"--kubeconfig={plane.kubeconfig}", "--leader-elect=false", "--secure-port=0"]
    with (
        control_plane._process(plane, "kube-controller-manager", manager),
        control_plane._process(plane, "kube-scheduler", scheduler),
    ):
        plane.kubectl("-n", "kube-system", "create", "deployment", "coredns", f"--image={IMAGE}", "--replicas=0")
        try:
            yield plane
        finally:
            plane.kubectl("delete", "namespace", NAMESPACE, "--ignore-not-found", "--timeout=60s")
            plane.delete("deployment/coredns")
            plane.kubectl("-n", "kube-system", "delete", "replicasets", "--selector=app=coredns")
            plane.kubectl("delete", "nodes", "--all")


def add_nodes(plane: ControlPlane) -> None:
    """Node objects that the scheduler may use."""
    for name, address in NODES.items():
        labels = {"kubernetes.io/os": "linux", "kubernetes.io/hostname": name}
        plane.apply({"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": labels}})
        room = {"cpu": "4", "memory": "8Gi", "pods": "110"}
        addresses = [{"type": "InternalIP", "address": address}]
        status = {"conditions": [READY], "capacity": room, "allocatable": room, "addresses": addresses}
        patch = ["patch", "node", name, "--type=merge"]
        plane.kubectl(*patch, "--subresource=status", f"--patch={json.dumps({'status': status})}")
        plane.kubectl(*patch, '--patch={"spec":{"taints":null}}')


@contextlib.contextmanager
def kubelets(plane: ControlPlane) -> t.Iterator[None]:
    """Scheduled pods become ready, deleted ones go."""
    stop = threading.Event()
    status = json.dumps({"status": {"phase": "Running", "conditions": [READY]}})
    options = ["-n", NAMESPACE]

    def act() -> None:
        while not stop.wait(0.3):
            for pod in json.loads(plane.kubectl(*options, "get", "pods", "--output=json"))["items"]:
                name = pod["metadata"]["name"]
                with contextlib.suppress(AssertionError):  # the pod can be gone by now
                    if "deletionTimestamp" in pod["metadata"]:
                        plane.kubectl(*options, "delete", "pod", name, "--force", "--grace-period=0", "--wait=false")
                    elif pod["spec"].get("nodeName") and pod["status"].get("phase") != "Running":
                        patch = ["--subresource=status", "--type=merge", f"--patch={status}"]
                        plane.kubectl(*options, "patch", "pod", name, *patch)

    thread = threading.Thread(target=act)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def smoke(plane: ControlPlane, modules: Modules, *, check: bool = False, **options: t.Any) -> Result:
    """The module's result."""
    return modules.run("cluster_smoke", check=check, diff=True, kubeconfig=str(plane.kubeconfig), **options)


def objects(plane: ControlPlane) -> list[str]:
    """Whatever is left in the namespace, and itself."""
    kinds = "configmaps,deployments,services,pods"
    named = plane.kubectl("-n", NAMESPACE, "get", kinds, "--output=name").split()
    return [name for name in named if name != "configmap/kube-root-ca.crt"] + plane.kubectl(
        "get", "namespace", NAMESPACE, "--ignore-not-found", "--output=name"
    ).split()


def test_check_apply_check_apply(smoke_cluster: ControlPlane, modules_with_each_adapter: Modules) -> None:
    add_nodes(smoke_cluster)
    with kubelets(smoke_cluster):
        predicted = smoke(smoke_cluster, modules_with_each_adapter, check=True)
        assert (predicted["changed"], predicted["pods"], predicted["targets"]) == (True, [], [])
        assert predicted["image"] == IMAGE
        assert objects(smoke_cluster) == []

        applied = smoke(smoke_cluster, modules_with_each_adapter, timeout=60)
        assert not applied.get("failed"), applied["msg"]
        assert applied["changes"] == predicted["changes"]
        assert len(applied["pods"]) == 4
        assert {pod["node"] for pod in applied["pods"]} == set(NODES)
        service = smoke_cluster.get("service", "smoke", NAMESPACE)["spec"]
        port = service["ports"][0]["nodePort"]
        assert [(item["address"], item["port"]) for item in applied["targets"]] == [
            (service["clusterIP"], 80),
            *((address, port) for address in NODES.values()),
        ]
        for check in (True, False):
            again = smoke(smoke_cluster, modules_with_each_adapter, check=check, timeout=60)
            assert (again["changed"], again["pods"], again["targets"]) == (False, applied["pods"], applied["targets"])

        other = smoke(smoke_cluster, modules_with_each_adapter, timeout=60, image="example.org/coredns:v1")
        assert other["changes"][0]["after"] is None, "what differs is removed first"
        assert {pod["name"] for pod in other["pods"]}.isdisjoint(pod["name"] for pod in applied["pods"])

        for check, changed in ((True, True), (False, True), (True, False), (False, False)):
            removed = smoke(smoke_cluster, modules_with_each_adapter, state="absent", check=check, timeout=60)
            assert (removed.get("failed"), removed["changed"]) == (None, changed)
        assert objects(smoke_cluster) == []


def test_without_nodes_it_is_not_ready(smoke_cluster: ControlPlane, modules: Modules) -> None:
    failed = smoke(smoke_cluster, modules, timeout=5)
    assert failed["failed"] is True
    assert f"in the namespace {NAMESPACE} is not ready after 5 s: 0 of 4 pods are" in failed["msg"]
    assert "no nodes available" in failed["msg"]
    assert smoke(smoke_cluster, modules, state="absent", timeout=60)["changed"] is True
    assert objects(smoke_cluster) == []


def test_a_namespace_of_somebody_else(smoke_cluster: ControlPlane, modules: Modules) -> None:
    smoke_cluster.kubectl("create", "namespace", NAMESPACE)
    for state in ("present", "absent"):
        failed = smoke(smoke_cluster, modules, state=state)
        assert failed["failed"] is True
        assert "is not of the smoke application" in failed["msg"]
    assert objects(smoke_cluster) == [f"namespace/{NAMESPACE}"]
