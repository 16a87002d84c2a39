# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""cluster_plan computes from real inspections who must reach whom, and what reachability_info takes."""

from __future__ import annotations

import copy
import typing as t

import pytest

from tests.integration.control_plane import ADVERTISED_ADDRESS

if t.TYPE_CHECKING:
    from tests.integration.control_plane import ControlPlane
    from tests.integration.modules import Modules, Result
    from tests.integration.private_host import PrivateHost


#: An address of its own in no network of the serving API server.
NEW = {"default_address": "192.0.2.12", "addresses": ["192.0.2.12"], "networks": []}

ENDPOINT = "192.0.2.10:6443"


@pytest.fixture(name="results")
def _results(cluster: ControlPlane, host: PrivateHost, modules_on_host: Modules) -> tuple[Result, dict[str, t.Any]]:
    """The cluster, and a bare host beside the only control plane."""
    bare = modules_on_host.run_by_ansible("kubernetes_host_info")["host"]
    host.become_control_plane()
    serving_control_plane = modules_on_host.run_by_ansible("kubernetes_host_info")["host"]
    cluster.apply({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "cp1"}})
    try:
        found = modules_on_host.run(
            "kubernetes_cluster_info", kubeconfig=str(cluster.kubeconfig), server=f"127.0.0.1:{cluster.api_port}"
        )
    finally:
        cluster.kubectl("delete", "node", "cp1")
    return found["cluster"], {"old": serving_control_plane, "new": {**bare, **NEW}}


def test_check_inspect_check_inspect(
    cluster: ControlPlane, modules_on_host: Modules, results: tuple[Result, dict[str, t.Any]]
) -> None:
    found, hosts = results
    arguments: dict[str, t.Any] = {"hosts": hosts, "cluster": found, "control_planes": ["old", "new"]}
    reported = [
        modules_on_host.run_by_ansible("cluster_plan", phase="joins", endpoint=ENDPOINT, check=check, **arguments)
        for check in (True, False, True, False)
    ]
    assert reported.count(reported[0]) == len(reported)
    assert reported[0]["changed"] is False
    of_new = {(item["address"], item["port"]) for item in reported[0]["targets"]["new"]}
    assert {(ADVERTISED_ADDRESS, cluster.api_port), (ADVERTISED_ADDRESS, 2379), (ADVERTISED_ADDRESS, 2380)} <= of_new
    assert {item["address"] for item in reported[0]["targets"]["old"]} == {"192.0.2.12"}
    tried = modules_on_host.run("reachability_info", targets=reported[0]["targets"]["new"])
    assert len(tried["attempts"]) == len(reported[0]["targets"]["new"])


def test_nobody_is_to_join(modules_on_host: Modules, results: tuple[Result, dict[str, t.Any]]) -> None:
    found, hosts = results
    arguments: dict[str, t.Any] = {"hosts": {"old": hosts["old"]}, "cluster": found, "control_planes": ["old"]}
    assert (
        modules_on_host.run_by_ansible("cluster_plan", phase="joins", endpoint=ENDPOINT, **arguments)["targets"] == {}
    )


def test_a_config_map_that_is_no_yaml_hinders_no_connection(
    modules_on_host: Modules, results: tuple[Result, dict[str, t.Any]]
) -> None:
    """The plan names it among the other reasons (test_diagnosis)."""
    found, hosts = results
    broken = copy.deepcopy(found)
    broken["configmaps"]["kube-system/kubeadm-config"]["data"]["ClusterConfiguration"] = "{"
    arguments: dict[str, t.Any] = {"hosts": hosts, "control_planes": ["old", "new"]}
    whole = modules_on_host.run_by_ansible("cluster_plan", phase="joins", endpoint=ENDPOINT, cluster=found, **arguments)
    assert not whole.get("failed"), whole
    assert whole["targets"]["new"]
    reported = modules_on_host.run_by_ansible(
        "cluster_plan", phase="joins", endpoint=ENDPOINT, cluster=broken, **arguments
    )
    assert reported["targets"] == whole["targets"]


def test_what_was_not_inspected_is_no_host(modules: Modules) -> None:
    refused = modules.run_by_ansible(
        "cluster_plan", phase="joins", endpoint=ENDPOINT, hosts="none", cluster={}, control_planes=["cp1"]
    )
    assert refused["failed"] is True
    assert "hosts" in refused["msg"]
