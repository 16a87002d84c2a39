# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""cluster_plan builds a plan from what the other modules reported of a real control plane, and a real change empties it."""

from __future__ import annotations

import typing as t

import pytest

from tests.integration.control_plane import ADVERTISED_ADDRESS

if t.TYPE_CHECKING:
    from tests.integration.control_plane import ControlPlane
    from tests.integration.modules import Modules, Result
    from tests.integration.private_host import PrivateHost

ENDPOINT = "k8s.example.org:8443"
INPUTS: dict[str, t.Any] = {"endpoint": ENDPOINT, "load_balancer": "external", "control_planes": ["localhost"]}
CONFIGURATION = "ConfigMap kube-system/kubeadm-config"


@pytest.fixture
def member(cluster: ControlPlane, host: PrivateHost) -> t.Iterator[PrivateHost]:
    """The host as the cluster's control plane, with its Node."""
    host.become_control_plane()
    cluster.apply({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "cp1"}})
    yield host
    cluster.kubectl("delete", "node", "cp1")


def build_plan(modules: Modules, cluster: ControlPlane, host: t.Mapping[str, t.Any], *, check: bool = False) -> Result:
    """Inspect the cluster and build the plan."""
    inspected = modules.run(
        "kubernetes_cluster_info", kubeconfig=str(cluster.kubeconfig), server=f"127.0.0.1:{cluster.api_port}"
    )
    return modules.run_by_ansible(
        "cluster_plan", check=check, **INPUTS, hosts={"localhost": host}, cluster=inspected["cluster"], stop=False
    )


def objects(result: Result) -> dict[str, t.Mapping[str, t.Any]]:
    """Entries of the plan by object."""
    return {entry["object"]: entry for entry in result["plan"]["entries"]}


def test_a_plan_of_a_real_control_plane(cluster: ControlPlane, member: PrivateHost, modules_on_host: Modules) -> None:
    report = modules_on_host.run_by_ansible("kubernetes_host_info")["host"]
    first, again = (build_plan(modules_on_host, cluster, report, check=check) for check in (True, False))
    assert first["plan"] == again["plan"]
    assert (first["changed"], again["changed"]) == (False, False)
    assert (first["plan"]["serving"], first["plan"]["server"]) == (
        "localhost",
        f"{ADVERTISED_ADDRESS}:{cluster.api_port}",
    )
    planned = objects(first)
    assert {"certificate apiserver", CONFIGURATION, "ConfigMap kube-public/cluster-info"} <= set(planned)
    assert "kubeconfig /etc/kubernetes/admin.conf" in planned

    done = modules_on_host.run(
        "kubeadm_cluster_config",
        kubeconfig=str(cluster.kubeconfig),
        control_plane_endpoint=ENDPOINT,
        cert_sans=["k8s.example.org"],
    )
    (change,) = done["changes"]
    reported = {key: planned[CONFIGURATION][key] for key in ("object", "before", "after")}
    assert reported == {key: change[key] for key in reported}, "the plan said what the module then did"
    assert CONFIGURATION not in objects(build_plan(modules_on_host, cluster, report))


def test_all_reasons_to_stop_at_once(modules: Modules) -> None:
    for check in (True, False):
        refused = modules.run_by_ansible(
            "cluster_plan", check=check, endpoint="k8s.example.org", load_balancer="f5", control_planes=["cp1"]
        )
        assert refused["failed"] is True
        assert "has no port" in refused["msg"]
        assert "kubeadm_ha_load_balancer is 'f5'" in refused["msg"]
