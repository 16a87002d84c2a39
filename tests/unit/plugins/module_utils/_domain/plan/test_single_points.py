# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What still dies with one host, by tables of desired states."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.cluster.consumer_inspection import Consumer, Consumers
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.plan import plan_report
from tests.unit.plugins.module_utils._domain.plan.test_planning import (
    Arguments,
    after,
    bare_host,
    before,
    cluster_dns,
    inspection,
    plan_of,
)
from tests.unit.plugins.module_utils._domain.test_growing import etcd_cluster, etcd_member

CONFIG = "kube-system/kubeadm-config"
Change = t.Callable[[Arguments], None]


def points(arguments: Arguments) -> list[tuple[str, str]]:
    """Host and message of each."""
    return [(point.host, point.message) for point in plan_of(arguments).single_points or ()]


def two_balancers(arguments: Arguments) -> None:
    """A name as endpoint and two load balancers: nothing is single."""
    arguments["load_balancers"] = ["lb1", "lb2"]
    arguments["hosts"]["lb2"] = {
        **bare_host("lb2"),
        "services": {"haproxy": {"active": "active", "enabled": "enabled"}},
    }
    arguments["balancers"]["lb2"] = inspection(differs=False)
    arguments["endpoint"] = "k8s.example.org:6443"


def whole(*changes: Change, start: t.Callable[[], Arguments] = after) -> Arguments:
    """A cluster in which nothing is single, with changes."""
    arguments = start()
    two_balancers(arguments)
    for change in changes:
        change(arguments)
    return arguments


def address_endpoint(*keepalived: str) -> Change:
    """The endpoint is lb1's address at the moment; these hosts run keepalived."""

    def change(arguments: Arguments) -> None:
        arguments["endpoint"] = "192.0.2.10:6443"
        arguments["hosts"]["lb1"]["default_address"] = "192.0.2.15"
        for name in keepalived:
            arguments["hosts"][name]["services"]["keepalived"] = {"active": "active", "enabled": "enabled"}

    return change


def main_address(name: str, address: str) -> Change:
    """With which a host connects to others."""
    return lambda arguments: arguments["hosts"][name].update(default_address=address)


def vip(text: str) -> Change:
    """The virtual IP address that the inventory names."""
    return lambda arguments: arguments.update(vip=text)


def static_pod(name: str, *hosts: str) -> Change:
    """No load balancer but an address that static pods hold."""

    def change(arguments: Arguments) -> None:
        arguments.update(load_balancer="none", load_balancers=[], balancers={}, endpoint="192.0.2.100:6443")
        arguments["hosts"]["cp1"]["addresses"].append("192.0.2.100")
        for host in hosts:
            arguments["hosts"][host]["manifests"][name] = {"flags": []}

    return change


def group(*names: str) -> Change:
    """The control planes that are wanted."""

    def change(arguments: Arguments) -> None:
        arguments.update(control_planes=list(names), allow_two_control_planes=True)

    return change


def external(*urls: str, members: bool = True) -> Change:
    """External etcd whose voters are at these URLs."""

    def change(arguments: Arguments) -> None:
        data = arguments["cluster"]["configmaps"][CONFIG]["data"]
        data["ClusterConfiguration"] += f"etcd:\n  external:\n    endpoints: [{', '.join(urls)}]\n"
        found = [etcd_member(f"e{n}", "", str(n), client_urls=[url], peer_urls=[]) for n, url in enumerate(urls)]
        learner = etcd_member("e9", "", "9", client_urls=["https://198.51.100.99:2379"], is_learner=True)
        arguments["etcd"] = {**etcd_cluster(), "members": [*found, learner] if members else []}

    return change


def dns(replicas: int, *nodes: str) -> Change:
    """CoreDNS on these nodes."""

    def change(arguments: Arguments) -> None:
        arguments["cluster"]["cluster_dns"] = cluster_dns(*nodes)
        arguments["cluster"]["cluster_dns"]["deployment"]["replicas"] = replicas

    return change


def configured(text: str) -> Change:
    """More in the ClusterConfiguration."""

    def change(arguments: Arguments) -> None:
        arguments["cluster"]["configmaps"][CONFIG]["data"]["ClusterConfiguration"] += text

    return change


def dns_server(address: str) -> Change:
    """The kubelets give pods this DNS server."""

    def change(arguments: Arguments) -> None:
        data = {"kubelet": f"clusterDNS: [{address}]\n"}
        arguments["cluster"]["configmaps"]["kube-system/kubelet-config"] = {"metadata": {}, "data": data}

    return change


def pinned(*names: str) -> Change:
    """DaemonSets that name the first API server."""

    def change(arguments: Arguments) -> None:
        found = (Consumer("DaemonSet", "a", name, where=("x",), endpoints=("192.0.2.11:6443",)) for name in names)
        arguments["cluster"]["consumers"] = Consumers(tuple(found)).as_dict()

    return change


E = "https://198.51.100.3{}:2379"
THREE = [E.format(number) for number in (1, 2, 3)]
ISSUER = "https://{}:32000"

