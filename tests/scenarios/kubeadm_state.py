# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What kubeadm leaves on nodes and in the cluster, in a form in which two clusters can be compared.

Addresses become the names of their nodes, keys and credentials what openssl says of them, so that two clusters made in
the same way from the same inputs have equal states.
"""

from __future__ import annotations

import base64
import io
import json
import re
import subprocess
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import yaml

from tests.scenarios.cluster import Lab, etcdctl

#: What kubeadm writes on a node. Private keys stay there: only their names are compared.
_FILES = (
    "find /etc/kubernetes /var/lib/kubelet/config.yaml /var/lib/kubelet/kubeadm-flags.env "
    "! -path '/etc/kubernetes/tmp*' -type f"
)
_LIST = f"{_FILES} -printf '%m %u %g %p\\n' | sort"
_FETCH = f"{_FILES} ! -name '*.key' -print0 | tar --create --gzip --null --files-from=- --absolute-names | base64 -w0"
_CONFIG_MAPS = (
    "kube-system/kubeadm-config",
    "kube-system/kubelet-config",
    "kube-system/kube-proxy",
    "kube-system/coredns",
    "kube-public/cluster-info",
)
_PEM = re.compile(r"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)
_OPENSSL = ("openssl", "x509", "-noout", "-subject", "-issuer", "-ext", "subjectAltName,extendedKeyUsage")
#: Labels and annotations of a Node that name the machine or the moment instead of the way in which it joined.
_MOMENTARY = (
    "flannel.alpha.coreos.com/backend-data",
    "node.alpha.kubernetes.io/ttl",
    "volumes.kubernetes.io/controller-managed-attach-detach",
)

State = dict[str, Any]


def kubeadm_state(lab: Lab, nodes: Sequence[str], addresses: Mapping[str, str]) -> State:
    """The state of a cluster by path: one flat dictionary, so that differences can be listed.

    :param nodes: the nodes to inspect; the first is asked for the cluster's objects.
    :param addresses: addresses by the name that shall stand for them.
    """
    found: State = {}
    for node in nodes:
        found.update(_node_state(lab, node))
    found.update(_cluster_state(lab, nodes[0]))
    names = sorted(addresses.items(), key=lambda item: -len(item[1]))
    return {named(path, names): named_value(value, names) for path, value in found.items()}


#: Where a converted cluster may differ from one that kubeadm made highly available from the start, and why.
REASONS = {
    "ClusterConfiguration .apiServer .certSANs": (
        "the endpoint is among them too, so that certificates issued later have it whatever the endpoint is then"
    ),
    "ClusterConfiguration .apiServer": "it is empty without certSANs",
}
#: The same for control planes that joined again.
REASONS_AFTER_MENDING = {
    **REASONS,
    ".containers etcd .command --initial-cluster": (
        "the members at the moment of the join; etcd reads it only when its data directory is empty"
    ),
}


def differences(one: State, other: State, reasons: Mapping[str, str] = REASONS) -> dict[str, tuple[Any, Any]]:
    """What is not the same in two states, by path, apart from the paths for which there is a reason."""
    return {
        path: (one.get(path), other.get(path))
        for path in sorted({*one, *other})
        if one.get(path) != other.get(path) and not path.endswith(tuple(reasons))
    }


def _node_state(lab: Lab, node: str) -> Iterator[tuple[str, Any]]:
    yield f"{node} files", lab.shell(node, _LIST).splitlines()
    packed = base64.b64decode(lab.shell(node, _FETCH))
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        for member in archive.getmembers():
            stream = archive.extractfile(member)
            if stream is not None:
                yield from flat(f"{node} {member.name}", content_of(member.name, stream.read().decode()))


def content_of(path: str, text: str) -> Any:
    """A file as it can be compared: parsed, and certificates as openssl shows them."""
    if path.endswith(".crt"):
        return [_certificate(pem) for pem in _PEM.findall(text)]
    if path.endswith((".conf", ".kubeconfig", "/.kube/config")) and "\nclusters:" in text:
        return _kubeconfig(yaml.safe_load(text))
    if path.endswith((".pem", ".pub")):
        return [_certificate(pem) for pem in _PEM.findall(text)] or "public key"
    if path.endswith((".yaml", ".yml")):
        documents = list(yaml.safe_load_all(text))
        return documents[0] if len(documents) == 1 else documents
    return text


def _certificate(pem: str) -> str:
    return subprocess.run(_OPENSSL, input=pem, capture_output=True, text=True, check=True, timeout=30).stdout


def _kubeconfig(document: Any) -> Any:
    for item in document["clusters"]:
        pem = base64.b64decode(item["cluster"].pop("certificate-authority-data", "")).decode()
        item["cluster"]["authority"] = [_certificate(found) for found in _PEM.findall(pem)]
    for item in document["users"] or []:
        user = item["user"]
        user.pop("client-key-data", None)
        user.pop("token", None)
        if "client-certificate-data" in user:
            pem = base64.b64decode(user.pop("client-certificate-data")).decode()
            user["certificate"] = [_certificate(found) for found in _PEM.findall(pem)]
    return document


def _cluster_state(lab: Lab, node: str) -> Iterator[tuple[str, Any]]:
    for config_map in _CONFIG_MAPS:
        namespace, name = config_map.split("/")
        data = lab.objects("configmap", name, f"--namespace={namespace}", node=node)["data"]
        for key, text in data.items():
            if not key.startswith("jws-kubeconfig-"):
                yield from flat(f"ConfigMap {config_map} {key}", _config_map_value(key, text))
    for item in lab.objects("nodes", node=node)["items"]:
        metadata = item["metadata"]
        yield f"Node {metadata['name']} labels", metadata["labels"]
        kept = {key: value for key, value in metadata["annotations"].items() if key not in _MOMENTARY}
        yield f"Node {metadata['name']} annotations", kept
        yield f"Node {metadata['name']} taints", item["spec"].get("taints", [])
    for kind in ("roles", "rolebindings", "clusterroles", "clusterrolebindings"):
        items = lab.objects(kind, "--all-namespaces", node=node)["items"]
        names = [item["metadata"]["name"] for item in items if item["metadata"]["name"].startswith("kubeadm:")]
        yield f"{kind} of kubeadm", sorted(names)
    yield "etcd members", _etcd_members(lab, node)
    pods = lab.objects("pods", "--namespace=kube-system", "--selector=tier=control-plane", node=node)["items"]
    yield "control plane pods", sorted(pod["metadata"]["name"] for pod in pods)


def _config_map_value(key: str, text: str) -> Any:
    if key == "kubeconfig":
        return _kubeconfig(yaml.safe_load(text))
    return text if key == "Corefile" else yaml.safe_load(text)


def _etcd_members(lab: Lab, node: str) -> list[dict[str, Any]]:
    answer = json.loads(etcdctl(lab, "member", "list", "--write-out=json", node=node))
    kept = ("name", "peerURLs", "clientURLs", "isLearner")
    return sorted(({key: member.get(key) for key in kept} for member in answer["members"]), key=lambda m: m["name"])


def flat(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Each leaf of a document with its path: named items and flags by name, other lists whole."""
    if isinstance(value, dict) and value:
        for key, item in value.items():
            yield from flat(f"{path} .{key}", item)
    elif isinstance(value, list) and value and all(isinstance(item, dict) and "name" in item for item in value):
        for item in value:
            yield from flat(f"{path} {item['name']}", item)
    elif path.endswith(" .command"):
        for flag in value[1:]:
            name, _equals, setting = flag.partition("=")
            yield f"{path} {name}", sorted(setting.split(","))
    else:
        yield path, value


def named_value(value: Any, names: Sequence[tuple[str, str]]) -> Any:
    return json.loads(named(json.dumps(value, sort_keys=True), names))


def named(text: str, names: Sequence[tuple[str, str]]) -> str:
    for name, address in names:
        text = re.sub(rf"(?<![0-9.]){re.escape(address)}(?![0-9.]*[0-9])", f"<{name}>", text)
    return text


__all__ = (
    "REASONS",
    "REASONS_AFTER_MENDING",
    "State",
    "content_of",
    "differences",
    "flat",
    "kubeadm_state",
    "named",
    "named_value",
)
