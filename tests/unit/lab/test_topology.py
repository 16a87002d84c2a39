# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Topology files: what is accepted, and one clear line for everything else."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.lab import topology
from tests.lab.errors import InputError
from tests.lab.paths import PROJECT
from tests.lab.topology import State

CP1 = 'cp1 = { group = "kube_control_plane", state = "initialized" }'
CP2 = 'cp2 = { group = "kube_control_plane", state = "prepared" }'
W1 = 'w1 = { group = "kube_node", state = "joined" }'
LB1 = 'lb1 = { group = "kube_load_balancer", state = "plain" }'
M1 = 'm1 = { group = "kube_control_plane", state = "services" }'
E1 = 'e1 = { group = "etcd", state = "etcd" }'
INLINE = 'layout = "inline_flags"'


def write(directory: Path, text: str) -> Path:
    path = directory / "some.toml"
    path.write_text(text, encoding="utf-8")
    return path


def load(directory: Path, *nodes: str, top: str = "") -> topology.Topology:
    return topology.load(write(directory, "\n".join([top, "[nodes]", *nodes])))


def test_a_topology_keeps_what_the_file_says_in_its_order(tmp_path: Path) -> None:
    loaded = load(tmp_path, W1, CP1, CP2, LB1, top='kubernetes = "v1.35.4"\nendpoint = "lb1:8443"')
    assert [node.name for node in loaded.nodes] == ["w1", "cp1", "cp2", "lb1"]
    assert (loaded.name, loaded.kubernetes, loaded.pod_subnet) == ("some", "v1.35.4", "10.244.0.0/16")
    assert loaded.endpoint == topology.Endpoint(node="lb1", port=8443)
    assert loaded.initialized is not None
    assert loaded.initialized.name == "cp1"
    assert [node.name for node in loaded.joined] == ["w1"]
    assert loaded.needs_kubernetes


def test_plain_hosts_need_no_kubernetes(tmp_path: Path) -> None:
    loaded = load(tmp_path, LB1)
    assert not loaded.needs_kubernetes
    assert loaded.initialized is None
    assert loaded.endpoint is None


def test_the_topology_of_the_conversion() -> None:
    loaded = topology.load(topology.find("convert"))
    states = {node.name: node.state for node in loaded.nodes}
    assert states == {
        "cp1": State.INITIALIZED,
        "cp2": State.PREPARED,
        "cp3": State.PREPARED,
        "w1": State.JOINED,
        "w2": State.JOINED,
        "w3": State.PREPARED,
        "lb1": State.PLAIN,
    }
    assert loaded.endpoint == topology.Endpoint(node="lb1", port=6443)


@pytest.mark.parametrize(
    "name", ["create", "create_dns", "create_small", "create_stacked", "create_external", "create_bare_vip"]
)
def test_a_cluster_from_nothing_has_bare_hosts_and_a_mirror(name: str) -> None:
    loaded = topology.load(topology.find(name))
    members = [node for node in loaded.nodes if node.group in ("kube_control_plane", "kube_node")]
    assert {node.state for node in members} == {State.BARE}
    assert loaded.mirror is not None
    assert loaded.initialized is None
    # Nothing of Kubernetes is on any of them.
    assert not loaded.needs_kubernetes
    assert not any(node.state.has_kubernetes for node in loaded.nodes)
    assert [loaded.vip, loaded.endpoint is not None, loaded.dns_endpoint is not None].count(True) == 1


