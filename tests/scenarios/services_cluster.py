# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Clusters of systemd services as the lab makes them, and how they are asked: kubectl, openssl, etcdctl, systemctl, ss."""

from __future__ import annotations

import dataclasses
import json
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.scenarios.cluster import PROJECT, Lab
from tests.scenarios.playbook import Run, run_playbook

CONTROL_PLANE = ("kube-apiserver", "kube-controller-manager", "kube-scheduler")
NODE = ("kubelet", "kube-proxy")
ETCD = "etcd"
WORKERS = ("w1", "w2")
JOINING = ("m2", "m3")


@dataclasses.dataclass(frozen=True)
class Expected:
    """What one layout has.

    :param admin: the administrator's kubeconfig.
    :param nodes: names of the Nodes, by their hosts.
    :param members: hosts with a member of etcd.
    :param etcd: CA, certificate and key of etcd on its members, and the directory of its programs.
    :param client: the same three on the control plane.
    :param service: the first address of Services.
    :param reserved: hosts whose addresses the API server's certificate has besides.
    :param serving: the API server's certificate.
    :param units: directory of the units.
    """

    topology: str
    admin: str
    nodes: Mapping[str, str]
    members: Sequence[str]
    etcd: Sequence[str]
    etcdctl: str
    client: Sequence[str]
    service: str
    reserved: Sequence[str]
    serving: str
    units: str
    kubeconfigs: Sequence[str]

    @property
    def hosts(self) -> tuple[str, ...]:
        """All hosts of the lab."""
        return tuple(dict.fromkeys(("m1", *JOINING, *WORKERS, *self.members, "lb1")))

    @property
    def master(self) -> tuple[str, ...]:
        """The components that every master runs."""
        return CONTROL_PLANE + (NODE if "m1" in self.nodes else ())

    @property
    def services(self) -> dict[str, tuple[str, ...]]:
        """The components that each host runs before any other master comes."""
        found = {"m1": self.master, **dict.fromkeys(WORKERS, NODE)}
        return found | {member: (*found.get(member, ()), ETCD) for member in self.members}


APP = Expected(
    topology="binary_app",
    admin="/root/.kube/config",
    nodes={"m1": "k8s-master1", "w1": "k8s-node1", "w2": "k8s-node2"},
    members=("e1", "e2", "e3"),
    etcd=[f"/opt/etcd/ssl/{name}.pem" for name in ("ca", "server", "server-key")],
    etcdctl="/opt/etcd/bin/etcdctl",
    client=[f"/opt/kubernetes/ssl/etcd/{name}.pem" for name in ("ca", "server", "server-key")],
    service="10.254.0.1",
    reserved=("m2", "m3", "lb1"),
    serving="/opt/kubernetes/ssl/server.pem",
    units="/usr/lib/systemd/system",
    kubeconfigs=[f"/opt/kubernetes/cfg/{name}.kubeconfig" for name in ("kubelet", "bootstrap", "kube-proxy")],
)
INLINE = Expected(
    topology="binary_inline",
    admin="/etc/kubernetes/admin.kubeconfig",
    nodes={"w1": "w1", "w2": "w2"},
    members=("m1", "w1", "w2"),
    etcd=[f"/etc/etcd/cert/{name}.pem" for name in ("ca", "etcd", "etcd-key")],
    etcdctl="/usr/local/bin/etcdctl",
    client=[f"/etc/kubernetes/cert/{name}.pem" for name in ("ca", "etcd-client", "etcd-client-key")],
    service="10.32.0.1",
    reserved=(),
    serving="/etc/kubernetes/cert/kubernetes.pem",
    units="/etc/systemd/system",
    kubeconfigs=[f"/etc/kubernetes/{name}.kubeconfig" for name in ("kubelet", "kube-proxy")],
)


@dataclasses.dataclass
class Cluster:
    """A cluster of systemd services, and where its hosts are."""

    lab: Lab
    expected: Expected
    addresses: Mapping[str, str]

    def kubectl(self, *arguments: str) -> str:
        """Standard output of kubectl on the control plane."""
        return self.lab.run("m1", "kubectl", f"--kubeconfig={self.expected.admin}", *arguments)

    def objects(self, kind: str) -> list[dict[str, Any]]:
        """All objects of a kind."""
        found: list[dict[str, Any]] = json.loads(self.kubectl("get", kind, "-A", "--output=json"))["items"]
        return found

    def units(self, node: str) -> dict[str, dict[str, str]]:
        """What systemd says of the units of a node's components."""
        names = self.expected.services[node]
        shown = self.lab.run(node, "systemctl", "show", *(f"{name}.service" for name in names))
        properties = [dict(line.split("=", 1) for line in part.splitlines()) for part in shown.split("\n\n")]
        return dict(zip(names, properties, strict=True))

    def arguments(self, node: str, unit: str) -> list[str]:
        """The command line of a unit's main process."""
        script = f"cat /proc/$(systemctl show --property=MainPID --value {unit}.service)/cmdline"
        return self.lab.shell(node, script).rstrip("\0").split("\0")

    def flags(self, node: str, unit: str) -> dict[str, str]:
        """The flags of that command line that are written with ``=``."""
        return dict(argument[2:].split("=", 1) for argument in self.arguments(node, unit)[1:] if "=" in argument)

    def etcdctl(self, node: str, *arguments: str, secured: bool = True) -> str:
        """Standard output of etcdctl on a member, asking all of them."""
        endpoints = ",".join(f"https://{self.addresses[member]}:2379" for member in self.expected.members)
        ca, certificate, key = self.expected.etcd
        options = [f"--endpoints={endpoints}", f"--cacert={ca}"]
        options += [f"--cert={certificate}", f"--key={key}"] if secured else ["--command-timeout=2s"]
        command = shlex.join([self.expected.etcdctl, *options, *arguments])
        # What is stored is no text.
        return self.lab.shell(node, f"{command} | tr -cd '[:print:]\\n'")

    def check_address(self, certificate: str, address: str) -> str:
        """What openssl says of a certificate on the control plane and an address."""
        options = ("-in", certificate, "-noout", "-checkip", address)
        return self.lab.run("m1", "openssl", "x509", *options, check=False)

    def peers(self, node: str) -> set[str]:
        """Addresses with ports that a node's processes have connections to."""
        listed = self.lab.run(node, "ss", "-Htn", "state", "established")
        return {line.split()[3] for line in listed.splitlines()}

    def readyz(self, node: str, *, ca: str) -> str:
        """What the API server of a master says to a worker that has this CA; empty when it does not answer."""
        server = f"https://{self.addresses[node]}:6443/readyz"
        return self.lab.run("w1", "curl", "--silent", "--max-time", "5", "--cacert", ca, server, check=False)


def go_back(inventories: Sequence[Path], record: Path, *arguments: str, first: str = "m1") -> Run:
    """The way back of the examples, to one master.

    :param record: file for the recorder.
    :param arguments: further arguments of ansible-playbook.
    :param first: the host that the example takes for the master that stays.
    """
    play = PROJECT / "examples" / "binary" / "go_back.yml"
    return run_playbook(
        str(play), inventories=inventories, record=record, arguments=arguments, variables={"first_master": first}
    )
