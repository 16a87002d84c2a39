# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which ports a cut concerns, over a table of flags, and what would go on all the same."""

from __future__ import annotations

import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.errors import InvalidInput
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.failover_drill.event import API_SERVER, ETCD
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.failover_drill.instance import Instance
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.failover_drill.network_cut import (
    Cut,
    goes_on,
    of_instances,
)
from tests.unit.plugins.module_utils._domain.failover_drill.values import MANAGER, SCHEDULER

Flags = t.Mapping[str, str]

OWN = "192.0.2.11"
KUBEADM: Flags = {
    "advertise-client-urls": f"https://{OWN}:2379",
    "initial-advertise-peer-urls": f"https://{OWN}:2380",
    "initial-cluster": f"cp1=https://{OWN}:2380,cp2=https://192.0.2.12:2380",
    "listen-client-urls": f"https://127.0.0.1:2379,https://{OWN}:2379",
    "listen-peer-urls": f"https://{OWN}:2380",
}
STACKED: Flags = {"etcd-servers": "https://127.0.0.1:2379"}
EXTERNAL: Flags = {"secure-port": "7443", "etcd-servers": "https://e1:2379,https://[2001:db8::1]:12379"}
CUTS: list[tuple[str, dict[str, Flags], Cut]] = [
    ("a member of kubeadm", {ETCD: KUBEADM}, Cut((2379, 2380), (2380,))),
    ("a control plane of kubeadm", {API_SERVER: STACKED, ETCD: KUBEADM}, Cut((2379, 2380, 6443), (2380,))),
    ("the controllers have no ports that count", {API_SERVER: STACKED, ETCD: KUBEADM, MANAGER: {"secure-port": "10257"}}, Cut((2379, 2380, 6443), (2380,))),
    ("etcd elsewhere", {API_SERVER: EXTERNAL}, Cut((7443,), (2379, 12379))),
    ("defaults", {ETCD: {}}, Cut((2379, 2380), (2380,))),
    ("a socket of the host", {ETCD: {"listen-client-urls": "unix:///run/etcd,http://[::]:4001/"}}, Cut((2380, 4001), (2380,))),
    ("peers on other ports", {ETCD: {"listen-peer-urls": "http://10.0.0.1:1", "initial-cluster": "a=http://10.0.0.1:1,b=http://10.0.0.1:3"}},
     Cut((1, 2379), (1, 3))),
]  # fmt: skip


@pytest.mark.parametrize(("flags", "cut"), [case[1:] for case in CUTS], ids=[case[0] for case in CUTS])
def test_which_ports_are_cut(flags: dict[str, Flags], cut: Cut) -> None:
    assert of_instances([Instance(component, "", found) for component, found in flags.items()]) == cut


WRONG: list[tuple[str, dict[str, Flags], str]] = [
    ("no port", {ETCD: {"listen-peer-urls": "https://192.0.2.11"}}, "etcd has an URL without a port .https://192.0.2.11."),
    ("no such port", {ETCD: {"listen-peer-urls": "https://192.0.2.11:99999"}}, "whose port is none"),
    ("that of SSH", {API_SERVER: {"secure-port": "22"}}, "port 22 would be cut, which is SSH's"),
    ("that of SSH elsewhere", {API_SERVER: {"etcd-servers": "https://e1:22"}}, "port 22 would be cut"),
]  # fmt: skip


@pytest.mark.parametrize(("flags", "message"), [case[1:] for case in WRONG], ids=[case[0] for case in WRONG])
def test_what_cannot_be_cut_is_named(flags: dict[str, Flags], message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        of_instances([Instance(component, "", found) for component, found in flags.items()])


@given(st.integers(1, 65535).filter(lambda port: port != 22))
def test_every_port_of_an_api_server_is_cut(port: int) -> None:
    assert of_instances([Instance(API_SERVER, "", {"secure-port": str(port)})]) == Cut((port,), ())


LOCAL = {MANAGER: [f"https://{OWN}:6443"], SCHEDULER: ["https://localhost:6443"]}
GOES_ON: list[tuple[str, Flags, Flags | None, dict[str, list[str]], str]] = [
    ("as kubeadm makes it", STACKED, KUBEADM, LOCAL, ""),
    ("all of them by their own addresses", {"etcd-servers": f"https://{OWN}:2379,https://[::1]:2379"}, KUBEADM, LOCAL, ""),
    ("etcd elsewhere", {"etcd-servers": "https://e1:2379"}, None, LOCAL, ""),
    ("other members, too", {"etcd-servers": f"https://{OWN}:2379,https://192.0.2.12:2379"}, KUBEADM, LOCAL,
     "its API server asks members of etcd on other hosts, too (https://192.0.2.12:2379)"),
    ("a controller asks the endpoint", STACKED, KUBEADM, {**LOCAL, SCHEDULER: ["https://k8s.example.org:6443"]},
     "its kube-scheduler asks k8s.example.org:6443 and not the API server beside it"),
    ("a controller asks a load balancer of the host", STACKED, KUBEADM, {MANAGER: ["https://127.0.0.1:8443"]},
     "its kube-controller-manager asks 127.0.0.1:8443 and not the API server beside it"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("api_server", "etcd", "servers", "reason"), [case[1:] for case in GOES_ON], ids=[case[0] for case in GOES_ON]
)
def test_what_would_go_on(api_server: Flags, etcd: Flags | None, servers: dict[str, list[str]], reason: str) -> None:
    assert goes_on(api_server, etcd, servers, lambda host: host == OWN) == reason
