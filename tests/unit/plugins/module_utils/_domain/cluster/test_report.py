# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report of the cluster: it is written as it is read, and what is wrong with it is one sentence."""

from __future__ import annotations

import contextlib
import copy
import functools
import json
import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.errors import MalformedReport
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.cluster.cluster_inspection import inspect_cluster
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.cluster.report import ClusterReport
from tests.unit.plugins.memory_api import MemoryApi, MemoryClock
from tests.unit.plugins.module_utils._domain.host.test_report import JSON, places
from tests.unit.plugins.module_utils._domain.plan.test_planning import after, before, cluster

TIME = "2026-01-01T00:00:00Z"
SCHEMA = ClusterReport.SCHEMA
#: A report in which nothing is empty, as ``kubernetes_cluster_info`` writes it.
FULL: dict[str, t.Any] = {
    "configmaps": {"kube-system/kubeadm-config": {"metadata": {"name": "kubeadm-config"}, "data": {"a": "b"}}},
    "nodes": [
        {
            "name": "cp1",
            "labels": {"kubernetes.io/os": "linux"},
            "taints": [{"key": "a", "effect": "NoSchedule", "timeAdded": TIME}],
            "addresses": ["192.0.2.11", "cp1"],
            "kubelet_version": "v1.34.4",
            "ready": False,
            "ready_status": "Unknown",
            "ready_reason": "NodeStatusUnknown Kubelet stopped posting node status.",
            "ready_since": 1796090400.0,
            "cri_socket": "unix:///run/containerd/containerd.sock",
        }
    ],
    "kube_proxy_pods": [
        {
            "metadata": {
                "name": "kube-proxy-x",
                "creationTimestamp": TIME,
                "deletionTimestamp": TIME,
                "ownerReferences": [{"kind": "DaemonSet", "name": "kube-proxy", "uid": "1"}],
            },
            "spec": {"nodeName": "cp1"},
        },
        {
            "metadata": {"name": "y", "creationTimestamp": TIME, "deletionTimestamp": None, "ownerReferences": None},
            "spec": {"nodeName": None},
        },
    ],
    "has_kube_proxy": True,
    "bootstrap_tokens": [{"name": "bootstrap-token-a", "description": "theirs", "expiration": TIME}],
    "has_uploaded_certificates": True,
    "outdated_signatures": 2,
    "static_pods": [
        {
            "component": "etcd",
            "node": "cp1",
            "ready": True,
            "restarts": 3,
            "running_since": 1000.5,
            "reason": "CrashLoopBackOff",
        }
    ],
    "api_server_addresses": ["192.0.2.11"],
    "cluster_dns": {
        "deployment": {
            "namespace": "kube-system",
            "name": "coredns",
            "replicas": 2,
            "node_selector": {"kubernetes.io/os": "linux"},
            "node_terms": [{"matchExpressions": []}],
            "tolerations": [{"operator": "Exists"}],
        },
        "pods": [{"name": "coredns-x", "node": None, "ready": False, "terminating": True}],
    },
    "consumers": {
        "found": [
            {
                "kind": "Secret",
                "namespace": "a",
                "name": "b",
                "where": ["key kubeconfig"],
                "endpoints": ["192.0.2.11:6443"],
            }
        ],
        "complete": False,
        "objects": 0,
        "failure": "The API answered too slowly.",
    },
    "version": "v1.34.4",
    "join_rights": {"discovery": False},
}


@pytest.mark.parametrize(
    "report",
    [
        FULL,
        cluster("cp1", "w1"),
        cluster("cp1", "cp2", endpoint="k8s.example.org:6443"),
        before()["cluster"],
        after()["cluster"],
    ],
    ids=["full", "small", "with an endpoint", "before", "after"],
)
def test_what_was_read_is_written_again(report: dict[str, t.Any]) -> None:
    assert ClusterReport.from_dict(report).as_dict() == report
    assert json.loads(json.dumps(ClusterReport.from_dict(report).as_dict())) == report


