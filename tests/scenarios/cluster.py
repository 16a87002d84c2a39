# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A lab of a scenario: real nodes, asked with the field's own tools and never with the collection's modules."""

from __future__ import annotations

import base64
import hashlib
import json
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import yaml

PROJECT = Path(__file__).resolve().parents[2]
LAB = PROJECT / "tests" / "lab"
SECONDS_FOR_A_COMMAND = 120.0
SECONDS_FOR_UP = 1500.0
ADMIN = "/etc/kubernetes/admin.conf"


class CommandError(Exception):
    """A command on a node, or of the lab, failed."""


class Lab:
    """A named lab. As a context manager it is up inside the block and gone afterwards, whatever happens.

    :param kubernetes: version of Kubernetes, where it is not the topology's.
    """

    def __init__(
        self, topology: str, *, name: str, shows_progress: bool = False, kubernetes: str | None = None
    ) -> None:
        self.name = name
        self._version = [f"--version={kubernetes}"] if kubernetes else []
        self._shows_progress = shows_progress
        self._topology = LAB / "topologies" / f"{topology}.toml"
        self.state = PROJECT / ".cache" / "lab" / name
        self.up_seconds = 0.0

    def __enter__(self) -> Lab:
        began = time.monotonic()
        try:
            self._up()
        except BaseException:
            self.down()
            raise
        self.up_seconds = time.monotonic() - began
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.down()

    def _up(self) -> None:
        arguments = ("up", str(self._topology), "--name", self.name, *self._version)
        if not self._shows_progress:
            self._lab(*arguments, timeout=SECONDS_FOR_UP)
            return
        # The lab reports what it does on standard error.
        command = [sys.executable, str(LAB), *arguments]
        ended = subprocess.run(
            command,
            cwd=PROJECT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            timeout=SECONDS_FOR_UP,
            check=False,
        )
        if ended.returncode != 0:
            raise CommandError(f"the lab {self.name} could not be made: status {ended.returncode}")

    def down(self) -> None:
        """Remove everything that the lab made."""
        self._lab("down", "--name", self.name)

    @property
    def inventory(self) -> Path:
        """The inventory that the lab wrote."""
        return Path(self._lab("inventory", "--name", self.name).strip())

    @property
    def endpoint(self) -> str:
        """The control plane endpoint that the inventory asks for, as HOST:PORT."""
        inventory = yaml.safe_load(self.inventory.read_text(encoding="utf-8"))
        return str(inventory["all"]["vars"]["kubeadm_ha_endpoint"])

    def run(self, node: str, *command: str, check: bool = True, timeout: float = SECONDS_FOR_A_COMMAND) -> str:
        """Standard output of a command on a node, run as root.

        :raises CommandError: when it fails and ``check`` is set.
        """
        return self._lab("exec", "--name", self.name, node, "--", *command, check=check, timeout=timeout)

    def shell(self, node: str, script: str, *, check: bool = True, timeout: float = SECONDS_FOR_A_COMMAND) -> str:
        """Standard output of a shell script on a node."""
        return self.run(node, "sh", "-c", script, check=check, timeout=timeout)

    def start_process(self, node: str, *command: str) -> subprocess.Popen[str]:
        """A command on a node in the background; the caller ends it."""
        return subprocess.Popen(
            [sys.executable, str(LAB), "exec", "--name", self.name, node, "--", *command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def kubectl(self, *arguments: str, node: str = "cp1", server: str | None = None) -> str:
        """Standard output of kubectl on a control plane, with its administrator's kubeconfig."""
        options = [f"--server={server}"] if server else []
        return self.run(node, "kubectl", f"--kubeconfig={ADMIN}", *options, *arguments)

    def objects(self, *arguments: str, node: str = "cp1") -> dict[str, Any]:
        """What ``kubectl get`` says, parsed."""
        parsed: dict[str, Any] = json.loads(self.kubectl("get", *arguments, "--output=json", node=node))
        return parsed

    def write(self, node: str, path: str, content: str) -> None:
        """Put a file on a node."""
        encoded = base64.b64encode(content.encode()).decode()
        self.shell(node, f"echo {encoded} | base64 -d > {path}")

    def event(self, kind: str, node: str) -> None:
        """Something happens to a node: ``kill``, ``stop``, ``start``, ``pause``, ``unpause``."""
        self._lab(kind, "--name", self.name, node)

    def _lab(self, *arguments: str, check: bool = True, timeout: float = SECONDS_FOR_A_COMMAND) -> str:
        ended = subprocess.run(
            [sys.executable, str(LAB), *arguments],
            cwd=PROJECT,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        if check and ended.returncode != 0:
            raise CommandError(f"{' '.join(arguments)}: status {ended.returncode}: {ended.stderr[-3000:]}")
        return ended.stdout


def wait_until(condition: Callable[[], bool], *, seconds: float, what: str, every: float = 1.0) -> float:
    """Wait for a condition; return the seconds that it took.

    :raises CommandError: when it does not come true in time.
    """
    began = time.monotonic()
    while not condition():
        if time.monotonic() - began > seconds:
            raise CommandError(f"{what}: not within {seconds} s")
        time.sleep(every)
    return time.monotonic() - began


def ready_nodes(lab: Lab, *, node: str = "cp1") -> set[str]:
    """Names of the nodes that are Ready."""
    return {
        item["metadata"]["name"]
        for item in lab.objects("nodes", node=node)["items"]
        if any(c["type"] == "Ready" and c["status"] == "True" for c in item["status"]["conditions"])
    }


def answers_ssh(address: str) -> bool:
    """Whether somebody speaks SSH at port 22 of an address."""
    try:
        with socket.create_connection((address, 22), timeout=2) as connection:
            return connection.recv(3) == b"SSH"
    except OSError:
        return False


def restart(lab: Lab, node: str, address: str) -> None:
    """A node loses power and boots at once; returns when it can be logged in to."""
    lab.event("kill", node)
    lab.event("start", node)
    wait_until(lambda: answers_ssh(address), seconds=120, what=f"{node} is back")


def etcdctl(lab: Lab, *arguments: str, node: str, node_name: str | None = None) -> str:
    """Standard output of etcdctl inside the etcd container of a control plane.

    :param node_name: name of its Node, where that is not the lab's.
    """
    certificates = "/etc/kubernetes/pki/etcd"
    secured = ("ca.crt", "server.crt", "server.key")
    options = [f"--{name}={certificates}/{file}" for name, file in zip(("cacert", "cert", "key"), secured, strict=True)]
    pod = f"etcd-{node_name or node}"
    return lab.kubectl("exec", "--namespace=kube-system", pod, "--", "etcdctl", *options, *arguments, node=node)


def static_pods_are_ready(lab: Lab) -> bool:
    """Whether every static pod of control planes is Ready: after many failures the kubelet waits for minutes before it starts one again."""
    pods = lab.objects("pods", "--namespace=kube-system", "--selector=tier=control-plane")["items"]
    conditions = [pod["status"].get("conditions") or () for pod in pods]
    return bool(pods) and all(
        any(item["type"] == "Ready" and item["status"] == "True" for item in found) for found in conditions
    )


def locked_hosts(lab: Lab, hosts: Sequence[str]) -> list[str]:
    """Those of the hosts that a lock of a run is on."""
    return [host for host in hosts if lab.shell(host, "ls /run | grep -x kubeadm-ha.lock; true").strip()]


def fingerprint(lab: Lab, nodes: Sequence[str], *, node: str = "cp1") -> dict[str, str]:
    """What a run in check mode must leave as it is: files and packages of each node, objects of the cluster.

    :param node: a control plane that serves, which is asked for the objects.
    """
    script = (
        "find /etc /var/lib/kubelet/config.yaml /var/lib/kubelet/kubeadm-flags.env /var/lib/kubelet/pki "
        "/var/backups /var/lib/kubeadm-ha -type f ! -path '/etc/ld.so.cache' -exec sha256sum {} + 2>/dev/null | sort; "
        # The kubelet of a host that is not joined yet ends and is started again all the time.
        "dpkg-query --show; systemctl is-active kubelet haproxy containerd | sed 's/^activating$/active/'; "
        "systemctl is-enabled kubelet haproxy containerd"
    )
    found = {name: lab.shell(name, script, check=False) for name in nodes}
    for kind in ("configmaps", "daemonsets", "secrets", "nodes"):
        items = lab.objects(kind, "--all-namespaces", node=node)["items"]
        found[kind] = "\n".join(sorted(_object_line(kind, item) for item in items))
    return found


def _object_line(kind: str, item: Mapping[str, Any]) -> str:
    content = json.dumps(item.get("data") or item.get("spec"), sort_keys=True)
    if kind == "secrets":
        content = hashlib.sha256(content.encode()).hexdigest()
    return f"{item['metadata'].get('namespace', '')}/{item['metadata']['name']} {content}"
