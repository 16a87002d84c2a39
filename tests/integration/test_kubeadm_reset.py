# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""kubeadm_reset with a real kubeadm on a private host, and kubernetes_node against a real API server."""

from __future__ import annotations

import datetime as dt
import json
import time
import typing as t

import pytest

from tests.integration.control_plane import ADVERTISED_ADDRESS
from tests.integration.test_kubeadm_join import FOREIGN_HASH, WORKER, ca_hash

if t.TYPE_CHECKING:
    from tests.integration.control_plane import ControlPlane
    from tests.integration.modules import Modules, Result
    from tests.integration.private_host import PrivateHost


def reset(modules: Modules, plane: ControlPlane, *, check: bool = False, **more: t.Any) -> Result:
    """Run the module, when no kubeadm of another test runs: all of them have the process ids of this machine."""
    options: dict[str, t.Any] = {"node_name": WORKER, "ca_cert_hashes": [ca_hash(plane)], **more}
    for _attempt in range(30):
        result = modules.run("kubeadm_reset", check=check, **options)
        if "kubeadm is running on it" not in result.get("msg", ""):
            break
        time.sleep(1)
    return result


def register(plane: ControlPlane, name: str, *, ready: str) -> None:
    """A Node with this machine's address, as a kubelet reports it."""
    plane.apply({"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}})
    status = {
        "addresses": [{"type": "InternalIP", "address": ADVERTISED_ADDRESS}],
        "conditions": [{"type": "Ready", "status": ready, "reason": "Test", "message": "of a test"}],
    }
    plane.kubectl("patch", "node", name, "--subresource=status", "-p", json.dumps({"status": status}))


def of_a_join(host: PrivateHost) -> set[str]:
    """Files that are left below /etc/kubernetes and in the kubelet's directory."""
    return {
        str(path.relative_to(host.directory))
        for top in (host.kubernetes, host.lib / "kubelet")
        for path in top.rglob("*")
        if path.is_file()
    }


@pytest.fixture
def worker(host: PrivateHost, plane: ControlPlane) -> t.Iterator[PrivateHost]:
    """A host with everything that the join of a worker leaves; the cluster has no such Node."""
    host.become_worker(WORKER)
    yield host
    plane.kubectl("delete", "node", WORKER, "--ignore-not-found")


def test_a_half_joined_host_is_reset_and_may_join(
    worker: PrivateHost, plane: ControlPlane, modules_on_host: Modules
) -> None:
    (worker.kubernetes / "operator").mkdir()
    (worker.kubernetes / "operator" / "own.yaml").write_text("mine: true\n")
    for check, changed in ((True, True), (False, True), (True, False), (False, False)):
        before = of_a_join(worker)
        result = reset(modules_on_host, plane, check=check)
        assert not result.get("failed"), result
        assert result["changed"] is changed
        assert (of_a_join(worker) == before) is (check or not changed)
    assert of_a_join(worker) == {"etc/kubernetes/operator/own.yaml"}
    joined = modules_on_host.run(
        "kubeadm_join",
        check=True,
        endpoint=f"127.0.0.1:{plane.api_port}",
        ca_cert_hashes=[ca_hash(plane)],
        api_version="kubeadm.k8s.io/v1beta4",
    )
    assert joined["state"] == "clean"


def test_a_join_in_check_mode_counts_on_the_reset_before_it(
    worker: PrivateHost, plane: ControlPlane, modules_on_host: Modules
) -> None:
    (worker.lib / "kubelet" / "config.yaml").unlink()
    options: dict[str, t.Any] = {
        "endpoint": f"127.0.0.1:{plane.api_port}",
        "ca_cert_hashes": [ca_hash(plane)],
        "api_version": "kubeadm.k8s.io/v1beta4",
        "assume_reset": True,
    }
    predicted = modules_on_host.run("kubeadm_join", check=True, **options)
    assert (predicted["changed"], predicted["state"]) == (True, "clean")
    assert modules_on_host.run("kubeadm_join", **options)["state"] == "half_joined"


def test_a_node_that_is_not_ready_is_no_objection_and_a_ready_one_is(
    worker: PrivateHost, plane: ControlPlane, modules_on_host: Modules
) -> None:
    register(plane, WORKER, ready="True")
    for check in (True, False):
        refused = reset(modules_on_host, plane, check=check)
        assert refused["msg"].endswith(f"was not reset: it is the node {WORKER}, which is Ready.")
    register(plane, WORKER, ready="False")
    assert reset(modules_on_host, plane, check=True)["changed"] is True


def test_a_host_of_another_cluster_is_refused(
    worker: PrivateHost, plane: ControlPlane, modules_on_host: Modules
) -> None:
    refused = reset(modules_on_host, plane, ca_cert_hashes=[FOREIGN_HASH])
    assert "it has files of another cluster" in refused["msg"]


def test_files_of_others_are_never_deleted(worker: PrivateHost, plane: ControlPlane, modules_on_host: Modules) -> None:
    manifest = worker.kubernetes / "manifests" / "kube-vip.yaml"
    manifest.parent.mkdir(exist_ok=True)
    manifest.write_text("kind: Pod\n")
    refused = reset(modules_on_host, plane)
    assert "/etc/kubernetes/manifests/kube-vip.yaml is not kubeadm's and would be deleted" in refused["msg"]
    assert manifest.exists()
    allowed = reset(modules_on_host, plane, check=True, replaceable_files=["/etc/kubernetes/manifests/kube-vip.yaml"])
    assert allowed["changed"] is True


def test_an_api_server_that_answers_is_never_reset(
    host: PrivateHost, plane: ControlPlane, modules_on_host: Modules
) -> None:
    """The API server of the tests is the one that the host's manifest describes; it listens on loopback only."""
    host.become_control_plane()
    before = of_a_join(host)
    refused = reset(modules_on_host, plane, node_name="cp1")
    assert f"its API server answers at 127.0.0.1:{plane.api_port}" in refused["msg"]
    assert of_a_join(host) == before


def test_a_control_plane_that_never_served_is_reset_with_its_etcds_data(
    host: PrivateHost, plane: ControlPlane, modules_on_host: Modules
) -> None:
    host.become_control_plane()
    manifest = host.kubernetes / "manifests" / "kube-apiserver.yaml"
    text = manifest.read_text(encoding="utf-8")
    manifest.write_text(text.replace(f"--secure-port={plane.api_port}", "--secure-port=1"), encoding="utf-8")
    data = host.lib / "etcd"
    (data / "member" / "wal").mkdir(parents=True)
    (data / "lost+found").mkdir()
    result = reset(modules_on_host, plane, node_name="cp1")
    assert not result.get("failed"), result
    assert result["changed"] is True
    assert of_a_join(host) == set()
    assert [path.name for path in data.iterdir()] == ["lost+found"]


def test_a_whole_node_leaves(worker: PrivateHost, plane: ControlPlane, modules_on_host: Modules) -> None:
    register(plane, WORKER, ready="True")
    assert "which is Ready" in reset(modules_on_host, plane)["msg"]
    for check, changed in ((True, True), (False, True), (True, False), (False, False)):
        result = reset(modules_on_host, plane, check=check, member=True)
        assert not result.get("failed"), result
        assert result["changed"] is changed
        assert [item["object"] for item in result["changes"]] == ([f"host {WORKER}"] if changed else [])
    assert of_a_join(worker) == set()


def test_only_a_node_that_is_not_ready_is_deleted(plane: ControlPlane, modules_with_each_adapter: Modules) -> None:
    options: dict[str, t.Any] = {"name": "cp8", "addresses": [ADVERTISED_ADDRESS], "kubeconfig": str(plane.kubeconfig)}
    try:
        register(plane, "cp8", ready="True")
        assert "it is Ready" in modules_with_each_adapter.run("kubernetes_node", **options)["msg"]
        reset_host = modules_with_each_adapter.run("kubernetes_node", check=True, is_reset=True, **options)
        assert [(item["object"], item["before"]) for item in reset_host["changes"]] == [("node cp8", "member")]
        register(plane, "cp8", ready="Unknown")
        other = modules_with_each_adapter.run("kubernetes_node", **{**options, "addresses": ["192.0.2.99"]})
        assert "it may be another machine's" in other["msg"]
        for check, changed in ((True, True), (False, True), (True, False), (False, False)):
            result = modules_with_each_adapter.run("kubernetes_node", check=check, **options)
            assert not result.get("failed"), result
            assert result["changed"] is changed
    finally:
        plane.kubectl("delete", "node", "cp8", "--ignore-not-found")


def renew(plane: ControlPlane, name: str, seconds_ago: float) -> None:
    """What a kubelet does every ten seconds."""
    renewed = dt.datetime.fromtimestamp(time.time() - seconds_ago, tz=dt.UTC)
    plane.apply(
        {
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": {"name": name, "namespace": "kube-node-lease"},
            "spec": {"holderIdentity": name, "renewTime": renewed.strftime("%Y-%m-%dT%H:%M:%S.%fZ")},
        }
    )


def test_the_node_of_a_machine_that_is_gone_is_deleted_once_its_kubelet_is_quiet(
    plane: ControlPlane, modules_with_each_adapter: Modules
) -> None:
    options: dict[str, t.Any] = {
        "name": "cp9",
        "addresses": [ADVERTISED_ADDRESS],
        "kubeconfig": str(plane.kubeconfig),
        "is_lost": True,
    }
    try:
        register(plane, "cp9", ready="Unknown")
        renew(plane, "cp9", seconds_ago=10)
        for check in (True, False):
            refused = modules_with_each_adapter.run("kubernetes_node", check=check, **options)
            assert "its kubelet renewed its Lease" in refused["msg"]
        renew(plane, "cp9", seconds_ago=600)
        for check, changed in ((True, True), (False, True), (True, False), (False, False)):
            result = modules_with_each_adapter.run("kubernetes_node", check=check, **options)
            assert not result.get("failed"), result
            assert result["changed"] is changed
    finally:
        plane.kubectl("delete", "node", "cp9", "--ignore-not-found")
        plane.kubectl("--namespace=kube-node-lease", "delete", "lease", "cp9", "--ignore-not-found")
