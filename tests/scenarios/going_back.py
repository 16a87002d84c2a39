# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a conversion touches and a way back puts back, found with the field's own tools."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import yaml

from tests.scenarios.cluster import Lab, locked_hosts, ready_nodes
from tests.scenarios.convert import etcd_members
from tests.scenarios.shape import PLAIN

ADDED = ("cp2", "cp3")
STAYING = ("cp1", "w1", "w2")
CERTIFICATE = "/etc/kubernetes/pki/apiserver.crt"
_CONFIG_MAPS = (
    "kube-system/kubeadm-config",
    "kube-public/cluster-info",
    "kube-system/kube-proxy",
    "kube-system/kubelet-config",
)


@dataclasses.dataclass(frozen=True)
class Content:
    """What a conversion touches.

    :param files: by host and path, with mode, owner and hash.
    :param objects: data of ConfigMaps; YAML in them parsed, signatures left out.
    :param sans: of the API server's certificate.
    """

    files: Mapping[str, str]
    objects: Mapping[str, Any]
    sans: str


def content(lab: Lab) -> Content:
    """Of the nodes that there are before, and of the load balancer."""
    script = (
        "find /etc/kubernetes /root/.kube /etc/haproxy -type f ! -path '*/cache/*' ! -path '/etc/kubernetes/tmp/*' ! -path '/etc/haproxy/errors/*' "
        "-printf '%p %m %U:%G ' -exec sha256sum {} \\; 2>/dev/null | cut -d' ' -f1-4"
    )
    files = {}
    for host in (*STAYING, "lb1"):
        for line in lab.shell(host, script, check=False).splitlines():
            path, _space, rest = line.partition(" ")
            files[f"{host}:{path}"] = rest
    return Content(files, {name: _data_of(lab, name) for name in _CONFIG_MAPS}, _sans(lab))


def _data_of(lab: Lab, config_map: str) -> dict[str, Any]:
    namespace, _slash, name = config_map.partition("/")
    data = lab.objects("configmap", name, f"--namespace={namespace}")["data"]
    return {key: yaml.safe_load(text) for key, text in data.items() if not key.startswith("jws-kubeconfig-")}


def _sans(lab: Lab) -> str:
    return lab.run("cp1", "openssl", "x509", "-noout", "-ext", "subjectAltName", "-in", CERTIFICATE)


def seen(lab: Lab) -> dict[str, Any]:
    """The cluster afterwards, with the field's own tools."""
    address = lab.shell("cp1", "ip -4 -o addr show dev eth0 | awk '{split($4,a,\"/\"); print a[1]}'").strip()
    served = (
        f"openssl s_client -connect {address}:6443 </dev/null 2>/dev/null | openssl x509 -noout -ext subjectAltName"
    )
    return {
        "nodes": {item["metadata"]["name"] for item in lab.objects("nodes")["items"]},
        "ready": ready_nodes(lab),
        "members": len(etcd_members(lab, node="cp1")),
        "served": lab.shell("cp1", served),
        "since": lab.objects("deployment", "since")["status"].get("availableReplicas"),
        "proxies": {
            item["spec"]["nodeName"]
            for item in lab.objects("pods", "--namespace=kube-system", "--selector=k8s-app=kube-proxy")["items"]
            if item["status"].get("phase") == "Running" and not item["metadata"].get("deletionTimestamp")
        },
        "left": {
            host: lab.shell(
                host,
                "find /etc/kubernetes /var/lib/etcd /var/lib/kubelet -type f; ss -Hltn 'sport = :6443 or sport = :2379 or sport = :2380'; "
                "crictl ps --quiet 2>/dev/null; true",
            )
            for host in ADDED
        },
        "balancer": lab.shell(
            "lb1", "systemctl is-active haproxy; systemctl is-enabled haproxy; ss -Hltn 'sport = :6443'", check=False
        ).split(),
        "uploaded": [
            item["metadata"]["name"]
            for item in lab.objects("secrets", "--namespace=kube-system")["items"]
            if item["metadata"]["name"] == "kubeadm-certs"
        ],
        "locks": locked_hosts(lab, PLAIN.hosts),
    }


__all__ = ("ADDED", "CERTIFICATE", "STAYING", "Content", "content", "seen")
