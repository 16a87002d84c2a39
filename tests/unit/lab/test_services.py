# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A cluster before of systemd services: certificates, units, environment files, kubeconfigs of both layouts."""

from __future__ import annotations

import base64
import re
import shlex
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.lab import addresses, topology
from tests.lab.errors import LabError
from tests.lab.services import application_directory, cluster, inline_flags, manifests, text
from tests.lab.services.pki import OpenSsl, Pair, extensions_of
from tests.lab.services.site import Files, Layout, Site, components

NETWORK = IPv4Network("10.87.100.0/24")
M1, M2, M3, W1, LB1 = (f"10.87.100.{last}" for last in (11, 12, 13, 21, 41))
LAYOUTS = ("binary_app", "binary_inline")
MEMBERS = {"binary_app": ["e1", "e2", "e3"], "binary_inline": ["m1", "w1", "w2"]}
#: What a component writes itself.
WRITTEN = ("/opt/kubernetes/logs/", "/opt/kubernetes/cfg/kubelet.kubeconfig", "/var/", "/run/", "/opt/kubernetes/ssl")
NAMED = re.compile(r"/(?:opt|etc/kubernetes|etc/etcd)/[\w./-]+")


@dataclass
class Issuer:
    """An authority without keys: it remembers what it was asked for."""

    name: str
    issued: dict[str, tuple[str | None, list[str]]] = field(default_factory=dict)

    @property
    def pair(self) -> Pair:
        return Pair(certificate=f"CERTIFICATE {self.name}\n", key=f"KEY {self.name}\n")

    def issue(
        self,
        name: str,
        *,
        organization: str | None = None,
        addresses: Iterable[IPv4Address] = (),
        names: Iterable[str] = (),
    ) -> Pair:
        self.issued[name] = (organization, [*names, *map(str, addresses)])
        return Pair(certificate=f"CERTIFICATE {name}\n", key=f"KEY {name}\n")


@dataclass
class Issuers:
    """Authorities by their names."""

    created: dict[str, Issuer] = field(default_factory=dict)

    def create(self, name: str) -> Issuer:
        return self.created.setdefault(name, Issuer(name))


def layout_of(name: str) -> Layout:
    loaded = topology.load(topology.find(name))
    return cluster.layout_of(loaded, addresses.assign(loaded, NETWORK), "v1.34.4")


def beside(name: str) -> Layout:
    """A topology's layout with the members of etcd beside other services, whatever it says itself."""
    loaded = topology.load(topology.find(name))
    nodes = tuple(
        replace(node, etcd=node.state is topology.State.SERVICES)
        for node in loaded.nodes
        if node.state is not topology.State.ETCD
    )
    loaded = replace(loaded, nodes=nodes)
    return cluster.layout_of(loaded, addresses.assign(loaded, NETWORK), "v1.34.4")


def node_of(layout: Layout, name: str) -> topology.Node:
    return next(node for node in layout.site.topology.nodes if node.name == name)


def files_of(name: str) -> tuple[dict[str, Files], Issuers]:
    issuers = Issuers()
    return layout_of(name).files(issuers), issuers


def flags_of(exec_start: str) -> dict[str, str]:
    """Flags of a command line whose lines are continued."""
    return dict(word[2:].partition("=")[::2] for word in shlex.split(exec_start.replace("\\\n", " "))[1:])


def exec_start(unit: str) -> str:
    return unit.partition("ExecStart=")[2].partition("\nRestart=")[0]


@pytest.mark.parametrize("name", LAYOUTS)
def test_every_file_that_something_names_is_on_that_node(name: str) -> None:
    files, _site = files_of(name)
    layout = layout_of(name)
    for node, its_files in files.items():
        there = {f"/{path}" for path in its_files} | set(layout.programs(node_of(layout, node)))
        for path, file in its_files.items():
            named = set(NAMED.findall(file.content))
            assert {other for other in named if not other.startswith(WRITTEN)} <= there, (node, path)
            assert {other for other in named if other.startswith("/opt/kubernetes/ssl/")} <= there, (node, path)


