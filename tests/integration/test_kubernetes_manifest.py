# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""kubernetes_manifest and cluster_network_info against a real API server, by both adapters of the API."""

from __future__ import annotations

import json
import typing as t

import pytest

if t.TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.control_plane import ControlPlane
    from tests.integration.modules import Modules

NAMESPACE: dict[str, t.Any] = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "manifests-of-tests"}}
CONFIG: dict[str, t.Any] = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {"name": "one", "namespace": "manifests-of-tests"},
    "data": {"a": "1"},
}
DEFINITION: dict[str, t.Any] = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "pools.tests.kubeadm.ha"},
    "spec": {
        "group": "tests.kubeadm.ha",
        "scope": "Cluster",
        "names": {"kind": "Pool", "plural": "pools"},
        "versions": [
            {
                "name": "v1",
                "served": True,
                "storage": True,
                "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}},
            }
        ],
    },
}
POOL: dict[str, t.Any] = {"apiVersion": "tests.kubeadm.ha/v1", "kind": "Pool", "metadata": {"name": "p"}, "size": 3}


@pytest.fixture
def without(plane: ControlPlane) -> t.Iterator[None]:
    """Nothing of these tests stays."""
    yield
    plane.kubectl("delete", "crd", "pools.tests.kubeadm.ha", "--ignore-not-found")
    plane.kubectl("delete", "configmap", "one", "--namespace=manifests-of-tests", "--ignore-not-found")


@pytest.mark.usefixtures("without")
def test_manifests_are_applied_and_only_differences_change(
    plane: ControlPlane, modules_with_each_adapter: Modules
) -> None:
    options: dict[str, t.Any] = {
        "kubeconfig": str(plane.kubeconfig),
        "definitions": [POOL, CONFIG, DEFINITION, NAMESPACE],
    }
    plane.kubectl("delete", "crd", "pools.tests.kubeadm.ha", "--ignore-not-found")
    for check, changed in ((True, True), (False, True), (True, False), (False, False)):
        result = modules_with_each_adapter.run("kubernetes_manifest", check=check, **options)
        assert not result.get("failed"), result
        assert result["changed"] is changed
    stored = json.loads(plane.kubectl("get", "pool", "p", "--output=json", "--show-managed-fields"))
    assert stored["size"] == 3
    assert {item["manager"] for item in stored["metadata"]["managedFields"]} == {"kubeadm-ha"}
    options["definitions"] = [{**CONFIG, "data": {"a": "2"}}]
    predicted = modules_with_each_adapter.run("kubernetes_manifest", check=True, diff=True, **options)
    (change,) = predicted["changes"]
    assert (change["object"], change["before"], change["after"]) == (
        "ConfigMap manifests-of-tests/one",
        {"data.a": "1"},
        {"data.a": "2"},
    )
    assert plane.get("configmap", "one", "manifests-of-tests")["data"] == {"a": "1"}
    modules_with_each_adapter.run("kubernetes_manifest", **options)
    assert plane.get("configmap", "one", "manifests-of-tests")["data"] == {"a": "2"}


def test_what_the_api_server_refuses_is_named(plane: ControlPlane, modules_with_each_adapter: Modules) -> None:
    options: dict[str, t.Any] = {"kubeconfig": str(plane.kubeconfig), "wait_timeout": 0}
    unknown = {"apiVersion": "none.example.org/v1", "kind": "Nothing", "metadata": {"name": "x"}}
    refused = modules_with_each_adapter.run("kubernetes_manifest", definitions=[unknown], **options)
    assert "does not serve Nothing of none.example.org/v1" in refused["msg"]
    homeless = {**CONFIG, "metadata": {"name": "one", "namespace": "no-such-namespace"}}
    refused = modules_with_each_adapter.run("kubernetes_manifest", definitions=[homeless], **options)
    assert "its namespace does not exist" in refused["msg"]


@pytest.mark.usefixtures("without")
def test_a_network_is_recognised_by_who_applied_it(
    plane: ControlPlane, modules_with_each_adapter: Modules, tmp_path: Path
) -> None:
    options: dict[str, t.Any] = {
        "kubeconfig": str(plane.kubeconfig),
        "name": "cp1",
        "directory": str(tmp_path),
        "definitions": [NAMESPACE, CONFIG],
    }

    def inspect() -> dict[str, t.Any]:
        result = modules_with_each_adapter.run("cluster_network_info", **options)
        assert not result.get("failed"), result
        assert result["changed"] is False
        return result

    assert inspect()["network"]["owner"] == "nobody"
    assert inspect()["decision"]["changes"] != []
    modules_with_each_adapter.run("kubernetes_manifest", definitions=[NAMESPACE], kubeconfig=str(plane.kubeconfig))
    plane.apply(CONFIG)
    assert (inspect()["network"]["owner"], inspect()["decision"]["changes"]) == ("others", [])
    plane.kubectl("delete", "configmap", "one", "--namespace=manifests-of-tests")
    modules_with_each_adapter.run(
        "kubernetes_manifest", definitions=options["definitions"], kubeconfig=str(plane.kubeconfig)
    )
    assert (inspect()["network"]["owner"], inspect()["decision"]["changes"]) == ("kubeadm.ha", [])
    (tmp_path / "10-other.conflist").write_text("{}")
    assert "10-other.conflist" in inspect()["decision"]["problems"][0]["message"]


def test_without_a_cluster_everything_is_predicted(modules: Modules, tmp_path: Path) -> None:
    result = modules.run(
        "cluster_network_info",
        kubeconfig=str(tmp_path / "none.conf"),
        name="cp1",
        directory=str(tmp_path),
        definitions=[NAMESPACE, CONFIG],
    )
    assert [change["object"] for change in result["decision"]["changes"]] == [
        "Namespace manifests-of-tests",
        "ConfigMap manifests-of-tests/one",
    ]
