# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""kubeadm_cluster_config and its info module against a real API server and a real kubeadm."""

from __future__ import annotations

import concurrent.futures
import shutil
import subprocess
import typing as t

import pytest
import yaml

from tests.integration.control_plane import ControlPlane, run
from tests.integration.modules import Modules, Result

if t.TYPE_CHECKING:
    from pathlib import Path

WANTED: dict[str, t.Any] = {
    "control_plane_endpoint": "K8S.example.org:6443",
    "cert_sans": ["k8s.example.org", "192.0.2.10", "2001:DB8::10"],
    "etcd_server_cert_sans": ["etcd.example.org"],
    "etcd_peer_cert_sans": ["192.0.2.10"],
    "extra_args": {"api_server": {"audit-log-maxage": 30}, "etcd": {"quota-backend-bytes": "4294967296"}},
    "patch": {"featureGates": {"NodeLocalCRISocket": True}},
}
BEFORE = {
    "apiServer.certSANs": ["127.0.0.1", "localhost"],
    "apiServer.extraArgs.audit-log-maxage": None,
    "controlPlaneEndpoint": None,
    "etcd.local.extraArgs.quota-backend-bytes": None,
    "etcd.local.peerCertSANs": None,
    "etcd.local.serverCertSANs": None,
    "featureGates.NodeLocalCRISocket": None,
}
AFTER = {
    "apiServer.certSANs": ["127.0.0.1", "localhost", "k8s.example.org", "192.0.2.10", "2001:db8::10"],
    "apiServer.extraArgs.audit-log-maxage": "30",
    "controlPlaneEndpoint": "k8s.example.org:6443",
    "etcd.local.extraArgs.quota-backend-bytes": "4294967296",
    "etcd.local.peerCertSANs": ["192.0.2.10"],
    "etcd.local.serverCertSANs": ["etcd.example.org"],
    "featureGates.NodeLocalCRISocket": True,
}


def stored(plane: ControlPlane) -> dict[str, t.Any]:
    """The stored document."""
    text = plane.get("configmap", "kubeadm-config")["data"]["ClusterConfiguration"]
    return t.cast("dict[str, t.Any]", yaml.safe_load(text))


def store(plane: ControlPlane, document: t.Mapping[str, t.Any]) -> None:
    """Store a document as somebody else."""
    metadata = {"name": "kubeadm-config", "namespace": "kube-system"}
    data = {"ClusterConfiguration": yaml.safe_dump(document, sort_keys=False), "ClusterStatus": "kept"}
    plane.delete("configmap/kubeadm-config")
    plane.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data})


def test_check_apply_check_apply(cluster: ControlPlane, modules_with_each_adapter: Modules) -> None:
    kubeconfig = str(cluster.kubeconfig)
    original, first = stored(cluster), cluster.get("configmap", "kubeadm-config")

    def apply(*, check: bool) -> Result:
        return modules_with_each_adapter.run(
            "kubeadm_cluster_config", check=check, diff=True, kubeconfig=kubeconfig, **WANTED
        )

    predicted = apply(check=True)
    assert predicted["changed"] is True
    assert [(change["object"], change["before"], change["after"]) for change in predicted["changes"]] == [
        ("ConfigMap kube-system/kubeadm-config", BEFORE, AFTER)
    ]
    assert predicted["validated"] is True
    assert "audit-log-maxage: 30" in predicted["diff"][0]["after"]
    assert cluster.get("configmap", "kubeadm-config") == first

    applied = apply(check=False)
    assert applied["changes"] == predicted["changes"]
    assert applied["diff"] == predicted["diff"]
    now = cluster.get("configmap", "kubeadm-config")
    assert applied["resource_version"] == now["metadata"]["resourceVersion"]
    assert applied["cluster_configuration"] == stored(cluster) == predicted["cluster_configuration"]
    assert applied["control_plane_endpoint"] == "k8s.example.org:6443"
    assert applied["cert_sans"] == AFTER["apiServer.certSANs"]
    untouched = {"certificatesDir", "networking", "kubernetesVersion", "proxy", "encryptionAlgorithm"}
    assert {key: stored(cluster)[key] for key in untouched} == {key: original[key] for key in untouched}
    assert {entry["manager"] for entry in now["metadata"]["managedFields"]} >= {"kubeadm-ha"}

    for check in (True, False):
        repeated = apply(check=check)
        assert (repeated["changed"], repeated["changes"], repeated["diff"]) == (False, [], [])
        assert repeated.keys() == {*applied}
    assert cluster.get("configmap", "kubeadm-config") == now