@pytest.mark.parametrize("name", LAYOUTS)
def test_secrets_are_readable_by_their_owner_only(name: str) -> None:
    files, _site = files_of(name)
    for its_files in files.values():
        for path, file in its_files.items():
            is_secret = "KEY" in file.content or "client-" in file.content or "token:" in file.content
            is_secret = is_secret or path.endswith(("token.csv", "encryption-config.yaml"))
            assert file.mode == (0o600 if is_secret and "--" not in file.content else 0o644), path


@pytest.mark.parametrize("name", LAYOUTS)
def test_hosts_without_a_part_in_the_cluster_get_nothing(name: str) -> None:
    files, _site = files_of(name)
    layout = layout_of(name)
    assert set(files) == {"m1", "w1", "w2", *MEMBERS[name]}
    for host in ("m2", "m3", "lb1"):
        assert not layout.programs(node_of(layout, host))


@pytest.mark.parametrize("name", LAYOUTS)
def test_every_component_has_a_unit_and_a_program(name: str) -> None:
    layout = layout_of(name)
    files, _site = files_of(name)
    wanted = {"m1": 5 if name == "binary_app" else 3, "w1": 2, "w2": 2}
    wanted |= {member: wanted.get(member, 0) + 1 for member in MEMBERS[name]}
    for node, number in wanted.items():
        units = {Path(path).stem for path in files[node] if path.endswith(".service")}
        assert units == set(components(layout.site.topology, node_of(layout, node)))
        assert len(units) == number
        assert units <= set(layout.programs(node_of(layout, node)).values())
    assert "kubeadm" not in {
        program for node in layout.site.topology.nodes for program in layout.programs(node).values()
    }


@pytest.mark.parametrize("name", LAYOUTS)
def test_workers_connect_to_the_control_planes_own_address(name: str) -> None:
    files, _site = files_of(name)
    found = {path: file.content for path, file in files["w1"].items() if path.endswith(".kubeconfig")}
    assert len(found) == 2
    for content in found.values():
        assert yaml.safe_load(content)["clusters"][0]["cluster"]["server"] == f"https://{M1}:6443"


def test_the_certificate_has_the_reserved_addresses_in_one_layout_only() -> None:
    app, inline = (files_of(name)[1] for name in LAYOUTS)
    reserved = app.created["kubernetes"].issued["kubernetes"][1]
    own = inline.created["kubernetes-ca"].issued["kubernetes"][1]
    assert reserved[4:] == ["10.254.0.1", "127.0.0.1", M1, M2, M3, LB1]
    assert own[4:] == ["10.32.0.1", "127.0.0.1", M1]
    assert reserved[:4] == own[:4]
    assert reserved[3] == "kubernetes.default.svc.cluster.local"


def test_environment_files_hold_one_variable_over_continued_lines() -> None:
    files, _site = files_of("binary_app")
    content = files["m1"]["opt/kubernetes/cfg/kube-apiserver.conf"].content
    assert content.startswith('KUBE_APISERVER_OPTS="--v=2 \\\n--etcd-servers=https://10.87.100.51:2379,')
    (word,) = shlex.split(content.replace("\\\n", ""))
    flags = dict(flag[2:].split("=", 1) for flag in word.partition("=")[2].split())
    assert flags["bind-address"] == flags["advertise-address"] == M1
    assert flags["service-account-signing-key-file"] == "/opt/kubernetes/ssl/ca-key.pem"
    unit = files["m1"]["usr/lib/systemd/system/kube-apiserver.service"].content
    assert "EnvironmentFile=/opt/kubernetes/cfg/kube-apiserver.conf\n" in unit
    assert "ExecStart=/opt/kubernetes/bin/kube-apiserver $KUBE_APISERVER_OPTS\n" in unit


def test_below_the_application_directory_is_everything_but_units_and_root_s_kubeconfig() -> None:
    files, _site = files_of("binary_app")
    outside = {path for path in files["m1"] if not path.startswith("opt/kubernetes/")}
    assert outside == {"root/.kube/config", *(path for path in files["m1"] if path.endswith(".service"))}
    assert files["m1"]["root/.kube/config"] == files["m1"]["opt/kubernetes/cfg/admin.kubeconfig"]


