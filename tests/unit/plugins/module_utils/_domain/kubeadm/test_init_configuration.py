# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The documents of kubeadm init: by version, with what is merged into them, and what may not be."""

from __future__ import annotations

import copy
import typing as t

import pytest

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.kubeadm import init_configuration, init_decision
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.kubeadm.cluster_configuration_fields import (
    ANY,
    FIELDS,
    refuse_unknown,
)

INPUTS: dict[str, t.Any] = {
    "endpoint": "k8s.example.org:6443",
    "kubernetes_version": "1.34.4",
    "node_name": "cp1",
    "advertise_address": "192.0.2.11",
    "pod_subnet": "10.244.0.0/16",
    "service_subnet": "10.96.0.0/12",
    "image_repository": "registry.k8s.io",
    "sans": ["k8s.example.org", "192.0.2.11"],
    "etcd_sans": ["192.0.2.11", "192.0.2.12"],
    "cri_socket": "unix:///run/containerd/containerd.sock",
}
EXTERNAL = {
    "endpoints": ["https://192.0.2.21:2379", "https://192.0.2.22:2379"],
    "ca_file": "/etc/etcd/ca.crt",
    "cert_file": "/etc/etcd/client.crt",
    "key_file": "/etc/etcd/client.key",
}


def build(**more: t.Any) -> dict[str, dict[str, t.Any]]:
    """The documents by kind; there must be no problem."""
    inputs, problems = init_configuration.parse({**INPUTS, **more})
    assert problems == ()
    assert inputs is not None
    documents, problems = init_configuration.build(inputs)
    assert problems == ()
    return {document["kind"]: document for document in documents}


def problems_of(**more: t.Any) -> list[tuple[str, str]]:
    """Every problem of the inputs."""
    inputs, problems = init_configuration.parse({**INPUTS, **more})
    if inputs is not None:
        _documents, problems = init_configuration.build(inputs)
    return [(problem.subject, problem.message) for problem in problems]


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("1.22.0", "v1beta3"),
        ("v1.30.14", "v1beta3"),
        ("1.31.0", "v1beta4"),
        ("v1.34.4", "v1beta4"),
        ("1.36.1", "v1beta4"),
    ],
)
def test_the_api_version_is_the_newest_of_the_kubernetes_version(version: str, expected: str) -> None:
    built = build(
        kubernetes_version=version,
        node_labels={"site": "eu-1"},
        kubelet_extra_args={"node-ip": "192.0.2.11"},
        encryption_config="/etc/kubernetes/encryption.yaml",
        cluster_configuration={"scheduler": {"extraArgs": {"v": 2}}},
    )
    assert {document["apiVersion"] for document in built.values()} == {f"kubeadm.k8s.io/{expected}"}
    flags = built["InitConfiguration"]["nodeRegistration"]["kubeletExtraArgs"]
    pairs = {"node-ip": "192.0.2.11", "node-labels": "site=eu-1"}
    api = {"encryption-provider-config": "/etc/kubernetes/encryption.yaml"}
    cluster = built["ClusterConfiguration"]
    if expected == "v1beta4":
        assert flags == [{"name": name, "value": value} for name, value in pairs.items()]
        assert cluster["apiServer"]["extraArgs"] == [{"name": name, "value": value} for name, value in api.items()]
        assert cluster["scheduler"]["extraArgs"] == [{"name": "v", "value": "2"}]
    else:
        assert (flags, cluster["apiServer"]["extraArgs"]) == (pairs, api)
        assert cluster["scheduler"]["extraArgs"] == {"v": "2"}
    (volume,) = cluster["apiServer"]["extraVolumes"]
    assert (volume["hostPath"], volume["readOnly"]) == ("/etc/kubernetes/encryption.yaml", True)
    refuse_unknown(cluster, {**FIELDS[expected], "apiVersion": ANY, "kind": ANY}, (), expected)


def test_what_the_inventory_says_is_in_the_documents() -> None:
    built = build()
    assert built["InitConfiguration"]["localAPIEndpoint"] == {"advertiseAddress": "192.0.2.11", "bindPort": 6443}
    assert built["InitConfiguration"]["nodeRegistration"] == {"name": "cp1", "criSocket": INPUTS["cri_socket"]}
    (token,) = built["InitConfiguration"]["bootstrapTokens"]
    assert token == {"description": "kubeadm.ha join", "ttl": "15m0s"}, "kubeadm makes it, no inventory has it"
    cluster = built["ClusterConfiguration"]
    assert cluster["kubernetesVersion"] == "v1.34.4"
    assert cluster["controlPlaneEndpoint"] == "k8s.example.org:6443"
    assert cluster["networking"] == {
        "dnsDomain": "cluster.local",
        "podSubnet": "10.244.0.0/16",
        "serviceSubnet": "10.96.0.0/12",
    }
    assert cluster["apiServer"]["certSANs"] == ["k8s.example.org", "192.0.2.11"]
    assert cluster["etcd"]["local"] == {
        "serverCertSANs": ["192.0.2.11", "192.0.2.12"],
        "peerCertSANs": ["192.0.2.11", "192.0.2.12"],
    }
    assert set(built) == {"InitConfiguration", "ClusterConfiguration"}


