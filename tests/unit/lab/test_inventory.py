# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventory, read back by a YAML library and by ansible-inventory."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.lab import addresses, inventory, mirror, topology


def rendered(name: str, connection: dict[str, object] | None = None) -> str:
    loaded = topology.load(topology.find(name))
    assigned = addresses.assign(loaded, IPv4Network("10.87.100.0/24"))
    return inventory.render(loaded, assigned, connection or {})


@pytest.fixture(name="document")
def fixture_document() -> dict[str, Any]:
    parsed: dict[str, Any] = yaml.safe_load(rendered("convert", {"ansible_ssh_args": '-o A="b c"'}))
    return parsed


def test_groups_and_addresses(document: dict[str, Any]) -> None:
    groups = {name: list(group["hosts"]) for name, group in document.items() if name != "all"}
    assert groups == {
        "kube_control_plane": ["cp1", "cp2", "cp3"],
        "kube_node": ["w1", "w2"],
        "kube_load_balancer": ["lb1"],
        "spare": ["w3"],
    }
    assert document["kube_load_balancer"]["hosts"]["lb1"] == {"ansible_host": "10.87.100.41"}


def test_the_endpoint_is_the_only_input_of_the_collection(document: dict[str, Any]) -> None:
    variables = document["all"]["vars"]
    assert {name: value for name, value in variables.items() if not name.startswith("ansible_")} == {
        "kubeadm_ha_endpoint": "10.87.100.41:6443"
    }


@pytest.mark.parametrize(
    ("kubernetes", "ignored"), [("v1.28.15", ["HTTPProxyCIDR"]), ("v1.37.1", ["SystemVerification"])]
)
def test_checks_that_no_host_of_a_release_passes_may_fail(kubernetes: str, ignored: list[str]) -> None:
    other = dataclasses.replace(topology.load(topology.find("convert")), kubernetes=kubernetes)
    text = inventory.render(other, addresses.assign(other, IPv4Network("10.87.100.0/24")), {})
    assert yaml.safe_load(text)["all"]["vars"]["kubeadm_ha_ignore_preflight_errors"] == ignored


def test_an_ordinary_user_with_sudo_and_pipelining(document: dict[str, Any]) -> None:
    variables = document["all"]["vars"]
    assert variables["ansible_user"] == "ops"
    assert variables["ansible_become"] is True
    assert variables["ansible_pipelining"] is True
    assert variables["ansible_python_interpreter"] == "/usr/bin/python3"
    assert variables["ansible_ssh_args"] == '-o A="b c"'


def test_without_an_endpoint_no_input_is_set() -> None:
    assert "kubeadm_ha" not in rendered("bare")


def test_groups_of_ones_own_are_kept() -> None:
    table = {"e1": {"group": "etcd", "state": "plain"}, "cp1": {"group": "kube_control_plane", "state": "prepared"}}
    loaded = topology.parse({"nodes": table}, name="some")
    text = inventory.render(loaded, addresses.assign(loaded, IPv4Network("10.87.100.0/24")), {})
    assert list(yaml.safe_load(text)) == ["all", "kube_control_plane", "etcd"]


def test_a_member_of_etcd_beside_other_services_is_in_the_group_of_the_members_too() -> None:
    document = yaml.safe_load(rendered("binary_inline"))
    assert list(document) == ["all", "kube_control_plane", "kube_node", "kube_load_balancer", "etcd"]
    for name, group in (("m1", "kube_control_plane"), ("w1", "kube_node"), ("w2", "kube_node")):
        assert document["etcd"]["hosts"][name] == document[group]["hosts"][name]
    assert set(document["etcd"]["hosts"]) == {"m1", "w1", "w2"}


def test_ssh_trusts_the_labs_host_keys_only() -> None:
    arguments = inventory.ssh_arguments(Path("/some where/known_hosts"))
    assert '-o UserKnownHostsFile="/some where/known_hosts"' in arguments
    assert "-o StrictHostKeyChecking=yes" in arguments
    assert "ControlPersist" in arguments


def test_ansible_reads_it(tmp_path: Path) -> None:
    program = Path(sys.executable).with_name("ansible-inventory")
    path = tmp_path / "hosts.yml"
    path.write_text(rendered("convert"), encoding="utf-8")
    environment = {**os.environ, "ANSIBLE_LOCAL_TEMP": str(tmp_path / "tmp"), "ANSIBLE_HOME": str(tmp_path)}
    listed = subprocess.run(
        [program, "-i", path, "--list"], capture_output=True, text=True, check=True, env=environment
    )
    hosts = json.loads(listed.stdout)["_meta"]["hostvars"]
    assert hosts["w3"]["ansible_host"] == "10.87.100.31"
    assert hosts["cp2"]["ansible_become"] is True


def test_another_ssh_port_is_the_connections_and_no_input_of_the_collection() -> None:
    variables = yaml.safe_load(rendered("external_etcd"))["all"]["vars"]
    assert variables["ansible_port"] == 2222
    assert "ansible_port" not in yaml.safe_load(rendered("convert"))["all"]["vars"]


def test_a_virtual_ip_address_is_an_input_with_its_prefix() -> None:
    variables = yaml.safe_load(rendered("create"))["all"]["vars"]
    assert {name: value for name, value in variables.items() if not name.startswith("ansible_")} == {
        "kubeadm_ha_endpoint": "10.87.100.100:6443",
        "kubeadm_ha_vip": "10.87.100.100/24",
    }


def test_a_name_that_load_balancers_answer_is_an_input_with_what_they_are() -> None:
    variables = yaml.safe_load(rendered("create_dns"))["all"]["vars"]
    assert {name: value for name, value in variables.items() if not name.startswith("ansible_")} == {
        "kubeadm_ha_endpoint": "one.kube.test:6443",
        "kubeadm_ha_load_balancer": "dns",
    }


def test_the_mirror_is_in_no_group_of_the_collection() -> None:
    document = yaml.safe_load(rendered("create_small"))
    assert list(document) == ["all", "kube_control_plane", "kube_node", "kube_load_balancer", "mirror"]
    assert list(document["mirror"]["hosts"]) == ["mirror"]


def test_what_the_mirror_gives_the_collection_names_no_version() -> None:
    key = "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nmDME\n"
    inputs = mirror.variables(IPv4Address("192.0.2.51"), key=key, kubernetes="v1.34.4")
    document = yaml.safe_load(mirror.render(inputs))
    assert document["kubeadm_ha_package_repository"] == {"url": "http://192.0.2.51/deb/", "key": key}
    assert document["kubeadm_ha_registry_mirrors"]["ghcr.io"] == {"url": "http://192.0.2.51:5000"}
    assert document["kubeadm_ha_kubelet_configuration"]["cgroupDriver"] == "cgroupfs"
    assert document["kubeadm_ha_kube_proxy_configuration"]["conntrack"] == {"maxPerCore": 0}
    assert document["kubeadm_ha_containerd_settings"]["io.containerd.grpc.v1.cri"]["restrict_oom_score_adj"] is True
    assert "kubeadm_ha_kubernetes_version" not in document