class Api(MemoryApi):
    """A cluster that reports its version, and that everything is allowed."""

    def create(self, document: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
        return {**document, "status": {"allowed": True}}

    def raw(self, path: str) -> str:
        assert path == "/version"
        return json.dumps({"gitVersion": "v1.34.4"})


NODE: dict[str, t.Any] = {
    "kind": "Node",
    "metadata": {"name": "n1"},
    "spec": {},
    "status": {"nodeInfo": {"kubeletVersion": "v1.34.4"}, "conditions": [{"type": "Ready", "status": "True"}]},
}
POD: dict[str, t.Any] = {
    "kind": "Pod",
    "metadata": {
        "namespace": "kube-system",
        "name": "p",
        "labels": {"k8s-app": "kube-proxy"},
        "creationTimestamp": TIME,
    },
    "spec": {"nodeName": "n1"},
}


@pytest.mark.parametrize("joining", [False, True])
def test_what_is_made_of_the_api_is_read_again(joining: bool) -> None:
    api = Api(NODE, POD)
    made = inspect_cluster(api, MemoryClock(), endpoint="k8s.example.org:6443", joining=joining)
    assert [item.name for item in made.nodes] == ["n1"]
    assert [(item.name, item.node) for item in made.kube_proxy_pods] == [("p", "n1")]
    assert ClusterReport.from_dict(json.loads(json.dumps(made.as_dict()))) == made
    assert ("join_rights" in made.as_dict()) is joining


#: What need not be there, with what it is then.
OPTIONAL: dict[str, t.Any] = {
    "kube_proxy_pods": (),
    "outdated_signatures": 0,
    "join_rights": None,
}


@pytest.mark.parametrize("key", OPTIONAL)
def test_what_may_be_missing(key: str) -> None:
    report = {name: value for name, value in FULL.items() if name != key}
    assert getattr(ClusterReport.from_dict(report), key) == OPTIONAL[key]


def test_the_health_may_be_missing() -> None:
    report = {name: value for name, value in FULL.items() if name not in ("static_pods", "api_server_addresses")}
    assert ClusterReport.from_dict(report).health is None
    assert ClusterReport.from_dict(report).as_dict() == report


def test_of_a_node_only_name_readiness_labels_and_taints_must_be_reported() -> None:
    report = {**FULL, "nodes": [{"name": "n", "ready": True, "labels": {}, "taints": []}]}
    (found,) = ClusterReport.from_dict(report).nodes
    assert (found.addresses, found.kubelet_version, found.ready_status, found.ready_reason) == ((), "", "", "")


@pytest.mark.parametrize("key", sorted(set(FULL) - set(OPTIONAL) - {"static_pods"}))
def test_what_must_be_there(key: str) -> None:
    report = {name: value for name, value in FULL.items() if name != key}
    with pytest.raises(MalformedReport) as caught:
        ClusterReport.from_dict(report)
    assert f"because {key} is missing: " in caught.value.message


WRONG: list[tuple[str, t.Any, str]] = [
    ("configmaps", [], "configmaps is a list and not a mapping"),
    (
        "configmaps.kube-system/kubeadm-config",
        "x",
        "configmaps['kube-system/kubeadm-config'] is a text and not a mapping",
    ),
    ("nodes", {}, "nodes is a mapping and not a list"),
    ("nodes.0", "cp1", "nodes[0] is a text and not a mapping"),
    ("nodes.0.name", None, "nodes[0].name is empty and not a text"),
    ("nodes.0.ready", "True", "nodes[0].ready is a text and not true or false"),
    ("nodes.0.labels", [], "nodes[0].labels is a list and not a mapping"),
    ("nodes.0.taints.0", "x", "nodes[0].taints[0] is a text and not a mapping"),
    ("nodes.0.addresses.1", 5, "nodes[0].addresses[1] is 5 and not a text"),
    ("kube_proxy_pods.0.metadata", None, "kube_proxy_pods[0].metadata is empty and not a mapping"),
    (
        "kube_proxy_pods.1.metadata.creationTimestamp",
        "yesterday",
        "kube_proxy_pods[1].metadata.creationTimestamp is a text and not a time",
    ),
    ("bootstrap_tokens.0.description", 1, "bootstrap_tokens[0].description is 1 and not a text"),
    ("static_pods.0.restarts", 1.5, "static_pods[0].restarts is 1.5 and not a whole number"),
    ("static_pods.0.running_since", "now", "static_pods[0].running_since is a text and not a number"),
    ("cluster_dns.pods", None, "cluster_dns.pods is empty and not a list"),
    ("cluster_dns.deployment.replicas", "2", "cluster_dns.deployment.replicas is a text and not a whole number"),
    ("consumers.found.0.endpoints", "x", "consumers.found[0].endpoints is a text and not a list"),
    ("consumers.complete", None, "consumers.complete is empty and not true or false"),
    ("join_rights.discovery", "no", "join_rights['discovery'] is a text and not true or false"),
    ("version", 1.34, "version is 1.34 and not a text"),
    ("schema", SCHEMA + 1, f"schema is {SCHEMA + 1} and not {SCHEMA}"),
]


@pytest.mark.parametrize(("path", "value", "expected"), WRONG, ids=[row[0] for row in WRONG])
def test_what_is_wrong_is_named_by_its_place(path: str, value: t.Any, expected: str) -> None:
    report = copy.deepcopy(FULL)
    *parents, last = [int(part) if part.isdigit() else part for part in path.split(".")]
    functools.reduce(lambda found, part: found[part], parents, t.cast("t.Any", report))[last] = value
    with pytest.raises(MalformedReport) as caught:
        ClusterReport.from_dict(report)
    assert caught.value.message.startswith(f"The report of the cluster cannot be understood, because {expected}: ")


def test_what_a_configmap_holds_is_no_fault_of_the_report() -> None:
    report = ClusterReport.from_dict(
        {**FULL, "configmaps": {"a/b": {}, "a/c": {"data": None}, "a/d": {"data": {"k": "v"}}}}
    )
    assert [dict(report.data_of(name)) for name in ("a/a", "a/b", "a/c", "a/d")] == [{}, {}, {}, {"k": "v"}]


@given(place=st.sampled_from(places(FULL)), value=JSON)
def test_whatever_stands_anywhere_is_read_or_reported(place: tuple[str | int, ...], value: t.Any) -> None:
    document = copy.deepcopy(FULL)
    functools.reduce(lambda found, key: found[key], place[:-1], t.cast("t.Any", document))[place[-1]] = value
    with contextlib.suppress(MalformedReport):
        read = ClusterReport.from_dict(document).as_dict()
        assert ClusterReport.from_dict(read).as_dict() == read