def test_kubelets_bootstrap_with_the_token_that_the_api_server_knows() -> None:
    files, _site = files_of("binary_app")
    token, user, _uid, group = files["m1"]["opt/kubernetes/cfg/token.csv"].content.strip().split(",")
    for node, registered in (("m1", "k8s-master1"), ("w1", "k8s-node1")):
        bootstrap = yaml.safe_load(files[node]["opt/kubernetes/cfg/bootstrap.kubeconfig"].content)
        assert bootstrap["users"][0] == {"name": user, "user": {"token": token}}
        assert f"--hostname-override={registered} \\\n" in files[node]["opt/kubernetes/cfg/kubelet.conf"].content
        proxy = yaml.safe_load(files[node]["opt/kubernetes/cfg/kube-proxy-config.yml"].content)
        assert proxy["hostnameOverride"] == registered
    assert group == '"system:node-bootstrapper"'
    assert "register-with-taints" not in files["w1"]["opt/kubernetes/cfg/kubelet.conf"].content


def test_members_of_etcd_share_a_certificate_of_their_own_authority() -> None:
    files, issuers = files_of("binary_app")
    assert issuers.created["etcd"].issued["etcd"][1] == ["127.0.0.1", *(f"10.87.100.{last}" for last in (51, 52, 53))]
    conf = files["e2"]["opt/etcd/cfg/etcd.conf"].content
    assert 'ETCD_NAME="etcd-2"\n' in conf
    assert "etcd-1=https://10.87.100.51:2380,etcd-2=https://10.87.100.52:2380,etcd-3=" in conf
    assert files["m1"]["opt/kubernetes/ssl/etcd/ca.pem"].content == "CERTIFICATE etcd\n"


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_host_may_have_a_member_of_etcd_beside_its_other_services(name: str) -> None:
    layout = beside(name)
    files = layout.files(Issuers())
    units = {"binary_app": "usr/lib/systemd/system", "binary_inline": "etc/systemd/system"}[name]
    assert set(files) == {"m1", "w1", "w2"}
    for node, own in (("m1", "kube-apiserver"), ("w1", "kubelet")):
        programs = layout.programs(node_of(layout, node))
        assert {"etcd", "etcdctl", own} <= set(programs.values())
        there = {f"/{path}" for path in files[node]} | set(programs)
        for component in ("etcd", own):
            unit = files[node][f"{units}/{component}.service"].content
            assert set(re.findall(r"ExecStart=(\S+)", unit)) <= there
            assert {path for path in NAMED.findall(unit) if not path.startswith(WRITTEN)} <= there
    assert "After=etcd.service" in files["m1"][f"{units}/kube-apiserver.service"].content.replace(
        "network-online.target ", ""
    )
    assert "etcd.service" not in files["w1"][f"{units}/kubelet.service"].content


def test_a_control_plane_without_a_member_of_etcd_waits_for_none() -> None:
    files, _site = files_of("binary_app")
    assert "etcd.service" not in files["m1"]["usr/lib/systemd/system/kube-apiserver.service"].content


def test_flags_stand_in_the_units() -> None:
    files, _site = files_of("binary_inline")
    unit = files["m1"]["etc/systemd/system/kube-apiserver.service"].content
    assert "ExecStart=/usr/local/bin/kube-apiserver \\\n  --advertise-address=" in unit
    flags = flags_of(exec_start(unit))
    assert flags["bind-address"] == "0.0.0.0"
    assert flags["runtime-config"] == "api/all=true"
    assert flags["encryption-provider-config"] == "/etc/kubernetes/encryption-config.yaml"
    etcd = files["w1"]["etc/systemd/system/etcd.service"].content
    assert "  --name w1 \\\n" in etcd
    assert (
        "  --initial-cluster m1=https://10.87.100.11:2380,w1=https://10.87.100.21:2380,w2=https://10.87.100.22:2380 "
        in etcd
    )
    assert "  --peer-client-cert-auth\nRestart=on-failure" in etcd


