# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Configurations for kubeadm: the defaults, what nodes in containers need, and what the topology wants besides."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping, Sequence
from ipaddress import IPv4Address
from typing import Any

from tests.lab.addresses import endpoint
from tests.lab.errors import LabError
from tests.lab.topology import Node, Topology

#: Where a joining node finds a kubeconfig when nobody may read cluster-info without a credential.
DISCOVERY = "/root/discovery.conf"
EXTERNAL_ETCD = {
    "caFile": "/etc/kubernetes/pki/etcd/ca.crt",
    "certFile": "/etc/kubernetes/pki/apiserver-etcd-client.crt",
    "keyFile": "/etc/kubernetes/pki/apiserver-etcd-client.key",
}
KUBE_PROXY: Mapping[str, Any] = {
    "mode": "iptables",
    # The table's size is the machine's; a container may not set it.
    "conntrack": {"maxPerCore": 0},
}
"""What kube-proxy's configuration has in the lab besides the defaults."""

#: The first patch release of each minor one whose check HTTPProxyCIDR today's Go lets pass; none of those before, all of those after.
_FIRST_WITHOUT_BRACKETS = {31: 14, 32: 10, 33: 6}
_FIRST_WITHOUT_OLD_CGROUPS = 35
_JOIN_COMMAND = re.compile(r"join (\S+) --token (\S+) +--discovery-token-ca-cert-hash (\S+)")


def api_version(kubernetes: str) -> str:
    """Version of kubeadm's configuration that this release of Kubernetes writes."""
    minor = int(kubernetes.split(".")[1])
    if minor >= 31:
        return "kubeadm.k8s.io/v1beta4"
    return "kubeadm.k8s.io/v1beta3" if minor >= 22 else "kubeadm.k8s.io/v1beta2"


def ignored_checks(kubernetes: str) -> tuple[str, ...]:
    """Checks of kubeadm that fail because of the Go that the lab builds it with, or of the machine that the nodes share.

    Releases of kubeadm up to the end of 2025 write an IPv4 address in brackets to ask for its proxy (preflight/checks.go), which Go's URLs
    take no more since Go 1.26. Since 1.35 it takes no control groups of version 1, which the machine may have, also where the kubelet's
    configuration does (:func:`kubelet`).
    """
    minor, patch = (int(re.sub(r"\D.*", "", number)) for number in kubernetes.split(".")[1:3])
    is_before = minor < min(_FIRST_WITHOUT_BRACKETS)
    if is_before or patch < _FIRST_WITHOUT_BRACKETS.get(minor, 0):
        return ("HTTPProxyCIDR",)
    return ("SystemVerification",) if minor >= _FIRST_WITHOUT_OLD_CGROUPS else ()


def init_configuration(
    topology: Topology,
    addresses: Mapping[str, IPv4Address],
    *,
    kubernetes: str,
    certificate_key: str | None = None,
) -> str:
    """Configuration for ``kubeadm init`` on the topology's first control plane.

    :param certificate_key: what the certificates are encrypted with that other control planes join with.
    """
    first = topology.initialized
    assert first is not None
    version = api_version(kubernetes)
    init: dict[str, Any] = {
        "localAPIEndpoint": {"advertiseAddress": str(addresses[first.name])},
        **_registration(first, kubernetes),
    }
    if certificate_key is not None:
        init["certificateKey"] = certificate_key
    cluster: dict[str, Any] = {"kubernetesVersion": kubernetes, "networking": {"podSubnet": topology.pod_subnet}}
    if topology.balancer is not None:
        cluster["controlPlaneEndpoint"] = endpoint(topology, addresses)
    if topology.etcd:
        urls = [f"https://{addresses[node.name]}:2379" for node in topology.etcd]
        cluster["etcd"] = {"external": {"endpoints": urls, **EXTERNAL_ETCD}}
    return yaml_documents(
        [
            {"apiVersion": version, "kind": "InitConfiguration", **merge(init, topology.init)},
            {"apiVersion": version, "kind": "ClusterConfiguration", **merge(cluster, topology.cluster)},
            {"apiVersion": "kubelet.config.k8s.io/v1beta1", "kind": "KubeletConfiguration", **kubelet(kubernetes)},
            {"apiVersion": "kubeproxy.config.k8s.io/v1alpha1", "kind": "KubeProxyConfiguration", **KUBE_PROXY},
        ]
    )


