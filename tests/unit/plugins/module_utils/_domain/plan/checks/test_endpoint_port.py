# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The endpoint's port on the load balancers, and nodes that are said to be unmanaged."""

from __future__ import annotations

import typing as t

import pytest

from tests.unit.plugins.module_utils._domain.plan.test_planning import before, plan_of

SSHD = {"address": "0.0.0.0", "port": 22, "process": ""}
OTHER = {"address": "127.0.0.1", "port": 6443, "process": ""}
HAPROXY = {"address": "::", "port": 6443, "process": "haproxy"}
IN_USE = "Another program than haproxy listens on port {} of lb1 (ss -ltnp shows it): choose another port"

PORTS: dict[str, tuple[dict[str, t.Any], list[dict[str, t.Any]], str]] = {
    "free": ({}, [], ""),
    "sshd beside it": ({}, [SSHD], ""),
    "haproxy has it": ({}, [HAPROXY], ""),
    "another program": ({}, [OTHER], IN_USE.format(6443)),
    "the port of sshd": ({"endpoint": "192.0.2.10:22"}, [SSHD], IN_USE.format(22)),
    "a component's, on a control plane": (
        {"endpoint": "192.0.2.13:10250", "load_balancers": ["cp3"]},
        [],
        "cp3 is a load balancer and a control plane, whose kubelet has port 10250: choose another port",
    ),
    "a balancer that exists": ({"load_balancer": "external", "load_balancers": []}, [OTHER], ""),
}


@pytest.mark.parametrize("name", PORTS)
def test_the_port_of_the_endpoint(name: str) -> None:
    inputs, listening, expected = PORTS[name]
    arguments = before() | inputs
    arguments["hosts"]["lb1"]["listening"] = listening
    found = [problem.message for problem in plan_of(arguments).problems if problem.subject == "kubeadm_ha_endpoint"]
    assert [expected in message for message in found] == ([True] if expected else []), found


def test_unmanaged_nodes_are_nodes_of_the_cluster_and_not_of_the_inventory() -> None:
    arguments = before() | {"unmanaged_nodes": ["w9", "w1"]}
    assert [problem.message for problem in plan_of(arguments).problems] == [
        (
            "kubeadm_ha_unmanaged_nodes names w1, but that is the node of w1, which the inventory has: take it out of one of the "
            "two."
        ),
        "kubeadm_ha_unmanaged_nodes names w9, which is no node of the cluster: correct the name, or take it out.",
    ]