def test_through_ansible(cluster: ControlPlane, modules: Modules) -> None:
    kubeconfig = str(cluster.kubeconfig)
    applied = modules.run_by_ansible("kubeadm_cluster_config", kubeconfig=kubeconfig, **WANTED)
    assert applied["changes"][0]["after"] == AFTER
    found = modules.run_by_ansible("kubeadm_cluster_config_info", kubeconfig=kubeconfig)
    assert found["changed"] is False
    assert found["cluster_configuration"] == stored(cluster)
    assert found["resource_version"] == applied["resource_version"]
    assert found["extra_args"]["api_server"] == [{"name": "audit-log-maxage", "value": "30"}]


def test_info_returns_what_is_stored(cluster: ControlPlane, modules: Modules) -> None:
    found = modules.run("kubeadm_cluster_config_info", kubeconfig=str(cluster.kubeconfig), check=True)
    assert found == {
        "api_version": "kubeadm.k8s.io/v1beta4",
        "cert_sans": ["127.0.0.1", "localhost"],
        "changed": False,
        "changes": [],
        "cluster_configuration": stored(cluster),
        "control_plane_endpoint": None,
        "etcd": "local",
        "extra_args": {"api_server": [], "controller_manager": [], "scheduler": [], "etcd": []},
        "invocation": {"module_args": {"kubeconfig": str(cluster.kubeconfig), "server": None}},
        "kubernetes_version": cluster.kubeadm("version", "-o", "short").strip(),
        "resource_version": cluster.get("configmap", "kubeadm-config")["metadata"]["resourceVersion"],
    }


@pytest.mark.parametrize("version", ["v1beta1", "v1beta2", "v1beta3", "v1beta4"])
def test_patches_every_version_so_that_kubeadm_takes_it(
    plane: ControlPlane, modules: Modules, tmp_path: Path, version: str
) -> None:
    readable = version in ("v1beta3", "v1beta4")
    flags: t.Any = [{"name": "v", "value": "1"}] if version == "v1beta4" else {"v": "1"}
    document = {
        "kind": "ClusterConfiguration",
        "apiVersion": f"kubeadm.k8s.io/{version}",
        "kubernetesVersion": plane.kubeadm("version", "-o", "short").strip(),
        "apiServer": {"extraArgs": flags},
    }
    store(plane, document)
    try:
        result = modules.run(
            "kubeadm_cluster_config",
            kubeconfig=str(plane.kubeconfig),
            **{**WANTED, "patch": {"clusterName": "odd"}},
        )
        assert result["changed"] is True
        assert result["validated"] is readable
        after = stored(plane)
        assert {(flag["name"], flag["value"]) for flag in result["extra_args"]["api_server"]} == {
            ("v", "1"),
            ("audit-log-maxage", "30"),
        }
        assert list(after)[:4] == ["kind", "apiVersion", "kubernetesVersion", "apiServer"]
        assert plane.get("configmap", "kubeadm-config")["data"]["ClusterStatus"] == "kept"
    finally:
        plane.delete("configmap/kubeadm-config")
    if readable:
        path = tmp_path / "stored.yaml"
        path.write_text(yaml.safe_dump(after), encoding="utf-8")
        plane.kubeadm("config", "validate", f"--config={path}")
        migrated = yaml.safe_load_all(plane.kubeadm("config", "migrate", f"--old-config={path}"))
        newest = next(item for item in migrated if item["kind"] == "ClusterConfiguration")
        assert newest["controlPlaneEndpoint"] == "k8s.example.org:6443"
        assert newest["apiServer"]["certSANs"] == ["k8s.example.org", "192.0.2.10", "2001:db8::10"]
        assert {"name": "audit-log-maxage", "value": "30"} in newest["apiServer"]["extraArgs"]


