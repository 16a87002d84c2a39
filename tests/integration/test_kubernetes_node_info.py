# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""kubernetes_node_info against a real API server: a node that is Ready, one that is not, none, and a short path."""

from __future__ import annotations

import json
import typing as t

import pytest

if t.TYPE_CHECKING:
    from tests.integration.control_plane import ControlPlane
    from tests.integration.modules import Modules, Result


def node_info(modules: Modules, plane: ControlPlane, name: str, wait_timeout: float = 0) -> Result:
    """Run the module."""
    server = f"127.0.0.1:{plane.api_port}"
    options: dict[str, t.Any] = {"kubeconfig": str(plane.kubeconfig), "server": server, "wait_timeout": wait_timeout}
    return modules.run("kubernetes_node_info", name=name, **options)


@pytest.fixture
def node(plane: ControlPlane) -> t.Iterator[str]:
    """A node without any condition."""
    plane.apply({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "ready-or-not"}})
    yield "ready-or-not"
    plane.kubectl("delete", "node", "ready-or-not")


def report(plane: ControlPlane, name: str, status: str) -> None:
    """Do what a kubelet does."""
    condition = {"type": "Ready", "status": status, "reason": "KubeletNotReady", "message": "no network plugin"}
    patch = json.dumps({"status": {"conditions": [condition]}})
    plane.kubectl("patch", "node", name, "--subresource=status", "--type=merge", f"--patch={patch}")


def test_a_node_is_ready_or_explained(plane: ControlPlane, node: str, modules_with_each_adapter: Modules) -> None:
    failed = node_info(modules_with_each_adapter, plane, node)
    assert "its kubelet has reported nothing yet" in failed["msg"]
    report(plane, node, "False")
    failed = node_info(modules_with_each_adapter, plane, node, wait_timeout=1)
    assert failed["msg"].startswith(f"The node {node} is not Ready after 1 s: KubeletNotReady no network plugin.")
    report(plane, node, "True")
    result = node_info(modules_with_each_adapter, plane, node, wait_timeout=5)
    assert not result.get("failed"), result
    assert (result["changed"], result["node"]["name"], result["node"]["ready"]) == (False, node, True)


def test_there_is_no_such_node(plane: ControlPlane, modules_with_each_adapter: Modules) -> None:
    assert "the cluster has no such node" in node_info(modules_with_each_adapter, plane, "nobody")["msg"]


def drained(modules: Modules, plane: ControlPlane, name: str) -> Result:
    """Ask whether a node may lose its kubelet."""
    server = f"127.0.0.1:{plane.api_port}"
    return modules.run(
        "kubernetes_node_info",
        name=name,
        kubeconfig=str(plane.kubeconfig),
        server=server,
        wait_for="drained",
        wait_timeout=0,
    )


def test_a_node_is_drained_or_not(plane: ControlPlane, node: str, modules_with_each_adapter: Modules) -> None:
    assert "it takes new pods. Drain it first" in drained(modules_with_each_adapter, plane, node)["msg"]
    plane.kubectl("cordon", node)
    assert drained(modules_with_each_adapter, plane, node)["node"] == {"name": node}
    containers = [{"name": "some", "image": "example.org/some"}]
    pods = {
        "own": {},
        "everywhere": {"ownerReferences": [{"apiVersion": "apps/v1", "kind": "DaemonSet", "name": "some", "uid": "1"}]},
    }
    for name, metadata in pods.items():
        document = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": name, "namespace": "default", **metadata},
            "spec": {"nodeName": node, "containers": containers, "automountServiceAccountToken": False},
        }
        plane.apply(document)
    said = drained(modules_with_each_adapter, plane, node)["msg"]
    assert f"The node {node} is not drained: it runs default/own. Drain it first" in said
    plane.kubectl("delete", "pod", "own", "everywhere", "--force", "--grace-period=0")
    assert drained(modules_with_each_adapter, plane, node)["node"] == {"name": node}
    assert drained(modules_with_each_adapter, plane, "nobody")["node"] == {}


def test_a_node_is_drained(plane: ControlPlane, node: str, modules_with_each_adapter: Modules) -> None:
    """Its pods have no time to end, as no kubelet is there that would end them."""
    server = f"127.0.0.1:{plane.api_port}"
    options: dict[str, t.Any] = {
        "name": node,
        "kubeconfig": str(plane.kubeconfig),
        "server": server,
        "wait_timeout": 20,
    }

    def drain(*, check: bool = False) -> Result:
        return modules_with_each_adapter.run("kubernetes_node", state="drained", check=check, **options)

    owner = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "some", "uid": "1", "controller": True}
    containers = [{"name": "some", "image": "example.org/some"}]
    for name, owners in (("owned", [owner]), ("alone", [])):
        metadata = {"name": name, "namespace": "default", "ownerReferences": owners}
        spec = {
            "nodeName": node,
            "containers": containers,
            "automountServiceAccountToken": False,
            "terminationGracePeriodSeconds": 0,
        }
        plane.apply({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec})
    assert "default/alone belongs to no controller" in drain()["msg"]
    plane.kubectl("delete", "pod", "alone", "--force", "--grace-period=0")
    for check, changed in ((True, True), (False, True), (True, False), (False, False)):
        result = drain(check=check)
        assert not result.get("failed"), result
        assert result["changed"] is changed
        is_there = "owned" in plane.kubectl("get", "pods", "--output=name")
        assert is_there is (check and changed)
    assert drained(modules_with_each_adapter, plane, node)["node"] == {"name": node}