def join_configuration(
    printed: str,
    node: Node,
    kubernetes: str,
    *,
    by_file: bool = False,
    control_plane: Mapping[str, Any] | None = None,
    certificates_dir: str | None = None,
) -> str:
    """JoinConfiguration of what ``kubeadm token create --print-join-command`` said.

    :param by_file: the node finds the cluster by :func:`discovery_file`.
    :param control_plane: the configuration's ``controlPlane``.
    :param certificates_dir: the cluster's, where it is not kubeadm's own.
    :raises LabError: when there is no such command in it.
    """
    server, token, ca_hash = _join_command(printed)
    discovery: dict[str, Any] = {"tlsBootstrapToken": token, "file": {"kubeConfigPath": DISCOVERY}}
    if not by_file:
        discovery = {"bootstrapToken": {"apiServerEndpoint": server, "token": token, "caCertHashes": [ca_hash]}}
    document: dict[str, Any] = {
        "apiVersion": api_version(kubernetes),
        "kind": "JoinConfiguration",
        "discovery": discovery,
    }
    document.update(_registration(node, kubernetes))
    if certificates_dir is not None:
        document["caCertPath"] = f"{certificates_dir}/ca.crt"
    if control_plane is not None:
        document["controlPlane"] = control_plane
    return yaml_documents([document])


def discovery_file(printed: str, ca: str) -> str:
    """The kubeconfig that a node finds the cluster by: the server and the token that kubeadm printed, and the CA's PEM.

    The token is for kubeadm's request for cluster-info: it is satisfied by 403, while 401 makes it wait.
    """
    server, token, _ = _join_command(printed)
    authority = base64.b64encode(ca.encode()).decode()
    kubeconfig = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [
            {"name": "kubernetes", "cluster": {"server": f"https://{server}", "certificate-authority-data": authority}}
        ],
        "users": [{"name": "bootstrap", "user": {"token": token}}],
        "contexts": [{"name": "bootstrap", "context": {"cluster": "kubernetes", "user": "bootstrap"}}],
        "current-context": "bootstrap",
    }
    return json.dumps(kubeconfig, indent=2) + "\n"


def kubelet(kubernetes: str) -> dict[str, Any]:
    """What the kubelet's configuration has in the lab besides the defaults."""
    settings: dict[str, Any] = {
        "cgroupDriver": "cgroupfs",
        # The nodes share the machine's disk, which may be rather full without any harm.
        "imageGCHighThresholdPercent": 100,
        "evictionHard": {"nodefs.available": "0%", "nodefs.inodesFree": "0%", "imagefs.available": "0%"},
    }
    if int(kubernetes.split(".")[1]) >= _FIRST_WITHOUT_OLD_CGROUPS:
        settings["failCgroupV1"] = False
    return settings


def merge(base: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    """Two tables, the second one over the first, tables inside them too."""
    merged = dict(base)
    for key, value in more.items():
        old = merged.get(key)
        merged[key] = merge(old, value) if isinstance(old, Mapping) and isinstance(value, Mapping) else value
    return merged


def yaml_documents(documents: Sequence[object]) -> str:
    """Several documents as YAML; JSON is a part of YAML."""
    return "".join(f"---\n{json.dumps(document, indent=2)}\n" for document in documents)


def _join_command(printed: str) -> tuple[str, str, str]:
    """Server, token and hash of the CA.

    :raises LabError: when there is no such command.
    """
    matched = _JOIN_COMMAND.search(printed)
    if matched is None:
        raise LabError("kubeadm token create printed no join command")
    server, token, ca_hash = matched.groups()
    return server, token, ca_hash


def _registration(node: Node, kubernetes: str) -> dict[str, Any]:
    ignored = ignored_checks(kubernetes)
    registration: dict[str, Any] = {
        **({"name": node.node_name} if node.node_name else {}),
        **({"ignorePreflightErrors": list(ignored)} if ignored else {}),
    }
    return {"nodeRegistration": registration} if registration else {}
