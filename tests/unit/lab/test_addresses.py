# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Addresses: free subnets, the same address for the same node."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Network

import pytest

from tests.lab import addresses, topology
from tests.lab.errors import InputError, LabError

SUBNET = IPv4Network("10.87.100.0/24")


def nodes(*groups: str) -> topology.Topology:
    table = {f"n{number}": {"group": group, "state": "prepared"} for number, group in enumerate(groups)}
    return topology.parse({"nodes": table}, name="some")


def test_a_lab_gets_the_same_subnet_each_time_when_it_is_free() -> None:
    first = addresses.choose_subnet("convert", [])
    assert addresses.choose_subnet("convert", []) == first
    assert first.prefixlen == 24


def test_a_taken_subnet_is_passed_over() -> None:
    first = addresses.choose_subnet("convert", [])
    second = addresses.choose_subnet("convert", [first])
    assert not second.overlaps(first)
    inside = IPv4Network((second.network_address + 128, 26))
    assert not addresses.choose_subnet("convert", [first, inside]).overlaps(second)


def test_the_last_free_subnet_is_found_from_everywhere() -> None:
    free = IPv4Network("10.87.150.0/24")
    taken = [IPv4Network(f"10.87.{third}.0/24") for third in range(100, 200) if third != 150]
    assert {addresses.choose_subnet(f"lab{number}", taken) for number in range(20)} == {free}


def test_no_free_subnet_is_an_error_that_names_the_remedy() -> None:
    with pytest.raises(LabError, match="no free subnet .* remove labs with `down --all`"):
        addresses.choose_subnet("convert", [IPv4Network("10.0.0.0/8")])


def test_addresses_name_the_group_and_keep_the_order() -> None:
    assigned = addresses.assign(topology.load(topology.find("convert")), SUBNET)
    assert {name: str(address).rsplit(".", 1)[1] for name, address in assigned.items()} == {
        "cp1": "11",
        "cp2": "12",
        "cp3": "13",
        "w1": "21",
        "w2": "22",
        "w3": "31",
        "lb1": "41",
    }


def test_a_node_more_changes_no_other_address() -> None:
    before = addresses.assign(nodes("kube_control_plane", "kube_node"), SUBNET)
    after = addresses.assign(nodes("kube_control_plane", "kube_node", "kube_control_plane", "etcd"), SUBNET)
    assert before.items() <= after.items()
    assert after["n3"] == IPv4Address("10.87.100.51")


@pytest.mark.parametrize("group", ["kube_control_plane", "kube_node", "spare", "kube_load_balancer"])
def test_ten_nodes_of_a_group_fit(group: str) -> None:
    assert len(set(addresses.assign(nodes(*[group] * 10, "etcd"), SUBNET).values())) == 11
    with pytest.raises(InputError, match=f"nodes.n10: a lab has at most 10 nodes in group {group}"):
        addresses.assign(nodes(*[group] * 11), SUBNET)


def test_pods_have_a_subnet_of_their_own_on_each_node() -> None:
    convert = topology.load(topology.find("convert"))
    subnets = addresses.pod_subnets(convert, addresses.assign(convert, SUBNET))
    assert subnets["cp1"] == IPv4Network("10.244.11.0/24")
    assert subnets["w3"] == IPv4Network("10.244.31.0/24")
    assert len(set(subnets.values())) == len(convert.nodes)


def test_an_ipv6_address_has_the_numbers_of_the_ipv4_address() -> None:
    subnet = addresses.ipv6_subnet(SUBNET)
    assert subnet == IPv6Network("fd00:a:57:64::/64")
    assert addresses.ipv6_address(IPv4Address("10.87.100.41")) == subnet.network_address + 41


def test_an_endpoint_by_ipv6_is_in_brackets() -> None:
    table = {"lb1": {"group": "kube_load_balancer", "state": "plain"}}
    document = {"nodes": table, "endpoint": "lb1:6443", "endpoint_family": "ipv6"}
    loaded = topology.parse(document, name="some")
    assert addresses.endpoint(loaded, addresses.assign(loaded, SUBNET)) == "[fd00:a:57:64::29]:6443"


def test_no_node_has_the_virtual_ip_address() -> None:
    created = topology.load(topology.find("create"))
    assigned = addresses.assign(created, SUBNET)
    assert str(addresses.vip(assigned)) == "10.87.100.100/24"
    assert addresses.endpoint(created, assigned) == "10.87.100.100:6443"
    with pytest.raises(InputError, match="nodes.n49: a lab has at most"):
        addresses.assign(nodes(*["other"] * 50), SUBNET)
