# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Backups of a master whose components are services, with a real etcd and a real API server; etcdutl, sha256sum and openssl are the second opinion.

This machine may have no systemd that runs services, so systemctl is a script that knows the units. Whole clusters of real services are in
tests/scenarios/test_binary.py.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest

from tests.integration.control_plane import run
from tests.integration.modules import Modules, run_ansible
from tests.integration.systemctl import write_systemctl

if t.TYPE_CHECKING:
    from tests.integration.control_plane import ControlPlane
    from tests.integration.private_host import PrivateHost

UNIT = "[Service]\nEnvironmentFile={conf}\nExecStart={program} $OPTS\n"
_COMPONENT, _ADMIN = "kube-controller-manager.kubeconfig", "admin.kubeconfig"
_LIBRARIES = ("cryptography", "kubernetes")


class Master:
    """A host whose API server, kube-controller-manager and etcd are services, with everything in one directory of an application."""

    def __init__(self, host: PrivateHost, plane: ControlPlane, directory: Path) -> None:
        """Give it its files, and an administrator's kubeconfig beside that of its component."""
        self.host, self.plane, self.directory = host, plane, directory
        self.application = directory / "kubernetes"
        self.units = host.etc / "systemd" / "system"
        for each in (self.application / "cfg", self.application / "ssl", self.units):
            each.mkdir(parents=True, exist_ok=True)
        for source, name in (
            ("etcd/ca.crt", "etcd-ca.pem"),
            ("apiserver-etcd-client.crt", "client.pem"),
            ("apiserver-etcd-client.key", "client-key.pem"),
            ("etcd/server.crt", "etcd.pem"),
            ("etcd/server.key", "etcd-key.pem"),
        ):
            shutil.copy(plane.pki / source, self.ssl(name))
        shutil.copy(plane.kubeconfig, self.cfg(_ADMIN))
        shutil.copy(plane.directory / "controller-manager.conf", self.cfg(_COMPONENT))
        self.api_server()
        self.unit("kube-controller-manager", f"--kubeconfig={self.cfg(_COMPONENT)}")
        programs = directory / "bin"
        programs.mkdir()
        write_systemctl(programs / "systemctl", units="/etc/systemd/system")
        path = f"{programs}{os.pathsep}{plane.environment['PATH']}"
        self.modules = Modules({**plane.environment, "PATH": path}, directory, _LIBRARIES, host.prefix)

    def ssl(self, name: str) -> Path:
        """A certificate or key."""
        return self.application / "ssl" / name

    def cfg(self, name: str) -> Path:
        """A configuration file."""
        return self.application / "cfg" / name

    def unit(self, component: str, *flags: str) -> None:
        """Make a component a service with these flags, which are in its environment file."""
        conf = self.cfg(f"{component}.conf")
        conf.write_text(f'OPTS="{" ".join(flags)}"\n', encoding="utf-8")
        text = UNIT.format(conf=conf, program=self.plane.binaries / component)
        (self.units / f"{component}.service").write_text(text, encoding="utf-8")

    def api_server(self, scheme: str = "https") -> None:
        """Make the API server one."""
        self.unit(
            "kube-apiserver",
            f"--etcd-servers={scheme}://127.0.0.1:{self.plane.etcd_port}",
            f"--etcd-cafile={self.ssl('etcd-ca.pem')}",
            f"--etcd-certfile={self.ssl('client.pem')}",
            f"--etcd-keyfile={self.ssl('client-key.pem')}",
        )

    def back_up(self, *, check: bool = False, **options: t.Any) -> dict[str, t.Any]:
        """A backup of what the services name, as the playbook makes it."""
        paths = self.modules.run("kubernetes_services_info")["backup_paths"]
        given: dict[str, t.Any] = {"directory": "/var/lib/backups", "paths": ["/etc/kubernetes", *paths], **options}
        made = self.modules.run("kubernetes_host_backup", check=check, **given)
        assert not made.get("failed"), made
        return made

    def run_playbook(self, name: str, *options: str) -> subprocess.CompletedProcess[str]:
        """A playbook of the collection with this host as the only one."""
        local = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable, "ansible_become": False}
        variables = {**local, "kubeadm_ha_backup_dir": "/var/lib/backups"}
        inventory = self.directory / "hosts.json"
        inventory.write_text(
            json.dumps({"kube_control_plane": {"hosts": {"m1": {}}}, "all": {"vars": variables}}), encoding="utf-8"
        )
        program = str(Path(sys.executable).with_name("ansible-playbook"))
        return run_ansible(
            [*self.host.prefix, program, f"kubeadm.ha.{name}", f"--inventory={inventory}", *options],
            environment=self.modules.environment,
            directory=self.directory,
        )

    def only_backup(self) -> dict[str, t.Any]:
        """The manifest of the only backup, with its name."""
        (place,) = (self.host.lib / "backups").iterdir()
        document = json.loads((place / "manifest.json").read_text(encoding="utf-8"))
        return {**document, "name": place.name}

    def kept(self, made: t.Mapping[str, t.Any]) -> Path:
        """The backup, as this machine sees it."""
        return self.host.lib / "backups" / str(made["name"])


