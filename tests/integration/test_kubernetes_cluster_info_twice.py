# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""kubernetes_cluster_info against a real API server; kubectl is the second opinion."""

from __future__ import annotations

import json
import typing as t

from tests.integration.modules import Modules

if t.TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.control_plane import ControlPlane

NODE = "cp-of-tests"


def data(plane: ControlPlane, name: str, namespace: str = "kube-system") -> dict[str, str]:
    """The data of a ConfigMap by kubectl."""
    return t.cast("dict[str, str]", plane.get("configmap", name, namespace)["data"])


def test_check_inspect_check_inspect(cluster: ControlPlane, modules_with_each_adapter: Modules) -> None:
    cluster.apply({"apiVersion": "v1", "kind": "Node", "metadata": {"name": NODE, "labels": {"a": "b"}}})
    server = f"localhost:{cluster.api_port}"
    try:
        results = [
            modules_with_each_adapter.run(
                "kubernetes_cluster_info", check=check, kubeconfig=str(cluster.kubeconfig), server=server
            )
            for check in (True, False, True, False)
        ]
    finally:
        cluster.kubectl("delete", "node", NODE)
    assert [result["changed"] for result in results] == [False] * 4
    found = results[0]["cluster"]
    # A pod of kube-proxy may appear meanwhile.
    assert {key for key in found if found[key] != results[-1]["cluster"][key]} <= {"kube_proxy_pods", "configmaps"}
    names = {"kube-system/kubeadm-config", "kube-system/kube-proxy", "kube-public/cluster-info"}
    assert set(found["configmaps"]) == names
    assert found["configmaps"]["kube-system/kubeadm-config"]["data"] == data(cluster, "kubeadm-config")
    assert found["version"] == json.loads(cluster.kubectl("get", "--raw=/version"))["gitVersion"]
    (node,) = found["nodes"]
    assert (node["name"], node["ready"]) == (NODE, False)
    assert node["labels"].items() >= {("a", "b")}
    assert found["has_kube_proxy"] is True
    assert found["has_uploaded_certificates"] is False


def test_kubectl_is_only_asked_without_the_library(cluster: ControlPlane, tmp_path: Path) -> None:
    kubectl, asked = tmp_path / "kubectl", tmp_path / "asked"
    kubectl.write_text(f'#!/bin/sh\necho "$@" >> {asked}\nexec {cluster.binaries}/kubectl "$@"\n', encoding="utf-8")
    kubectl.chmod(0o755)
    environment = {**cluster.environment, "PATH": f"{tmp_path}:{cluster.environment['PATH']}"}
    for library_is_missing in (False, True):
        modules = Modules(environment, tmp_path, ("kubernetes",) if library_is_missing else ())
        found = modules.run("kubernetes_cluster_info", kubeconfig=str(cluster.kubeconfig))["cluster"]
        assert "kube-system/kubeadm-config" in found["configmaps"]
        assert asked.exists() is library_is_missing


def test_tokens_are_reported_without_their_secrets(cluster: ControlPlane, modules_with_each_adapter: Modules) -> None:
    token = cluster.kubeadm(f"--kubeconfig={cluster.kubeconfig}", "token", "create", "--description=of a test").strip()
    identity, secret = token.split(".")
    result = modules_with_each_adapter.run("kubernetes_cluster_info", kubeconfig=str(cluster.kubeconfig))
    reported = {item["name"]: item for item in result["cluster"]["bootstrap_tokens"]}
    assert reported[f"bootstrap-token-{identity}"]["description"] == "of a test"
    assert reported[f"bootstrap-token-{identity}"]["expiration"]
    assert secret not in json.dumps(result)


def test_a_cluster_without_objects_of_kubeadm(plane: ControlPlane, modules_with_each_adapter: Modules) -> None:
    found = modules_with_each_adapter.run("kubernetes_cluster_info", kubeconfig=str(plane.kubeconfig))["cluster"]
    assert (found["configmaps"], found["nodes"], found["has_kube_proxy"]) == ({}, [], False)


def test_an_unreachable_server_is_named(plane: ControlPlane, modules_with_each_adapter: Modules) -> None:
    refused = modules_with_each_adapter.run(
        "kubernetes_cluster_info", kubeconfig=str(plane.kubeconfig), server="127.0.0.1:1"
    )
    assert refused["failed"] is True
    assert "127.0.0.1:1" in refused["msg"]


def test_through_ansible(cluster: ControlPlane, modules: Modules) -> None:
    found = modules.run_by_ansible("kubernetes_cluster_info", kubeconfig=str(cluster.kubeconfig))
    assert found["cluster"]["configmaps"]["kube-system/kubeadm-config"]["data"] == data(cluster, "kubeadm-config")