CASES: dict[str, tuple[list[Change], list[tuple[str, str]]]] = {
    "nothing": ([], []),
    "one control plane": ([group("cp1")], [("cp1", "it is the only control plane.")]),
    "two control planes": (
        [group("cp1", "cp2")],
        [("cp1 or cp2", "etcd has two members and stops when either is lost.")],
    ),
    "an address of one balancer": (
        [address_endpoint()],
        [
            (
                "lb1",
                "it has the address of 192.0.2.10:6443, and no other host runs keepalived or kube-vip to take it over.",
            )
        ],
    ),
    "keepalived on one only": (
        [address_endpoint("lb1")],
        [
            (
                "lb1",
                "it has the address of 192.0.2.10:6443, and no other host runs keepalived or kube-vip to take it over.",
            )
        ],
    ),
    "keepalived on both": ([address_endpoint("lb1", "lb2")], []),
    "keepalived on both, which holds another address": (
        [address_endpoint("lb1", "lb2"), main_address("lb1", "192.0.2.10")],
        [("lb1", "it has the address of 192.0.2.10:6443, which is its main one: nobody takes it over.")],
    ),
    "a virtual address that a host connects with": (
        [address_endpoint("lb1", "lb2"), main_address("lb1", "192.0.2.10"), vip("192.0.2.10/24")],
        [],
    ),
    "kube-vip on one": (
        [static_pod("kube-vip", "cp1")],
        [
            (
                "cp1",
                "it has the address of 192.0.2.100:6443, and no other host runs keepalived or kube-vip to take it over.",
            )
        ],
    ),
    "kube-vip on all": ([static_pod("kube-vip", "cp1", "cp2", "cp3")], []),
    "external etcd with one member": (
        [external(THREE[0])],
        [("198.51.100.31", "it carries the only member of external etcd, which stops without it.")],
    ),
    "external etcd with one endpoint that could not be asked": (
        [external(THREE[0], members=False)],
        [("198.51.100.31", "it carries the only member of external etcd, which stops without it.")],
    ),
    "external etcd with three members": ([external(*THREE)], []),
    "external etcd with two members": (
        [external(*THREE[:2])],
        [
            ("198.51.100.31", "it carries 1 of 2 members of external etcd, which stops without it."),
            ("198.51.100.32", "it carries 1 of 2 members of external etcd, which stops without it."),
        ],
    ),
    "external etcd with two members on one host": (
        [external(THREE[0], "https://198.51.100.31:12379", THREE[2])],
        [("198.51.100.31", "it carries 2 of 3 members of external etcd, which stops without it.")],
    ),
    "external etcd on a host of the inventory": (
        [external("https://192.0.2.11:2379")],
        [("cp1", "it carries the only member of external etcd, which stops without it.")],
    ),
    "one replica of DNS": (
        [dns(1, "w1")],
        [("w1", "it has all ready pods of Deployment kube-system/coredns.")],
    ),
    "DNS that the run spreads": ([dns(2, "w1", "w1")], []),
    "two replicas of DNS": ([dns(2, "w1", "w2")], []),
    "an issuer on a node": (
        [
            configured(
                f"scheduler:\n  extraArgs:\n  - {{name: oidc-issuer-url, value: '{ISSUER.format('192.0.2.21')}'}}\n"
            )
        ],
        [("w1", "every API server asks --oidc-issuer-url=https://192.0.2.21:32000 there.")],
    ),
    "an issuer elsewhere": (
        [
            configured(
                f"scheduler:\n  extraArgs:\n  - {{name: oidc-issuer-url, value: '{ISSUER.format('198.51.100.8')}'}}\n"
            )
        ],
        [],
    ),
    "images of a node": (
        [configured("imageRepository: 192.0.2.21:5000/k8s\n")],
        [("w1", "every node pulls images of kubeadm from 192.0.2.21:5000/k8s.")],
    ),
    "DNS of a host": ([dns_server("192.0.2.21")], [("w1", "every pod asks 192.0.2.21 for DNS names.")]),
    "DNS of the cluster": ([dns_server("10.96.0.10")], []),
    "pinned workloads": (
        [pinned("one", "two")],
        [("cp1", "DaemonSet a/one, DaemonSet a/two name its address, not the endpoint.")],
    ),
    "many pinned workloads": (
        [pinned("a", "b", "c", "d", "e")],
        [
            (
                "cp1",
                "DaemonSet a/a, DaemonSet a/b, DaemonSet a/c, 2 more (see the notes) name its address, not the endpoint.",
            )
        ],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_what_still_dies_with_one_host(name: str) -> None:
    changes, expected = CASES[name]
    assert points(whole(*changes)) == expected


def test_the_desired_state_counts_not_the_present_one() -> None:
    assert points(whole(start=before)) == []
    assert points(before()) == [("lb1", "it is the only load balancer, 192.0.2.10:6443 goes away with it.")]


def test_the_list_ends_every_plan() -> None:
    plan = plan_of(before())
    assert plan_report.table(plan)[-2:] == [
        "What still dies with one host:",
        "- lb1: it is the only load balancer, 192.0.2.10:6443 goes away with it.",
    ]
    assert plan.as_dict()["single_points"] == [
        {"host": "lb1", "message": "it is the only load balancer, 192.0.2.10:6443 goes away with it."}
    ]
    quiet = plan_report.table(plan_of(whole()), with_notes=False)
    assert quiet[-1] == "Nothing of the control plane dies with one host."
    # Reasons to stop come after it.
    arguments = before()
    arguments["hosts"]["cp2"]["free_bytes"] = 0
    assert plan_report.table(plan_of(arguments))[-1].startswith("Problem: cp2 has less than 1 GiB")