@pytest.fixture(name="master")
def _master(host: PrivateHost, plane: ControlPlane, tmp_path: Path) -> Master:
    """A master without anything of kubeadm."""
    return Master(host, plane, tmp_path / "master")


def assert_whole(master: Master, made: t.Mapping[str, t.Any], directory: Path) -> None:
    """By etcd's own program and sha256sum."""
    snapshot = master.kept(made) / made["snapshot"]["stored"]
    assert run(["sha256sum", str(snapshot)]).split()[0] == made["snapshot"]["sha256"]
    etcdutl = str(master.plane.binaries / "etcdutl")
    status = json.loads(run([etcdutl, "snapshot", "status", str(snapshot), "--write-out=json"]))
    assert status["totalKey"] > 0
    assert status["revision"] >= made["snapshot"]["revision"] > 0
    run([etcdutl, "snapshot", "restore", str(snapshot), f"--data-dir={directory / 'restored'}"])


def test_the_cluster_of_a_master_without_kubeadm(master: Master, tmp_path: Path) -> None:
    predicted = master.back_up(check=True, cluster=True)
    assert not (master.host.lib / "backups").exists()
    made = master.back_up(cluster=True)
    assert [change["reason"] for change in predicted["changes"]] == [change["reason"] for change in made["changes"]]
    assert made["changes"][0]["reason"].endswith(", and etcd from a snapshot")
    assert made["snapshot"]["endpoint"] == f"https://127.0.0.1:{master.plane.etcd_port}"
    assert_whole(master, made, tmp_path)
    assert made.get("warnings", []) == []
    # It has no ConfigMap, and lacks none of those that are kubeadm's.
    assert [text for text in made["missing"] if "ConfigMap" in text] == ["ConfigMap kube-system/coredns"]
    files = master.kept(made) / "files"
    for path in (
        *(master.ssl(name) for name in ("etcd-ca.pem", "client.pem", "client-key.pem")),
        *(master.cfg(name) for name in ("kube-apiserver.conf", _COMPONENT, _ADMIN)),
    ):
        copy = files / path.relative_to("/")
        assert hashlib.sha256(copy.read_bytes()).digest() == hashlib.sha256(path.read_bytes()).digest(), path
    for name in ("kube-apiserver", "kube-controller-manager"):
        unit = (master.units / f"{name}.service").read_bytes()
        assert (files / "etc" / "systemd" / "system" / f"{name}.service").read_bytes() == unit
        assert not (files / (master.plane.binaries / name).relative_to("/")).exists()


def test_config_maps_are_there_as_far_as_the_cluster_has_them(cluster: ControlPlane, master: Master) -> None:
    made = master.back_up(cluster=True)
    stored = master.kept(made) / "cluster" / "kube-public" / "configmap" / "cluster-info.json"
    assert (
        json.loads(stored.read_text(encoding="utf-8"))["data"]
        == cluster.get("configmap", "cluster-info", "kube-public")["data"]
    )
    assert made["snapshot"] is not None


def test_without_an_administrator_there_is_the_snapshot(master: Master, tmp_path: Path) -> None:
    master.cfg(_ADMIN).unlink()
    made = master.back_up(cluster=True)
    assert_whole(master, made, tmp_path)
    assert {"ConfigMap kube-system/kubeadm-config", "ConfigMap kube-public/cluster-info"} <= set(made["missing"])
    assert "The backup lacks the cluster's ConfigMaps" in json.dumps(made["warnings"])
    # One that is named is used, wherever it is.
    given = master.back_up(cluster=True, kubeconfig=str(master.plane.kubeconfig))
    assert [text for text in given["missing"] if "ConfigMap" in text] == ["ConfigMap kube-system/coredns"]


