# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""etcd_restore_info and etcd_restore on a private host, with a backup of a real etcd; what a kubelet does here, it does in
tests/scenarios/test_restore.py."""

from __future__ import annotations

import shutil
import subprocess
import typing as t

import pytest

from tests.integration.etcd_cluster import cluster_of_one

if t.TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.etcd_cluster import EtcdCluster
    from tests.integration.modules import Modules, Result
    from tests.integration.private_host import PrivateHost

NAME = "20261121T080000Z"
STAMP = "20261122T093000Z"
COMPONENTS = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler")


@pytest.fixture
def etcd_cluster(binaries: Path, tmp_path: Path) -> t.Iterator[EtcdCluster]:
    """A real etcd, not the one of the test's control plane."""
    with cluster_of_one(binaries, tmp_path / "etcd") as running:
        running.etcdctl("put", "before", "the snapshot")
        yield running


@pytest.fixture
def control_plane_host(host: PrivateHost, etcd_cluster: EtcdCluster, modules_on_host: Modules) -> PrivateHost:
    """A control plane with a backup that has a snapshot, and data of etcd; no kubelet runs on it."""
    host.become_control_plane()
    pki = host.kubernetes / "pki" / "etcd"
    for file in (etcd_cluster.pki / "etcd").iterdir():
        shutil.copy(file, pki)
    made = modules_on_host.run(
        "kubernetes_host_backup",
        name=NAME,
        directory="/var/lib/backups",
        cluster=True,
        etcd_endpoint=etcd_cluster.endpoint(),
    )
    assert not made.get("failed"), made
    assert made["snapshot"]["revision"] >= 2
    (host.lib / "etcd" / "member" / "snap").mkdir(parents=True)
    (host.lib / "etcd" / "member" / "snap" / "db").write_bytes(b"old")
    return host


def inspected(modules: Modules, name: str = NAME) -> dict[str, t.Any]:
    """What the info module reports."""
    result = modules.run("etcd_restore_info", name=name, directory="/var/lib/backups")
    assert not result.get("failed"), result
    assert not result["changed"]
    return t.cast("dict[str, t.Any]", result["restore"])


def restore(modules: Modules, state: str, *, check: bool = False, **options: t.Any) -> Result:
    """The result of the module."""
    given: dict[str, t.Any] = {"name": NAME, "directory": "/var/lib/backups", "timeout": 2, **options}
    return modules.run("etcd_restore", check=check, state=state, **given)


def test_what_a_host_has_is_reported(control_plane_host: PrivateHost, modules_on_host: Modules) -> None:
    found = inspected(modules_on_host)
    assert (found["has_snapshot"], found["problems"], found["stamp"]) == (True, [], "")
    assert found["certificates_dir"] == "/etc/kubernetes/pki"
    assert found["node_name"]
    assert len(found["ca_cert_hashes"]) == 1
    assert found["addresses"]
    missing = inspected(modules_on_host, "20000101T000000Z")
    assert (missing["has_snapshot"], missing["problems"]) == (False, [])
    refused = modules_on_host.run("etcd_restore_info", name="../backups", directory="/var/lib/backups")
    assert refused["failed"]
    assert "give the name of a backup" in refused["msg"]


def test_what_speaks_against_a_snapshot_is_seen(control_plane_host: PrivateHost, modules_on_host: Modules) -> None:
    backup = control_plane_host.lib / "backups" / NAME
    snapshot = backup / "etcd" / "snapshot.db"
    whole = snapshot.read_bytes()
    # The second opinion: etcdutl refuses the same file.
    snapshot.write_bytes(whole[:-100])
    (problem,) = inspected(modules_on_host)["problems"]
    assert "is cut off or broken" in problem
    etcdutl = str(control_plane_host.plane.binaries / "etcdutl")
    # It leaves a directory where it fails.
    broken, target = (str(control_plane_host.directory / name) for name in ("broken", "second-opinion"))
    said = subprocess.run(
        [etcdutl, "snapshot", "restore", str(snapshot), f"--data-dir={broken}"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert said.returncode != 0
    snapshot.write_bytes(whole)
    assert inspected(modules_on_host)["problems"] == []
    assert (
        subprocess.run([etcdutl, "snapshot", "restore", str(snapshot), f"--data-dir={target}"], check=False).returncode
        == 0
    )

    ca = backup / "files" / "etc" / "kubernetes" / "pki" / "ca.crt"
    shutil.copy(backup / "files" / "etc" / "kubernetes" / "pki" / "front-proxy-ca.crt", ca)
    (problem,) = inspected(modules_on_host)["problems"]
    assert "it is another cluster's" in problem
    for check in (True, False):
        refused = restore(modules_on_host, "prepared", check=check)
        assert refused["failed"]
        assert "it is another cluster's" in refused["msg"]
    assert sorted(path.name for path in (control_plane_host.kubernetes / "manifests").iterdir()) == [
        f"{name}.yaml" for name in COMPONENTS
    ]


def test_without_a_kubelet_nothing_is_left(control_plane_host: PrivateHost, modules_on_host: Modules) -> None:
    predicted = restore(modules_on_host, "prepared", check=True)
    assert (predicted["changed"], len(predicted["changes"])) == (True, 1)
    failed = restore(modules_on_host, "prepared")
    assert failed["failed"]
    assert "the kubelet did not run etcdutl of " in failed["msg"]
    assert sorted(path.name for path in (control_plane_host.kubernetes / "manifests").iterdir()) == [
        f"{name}.yaml" for name in COMPONENTS
    ]
    assert inspected(modules_on_host)["stamp"] == ""


def test_what_runs_is_waited_for_and_the_old_data_are_kept(
    control_plane_host: PrivateHost, modules_on_host: Modules
) -> None:
    """The API server of the test's control plane has the process ids of this machine, so it counts as one that still runs."""
    kept = control_plane_host.lib / "kubeadm-ha" / "restore" / STAMP
    predicted = restore(modules_on_host, "stopped", stamp=STAMP, check=True)
    assert [change["object"] for change in predicted["changes"]] == [
        *(f"static pod {name}" for name in ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "etcd")),
        "etcd data /var/lib/etcd/member",
    ]
    assert not kept.exists()
    waited = restore(modules_on_host, "stopped", stamp=STAMP)
    assert waited["failed"]
    assert "kube-apiserver and etcd still run" in waited["msg"]
    assert sorted(path.name for path in (kept / "manifests").iterdir()) == [f"{name}.yaml" for name in COMPONENTS]
    assert (control_plane_host.lib / "etcd" / "member" / "snap" / "db").read_bytes() == b"old"
    # Its member is known by the manifest that was kept.
    assert inspected(modules_on_host)["node_name"]
    assert inspected(modules_on_host)["problems"] == []


def test_a_stamp_is_one(control_plane_host: PrivateHost, modules_on_host: Modules) -> None:
    refused = restore(modules_on_host, "stopped", stamp="../x")
    assert refused["failed"]
    assert "give the one that state: prepared has returned" in refused["msg"]
    assert restore(modules_on_host, "finished")["failed"]
