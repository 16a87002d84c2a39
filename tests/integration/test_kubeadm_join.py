# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""kubeadm_join decides by real files, a real API server and a real kubeadm. Whole joins are in the cluster scenarios."""

from __future__ import annotations

import hashlib
import json
import subprocess
import typing as t

import pytest

from tests.integration.control_plane import ADVERTISED_ADDRESS, run

if t.TYPE_CHECKING:
    from tests.integration.control_plane import ControlPlane
    from tests.integration.modules import Modules, Result
    from tests.integration.private_host import PrivateHost

WORKER = "worker-of-tests"
FOREIGN_HASH = f"sha256:{'0' * 64}"
TOKEN = "abcdef.0123456789abcdef"


def ca_hash(plane: ControlPlane) -> str:
    """The hash of the CA's public key by openssl."""
    key = run(["openssl", "x509", "-pubkey", "-noout", "-in", str(plane.pki / "ca.crt")])
    der = subprocess.run(
        ["openssl", "pkey", "-pubin", "-outform", "DER"], input=key.encode(), capture_output=True, check=True
    ).stdout
    return f"sha256:{hashlib.sha256(der).hexdigest()}"


def options(plane: ControlPlane, **more: t.Any) -> dict[str, t.Any]:
    """Options for the cluster of the tests."""
    return {
        "endpoint": f"127.0.0.1:{plane.api_port}",
        "ca_cert_hashes": [ca_hash(plane)],
        "api_version": "kubeadm.k8s.io/v1beta4",
        **more,
    }


def join(modules: Modules, plane: ControlPlane, *, check: bool = False, **more: t.Any) -> Result:
    """Run the module."""
    return modules.run("kubeadm_join", check=check, **options(plane, **more))


@pytest.fixture
def worker(host: PrivateHost, plane: ControlPlane) -> t.Iterator[PrivateHost]:
    """The host as a worker of the cluster, with its Node object."""
    host.become_worker(WORKER)
    plane.apply({"apiVersion": "v1", "kind": "Node", "metadata": {"name": WORKER}})
    yield host
    plane.kubectl("delete", "node", WORKER, "--ignore-not-found")


def test_a_member_stays_one(worker: PrivateHost, plane: ControlPlane, modules_on_host: Modules) -> None:
    for check in (True, False, True, False):
        result = join(modules_on_host, plane, check=check, node_name=WORKER, token=TOKEN)
        assert (result["changed"], result["changes"]) == (False, [])
        assert (result["state"], result["node_name"], result["api_server"]) == ("member", WORKER, None)
    assert "warnings" not in result, "the API was asked with the kubelet's own certificate"


def test_a_member_whose_node_was_deleted_is_refused(
    worker: PrivateHost, plane: ControlPlane, modules_on_host: Modules
) -> None:
    plane.kubectl("delete", "node", WORKER)
    refused = join(modules_on_host, plane)
    assert f"has joined as the node {WORKER}, but the cluster has no such node any more" in refused["msg"]


def test_a_member_under_another_name_is_refused(
    worker: PrivateHost, plane: ControlPlane, modules_on_host: Modules
) -> None:
    assert "the option node_name says other" in join(modules_on_host, plane, node_name="other")["msg"]


def test_a_worker_does_not_become_a_control_plane_in_place(
    worker: PrivateHost, plane: ControlPlane, modules_on_host: Modules
) -> None:
    refused = join(modules_on_host, plane, control_plane=True)
    assert refused["state"] == "other_role"
    assert "is a worker of the cluster and cannot become a control plane in place" in refused["msg"]


def test_a_half_joined_host_is_refused(worker: PrivateHost, plane: ControlPlane, modules_on_host: Modules) -> None:
    (worker.lib / "kubelet" / "config.yaml").unlink()
    for check in (True, False):
        refused = join(modules_on_host, plane, check=check)
        assert refused["state"] == "half_joined"
        assert refused["missing"] == ["/var/lib/kubelet/config.yaml"]
        assert "kubeadm reset" in refused["msg"]


def test_a_host_of_another_cluster_is_refused(
    worker: PrivateHost, plane: ControlPlane, modules_on_host: Modules
) -> None:
    refused = join(modules_on_host, plane, ca_cert_hashes=[FOREIGN_HASH])
    assert refused["state"] == "foreign"
    assert f"(its kubelet connects to https://127.0.0.1:{plane.api_port})" in refused["msg"]


def test_a_control_plane_is_a_member(host: PrivateHost, plane: ControlPlane, modules_on_host: Modules) -> None:
    host.become_control_plane()
    plane.apply({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "cp1"}})
    try:
        for check in (True, False):
            result = join(modules_on_host, plane, check=check, control_plane=True)
            assert (result["changed"], result["state"], result["node_name"]) == (False, "member", "cp1")
            assert result["api_server"] == f"{ADVERTISED_ADDRESS}:{plane.api_port}"
    finally:
        plane.kubectl("delete", "node", "cp1")


def test_a_clean_host_has_to_join_and_kubeadm_is_asked(
    host: PrivateHost, plane: ControlPlane, modules_on_host: Modules
) -> None:
    """kubeadm itself refuses this cluster, whose CA is not the wanted one."""
    wanted: dict[str, t.Any] = {"node_name": "new", "ca_cert_hashes": [FOREIGN_HASH], "timeout": 2}
    predicted = join(modules_on_host, plane, check=True, **wanted)
    assert predicted["state"] == "clean"
    assert [(change["object"], change["before"], change["after"]) for change in predicted["changes"]] == [
        ("node new", None, "worker")
    ]
    assert not host.kubernetes.exists()
    assert "The option token is missing" in join(modules_on_host, plane, **wanted)["msg"]
    refused = join(modules_on_host, plane, token=TOKEN, **wanted)
    assert refused["failed"] is True
    assert "kubeadm join failed with return code" in refused["msg"]
    assert TOKEN not in json.dumps(refused)
    assert not (host.kubernetes / "kubelet.conf").exists()


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"ca_cert_hashes": ["sha256:1"]}, "option ca_cert_hashes"),
        ({"api_version": "kubeadm.k8s.io/v1beta9"}, "option api_version"),
        ({"token": "not-a-token"}, "option token"),
        ({"certificate_key": "short"}, "option certificate_key"),
        ({"advertise_address": "cp2"}, "option advertise_address"),
        ({"api_version": "kubeadm.k8s.io/v1beta2", "patches_directory": "/p"}, "option patches_directory"),
    ],
)
def test_bad_inputs_are_refused(
    plane: ControlPlane, modules_on_host: Modules, wrong: dict[str, t.Any], named: str
) -> None:
    for check in (True, False):
        refused = join(modules_on_host, plane, check=check, **wrong)
        assert refused["failed"] is True
        assert named in refused["msg"]