def test_etcd_without_tls_is_a_warning(master: Master) -> None:
    master.api_server("http")
    made = master.back_up(cluster=True)
    assert made["snapshot"] is None
    assert "secure etcd first" in json.dumps(made["warnings"])
    assert made["changes"][0]["reason"].endswith(" can be put back")
    assert (master.kept(made) / "files" / master.ssl("client.pem").relative_to("/")).exists()


def test_a_member_that_is_a_service_gives_what_it_has(master: Master, tmp_path: Path) -> None:
    """On a host of etcd alone."""
    for name in ("kube-apiserver", "kube-controller-manager"):
        (master.units / f"{name}.service").unlink()
    none = master.back_up(member=True, paths=[str(master.application)])
    assert (none["snapshot"], none.get("warnings", [])) == (None, [])
    master.unit(
        "etcd",
        f"--advertise-client-urls=https://127.0.0.1:{master.plane.etcd_port}",
        f"--trusted-ca-file={master.ssl('etcd-ca.pem')}",
        f"--cert-file={master.ssl('etcd.pem')}",
        f"--key-file={master.ssl('etcd-key.pem')}",
    )
    made = master.back_up(member=True)
    assert_whole(master, made, tmp_path)
    assert (master.kept(made) / "files" / master.ssl("etcd-key.pem").relative_to("/")).exists()


def test_etcd_of_a_master_is_asked_without_an_option(master: Master) -> None:
    found = master.modules.run("etcd_member_info")
    assert not found.get("failed"), found
    assert found["quorum"] == {"voters": 1, "healthy_voters": 1, "needed": 1, "tolerance": 0}
    # A host that joins as a master adds no member.
    joining = master.modules.run("etcd_member_info", planned_additions=1)
    assert not joining.get("failed"), joining


def test_a_backup_of_it_is_not_restored_by_itself(master: Master) -> None:
    made = master.back_up(cluster=True)
    for name in (made["name"], "20000101T000000Z"):
        found = master.modules.run("etcd_restore_info", name=name, directory="/var/lib/backups")
        assert not found.get("failed"), found
        assert found["restore"]["refusal"].startswith("kube-apiserver.service of this host is a service of systemd")
        assert found["restore"]["problems"] == []
    for check in (True, False):
        refused = master.modules.run(
            "etcd_restore", state="prepared", check=check, name=made["name"], directory="/var/lib/backups"
        )
        assert refused["failed"]
        assert "with etcdutl snapshot restore" in refused["msg"]


def test_the_playbook_backs_up_such_a_cluster(master: Master, tmp_path: Path) -> None:
    """Its API server is the real one, which listens on this machine."""
    predicted = master.run_playbook("backup", "--check")
    assert predicted.returncode == 0, predicted.stdout
    assert not (master.host.lib / "backups").exists()
    ended = master.run_playbook("backup")
    assert ended.returncode == 0, ended.stdout
    made = master.only_backup()
    assert_whole(master, made, tmp_path)
    paths = {entry["path"] for entry in made["entries"]}
    assert {
        str(master.ssl("client-key.pem")),
        str(master.cfg(_ADMIN)),
        "/etc/systemd/system/kube-apiserver.service",
    } <= paths
    # There is no restore of it, and nothing is changed by the attempt.
    refused = master.run_playbook("restore", "-e", f"kubeadm_ha_restore_backup={made['name']}")
    assert refused.returncode != 0
    said = " ".join(refused.stdout.split())
    assert "Nothing was changed. kube-apiserver.service of this host is a service of systemd" in said
    assert "with etcdutl snapshot restore" in said
    assert "Make the new data beside the old" not in said
    assert master.only_backup() == made


def test_the_playbook_says_where_there_is_no_snapshot(master: Master) -> None:
    master.api_server("http")
    ended = master.run_playbook("backup")
    assert ended.returncode != 0
    said = " ".join(ended.stdout.split())
    assert "but m1 could make no snapshot of etcd" in said
    assert str(master.ssl("client-key.pem")) in {entry["path"] for entry in master.only_backup()["entries"]}
