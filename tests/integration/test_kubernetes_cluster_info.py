# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""kubernetes_cluster_info against a real API server: consumers of old endpoints, and what must stay on the host."""

from __future__ import annotations

import base64
import json
import typing as t

import pytest

if t.TYPE_CHECKING:
    from tests.integration.control_plane import ControlPlane
    from tests.integration.modules import Modules, Result

CANARY = "c4n4ry-s3cr3t"
OLD = "192.0.2.11:6443"
NAMESPACE = "default"


@pytest.fixture
def consumers(cluster: ControlPlane) -> t.Iterator[ControlPlane]:
    """The cluster with a DaemonSet, a ConfigMap and a Secret that name an old endpoint, and more pages of Secrets."""
    kubeconfig = f"server: https://{OLD}\ntoken: {CANARY}\n"
    environment = [{"name": "KUBERNETES_SERVICE_HOST", "value": "192.0.2.11"}]
    labels = {"app": "agent"}
    pod = {"containers": [{"name": "agent", "image": "agent:1", "env": environment}]}
    template = {"metadata": {"labels": labels}, "spec": pod}
    metadata = {"namespace": NAMESPACE, "name": "agent", "labels": {"test": "consumers"}}
    spec = {"selector": {"matchLabels": labels}, "template": template}
    cluster.apply({"apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": metadata, "spec": spec})
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
    for kind in ("apis/apps/v1/{}/daemonsets", "api/v1/{}/configmaps", "api/v1/{}/secrets"):
        path = kind.format(f"namespaces/{NAMESPACE}")
        cluster.kubectl("delete", f"--raw=/{path}?labelSelector=test%3Dconsumers")


def look(cluster: ControlPlane, modules: Modules, **options: t.Any) -> Result:
    """The module's result."""
    result = modules.run("kubernetes_cluster_info", kubeconfig=str(cluster.kubeconfig), **options)
    assert not result.get("failed"), result
    return result


def test_consumers_are_told_without_any_value(consumers: ControlPlane, modules: Modules) -> None:
    result = look(consumers, modules, endpoint="k8s.example.org:6443", api_servers=[OLD])
    found = result["cluster"]["consumers"]
    assert found["complete"] is True
    told = sorted((item["kind"], item["name"], item["where"], item["endpoints"]) for item in found["found"])
    assert told == [
        ("ConfigMap", "agent", ["key config"], [OLD]),
        ("DaemonSet", "agent", ["container agent: KUBERNETES_SERVICE_HOST"], [OLD]),
        ("Secret", "agent", ["key kubeconfig"], [OLD]),
        ("Secret", "more-249", ["key key"], [OLD]),
    ]
    assert CANARY not in json.dumps(result)
    assert base64.b64encode(CANARY.encode()).decode()[:12] not in json.dumps(result)


def test_what_names_the_endpoint_is_no_consumer(consumers: ControlPlane, modules: Modules) -> None:
    found = look(consumers, modules, endpoint=OLD, api_servers=[OLD])["cluster"]["consumers"]
    assert found == {"found": [], "complete": True}


def test_nobody_is_looked_for_without_an_endpoint(consumers: ControlPlane, modules: Modules) -> None:
    assert look(consumers, modules)["cluster"]["consumers"] == {"found": [], "complete": True}


def test_the_server_of_cluster_info_is_an_old_endpoint(cluster: ControlPlane, modules: Modules) -> None:
    server = f"127.0.0.1:{cluster.api_port}"
    metadata = {"namespace": NAMESPACE, "name": "agent"}
    cluster.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"api": f"https://{server}"}})
    try:
        found = look(cluster, modules, endpoint="k8s.example.org:6443")["cluster"]["consumers"]["found"]
    finally:
        cluster.delete("configmap/agent", namespace=NAMESPACE)
    assert [(item["kind"], item["name"], item["endpoints"]) for item in found] == [("ConfigMap", "agent", [server])]
