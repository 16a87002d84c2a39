# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What makes a node, and the configuration of the cluster before."""

from __future__ import annotations

import io
import json
import tarfile
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

import pytest
import yaml

from tests.lab import addresses, before, nodefiles, topology
from tests.lab.errors import LabError

CONVERT = topology.load(topology.find("convert"))
ASSIGNED = addresses.assign(CONVERT, IPv4Network("10.87.100.0/24"))
NETWORK = nodefiles.Network(addresses=ASSIGNED, pod_subnets=addresses.pod_subnets(CONVERT, ASSIGNED))
PRINTED = "kubeadm join 10.87.100.11:6443 --token abcdef.0123456789abcdef --discovery-token-ca-cert-hash sha256:0123 \n"


def files_of(name: str) -> dict[str, nodefiles.NodeFile]:
    node = next(node for node in CONVERT.nodes if node.name == name)
    return nodefiles.node_files(
        node, lab="some", network=NETWORK, resolv_conf="nameserver 192.0.2.53\n", host_key="K", authorized_key="A"
    )


def test_every_node_has_its_own_identity() -> None:
    assert len({nodefiles.machine_id("some", node.name) for node in CONVERT.nodes}) == len(CONVERT.nodes)
    assert nodefiles.machine_id("some", "cp1") != nodefiles.machine_id("other", "cp1")
    assert nodefiles.machine_id("some", "cp1") == nodefiles.machine_id("some", "cp1")
    assert len(nodefiles.machine_id("some", "cp1")) == 32


def test_a_node_knows_its_own_name_only() -> None:
    hosts = files_of("cp1")["etc/hosts"].content
    assert "10.87.100.11 cp1\n" in hosts
    assert "cp2" not in hosts
    assert files_of("cp1")["etc/hostname"].content == "cp1\n"


def test_plain_hosts_have_nothing_of_kubernetes() -> None:
    assert not any("cni" in path or "lab" in path for path in files_of("lb1"))


def test_pods_of_all_other_nodes_are_reached_by_routes() -> None:
    routes = dict(line.split() for line in files_of("w1")["etc/lab/pod-routes"].content.splitlines())
    assert routes["10.244.11.0/24"] == "10.87.100.11"
    assert "10.244.21.0/24" not in routes
    assert len(routes) == len(CONVERT.nodes) - 1
    plugins = json.loads(files_of("w1")["etc/cni/net.d/10-bridge.conflist"].content)["plugins"]
    assert plugins[0]["ipam"]["ranges"] == [[{"subnet": "10.244.21.0/24"}]]


def test_keys_are_readable_by_their_owner_only() -> None:
    with tarfile.open(fileobj=io.BytesIO(nodefiles.pack(files_of("cp1")))) as archive:
        key = archive.getmember("etc/ssh/ssh_host_ed25519_key")
        assert (key.mode, key.uid, key.gid) == (0o600, 0, 0)
        authorized = archive.getmember("home/ops/.ssh/authorized_keys")
        assert (authorized.mode, authorized.uid, authorized.gid) == (0o600, 1000, 1000)
        assert archive.getmember("etc/hosts").mode == 0o644


@pytest.mark.parametrize(
    ("kubernetes", "version"),
    [("v1.20.2", "v1beta2"), ("v1.22.0", "v1beta3"), ("v1.30.9", "v1beta3"), ("v1.31.0", "v1beta4")],
)
def test_the_configuration_is_of_the_version_of_that_kubeadm(kubernetes: str, version: str) -> None:
    text = before.init_configuration(kubernetes, pod_subnet="10.244.0.0/16", address=IPv4Address("192.0.2.11"))
    documents = {document["kind"]: document for document in yaml.safe_load_all(text)}
    assert documents["ClusterConfiguration"]["apiVersion"] == f"kubeadm.k8s.io/{version}"
    assert documents["InitConfiguration"]["localAPIEndpoint"] == {"advertiseAddress": "192.0.2.11"}


def test_the_cluster_before_has_no_control_plane_endpoint() -> None:
    text = before.init_configuration("v1.34.4", pod_subnet="10.244.0.0/16", address=IPv4Address("192.0.2.11"))
    assert "controlPlaneEndpoint" not in text
    assert "failCgroupV1" not in text
    newer = before.init_configuration("v1.35.4", pod_subnet="10.244.0.0/16", address=IPv4Address("192.0.2.11"))
    assert '"failCgroupV1": false' in newer


def test_workers_join_with_what_kubeadm_printed() -> None:
    document = yaml.safe_load(before.join_configuration(PRINTED, "kubeadm.k8s.io/v1beta4"))
    assert document["kind"] == "JoinConfiguration"
    assert document["discovery"]["bootstrapToken"] == {
        "apiServerEndpoint": "10.87.100.11:6443",
        "token": "abcdef.0123456789abcdef",
        "caCertHashes": ["sha256:0123"],
    }


def test_no_join_command_is_an_error() -> None:
    with pytest.raises(LabError, match="printed no join command"):
        before.join_configuration("timed out", "kubeadm.k8s.io/v1beta4")


@pytest.mark.parametrize(("workers", "replicas"), [(0, 2), (2, 2), (5, 5)])
def test_the_smoke_application_has_a_replica_on_every_worker(workers: int, replicas: int) -> None:
    deployment, service = yaml.safe_load_all(before.smoke(workers))
    assert deployment["spec"]["replicas"] == replicas
    assert deployment["spec"]["template"]["spec"].get("tolerations") is None or workers == 0
    assert service["spec"]["selector"] == deployment["spec"]["template"]["metadata"]["labels"]
    assert service["spec"].get("type", "ClusterIP") == "ClusterIP"


class Recorder:
    """Runs nothing: it remembers commands and answers from a table."""

    def __init__(self, answers: dict[str, str]) -> None:
        self.answers = answers
        self.commands: list[tuple[str, ...]] = []
        self.inputs: list[str | None] = []

    def __call__(
        self, node: str, *command: str, stdin: str | None = None, log: Path | None = None, check: bool = True
    ) -> str:
        self.commands.append((node, *command))
        self.inputs.append(stdin)
        return self.answers.get(" ".join(command[:3]), "")


def test_the_token_is_on_no_command_line_and_is_deleted(tmp_path: Path) -> None:
    listed = '{"kind": "BootstrapToken", "token": "abcdef.0123456789abcdef"}\n{"token": "fedcba.9876543210fedcba"}\n'
    recorder = Recorder({"kubeadm token create": PRINTED, "kubeadm token list": listed})
    plan = before.Plan(
        kubernetes="v1.34.4",
        pod_subnet="10.244.0.0/16",
        control_plane="cp1",
        address=IPv4Address("10.87.100.11"),
        workers=("w1", "w2"),
        logs=tmp_path,
    )
    before.make_cluster(plan, recorder)
    assert not any("0123456789abcdef" in part for command in recorder.commands for part in command)
    joins = [
        text
        for command, text in zip(recorder.commands, recorder.inputs, strict=True)
        if command[1:3] == ("kubeadm", "join")
    ]
    assert len(joins) == 2
    assert all("abcdef.0123456789abcdef" in str(text) for text in joins)
    assert recorder.commands[-1] == ("cp1", "kubeadm", "token", "delete", "abcdef", "fedcba")
