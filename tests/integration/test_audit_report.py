# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The audit of a control plane of real processes."""

from __future__ import annotations

import typing as t

from tests.integration.control_plane import ADVERTISED_ADDRESS

if t.TYPE_CHECKING:
    from tests.integration.control_plane import ControlPlane
    from tests.integration.modules import Modules
    from tests.integration.private_host import PrivateHost


def test_check_inspect_check_inspect(cluster: ControlPlane, host: PrivateHost, modules_on_host: Modules) -> None:
    """One control plane without an endpoint, asked by the options that only an audit sets."""
    host.become_control_plane()
    inspected = modules_on_host.run_by_ansible("kubernetes_host_info", audit=True)["host"]
    assert set(inspected["audit"]["public_keys"]) == {"/etc/kubernetes/pki/sa.pub"}
    asked = modules_on_host.run("kubernetes_cluster_info", kubeconfig=str(cluster.kubeconfig), audit=True)
    assert {leader["component"] for leader in asked["cluster"]["audit"]["leaders"]} == {
        "kube-controller-manager",
        "kube-scheduler",
    }
    assert asked["cluster"]["audit"]["failures"] == []
    arguments: dict[str, t.Any] = {
        "hosts": {"cp1": inspected},
        "cluster": asked["cluster"],
        "control_planes": ["cp1"],
        "fail_on": "critical",
    }
    results = [
        modules_on_host.run_by_ansible("audit_report", check=check, **arguments) for check in (True, False, True, False)
    ]
    for result in results:
        assert result["changed"] is False
        result["report"].pop("created")
    assert all(result["report"] == results[0]["report"] for result in results)
    report = results[0]["report"]
    (part,) = report["parts"]
    assert (part["name"], part["verdict"], report["schema"]) == ("cp1", "lost", 1)
    found = {item["id"] for item in report["findings"]}
    assert {"control-plane.single", "unseen.etcd"} <= found
    assert results[0]["failed_findings"] == report["counts"]["critical"] > 0
    assert "<!DOCTYPE html>" in results[0]["html"]


def test_what_is_asked_next(plane: ControlPlane, host: PrivateHost, modules_on_host: Modules) -> None:
    host.become_control_plane()
    inspected = modules_on_host.run_by_ansible("kubernetes_host_info", audit=True)["host"]
    asked = modules_on_host.run_by_ansible(
        "audit_report", phase="questions", hosts={"cp1": inspected}, control_planes=["cp1"]
    )
    assert (asked["targets"], asked["source"], asked["kubeconfig"]) == ({}, "", "")
    assert asked["api_servers"] == [f"{ADVERTISED_ADDRESS}:{plane.api_port}"]


def test_a_report_that_is_none_is_refused(modules: Modules) -> None:
    refused = modules.run_by_ansible("audit_report", hosts={"cp1": {"hostname": 5}}, control_planes=["cp1"])
    assert refused["failed"] is True
    assert "The report of cp1" in refused["msg"]