def test_every_client_has_its_own_certificate() -> None:
    files, issuers = files_of("binary_inline")
    issued = issuers.created["kubernetes-ca"].issued
    assert issued["system:kube-controller-manager"] == ("system:kube-controller-manager", [])
    assert issued["system:node:w1"] == ("system:nodes", ["w1", W1])
    assert issued["w1"][1] == ["w1", "localhost", "127.0.0.1", W1]
    controllers = yaml.safe_load(files["m1"]["etc/kubernetes/kube-controller-manager.kubeconfig"].content)
    assert controllers["clusters"][0]["cluster"]["server"] == "https://127.0.0.1:6443"
    assert base64.b64decode(controllers["users"][0]["user"]["client-key-data"]).startswith(b"KEY system:kube-c")
    kubelet = yaml.safe_load(files["w1"]["etc/kubernetes/kubelet.kubeconfig"].content)
    assert kubelet["users"][0]["user"]["client-certificate"] == "/etc/kubernetes/cert/kubelet.pem"


def test_secrets_are_encrypted_with_a_new_key() -> None:
    found = []
    for _round in range(2):
        document = yaml.safe_load(files_of("binary_inline")[0]["m1"]["etc/kubernetes/encryption-config.yaml"].content)
        provider, identity = document["resources"][0]["providers"]
        found.append(provider["aescbc"]["keys"][0]["secret"])
        assert identity == {"identity": {}}
    assert len(base64.b64decode(found[0])) == 32
    assert found[0] != found[1]


def test_a_node_of_the_second_layout_may_have_a_name_of_its_own() -> None:
    loaded = topology.load(topology.find("binary_inline"))
    layout = cluster.layout_of(loaded, addresses.assign(loaded, NETWORK), "v1.34.4")
    assert isinstance(layout, inline_flags.InlineFlags)
    worker = topology.Node(name="w9", group="kube_node", state=topology.State.SERVICES, hostname="w9", node_name="n")
    assert ("hostname-override", "n") in layout.kubelet_flags(worker)


@pytest.mark.parametrize(
    "value",
    [
        {"a": "b", "b": "", "c": "yes", "d": "1", "e": 1, "f": True, "g": "a: b", "h": "x#y", "i": "/etc/x", "j": "0s"},
        {"a": [], "b": {}, "c": ["x", 2, "*"], "d": {"e": {"f": ["g"]}}},
        {"a": [{"b": [{"c": "d", "e": {}}, {"f": [1, {"g": "h"}]}], "i": "j"}, {"k": "l"}]},
        {"a": ["null", "No", "true", "~", "a:", "- a", "a\nb", "1e3", "system:node:w1"]},
    ],
)
def test_yaml_is_read_as_it_was_meant(value: Mapping[str, Any]) -> None:
    assert yaml.safe_load(text.block_yaml(value)) == value


def test_the_kubelet_gets_what_nodes_in_containers_need() -> None:
    files, _site = files_of("binary_app")
    document = yaml.safe_load(files["w1"]["opt/kubernetes/cfg/kubelet-config.yml"].content)
    assert document["cgroupDriver"] == "cgroupfs"
    assert document["clusterDNS"] == ["10.254.0.2"]
    assert document["authentication"]["x509"] == {"clientCAFile": "/opt/kubernetes/ssl/ca.pem"}


def test_hosts_know_one_another_by_name_in_one_layout() -> None:
    app, inline = (cluster.host_names(topology.load(topology.find(name))) for name in LAYOUTS)
    assert (app["k8s-node1"], app["m2"], app["e3"]) == ("w1", "m2", "e3")
    assert not inline
    flags = files_of("binary_inline")[0]["m1"]["etc/systemd/system/kube-apiserver.service"].content
    assert "--kubelet-preferred-address-types=InternalIP,ExternalIP,Hostname \\\n" in flags


def test_directories_are_made_where_no_image_has_them() -> None:
    programs = ["/opt/kubernetes/bin/kubelet", "/opt/kubernetes/bin/kube-proxy", "/usr/bin/kubectl"]
    assert cluster.directories(programs) == ["opt/kubernetes", "opt/kubernetes/bin"]


