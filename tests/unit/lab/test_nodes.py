# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What makes a node, and the configuration of the cluster before."""

from __future__ import annotations

import base64
import dataclasses
import io
import json
import tarfile
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.lab import addresses, balancer, before, external_etcd, kubeadm, nodefiles, old_releases, smoke, topology
from tests.lab.errors import LabError

CONVERT = topology.load(topology.find("convert"))
ASSIGNED = addresses.assign(CONVERT, IPv4Network("10.87.100.0/24"))
W1 = next(node for node in CONVERT.nodes if node.name == "w1")
NETWORK = nodefiles.Network(addresses=ASSIGNED, pod_subnets=addresses.pod_subnets(CONVERT, ASSIGNED))
PRINTED = "kubeadm join 10.87.100.11:6443 --token abcdef.0123456789abcdef --discovery-token-ca-cert-hash sha256:0123 \n"


def files_of(name: str) -> dict[str, nodefiles.NodeFile]:
    node = next(node for node in CONVERT.nodes if node.name == name)
    return nodefiles.node_files(
        node,
        lab="some",
        network=NETWORK,
        resolv_conf="nameserver 192.0.2.53\n",
        host_key="K",
        authorized_key="A",
        ssh_port=2222,
        runs_pods=CONVERT.runs_pods(node),
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
    assert files_of("cp1")["etc/ssh/sshd_config.d/20-port.conf"].content == "Port 2222\n"


def test_the_mirror_leads_a_name_to_the_nodes_that_answer_it() -> None:
    loaded = topology.load(topology.find("create_dns"))
    assigned = addresses.assign(loaded, IPv4Network("10.87.100.0/24"))
    network = nodefiles.Network(addresses=assigned, pod_subnets={}, delegated={"one.kube.test": ["dns1", "dns2"]})
    named: dict[str, Any] = {
        "lab": "some",
        "resolv_conf": "",
        "host_key": "K",
        "authorized_key": "A",
        "ssh_port": 22,
        "runs_pods": False,
    }
    files = {node.name: nodefiles.node_files(node, network=network, **named) for node in loaded.nodes}
    lines = files["mirror"]["etc/lab/resolver.conf"].content.splitlines()
    assert lines[-2:] == ["server=/one.kube.test/10.87.100.41", "server=/one.kube.test/10.87.100.42"]
    assert [name for name in files if "etc/lab/resolver.conf" in files[name]] == ["mirror"]


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


def configuration(name: str, kubernetes: str = "v1.34.4", **changes: Any) -> dict[str, Any]:
    """Documents of ``kubeadm init`` by their kind."""
    loaded = dataclasses.replace(topology.load(topology.find(name)), **changes)
    assigned = addresses.assign(loaded, IPv4Network("10.87.100.0/24"))
    text = kubeadm.init_configuration(loaded, assigned, kubernetes=kubernetes)
    return {document["kind"]: document for document in yaml.safe_load_all(text)}


@pytest.mark.parametrize(
    ("kubernetes", "version"),
    [("v1.20.2", "v1beta2"), ("v1.22.0", "v1beta3"), ("v1.30.9", "v1beta3"), ("v1.31.0", "v1beta4")],
)
def test_the_configuration_is_of_the_version_of_that_kubeadm(kubernetes: str, version: str) -> None:
    documents = configuration("convert", kubernetes)
    assert documents["ClusterConfiguration"]["apiVersion"] == f"kubeadm.k8s.io/{version}"
    assert documents["InitConfiguration"]["localAPIEndpoint"] == {"advertiseAddress": "10.87.100.11"}


def test_the_cluster_before_has_no_control_plane_endpoint() -> None:
    assert set(configuration("convert")["ClusterConfiguration"]) == {
        "apiVersion",
        "kind",
        "kubernetesVersion",
        "networking",
    }
    assert "failCgroupV1" not in configuration("convert")["KubeletConfiguration"]
    assert configuration("convert", "v1.35.4")["KubeletConfiguration"]["failCgroupV1"] is False


def test_one_that_is_highly_available_has_it() -> None:
    assert configuration("native")["ClusterConfiguration"]["controlPlaneEndpoint"] == "10.87.100.41:6443"


def test_an_etcd_outside_is_named_with_the_client_pair() -> None:
    external = configuration("external_etcd")["ClusterConfiguration"]["etcd"]["external"]
    assert external["endpoints"] == ["https://10.87.100.51:2379"]
    assert external["keyFile"] == "/etc/kubernetes/pki/apiserver-etcd-client.key"


def test_what_the_topology_wants_is_merged_into_kubeadms_configuration() -> None:
    documents = configuration(
        "convert",
        cluster={"networking": {"dnsDomain": "odd"}, "apiServer": {"certSANs": ["::1"]}},
        init={"localAPIEndpoint": {"bindPort": 7443}},
    )
    assert documents["ClusterConfiguration"]["networking"] == {"podSubnet": "10.244.0.0/16", "dnsDomain": "odd"}
    assert documents["ClusterConfiguration"]["apiServer"] == {"certSANs": ["::1"]}
    assert documents["InitConfiguration"]["localAPIEndpoint"] == {"advertiseAddress": "10.87.100.11", "bindPort": 7443}


def test_workers_join_with_what_kubeadm_printed() -> None:
    document = yaml.safe_load(kubeadm.join_configuration(PRINTED, W1, "v1.34.4"))
    assert document["kind"] == "JoinConfiguration"
    assert document["discovery"]["bootstrapToken"] == {
        "apiServerEndpoint": "10.87.100.11:6443",
        "token": "abcdef.0123456789abcdef",
        "caCertHashes": ["sha256:0123"],
    }
    assert "nodeRegistration" not in document


def test_where_nobody_may_read_cluster_info_it_is_a_file() -> None:
    node = dataclasses.replace(W1, node_name="other")
    document = yaml.safe_load(kubeadm.join_configuration(PRINTED, node, "v1.34.4", by_file=True))
    assert document["discovery"] == {
        "file": {"kubeConfigPath": kubeadm.DISCOVERY},
        "tlsBootstrapToken": "abcdef.0123456789abcdef",
    }
    assert document["nodeRegistration"] == {"name": "other"}
    kubeconfig = json.loads(kubeadm.discovery_file(PRINTED, "PEM"))
    assert kubeconfig["clusters"][0]["cluster"] == {
        "server": "https://10.87.100.11:6443",
        "certificate-authority-data": "UEVN",
    }
    assert kubeconfig["users"][0]["user"] == {"token": "abcdef.0123456789abcdef"}


@pytest.mark.parametrize(
    ("version", "ignored"),
    [
        ("v1.28.15", ["HTTPProxyCIDR"]),
        ("v1.31.12", ["HTTPProxyCIDR"]),
        ("v1.31.14", None),
        ("v1.33.5", ["HTTPProxyCIDR"]),
        ("v1.33.13", None),
        ("v1.34.4", None),
        ("v1.35.0", ["SystemVerification"]),
        ("v1.37.1", ["SystemVerification"]),
    ],
)
def test_a_check_that_no_host_passes_is_ignored(version: str, ignored: list[str] | None) -> None:
    join = yaml.safe_load(kubeadm.join_configuration(PRINTED, W1, version))
    for document in (join, configuration("convert", version)["InitConfiguration"]):
        assert document.get("nodeRegistration", {}).get("ignorePreflightErrors") == ignored
    assert join["apiVersion"] == kubeadm.api_version(version)


@pytest.mark.parametrize(("version", "needs"), [("v1.24.17", True), ("v1.30.14", True), ("v1.31.0", False)])
def test_the_kubeadm_of_old_releases_asks_the_runtime_by_crictl(version: str, needs: bool) -> None:
    assert old_releases.needs_crictl(version) is needs


def test_no_join_command_is_an_error() -> None:
    with pytest.raises(LabError, match="printed no join command"):
        kubeadm.join_configuration("timed out", W1, "v1.34.4")


@pytest.mark.parametrize(("workers", "replicas"), [(0, 2), (2, 2), (5, 5)])
def test_the_smoke_application_has_a_replica_on_every_worker(workers: int, replicas: int) -> None:
    deployment, service = yaml.safe_load_all(smoke.manifests(workers))
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
    plan = before.Plan(topology=CONVERT, kubernetes="v1.34.4", addresses=ASSIGNED, logs=tmp_path)
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


def test_control_planes_join_one_after_the_other_with_a_key_that_no_command_line_has(tmp_path: Path) -> None:
    native = topology.load(topology.find("native"))
    assigned = addresses.assign(native, IPv4Network("10.87.100.0/24"))
    recorder = Recorder({"kubeadm token create": PRINTED})
    before.make_cluster(before.Plan(topology=native, kubernetes="v1.34.4", addresses=assigned, logs=tmp_path), recorder)
    reported = list(zip(recorder.commands, recorder.inputs, strict=True))
    init = next(
        yaml.safe_load_all(
            str(next(text for command, text in reported if command[1] == "tee" and "init" in command[2]))
        )
    )
    joins = {command[0]: yaml.safe_load(str(text)) for command, text in reported if command[1:3] == ("kubeadm", "join")}
    assert list(joins)[:2] == ["cp2", "cp3"]
    assert joins["cp3"]["controlPlane"] == {
        "localAPIEndpoint": {"advertiseAddress": "10.87.100.13"},
        "certificateKey": init["certificateKey"],
    }
    assert "controlPlane" not in joins["w1"]
    assert not any(init["certificateKey"] in part for command in recorder.commands for part in command)


def test_files_have_owner_and_mode_and_keys_of_their_own() -> None:
    recorder = Recorder({})
    file = topology.File(path="/etc/kubernetes/enc.yaml", content="secret: ${RANDOM_KEY}", mode=0o600, owner=1000)
    before.write_files("cp1", [file, file], recorder)
    assert recorder.commands[0][1:-2] == ("install", "-D", "--owner=1000", "--group=1000", "--mode=0600")
    assert recorder.commands[0][-1] == "/etc/kubernetes/enc.yaml"
    keys = [str(text).removeprefix("secret: ") for text in recorder.inputs]
    assert len(base64.b64decode(keys[0])) == 32
    assert keys[0] != keys[1]


def test_a_node_can_call_itself_otherwise_and_knows_the_endpoints_name() -> None:
    node = dataclasses.replace(W1, hostname="worker-1.example.org")
    network = dataclasses.replace(NETWORK, names={"k8s.example.org": "lb1"})
    hosts = nodefiles.hosts(node, network).splitlines()
    assert hosts[2:] == ["10.87.100.21 worker-1.example.org", "10.87.100.41 k8s.example.org"]


def test_the_balancer_asks_every_control_plane_for_its_health() -> None:
    text = balancer.configure(8443, {"cp1": IPv4Address("192.0.2.1"), "cp2": IPv4Address("192.0.2.2")}, 7443)
    assert "    bind *:8443\n" in text
    assert [line.split()[:3] for line in text.splitlines() if "server " in line and "timeout" not in line] == [
        ["server", "cp1", "192.0.2.1:7443"],
        ["server", "cp2", "192.0.2.2:7443"],
    ]


def test_only_a_balancer_of_somebody_else_is_tuned() -> None:
    servers = {"cp1": IPv4Address("192.0.2.1")}
    usual, tuned = (balancer.configure(6443, servers, 6443, is_tuned=is_tuned) for is_tuned in (False, True))
    assert "timeout connect 5s" in usual
    assert "inter 1s fall 2" in usual
    assert "redispatch" not in usual
    assert [line.strip() for line in tuned.splitlines() if "timeout c" in line and "client" not in line] == [
        "timeout connect 300ms",
        "timeout check 500ms",
    ]
    assert "option redispatch 1" in tuned
    assert "inter 500ms fastinter 200ms fall 2 rise 1 observe layer4 error-limit 1 on-error mark-down" in tuned
    assert tuned.splitlines()[-2:] == ["    option allbackups", "    server cp1-unchecked 192.0.2.1:6443 backup"]
    assert "backup" not in usual


def test_the_members_of_an_etcd_know_each_other_and_the_first_control_plane_loses_the_cas_key() -> None:
    members = {"etcd1": IPv4Address("192.0.2.1"), "etcd2": IPv4Address("192.0.2.2")}
    recorder = Recorder({})
    external_etcd.start("cp1", members, recorder)
    units = [
        text
        for command, text in zip(recorder.commands, recorder.inputs, strict=True)
        if "etcd.service" in command[-1] and text
    ]
    assert all(
        "--initial-cluster=etcd1=https://192.0.2.1:2380,etcd2=https://192.0.2.2:2380" in str(text) for text in units
    )
    assert len(units) == 2
    assert ("cp1", "rm", "-r", "/root/etcd-certificates", "/etc/kubernetes/pki/etcd/ca.key") in recorder.commands
