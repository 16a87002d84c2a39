# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The cluster before: plain ``kubeadm init`` and ``kubeadm join``, as a stranger would have made it.

Most have one control plane and no control plane endpoint: workers connect to the first control plane. One with a node
that balances is HA from the start. The tokens have long expired in both.
"""

from __future__ import annotations

import base64
import concurrent.futures
import json
import secrets
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any, Protocol

from tests.lab import external_etcd, kubeadm, shell, smoke
from tests.lab.errors import LabError
from tests.lab.topology import File, Node, Topology

_ADMIN = "--kubeconfig=/etc/kubernetes/admin.conf"
_INIT_CONFIGURATION = "/root/kubeadm-init.yaml"
_MINUTES = 4


class Execute(Protocol):
    """Run a command on a node as root."""

    def __call__(
        self, node: str, *command: str, stdin: str | None = None, log: Path | None = None, check: bool = True
    ) -> str:
        """Its standard output."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What the cluster before shall be: its topology has a first control plane."""

    topology: Topology
    kubernetes: str
    addresses: Mapping[str, IPv4Address]
    logs: Path

    @property
    def first(self) -> str:
        """Name of the first control plane."""
        if self.topology.initialized is None:
            raise LabError(f"topology {self.topology.name} has no control plane")
        return self.topology.initialized.name


def make_cluster(plan: Plan, execute: Execute) -> None:
    """Make the cluster and wait until all of it is ready, the smoke application too."""
    topology = plan.topology
    write_files(plan.first, topology.files, execute)
    if topology.etcd:
        external_etcd.start(plan.first, {node.name: plan.addresses[node.name] for node in topology.etcd}, execute)
    certificate_key = secrets.token_hex(32) if topology.joined_control_planes else None
    initialize(plan, execute, certificate_key)
    for node in topology.joined_control_planes:
        joined = {"localAPIEndpoint": {"advertiseAddress": str(plan.addresses[node.name])}}
        join(plan, [node], execute, {**joined, "certificateKey": certificate_key})
    join(plan, topology.joined, execute)
    apply = ("kubectl", _ADMIN, "apply", "--filename=-")
    execute(plan.first, *apply, stdin=smoke.manifests(len(topology.joined)))
    wait_until_ready(plan, execute)
    forget_tokens(plan, execute)


def write_files(node: str, files: Iterable[File], execute: Execute) -> None:
    """Put files on a node; ``${RANDOM_KEY}`` in one becomes 32 random bytes in base64."""
    for file in files:
        content = file.content.replace("${RANDOM_KEY}", base64.b64encode(secrets.token_bytes(32)).decode())
        owner = f"--owner={file.owner}", f"--group={file.owner}"
        execute(node, "install", "-D", *owner, f"--mode={file.mode:04o}", "/dev/stdin", file.path, stdin=content)


def initialize(plan: Plan, execute: Execute, certificate_key: str | None) -> None:
    """``kubeadm init`` on the first control plane; with a key, its certificates are there to be joined with."""
    shell.say(f"kubeadm init on {plan.first}")
    configuration = kubeadm.init_configuration(
        plan.topology, plan.addresses, kubernetes=plan.kubernetes, certificate_key=certificate_key
    )
    execute(plan.first, "tee", _INIT_CONFIGURATION, stdin=configuration)
    options = ["--upload-certs", "--skip-certificate-key-print"] if certificate_key else []
    command = ("kubeadm", "init", f"--config={_INIT_CONFIGURATION}", "--skip-token-print", *options)
    execute(plan.first, *command, log=plan.logs / f"init-{plan.first}.log")


def join(plan: Plan, nodes: Sequence[Node], execute: Execute, control_plane: Mapping[str, Any] | None = None) -> None:
    """``kubeadm join`` on nodes, all at once; the token goes by standard input."""
    if not nodes:
        return
    shell.say(f"kubeadm join on {', '.join(node.name for node in nodes)}")
    printed = execute(plan.first, "kubeadm", "token", "create", "--print-join-command")
    by_file = plan.topology.discovery_by_file
    ca = execute(plan.first, "cat", "/etc/kubernetes/pki/ca.crt") if by_file else ""

    def act(name: str) -> None:
        node = next(node for node in nodes if node.name == name)
        configuration = kubeadm.join_configuration(
            printed,
            node,
            plan.kubernetes,
            by_file=by_file,
            control_plane=control_plane,
            certificates_dir=plan.topology.cluster.get("certificatesDir"),
        )
        if by_file:
            execute(
                name,
                "install",
                "--mode=0600",
                "/dev/stdin",
                kubeadm.DISCOVERY,
                stdin=kubeadm.discovery_file(printed, ca),
            )
        log = plan.logs / f"join-{name}.log"
        execute(name, "kubeadm", "join", "--config=/dev/stdin", stdin=configuration, log=log)
        if by_file:
            execute(name, "rm", kubeadm.DISCOVERY)

    each([node.name for node in nodes], act)


def wait_until_ready(plan: Plan, execute: Execute) -> None:
    """Wait for all nodes, the cluster's DNS and the smoke application."""
    shell.say("waiting for nodes and pods")
    deadline = time.monotonic() + _MINUTES * 60

    def wait(*arguments: str) -> None:
        seconds = max(1, round(deadline - time.monotonic()))
        execute(plan.first, "kubectl", _ADMIN, *arguments, f"--timeout={seconds}s")

    wait("wait", "--for=condition=Ready", "node", "--all")
    for workload in ("daemonset/kube-proxy", "deployment/coredns"):
        wait("--namespace=kube-system", "rollout", "status", workload)
    wait("rollout", "status", "deployment/smoke")


def forget_tokens(plan: Plan, execute: Execute) -> None:
    """Delete the bootstrap tokens: in a cluster of some age they have expired."""
    # The long name of this flag was --experimental-output until 1.30.
    listed = execute(plan.first, "kubeadm", "token", "list", "-o", "json")
    decoder, position, tokens = json.JSONDecoder(), 0, []
    while (position := listed.find("{", position)) >= 0:
        entry, position = decoder.raw_decode(listed, position)
        tokens.append(entry["token"].split(".")[0])
    if tokens:
        execute(plan.first, "kubeadm", "token", "delete", *tokens)


def each(nodes: Sequence[str], act: Callable[[str], object]) -> None:
    """Act on all nodes at the same time; the first error is raised when all have ended."""
    with concurrent.futures.ThreadPoolExecutor(max_workers=max(1, len(nodes))) as pool:
        for future in [pool.submit(act, node) for node in nodes]:
            future.result()