def test_openssl_issues_what_it_is_asked_for(tmp_path: Path) -> None:
    authority = OpenSsl(tmp_path).create("some")
    pair = authority.issue(
        "system:node:w1", organization="system:nodes", addresses=[IPv4Address("192.0.2.1")], names=["w1"]
    )
    for name, content in (("ca", authority.pair.certificate), ("it", pair.certificate), ("key", pair.key)):
        (tmp_path / name).write_text(content, encoding="ascii")

    def openssl(*arguments: str) -> str:
        return subprocess.run(["openssl", *arguments], cwd=tmp_path, capture_output=True, text=True, check=True).stdout

    assert openssl("verify", "-CAfile", "ca", "-purpose", "sslserver", "it") == "it: OK\n"
    assert openssl("verify", "-CAfile", "ca", "-purpose", "sslclient", "it") == "it: OK\n"
    shown = openssl("x509", "-in", "it", "-noout", "-subject", "-ext", "subjectAltName")
    assert "O = system:nodes, CN = system:node:w1" in shown
    assert "DNS:w1, IP Address:192.0.2.1" in shown
    assert openssl("x509", "-in", "it", "-noout", "-pubkey") == openssl("pkey", "-in", "key", "-pubout")


def test_a_client_without_addresses_is_no_server() -> None:
    assert extensions_of([], [])["extendedKeyUsage"] == "clientAuth"
    assert "subjectAltName" not in extensions_of([], [])


def test_the_first_addresses_of_services_are_the_apis_and_the_dns() -> None:
    documents: list[Any] = manifests.coredns("some/coredns:1", "10.32.0.2")
    assert documents[-1]["spec"]["clusterIP"] == "10.32.0.2"
    assert documents[-2]["spec"]["template"]["spec"]["containers"][0]["image"] == "some/coredns:1"
    assert "kubernetes cluster.local in-addr.arpa" in documents[3]["data"]["Corefile"]


class Recorder:
    """Runs nothing: it remembers commands and answers as a cluster that is well."""

    def __init__(self) -> None:
        self.commands: list[tuple[str, ...]] = []

    def __call__(
        self, node: str, *command: str, stdin: str | None = None, log: Path | None = None, check: bool = True
    ) -> str:
        self.commands.append((node, *command))
        if "--raw=/readyz" in command:
            return "ok"
        if "--output=name" in command:
            return "node/k8s-master1 node/k8s-node1 node/k8s-node2 node/w1 node/w2"
        return "smoke-1 w1\n" if command[0] == "curl" else "10.32.0.9"


@pytest.mark.parametrize(("name", "nodes"), [("binary_app", ["m1", "w1", "w2"]), ("binary_inline", ["w1", "w2"])])
def test_etcd_starts_before_the_control_plane_and_this_before_the_nodes(name: str, nodes: list[str]) -> None:
    recorder = Recorder()
    cluster.start(layout_of(name), "some/coredns:1", recorder)
    started = [(command[0], command[4:]) for command in recorder.commands if command[2:4] == ("enable", "--now")]
    assert sorted(started[:3]) == [(member, ("etcd.service",)) for member in MEMBERS[name]]
    control_plane = ("kube-apiserver.service", "kube-controller-manager.service", "kube-scheduler.service")
    assert started[3] == ("m1", control_plane)
    assert sorted(started[4:]) == [(node, ("kubelet.service", "kube-proxy.service")) for node in nodes]
    assert [command[0] for command in recorder.commands if command[1] == "curl"] == ["w1", "w2"]


def test_what_is_not_ready_in_time_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "_SECONDS", -1)
    recorder = Recorder()
    with pytest.raises(LabError, match="the smoke application does not answer on w1 after -1 s"):
        cluster._wait_for_smoke("w1", "10.32.0.9", lambda *_, **__: recorder("w1", "true"))


def test_a_topology_without_systemd_services_has_no_control_plane_of_them() -> None:
    loaded = topology.load(topology.find("convert"))
    site = Site(
        topology=loaded, addresses={}, kubernetes="v1.34.4", service_subnet=application_directory.SERVICE_SUBNET
    )
    with pytest.raises(LabError, match="topology convert has no control plane of systemd services"):
        assert site.master