def test_external_etcd_takes_the_place_of_the_stacked_one() -> None:
    etcd = build(external_etcd=EXTERNAL)["ClusterConfiguration"]["etcd"]
    assert etcd == {
        "external": {
            "endpoints": EXTERNAL["endpoints"],
            "caFile": "/etc/etcd/ca.crt",
            "certFile": "/etc/etcd/client.crt",
            "keyFile": "/etc/etcd/client.key",
        }
    }


def test_mappings_are_merged_deeply_and_lists_replace_but_for_our_own_entries() -> None:
    built = build(
        encryption_config="/etc/kubernetes/encryption.yaml",
        kubelet_extra_args={"node-ip": "192.0.2.11"},
        init_configuration={
            "nodeRegistration": {
                "imagePullPolicy": "IfNotPresent",
                "kubeletExtraArgs": {"node-ip": "192.0.2.99", "v": "2"},
            },
            "skipPhases": ["addon/kube-proxy"],
        },
        cluster_configuration={
            "clusterName": "blue",
            "networking": {"podSubnet": "10.244.0.0/16"},
            "apiServer": {
                "certSANs": ["api.example.org", "192.0.2.11"],
                "extraArgs": {"audit-log-path": "-"},
                "extraVolumes": [{"name": "audit", "hostPath": "/a", "mountPath": "/a"}],
            },
            "etcd": {"local": {"dataDir": "/srv/etcd"}},
        },
        kubelet_configuration={"cgroupDriver": "systemd", "clusterDomain": "cluster.local"},
        kube_proxy_configuration={"mode": "ipvs"},
    )
    init, cluster = built["InitConfiguration"], built["ClusterConfiguration"]
    assert init["nodeRegistration"]["name"] == "cp1"
    assert init["nodeRegistration"]["imagePullPolicy"] == "IfNotPresent"
    flags = {item["name"]: item["value"] for item in init["nodeRegistration"]["kubeletExtraArgs"]}
    assert flags == {"node-ip": "192.0.2.99", "v": "2"}
    assert init["skipPhases"] == ["addon/kube-proxy"]
    assert cluster["clusterName"] == "blue"
    assert cluster["apiServer"]["certSANs"] == ["api.example.org", "192.0.2.11", "k8s.example.org"]
    assert [item["name"] for item in cluster["apiServer"]["extraArgs"]] == [
        "encryption-provider-config",
        "audit-log-path",
    ]
    assert [item["name"] for item in cluster["apiServer"]["extraVolumes"]] == ["audit", "encryption-at-rest"]
    assert cluster["etcd"]["local"]["dataDir"] == "/srv/etcd"
    assert cluster["etcd"]["local"]["peerCertSANs"] == ["192.0.2.11", "192.0.2.12"]
    assert built["KubeletConfiguration"]["apiVersion"] == "kubelet.config.k8s.io/v1beta1"
    assert built["KubeProxyConfiguration"] == {
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "mode": "ipvs",
    }


def test_the_inputs_are_left_alone() -> None:
    mapping: dict[str, t.Any] = {"apiServer": {"certSANs": ["a.example.org"], "extraArgs": {"v": "2"}}}
    before = copy.deepcopy(mapping)
    assert build(cluster_configuration=mapping) == build(cluster_configuration=mapping)
    assert mapping == before


CONTRADICTIONS: dict[str, tuple[dict[str, t.Any], str, str]] = {
    "endpoint": (
        {"cluster_configuration": {"controlPlaneEndpoint": "other:6443"}},
        "kubeadm_ha_cluster_configuration",
        "kubeadm_ha_endpoint",
    ),
    "version": (
        {"cluster_configuration": {"kubernetesVersion": "v1.33.0"}},
        "kubeadm_ha_cluster_configuration",
        "kubeadm_ha_kubernetes_version",
    ),
    "network": (
        {"cluster_configuration": {"networking": {"podSubnet": "10.1.0.0/16"}}},
        "kubeadm_ha_cluster_configuration",
        "kubeadm_ha_pod_subnet",
    ),
    "network taken away": (
        {"cluster_configuration": {"networking": None}},
        "kubeadm_ha_cluster_configuration",
        "kubeadm_ha_service_subnet",
    ),
    "images": (
        {"cluster_configuration": {"imageRepository": "mirror.example.org"}},
        "kubeadm_ha_cluster_configuration",
        "kubeadm_ha_image_repository",
    ),
    "external etcd": (
        {"cluster_configuration": {"etcd": {"external": {"endpoints": []}}}},
        "kubeadm_ha_cluster_configuration",
        "control_plane_init_external_etcd",
    ),
    "both kinds of etcd": (
        {"external_etcd": EXTERNAL, "cluster_configuration": {"etcd": {"local": {"dataDir": "/srv"}}}},
        "kubeadm_ha_cluster_configuration",
        "control_plane_init_external_etcd",
    ),
    "node": (
        {"init_configuration": {"nodeRegistration": {"name": "other"}}},
        "kubeadm_ha_init_configuration",
        "kubeadm_ha_node_name",
    ),
    "port": (
        {"init_configuration": {"localAPIEndpoint": {"bindPort": 7443}}},
        "kubeadm_ha_init_configuration",
        "kubeadm_ha_api_port",
    ),
    "a token": (
        {"init_configuration": {"bootstrapTokens": [{"token": "abcdef.0123456789abcdef"}]}},
        "kubeadm_ha_init_configuration",
        "bootstrapTokens",
    ),
    "a version of the API": (
        {"cluster_configuration": {"apiVersion": "kubeadm.k8s.io/v1beta3"}},
        "kubeadm_ha_cluster_configuration",
        "kubeadm.k8s.io/v1beta4",
    ),
    "a domain": (
        {"kubelet_configuration": {"clusterDomain": "other.local"}},
        "kubeadm_ha_kubelet_configuration",
        "kubeadm_ha_dns_domain",
    ),
    "a network of kube-proxy": (
        {"kube_proxy_configuration": {"clusterCIDR": "10.1.0.0/16"}},
        "kubeadm_ha_kube_proxy_configuration",
        "kubeadm_ha_pod_subnet",
    ),
}


