# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where etcd's record has its members, by tables. The command of the remedy runs in tests/integration/test_addresses.py."""

from __future__ import annotations

import typing as t

import pytest

from tests.unit.plugins.module_utils._domain.plan.test_planning import (
    Arguments,
    after,
    before,
    plan_of,
    targets_of,
)
from tests.unit.plugins.module_utils._domain.test_growing import etcd_cluster, etcd_member

OWN = "https://192.0.2.11:2380"


def with_member(
    *peer_urls: str, clients: t.Sequence[str] = ("https://192.0.2.11:2379",), start: t.Callable[[], Arguments] = before
) -> Arguments:
    """etcd's record of cp1; its manifest is right."""
    arguments = start()
    arguments["hosts"]["cp1"]["manifests"]["etcd"]["flags"] = [
        ["initial-advertise-peer-urls", OWN],
        ["listen-peer-urls", OWN],
    ]
    urls = {"peer_urls": list(peer_urls), "client_urls": list(clients)}
    arguments["etcd"] = {**etcd_cluster(), "members": [etcd_member("cp1", "cp1", "8e9e05c52164694d", **urls)]}
    return arguments


def reported(arguments: Arguments) -> list[tuple[str, str]]:
    return [(problem.subject, problem.message) for problem in plan_of(arguments).problems]


@pytest.mark.parametrize("start", [before, after])
@pytest.mark.parametrize(
    ("url", "whose"),
    [
        ("https://198.51.100.9:2380", "no host's address"),
        ("https://127.0.0.1:2380", "a loopback address"),
        ("https://192.0.2.12:2380", "cp2's address"),
    ],
)
def test_a_record_that_does_not_lead_to_the_member(url: str, whose: str, start: t.Callable[[], Arguments]) -> None:
    ((subject, message),) = reported(with_member(url, start=start))
    assert subject == "cp1"
    assert message == (
        f"etcd knows its member cp1 as {url}, which is {whose} and not where cp1 is, so no other member can join: correct it "
        "with kubectl --kubeconfig=/etc/kubernetes/admin.conf -n kube-system exec etcd-cp1 -- etcdctl "
        "--endpoints=https://127.0.0.1:2379 --cacert=/etc/kubernetes/pki/etcd/ca.crt "
        "--cert=/etc/kubernetes/pki/etcd/server.crt --key=/etc/kubernetes/pki/etcd/server.key member update "
        f"8e9e05c52164694d --peer-urls={OWN}"
    )


def test_an_address_that_several_hosts_have() -> None:
    arguments = with_member("https://10.0.2.15:2380")
    for report in arguments["hosts"].values():
        report["addresses"].append("10.0.2.15")
    ((_subject, message),) = reported(arguments)
    assert "is an address of lb1, cp1, cp2 and 3 more and not where cp1 is" in message
    assert message.endswith(f"--peer-urls={OWN}")


@pytest.mark.parametrize("urls", [[OWN], ["https://cp1.example.org:2380"], [OWN, "https://[2001:db8::11]:2380"]])
def test_records_that_lead_to_the_member(urls: list[str]) -> None:
    arguments = with_member(*urls)
    arguments["hosts"]["cp1"]["addresses"].append("2001:db8::11")
    assert reported(arguments) == []


def test_what_the_member_announces_to_clients() -> None:
    ((subject, message),) = reported(with_member(OWN, clients=["https://127.0.0.1:2379"]))
    assert (subject, "correct --advertise-client-urls" in message) == ("cp1", True)
    assert reported(with_member(OWN, clients=["https://127.0.0.1:2379", "https://192.0.2.11:2379"])) == []
    assert reported(with_member(OWN, clients=[])) == []


def test_a_manifest_that_is_wrong_too_gives_no_advice_from_it() -> None:
    arguments = with_member("https://198.51.100.9:2380")
    arguments["hosts"]["cp1"]["manifests"]["etcd"]["flags"] = [
        ["initial-advertise-peer-urls", "https://198.51.100.9:2380"],
        ["trusted-ca-file", "/srv/pki/etcd/ca.crt"],
    ]
    ((_subject, message),) = reported(arguments)
    assert message.endswith(f"--peer-urls={OWN}")
    assert "--cacert=/srv/pki/etcd/ca.crt" in message


def test_etcd_on_loopback_is_reported_once() -> None:
    arguments = with_member("https://127.0.0.1:2380")
    arguments["hosts"]["cp1"]["manifests"]["etcd"]["flags"] = [["listen-peer-urls", "https://127.0.0.1:2380"]]
    ((_subject, message),) = reported(arguments)
    assert "listens for members on loopback only" in message


def test_external_etcd_is_not_on_our_hosts() -> None:
    arguments = with_member("https://198.51.100.31:2380")
    data = arguments["cluster"]["configmaps"]["kube-system/kubeadm-config"]["data"]
    data["ClusterConfiguration"] += "etcd:\n  external:\n    endpoints: [https://198.51.100.31:2379]\n"
    assert reported(arguments) == []


def test_members_are_asked_where_they_are_recorded() -> None:
    arguments = with_member("https://192.0.2.11:12380")
    targets = targets_of(arguments, control_planes=["cp1", "cp2"], workers=[], load_balancers=[])
    assert [item["port"] for item in targets["cp2"]] == [6443, 2379, 12380, 10250]


# --- kubelets -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("registered", "node_ip", "is_reported"),
    [("192.0.2.11", "", True), ("192.0.2.11", "192.0.2.12", False), ("10.0.2.15", "", False)],
)
def test_a_kubelet_that_would_register_a_control_planes_address(
    registered: str, node_ip: str, is_reported: bool
) -> None:
    arguments = before()
    for name, report in arguments["hosts"].items():
        (own,) = report["addresses"]
        networks = [("10.0.2.0/24", "10.0.2.15"), ("192.0.2.0/24", own)]
        report["addresses"] = ["10.0.2.15", own]
        report["default_address"] = "10.0.2.15" if name == "cp2" else own
        report["networks"] = [{"network": network, "address": address} for network, address in networks]
    arguments["cluster"]["nodes"][0]["addresses"] = [registered]
    arguments["hosts"]["cp2"]["kubelet_flags"] = {"node-ip": node_ip} if node_ip else {}
    found = reported(arguments)
    assert [subject for subject, _message in found] == ["cp2"] * is_reported
    assert all("set --node-ip=192.0.2.12 in KUBELET_EXTRA_ARGS on cp2" in message for _subject, message in found)