def test_kubeadm_issues_certificates_by_what_is_stored(cluster: ControlPlane, modules: Modules, tmp_path: Path) -> None:
    modules.run("kubeadm_cluster_config", kubeconfig=str(cluster.kubeconfig), **WANTED)
    for name in ("ca.crt", "ca.key"):
        shutil.copy(cluster.pki / name, tmp_path / name)
    path = tmp_path / "stored.yaml"
    path.write_text(yaml.safe_dump({**stored(cluster), "certificatesDir": str(tmp_path)}), encoding="utf-8")
    cluster.kubeadm("init", "phase", "certs", "apiserver", f"--config={path}")
    shown = run(["openssl", "x509", "-in", str(tmp_path / "apiserver.crt"), "-noout", "-ext", "subjectAltName"])
    for san in ("DNS:k8s.example.org", "IP Address:192.0.2.10", "IP Address:2001:DB8:0:0:0:0:0:10", "DNS:localhost"):
        assert san in shown


def test_kubeadm_reads_values_that_resemble_numbers(cluster: ControlPlane, modules: Modules, tmp_path: Path) -> None:
    values = [
        "1e3",
        "12e45",
        "1.5E3",
        "y",
        "0o17",
        "1:20",
        "0x1f",
        "007",
        "1_000",
        "null",
        "~",
        "no",
        "",
        " a: b #",
        "ä",
    ]
    flags = {f"flag-{number}": value for number, value in enumerate(values)}
    applied = modules.run(
        "kubeadm_cluster_config", kubeconfig=str(cluster.kubeconfig), extra_args={"api_server": flags}
    )
    assert applied["validated"] is True
    path = tmp_path / "stored.yaml"
    text = cluster.get("configmap", "kubeadm-config")["data"]["ClusterConfiguration"]
    path.write_text(text, encoding="utf-8")
    # JSON as kubeadm reads it: every value a string, each the one that was asked for.
    migrated = yaml.safe_load_all(cluster.kubeadm("config", "migrate", f"--old-config={path}"))
    newest = next(item for item in migrated if item["kind"] == "ClusterConfiguration")
    assert {flag["name"]: flag["value"] for flag in newest["apiServer"]["extraArgs"]} == flags


def test_concurrent_writers_lose_nothing(cluster: ControlPlane, modules: Modules) -> None:
    sans = [f"192.0.2.{number}" for number in range(101, 105)]
    start = cluster.get("configmap", "kubeadm-config")["metadata"]["resourceVersion"]

    def add(san: str) -> Result:
        return modules.run("kubeadm_cluster_config", kubeconfig=str(cluster.kubeconfig), cert_sans=[san])

    def annotate(number: int) -> None:
        cluster.kubectl(
            "-n", "kube-system", "annotate", "configmap", "kubeadm-config", f"test.example.org/{number}=kept"
        )

    with concurrent.futures.ThreadPoolExecutor() as pool:
        adding = [pool.submit(add, san) for san in sans]
        annotating = [pool.submit(annotate, number) for number in range(10)]
    assert all(future.result()["changed"] for future in adding)
    assert all(future.result() is None for future in annotating)
    now = cluster.get("configmap", "kubeadm-config")
    assert sorted(stored(cluster)["apiServer"]["certSANs"]) == sorted(["127.0.0.1", "localhost", *sans])
    assert len(now["metadata"]["annotations"]) == 10
    assert now["metadata"]["resourceVersion"] != start


def test_refuses_what_kubeadm_refuses(cluster: ControlPlane, modules: Modules) -> None:
    first = cluster.get("configmap", "kubeadm-config")
    for check in (True, False):
        result = modules.run(
            "kubeadm_cluster_config",
            check=check,
            kubeconfig=str(cluster.kubeconfig),
            patch={"networking": {"podSubnet": "everywhere"}},
        )
        assert result["failed"] is True
        assert "kubeadm refuses the ClusterConfiguration" in result["msg"]
        assert "everywhere" in result["msg"]
    assert cluster.get("configmap", "kubeadm-config") == first


