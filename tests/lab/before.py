# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The cluster before: plain ``kubeadm init`` and ``kubeadm join``, without a control plane endpoint.

As a stranger would have made it: workers dial the first control plane, and the tokens have long expired.
"""

from __future__ import annotations

import concurrent.futures
import json
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path
from typing import Protocol

from tests.lab import shell
from tests.lab.errors import LabError
from tests.lab.images import SMOKE

_ADMIN = "--kubeconfig=/etc/kubernetes/admin.conf"
_INIT_CONFIGURATION = "/root/kubeadm-init.yaml"
_MINUTES = 4
_JOIN_COMMAND = re.compile(r"join (\S+) --token (\S+) +--discovery-token-ca-cert-hash (\S+)")


class Execute(Protocol):
    """Run a command on a node as root."""

    def __call__(
        self, node: str, *command: str, stdin: str | None = None, log: Path | None = None, check: bool = True
    ) -> str:
        """Its standard output."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What the cluster before shall be."""

    kubernetes: str
    pod_subnet: str
    control_plane: str
    address: IPv4Address
    workers: Sequence[str]
    logs: Path


def make_cluster(plan: Plan, execute: Execute) -> None:
    """Make the cluster and wait until all of it is ready, the smoke application too."""
    initialize(plan, execute)
    join_workers(plan, execute)
    execute(plan.control_plane, "kubectl", _ADMIN, "apply", "--filename=-", stdin=smoke(len(plan.workers)))
    wait_until_ready(plan, execute)
    forget_tokens(plan, execute)


def initialize(plan: Plan, execute: Execute) -> None:
    """``kubeadm init`` on the control plane."""
    shell.say(f"kubeadm init on {plan.control_plane}")
    configuration = init_configuration(plan.kubernetes, pod_subnet=plan.pod_subnet, address=plan.address)
    execute(plan.control_plane, "tee", _INIT_CONFIGURATION, stdin=configuration)
    command = ("kubeadm", "init", f"--config={_INIT_CONFIGURATION}", "--skip-token-print")
    execute(plan.control_plane, *command, log=plan.logs / f"init-{plan.control_plane}.log")


def join_workers(plan: Plan, execute: Execute) -> None:
    """``kubeadm join`` on all workers at once; the token goes by standard input."""
    if not plan.workers:
        return
    shell.say(f"kubeadm join on {', '.join(plan.workers)}")
    printed = execute(plan.control_plane, "kubeadm", "token", "create", "--print-join-command")
    configuration = join_configuration(printed, api_version(plan.kubernetes))
    each(
        plan.workers,
        lambda worker: execute(
            worker, "kubeadm", "join", "--config=/dev/stdin", stdin=configuration, log=plan.logs / f"join-{worker}.log"
        ),
    )


def wait_until_ready(plan: Plan, execute: Execute) -> None:
    """Wait for all nodes, the cluster's DNS and the smoke application."""
    shell.say("waiting for nodes and pods")
    deadline = time.monotonic() + _MINUTES * 60

    def wait(*arguments: str) -> None:
        seconds = max(1, round(deadline - time.monotonic()))
        execute(plan.control_plane, "kubectl", _ADMIN, *arguments, f"--timeout={seconds}s")

    wait("wait", "--for=condition=Ready", "node", "--all")
    for workload in ("daemonset/kube-proxy", "deployment/coredns"):
        wait("--namespace=kube-system", "rollout", "status", workload)
    wait("rollout", "status", "deployment/smoke")


def forget_tokens(plan: Plan, execute: Execute) -> None:
    """Delete the bootstrap tokens: in a cluster of some age they have expired."""
    listed = execute(plan.control_plane, "kubeadm", "token", "list", "--output=json")
    decoder, position, tokens = json.JSONDecoder(), 0, []
    while (position := listed.find("{", position)) >= 0:
        entry, position = decoder.raw_decode(listed, position)
        tokens.append(entry["token"].split(".")[0])
    if tokens:
        execute(plan.control_plane, "kubeadm", "token", "delete", *tokens)