def test_unusual_nodes_files_and_names_are_kept(tmp_path: Path) -> None:
    top = (
        'endpoint = "lb1:8443"\nendpoint_name = "k8s.example.org"\ndiscovery = "file"\n'
        'cluster = { networking = { dnsDomain = "odd" } }\ninit = { localAPIEndpoint = { bindPort = 7443 } }\n'
        'files = [{ path = "/etc/kubernetes/audit.yaml", content = "a", mode = "0640", owner = 1000 }]\n'
        'groups = { kube_control_plane = "masters" }'
    )
    unusual = CP1[:-2] + ', hostname = "m1.example.org", node_name = "master" }'
    skewed = W1[:-2] + ', kubelet = "v1.33.13" }'
    loaded = load(tmp_path, unusual, skewed, LB1, top=top)
    first, worker, balancer = loaded.nodes
    assert (first.hostname, first.registered, first.kubelet) == ("m1.example.org", "master", None)
    assert (worker.hostname, worker.registered, worker.kubelet) == ("w1", "w1", "v1.33.13")
    assert balancer.hostname == "lb1"
    assert loaded.endpoint == topology.Endpoint(node="lb1", port=8443, name="k8s.example.org")
    assert loaded.discovery_by_file
    assert loaded.cluster == {"networking": {"dnsDomain": "odd"}}
    assert loaded.init == {"localAPIEndpoint": {"bindPort": 7443}}
    assert loaded.files == (topology.File(path="/etc/kubernetes/audit.yaml", content="a", mode=0o640, owner=1000),)
    assert loaded.groups == {"kube_control_plane": "masters"}


def test_a_cluster_that_is_highly_available_before() -> None:
    loaded = topology.load(topology.find("native"))
    convert = topology.load(topology.find("convert"))
    assert [node.name for node in loaded.joined_control_planes] == ["cp2", "cp3"]
    assert [node.name for node in loaded.joined] == ["w1", "w2"]
    assert loaded.balancer is not None
    assert {node.name: node.group for node in loaded.nodes}.items() <= {
        node.name: node.group for node in convert.nodes
    }.items()


def test_an_etcd_outside_needs_etcds_programs() -> None:
    loaded = topology.load(topology.find("external_etcd"))
    assert [node.name for node in loaded.etcd] == ["etcd1"]
    assert not topology.State.ETCD.has_kubernetes
    assert loaded.needs_kubernetes


@pytest.mark.parametrize(("name", "masters_run_pods"), [("binary_app", True), ("binary_inline", False)])
def test_a_cluster_of_systemd_services_has_nothing_of_kubeadm(name: str, masters_run_pods: bool) -> None:
    loaded = topology.load(topology.find(name))
    assert loaded.master is not None
    assert (loaded.master.name, loaded.initialized, loaded.joined) == ("m1", None, ())
    assert [node.name for node in loaded.service_workers] == ["w1", "w2"]
    assert [node.name for node in loaded.etcd] == (["e1", "e2", "e3"] if masters_run_pods else ["m1", "w1", "w2"])
    assert not any(node.state.has_kubernetes for node in loaded.nodes)
    with_pods = {"w1", "w2"} | ({"m1", "m2", "m3"} if masters_run_pods else set())
    assert {node.name for node in loaded.nodes if loaded.runs_pods(node)} == with_pods
    assert loaded.needs_kubernetes
    assert loaded.needs_runtime_alone
    assert bool(loaded.reserved) is masters_run_pods


def test_a_member_of_etcd_beside_other_services_has_its_data_in_memory_and_a_further_group() -> None:
    loaded = topology.load(topology.find("binary_inline"))
    members = [node for node in loaded.nodes if node.has_etcd_data]
    assert [(node.name, node.groups) for node in members] == [
        ("m1", ("kube_control_plane", "etcd")),
        ("w1", ("kube_node", "etcd")),
        ("w2", ("kube_node", "etcd")),
    ]
    alone = topology.load(topology.find("binary_app"))
    assert [(node.name, node.groups) for node in alone.nodes if node.has_etcd_data] == [
        (name, ("etcd",)) for name in ("e1", "e2", "e3")
    ]


def test_nodes_that_may_get_a_member_of_etcd_have_its_data_in_memory() -> None:
    convert = topology.load(topology.find("convert"))
    assert [node.name for node in convert.nodes if not node.has_etcd_data] == ["lb1"]
    create = topology.load(topology.find("create_small"))
    assert {node.state for node in create.nodes if node.has_etcd_data} == {State.BARE}