@pytest.mark.parametrize("name", CONTRADICTIONS)
def test_what_the_collection_decides_cannot_be_said_otherwise(name: str) -> None:
    more, subject, remedy = CONTRADICTIONS[name]
    found = problems_of(**more)
    assert all(item[0] == subject for item in found)
    assert any(remedy in message for _subject, message in found)
    assert "abcdef.0123456789abcdef" not in str(found)


WRONG: dict[str, tuple[dict[str, t.Any], str]] = {
    "no endpoint": ({"endpoint": ""}, "kubeadm_ha_endpoint is missing"),
    "no version": ({"kubernetes_version": ""}, "kubeadm_ha_kubernetes_version is missing"),
    "no patch": ({"kubernetes_version": "1.34"}, "write it with its patch"),
    "an old version": ({"kubernetes_version": "1.21.3"}, "too old"),
    "no network": ({"pod_subnet": "10.244.0.0"}, "kubeadm_ha_pod_subnet"),
    "host bits": ({"service_subnet": "10.96.0.1/12"}, "kubeadm_ha_service_subnet"),
    "two of a family": ({"pod_subnet": "10.1.0.0/16,10.2.0.0/16"}, "two networks of one family"),
    "overlap": ({"pod_subnet": "10.96.4.0/24"}, "overlap"),
    "address": ({"advertise_address": "cp1"}, "kubeadm_ha_advertise_address"),
    "port": ({"bind_port": "x"}, "kubeadm_ha_api_port"),
    "a SAN": ({"sans": ["not a name"]}, "kubeadm_ha_extra_sans"),
    "a list": ({"cluster_configuration": ["x"]}, "kubeadm_ha_cluster_configuration"),
    "plain etcd": ({"external_etcd": {**EXTERNAL, "endpoints": ["http://192.0.2.21:2379"]}}, "https://"),
    "half of etcd": ({"external_etcd": {"endpoints": []}}, "control_plane_init_external_etcd"),
    "a label": ({"node_labels": {"node-role.kubernetes.io/control-plane": ""}}, "kubeadm_ha_node_labels"),
    "a path": ({"encryption_config": "encryption.yaml"}, "control_plane_init_encryption_config"),
}


@pytest.mark.parametrize("name", WRONG)
def test_an_input_that_cannot_be_used_is_named(name: str) -> None:
    more, words = WRONG[name]
    ((_subject, message),) = problems_of(**more)
    assert words in message


def test_every_problem_is_reported_together() -> None:
    found = problems_of(endpoint="", kubernetes_version="x", pod_subnet="y", sans=3)
    assert [subject for subject, _message in found] == [
        "kubeadm_ha_endpoint",
        "kubeadm_ha_kubernetes_version",
        "kubeadm_ha_pod_subnet",
        "kubeadm_ha_extra_sans",
    ]


def test_the_decision_has_what_the_module_predicted_and_its_errors() -> None:
    change = {"object": "control plane cp1", "before": None, "after": "x", "reason": "y"}
    decided = init_decision.decide(
        "cp1", INPUTS, [{"changed": True, "changes": [change]}, {"failed": True, "msg": "cp1 has a CA."}]
    )
    assert [document["kind"] for document in decided["configuration"]] == ["InitConfiguration", "ClusterConfiguration"]
    decision = init_decision.InitDecision.from_dict("cp1", decided["decision"])
    assert decision.as_dict() == decided["decision"]
    assert decided["decision"]["changes"] == [change]
    assert decided["decision"]["problems"] == [{"subject": "cp1", "message": "cp1 has a CA."}]
    assert init_decision.decide("cp1", {**INPUTS, "endpoint": ""}, [])["configuration"] == []