def test_does_without_kubeadm(cluster: ControlPlane, modules: Modules, tmp_path: Path) -> None:
    # Only kubectl: a bastion. Directories where the machine may have a kubeadm of its own stay searched.
    (tmp_path / "kubectl").symlink_to(cluster.binaries / "kubectl")
    bastion = Modules({**modules.environment, "PATH": f"{tmp_path}:/usr/bin:/bin"}, tmp_path, ("kubernetes",))
    result = bastion.run("kubeadm_cluster_config", kubeconfig=str(cluster.kubeconfig), cert_sans=["192.0.2.10"])
    assert result["changed"] is True
    assert result["validated"] is (
        shutil.which("kubeadm", path="/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin") is not None
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"control_plane_endpoint": "k8s.example.org"}, "option control_plane_endpoint cannot be used"),
        ({"cert_sans": ["no name"]}, "option cert_sans cannot be used: 'no name'"),
        ({"extra_args": {"api_server": {"--v": 2}}}, "leave the dashes out"),
        ({"patch": {"useHyperKubeImage": True}}, "useHyperKubeImage, which kubeadm.k8s.io/v1beta4 does not have"),
        ({"patch": {"apiServer": {"timeoutForControlPlane": "4m"}}}, "timeouts.controlPlaneComponentHealthCheck"),
    ],
)
def test_explains_bad_input(cluster: ControlPlane, modules: Modules, options: dict[str, t.Any], message: str) -> None:
    result = modules.run("kubeadm_cluster_config", kubeconfig=str(cluster.kubeconfig), **options)
    assert result["failed"] is True
    assert message in result["msg"]


def test_explains_a_cluster_without_kubeadm_config(plane: ControlPlane, modules: Modules) -> None:
    for name in ("kubeadm_cluster_config", "kubeadm_cluster_config_info"):
        result = modules.run(name, kubeconfig=str(plane.kubeconfig))
        assert result["failed"] is True
        assert "no ConfigMap kube-system/kubeadm-config: it was not made by kubeadm" in result["msg"]


def test_explains_an_unreachable_api(plane: ControlPlane, modules: Modules, tmp_path: Path) -> None:
    dead = tmp_path / "dead.conf"
    text = plane.kubeconfig.read_text(encoding="utf-8")
    dead.write_text(text.replace(f"127.0.0.1:{plane.api_port}", "127.0.0.1:1"), encoding="utf-8")
    for kubeconfig in (dead, tmp_path / "missing.conf"):
        result = modules.run("kubeadm_cluster_config_info", kubeconfig=str(kubeconfig))
        assert result["failed"] is True
        assert str(kubeconfig) in result["msg"]
        assert "is the option kubeconfig right?" in result["msg"]


def test_explains_a_missing_library(plane: ControlPlane, tmp_path: Path) -> None:
    bare = Modules(plane.environment, tmp_path, ("yaml",))
    result = bare.run("kubeadm_cluster_config_info", kubeconfig=str(plane.kubeconfig))
    assert result["failed"] is True
    assert "PyYAML" in result["msg"]
    assert "kubeadm.ha.python_requirements" in result["msg"]


def test_a_key_is_on_no_command_line(cluster: ControlPlane, modules_with_each_adapter: Modules, tmp_path: Path) -> None:
    """Flags can hold secrets, so the document must not be an argument of kubectl or kubeadm."""
    seen = tmp_path / "arguments"
    shims = tmp_path / "shims"
    shims.mkdir()
    for name in ("kubectl", "kubeadm"):
        shim = shims / name
        shim.write_text(
            f'#!/bin/sh\nprintf "%s\\n" "$0 $*" >> {seen}\nexec {cluster.binaries / name} "$@"\n', encoding="utf-8"
        )
        shim.chmod(0o755)
    watched = Modules(
        {**modules_with_each_adapter.environment, "PATH": f"{shims}:{modules_with_each_adapter.environment['PATH']}"},
        tmp_path,
        modules_with_each_adapter.missing_libraries,
    )
    result = watched.run(
        "kubeadm_cluster_config",
        kubeconfig=str(cluster.kubeconfig),
        extra_args={"api_server": {"etcd-prefix": "s3cr3t-7f3a"}},
    )
    assert result["changed"] is True
    arguments = seen.read_text(encoding="utf-8")
    assert "kubeadm config validate" in arguments
    assert "s3cr3t-7f3a" not in arguments
    assert subprocess.run(["pgrep", "-f", "s3cr3t-7f3a"], check=False, capture_output=True).stdout == b""