def test_nodes_that_kubeadm_makes_have_more_than_a_container_runtime() -> None:
    loaded = topology.load(topology.find("convert"))
    assert not loaded.needs_runtime_alone
    assert [node.name for node in loaded.nodes if not loaded.runs_pods(node)] == ["lb1"]


def test_a_host_with_a_container_runtime_needs_its_images(tmp_path: Path) -> None:
    loaded = load(tmp_path, 'r1 = { group = "spare", state = "runtime" }')
    assert loaded.needs_runtime_alone
    assert loaded.needs_kubernetes


def test_the_hardened_cluster_has_the_groups_of_its_example() -> None:
    loaded = topology.load(topology.find("convert_odd"))
    example = yaml.safe_load((PROJECT / "examples" / "odd" / "hosts.yml").read_text(encoding="utf-8"))
    hosts = {name: set(group["hosts"]) for name, group in example.items() if name != "all"}
    wanted: dict[str, set[str]] = {}
    for node in loaded.nodes:
        wanted.setdefault(loaded.groups[node.group], set()).add(node.name)
    assert hosts == wanted


def test_a_topology_is_found_by_name_and_by_path(tmp_path: Path) -> None:
    assert topology.find("bare") == topology.TOPOLOGIES / "bare.toml"
    own = write(tmp_path, "")
    assert topology.find(str(own)) == own


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "nodes is missing or empty"),
        ("[nodes]", "nodes is missing or empty"),
        ("nodes = 3", "nodes is missing or empty"),
        (f"[nodes]\n{CP1}\n[clusters]", "clusters is not a known key; known are cluster, discovery, endpoint,"),
        (f"kubernetes = 1.34\n[nodes]\n{CP1}", "kubernetes is 1.34, expected a string such as v1.34.4"),
        (f'kubernetes = "1.34.4"\n[nodes]\n{CP1}', "kubernetes is '1.34.4', expected a string such as v1.34.4"),
        (f'pod_subnet = "10.244.0.0/24"\n[nodes]\n{CP1}', "pod_subnet is '10.244.0.0/24', expected a string such as"),
        ('[nodes]\nCP1 = { group = "kube_node", state = "plain" }', "nodes.CP1: a node's name has lower-case"),
        ('[nodes]\ncp1 = "kube_control_plane"', "nodes.cp1 is 'kube_control_plane', expected { group = \"...\", "),
        (f"[nodes]\n{CP1[:-2]}, size = 2 }}", "nodes.cp1.size is not a known key; known are etcd, group, hostname,"),
        ('[nodes]\nn1 = { state = "plain" }', "nodes.n1.group is None, expected an Ansible group"),
        ('[nodes]\nn1 = { group = "a-b", state = "plain" }', "nodes.n1.group is 'a-b', expected an Ansible group"),
        (
            '[nodes]\nn1 = { group = "kube_node" }',
            "nodes.n1.state is None, expected one of plain, bare, mirror, prepared",
        ),
        ('[nodes]\nn1 = { group = "x", state = "up" }', "nodes.n1.state is 'up', expected one of plain, bare, mirror"),
        (f"[nodes]\n{CP1}\n{CP1.replace('cp1', 'cp2')}", "nodes cp1 and cp2 are both initialized"),
        (f"[nodes]\n{CP1.replace('kube_control_plane', 'kube_node')}", "its group must be kube_control_plane"),
        (f"[nodes]\n{CP1}\n{CP2.replace('prepared', 'joined')}", "nodes.cp2 is a joined control plane"),
        (f"[nodes]\n{CP1}\n{LB1.replace('plain', 'balancing')}", "lb1 balances, so the endpoint must be on that node"),
        (f"[nodes]\n{LB1.replace('plain', 'etcd')}", "nodes.lb1 is etcd, but no node is initialized"),
        (f'[nodes]\n{CP1[:-2]}, hostname = "A_B" }}', "nodes.cp1.hostname is 'A_B', expected a string such as"),
        (
            f'[nodes]\n{CP1[:-2]}, kubelet = "1.33" }}',
            "nodes.cp1.kubelet is '1.33', expected a string such as v1.33.13",
        ),
        (f'[nodes]\n{LB1[:-2]}, node_name = "x" }}', "nodes.lb1 has no kubelet in state plain: leave node_name"),
        (f'discovery = "https"\n[nodes]\n{CP1}', "discovery is 'https', expected token or file"),
        (f'cluster = "odd"\n[nodes]\n{CP1}', "cluster is 'odd', expected a table [cluster]"),
        (f"files = [1]\n[nodes]\n{CP1}", "files[0] is 1, expected a table [[files]]"),
        (
            f'files = [{{ path = "etc/a", content = "" }}]\n[nodes]\n{CP1}',
            "files[0].path is 'etc/a', expected an absolute",
        ),
        (f'files = [{{ path = "/etc/a" }}]\n[nodes]\n{CP1}', "files[0].content is None, expected a string"),
        (
            f'files = [{{ path = "/a", content = "", mode = "600" }}]\n[nodes]\n{CP1}',
            "files[0].mode is '600', expected",
        ),
        (
            f'files = [{{ path = "/a", content = "", owner = "ops" }}]\n[nodes]\n{CP1}',
            "files[0].owner is 'ops', expected",
        ),
        (f'[nodes]\n{CP1}\n[groups]\nkube_node = "x"', "groups.kube_node: no node is in that group"),
        (f'[nodes]\n{CP1}\n[groups]\nkube_control_plane = "a b"', "groups.kube_control_plane is 'a b', expected"),
        (f'endpoint = "lb1:1"\nendpoint_name = "A"\n[nodes]\n{LB1}', "endpoint_name is 'A', expected a DNS name"),
        (
            f'endpoint = "lb1:1"\nendpoint_family = "ip"\n[nodes]\n{LB1}',
            "endpoint_family is 'ip', expected ipv4 or ipv6",
        ),
        (
            f'endpoint = "lb1:1"\nendpoint_family = "ipv6"\nendpoint_name = "k8s.example.org"\n[nodes]\n{LB1}',
            "endpoint_family and endpoint_name exclude each other",
        ),
        (f"vip = true\nvip_port = 0\n[nodes]\n{LB1}", "vip_port is 0, expected a port such as 2222"),
        (f"vip = 1\n[nodes]\n{LB1}", "vip is 1, expected true or false"),
        (f'vip = true\nendpoint = "lb1:1"\n[nodes]\n{LB1}', "vip and endpoint exclude each other"),
        (f'endpoint_dns = "one.kube.test"\n[nodes]\n{LB1}', "endpoint_dns is 'one.kube.test', expected NAME:PORT"),
        (f'endpoint_dns = "a.test:1"\nvip = true\n[nodes]\n{LB1}', "endpoint_dns excludes endpoint and vip"),
        (f'endpoint_dns = "a.test:1"\n[nodes]\n{LB1}', "endpoint_dns needs nodes of kube_load_balancer"),
        (
            f"[nodes]\n{LB1.replace('plain', 'mirror')}\n{LB1.replace('plain', 'mirror').replace('lb1', 'lb2')}",
            "nodes lb1 and lb2 are both mirror",
        ),
        (f'layout = "cfssl"\n[nodes]\n{M1}\n{E1}', "layout is 'cfssl', expected application_directory or inline_flags"),
        (f"[nodes]\n{M1}\n{E1}", "nodes.m1 runs services: give layout"),
        (f"{INLINE}\n[nodes]\n{LB1}", "layout needs one node of kube_control_plane in state services; there are 0"),
        (f"{INLINE}\n[nodes]\n{M1}\n{M1.replace('m1', 'm2')}\n{E1}", "in state services; there are 2"),
        (
            f"{INLINE}\n[nodes]\n{M1}",
            "layout needs members of etcd: nodes in state etcd, or nodes in state services with",
        ),
        (f"{INLINE}\n[nodes]\n{M1[:-2]}, etcd = 1 }}", "nodes.m1.etcd is 1, expected true or false"),
        (
            f"{INLINE}\n[nodes]\n{M1}\n{E1[:-2]}, etcd = true }}",
            "nodes.e1.etcd is for nodes in state services; one that is a member of etcd alone is in state etcd",
        ),
        (f"[nodes]\n{CP1[:-2]}, etcd = true }}", "nodes.cp1.etcd is for nodes in state services"),
        (f'{INLINE}\ndiscovery = "file"\n[nodes]\n{M1}\n{E1}', "layout and discovery exclude each other"),
        (f"{INLINE}\nfiles = []\n[nodes]\n{M1}\n{E1}", "layout and files exclude each other"),
        (f"{INLINE}\n[nodes]\n{M1}\n{E1}\n{CP1}", "nodes.cp1 is initialized, which goes with kubeadm"),
        (f"{INLINE}\n[nodes]\n{M1}\n{E1}\n{CP2}", "nodes.cp2 is prepared, which goes with kubeadm"),
        (
            f"{INLINE}\n[nodes]\n{M1}\n{E1}\n{LB1.replace('plain', 'services')}",
            "nodes.lb1 runs services, so its group must be kube_control_plane or kube_node",
        ),
        (f'{INLINE}\n[nodes]\n{M1[:-2]}, node_name = "x" }}\n{E1}', "nodes.m1 has no kubelet in layout inline_flags"),
        (
            f'{INLINE}\n[nodes]\n{M1}\n{E1}\n{W1.replace("joined", "services")[:-2]}, kubelet = "v1.33.13" }}',
            "nodes.w1 runs services of the cluster's version: leave kubelet out",
        ),
        (f'reserved = ["cp1"]\n[nodes]\n{CP1}', "reserved is for clusters of systemd services: give layout"),
        (f'{INLINE}\nreserved = ["m9"]\n[nodes]\n{M1}\n{E1}', "reserved names m9, which is not below [nodes]"),
        (f'{INLINE}\nreserved = "m1"\n[nodes]\n{M1}\n{E1}', "reserved is 'm1', expected a list of nodes such as m2"),
        (f"ssh_port = 70000\n[nodes]\n{LB1}", "ssh_port is 70000, expected a port"),
        (f"[nodes]\n{W1}", "nodes.w1 is joined, but no node is initialized"),
        (f'endpoint = "lb1"\n[nodes]\n{LB1}', "endpoint is 'lb1', expected NODE:PORT"),
        (f'endpoint = "lb1:70000"\n[nodes]\n{LB1}', "endpoint is 'lb1:70000', expected NODE:PORT"),
        (f"endpoint = 6443\n[nodes]\n{LB1}", "endpoint is 6443, expected NODE:PORT"),
        (f'endpoint = "lb2:6443"\n[nodes]\n{LB1}', "endpoint names lb2, which is not below [nodes]"),
        ("nodes = [", "cannot be read as TOML"),
    ],
)
def test_a_wrong_topology_is_refused_with_one_line(tmp_path: Path, text: str, said: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(InputError) as caught:
        topology.load(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert said in message
    assert "\n" not in message


def test_an_unknown_topology_names_the_known_ones() -> None:
    with pytest.raises(
        InputError, match="there is no topology nowhere: give a file or one of audit, bare, binary_app,"
    ):
        topology.find("nowhere")


@pytest.mark.parametrize("version", ["1.34.4", "v1.34", "v2.0.0", "v1.34.4-rc.1", "latest"])
def test_a_version_has_one_form(version: str) -> None:
    with pytest.raises(InputError, match=r"is not of the form v1\.34\.4"):
        topology.check_version(version)


def test_the_program_ends_with_status_2_and_one_line(tmp_path: Path) -> None:
    path = write(tmp_path, "[nodes]")
    command = [sys.executable, "tests/lab", "up", str(path)]
    ended = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert ended.stderr == f"lab: {path}: nodes is missing or empty: name at least one node below [nodes]\n"
    assert ended.stdout == ""
