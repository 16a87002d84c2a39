# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pod network, and the virtual IP address, of a cluster that there is."""

from __future__ import annotations

import typing as t

import pytest

from tests.unit.plugins.module_utils._domain.plan.test_planning import after, plan_of

#: Where its pods start is seen once there is a network.
SPREAD = "cp1/spread/Deployment kube-system/coredns"
FLANNEL = "/etc/cni/net.d/10-flannel.conflist"


@pytest.mark.parametrize(
    ("creation", "configurations", "network", "expected"),
    [
        ("complete", {}, "flannel", ["cp1/network/pod network flannel", SPREAD]),
        ("complete", {}, "/srv/calico.yaml", ["cp1/network/pod network of /srv/calico.yaml", SPREAD]),
        ("complete", {}, "none", []),
        ("complete", {"cp1": [FLANNEL]}, "flannel", []),
        ("complete", {"w2": [FLANNEL]}, "flannel", []),
        ("", {}, "flannel", []),
    ],
    ids=["ours without one", "a manifest", "the operator's", "there", "there on one node", "somebody else's cluster"],
)
def test_only_a_cluster_of_ours_without_any_gets_one(
    creation: str, configurations: dict[str, list[str]], network: str, expected: list[str]
) -> None:
    given = after() | {"network": network}
    given["hosts"]["cp1"]["creation"] = creation
    for name, found in configurations.items():
        given["hosts"][name]["cni_configurations"] = found
    plan = plan_of(given)
    assert [entry.id for entry in plan.entries] == expected
    assert plan.problems == ()


def test_nodes_that_wait_for_the_network_are_no_reason_to_stop() -> None:
    given = after()
    given["hosts"]["cp1"]["creation"] = "complete"
    for node in given["cluster"]["nodes"]:
        node.update(
            ready=False,
            ready_status="False",
            ready_reason="KubeletNotReady NetworkReady=false reason:NetworkPluginNotReady",
        )
    assert plan_of(given).problems == ()
    given["hosts"]["cp1"]["cni_configurations"] = [FLANNEL]
    assert any("is not Ready" in problem.message for problem in plan_of(given).problems)


def test_a_virtual_ip_address_is_a_step_of_any_cluster() -> None:
    change: dict[str, t.Any] = {
        "object": "keepalived",
        "before": None,
        "after": "running",
        "reason": "it holds the address",
    }
    given = after() | {"vip": "192.0.2.10/24", "decisions": {"apiserver_keepalived": {"lb1": {"changes": [change]}}}}
    plan = plan_of(given)
    assert [entry.id for entry in plan.entries] == ["lb1/virtual_ip/keepalived"]
    (balancer,) = (host for host in plan.hosts if host.name == "lb1")
    assert "kubeadm_ha_virtual_ip" in balancer.groups