def api_version(kubernetes: str) -> str:
    """Version of kubeadm's configuration that this release of Kubernetes writes."""
    minor = int(kubernetes.split(".")[1])
    if minor >= 31:
        return "kubeadm.k8s.io/v1beta4"
    return "kubeadm.k8s.io/v1beta3" if minor >= 22 else "kubeadm.k8s.io/v1beta2"


def init_configuration(kubernetes: str, *, pod_subnet: str, address: IPv4Address) -> str:
    """Configuration for ``kubeadm init``: the defaults, and what containers as nodes need of kubelet and kube-proxy."""
    version = api_version(kubernetes)
    kubelet = {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "cgroupDriver": "cgroupfs",
        # The nodes share the machine's disk, which may be rather full without any harm.
        "imageGCHighThresholdPercent": 100,
        "evictionHard": {"nodefs.available": "0%", "nodefs.inodesFree": "0%", "imagefs.available": "0%"},
    }
    if int(kubernetes.split(".")[1]) >= 35:
        kubelet["failCgroupV1"] = False
    documents = [
        {"apiVersion": version, "kind": "InitConfiguration", "localAPIEndpoint": {"advertiseAddress": str(address)}},
        {
            "apiVersion": version,
            "kind": "ClusterConfiguration",
            "kubernetesVersion": kubernetes,
            "networking": {"podSubnet": pod_subnet},
        },
        kubelet,
        {
            "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
            "kind": "KubeProxyConfiguration",
            "mode": "iptables",
            # The table's size is the machine's; a container may not set it.
            "conntrack": {"maxPerCore": 0},
        },
    ]
    return yaml_documents(documents)


def join_configuration(printed: str, version: str) -> str:
    """JoinConfiguration of what ``kubeadm token create --print-join-command`` said.

    :raises LabError: when there is no such command in it.
    """
    matched = _JOIN_COMMAND.search(printed)
    if matched is None:
        raise LabError("kubeadm token create printed no join command")
    server, token, ca_hash = matched.groups()
    discovery = {"apiServerEndpoint": server, "token": token, "caCertHashes": [ca_hash]}
    document = {"apiVersion": version, "kind": "JoinConfiguration", "discovery": {"bootstrapToken": discovery}}
    return yaml_documents([document])


def smoke(workers: int) -> str:
    """The smoke application: a Deployment spread over the workers, and its Service with a ClusterIP."""
    labels = {"app": "smoke"}
    names = {"POD_NAME": "metadata.name", "NODE_NAME": "spec.nodeName"}
    container = {
        "name": "smoke",
        "image": SMOKE,
        "imagePullPolicy": "Never",
        "env": [{"name": name, "valueFrom": {"fieldRef": {"fieldPath": path}}} for name, path in names.items()],
        "ports": [{"containerPort": 8080}],
        "readinessProbe": {"httpGet": {"path": "/", "port": 8080}, "periodSeconds": 2},
    }
    spread = {
        "maxSkew": 1,
        "topologyKey": "kubernetes.io/hostname",
        "whenUnsatisfiable": "DoNotSchedule",
        "labelSelector": {"matchLabels": labels},
    }
    pod: dict[str, object] = {"containers": [container], "topologySpreadConstraints": [spread]}
    if not workers:
        pod["tolerations"] = [{"key": "node-role.kubernetes.io/control-plane", "operator": "Exists"}]
    deployment = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "smoke"},
        "spec": {
            "replicas": max(2, workers),
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": pod},
        },
    }
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "smoke"},
        "spec": {"selector": labels, "ports": [{"port": 80, "targetPort": 8080}]},
    }
    return yaml_documents([deployment, service])


def yaml_documents(documents: Sequence[object]) -> str:
    """Several documents as YAML; JSON is a part of YAML."""
    return "".join(f"---\n{json.dumps(document, indent=2)}\n" for document in documents)


def each(nodes: Sequence[str], act: Callable[[str], object]) -> None:
    """Act on all nodes at the same time; the first error is raised when all have ended."""
    with concurrent.futures.ThreadPoolExecutor(max_workers=max(1, len(nodes))) as pool:
        for future in [pool.submit(act, node) for node in nodes]:
            future.result()
