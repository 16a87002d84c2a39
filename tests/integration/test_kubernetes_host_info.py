# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""kubernetes_host_info on a populated /etc/kubernetes: the standard library is enough, it is quick, no credential leaves."""

from __future__ import annotations

import base64
import dataclasses
import json
import os
import re
import resource
import shutil
import sys
from pathlib import Path

import pytest
import yaml

from tests.integration.control_plane import ADVERTISED_ADDRESS, ControlPlane
from tests.integration.modules import Modules
from tests.scenarios.secret_values import searched_for

NAME = "kubernetes_host_info"
#: The promise is 1 s. Processor time is held exactly, the clock on a busy machine only at three times that.
SECONDS = 1.0
BUSY = 3.0
CANARY = "c4n4ry-7f3a-s3cr3t"


@dataclasses.dataclass(frozen=True)
class KubernetesHost:
    """A directory like /etc/kubernetes and everything secret in it."""

    directory: Path
    secrets: frozenset[str]

    @property
    def pki(self) -> Path:
        """kubeadm's certificatesDir."""
        return self.directory / "pki"


@pytest.fixture(scope="module")
def host(plane: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> KubernetesHost:
    """What kubeadm leaves on a control plane, and what people add to it."""
    directory = tmp_path_factory.mktemp("kubernetes")
    shutil.copytree(plane.pki, directory / "pki")
    options = [f"--config={plane.config}", f"--kubeconfig-dir={directory}"]
    plane.kubeadm("init", "phase", "kubeconfig", "all", *options)
    # A key beside its certificate, as the kubelet and some balancers want it.
    certificate, key = (directory / "pki" / f"apiserver.{suffix}" for suffix in ("crt", "key"))
    (directory / "pki" / "both.crt").write_bytes(key.read_bytes() + certificate.read_bytes())
    _add_unusual_kubeconfigs(directory)
    _add_manifests(directory)
    (directory / "encryption.yaml").write_text(
        f"resources: [{{providers: [{{secret: {CANARY}}}]}}]\n", encoding="utf-8"
    )
    return KubernetesHost(directory, frozenset(searched_for(_secrets(directory))))


def _add_unusual_kubeconfigs(directory: Path) -> None:
    """Every kind of credential that a kubeconfig can hold, in every layout."""
    document = yaml.safe_load((directory / "admin.conf").read_text(encoding="utf-8"))
    user = {
        "token": CANARY,
        "username": "admin",
        "password": CANARY,
        "exec": {"command": "login", "env": [{"name": "PASSWORD", "value": CANARY}], "args": [f"--secret={CANARY}"]},
        "auth-provider": {"name": "oidc", "config": {"refresh-token": CANARY}},
    }
    document["users"].append({"name": "odd", "user": user})
    document["clusters"][0]["cluster"]["proxy-url"] = f"http://proxy:{CANARY}@192.0.2.99:3128"
    (directory / "super-admin.conf").write_text(yaml.safe_dump(document), encoding="utf-8")
    (directory / "scheduler.conf").write_text(json.dumps(document), encoding="utf-8")
    (directory / "controller-manager.conf").write_text(
        yaml.safe_dump(document, default_flow_style=True), encoding="utf-8"
    )
    folded = yaml.safe_dump(document).replace(f"token: {CANARY}", f"token: >-\n      {CANARY}")
    (directory / "bootstrap-kubelet.conf").write_text(folded, encoding="utf-8")


def _add_manifests(directory: Path) -> None:
    manifests = directory / "manifests"
    manifests.mkdir()
    flags = [f"--advertise-address={ADVERTISED_ADDRESS}", f"--etcd-servers=https://root:{CANARY}@192.0.2.31:2379"]
    container = {
        "name": "kube-apiserver",
        "image": "registry.k8s.io/kube-apiserver:v1.34.4",
        "command": ["kube-apiserver", *flags],
        "env": [{"name": "PASSWORD", "value": CANARY}],
    }
    pod = {"apiVersion": "v1", "kind": "Pod", "spec": {"containers": [container]}}
    (manifests / "kube-apiserver.yaml").write_text(yaml.safe_dump(pod), encoding="utf-8")


def _secrets(directory: Path) -> dict[str, str]:
    """The canary, and every private key, as PEM and as kubeconfigs embed it, by where it is."""
    found = {"canary": CANARY}
    for path in directory.rglob("*"):
        text = path.read_text(encoding="utf-8") if path.is_file() else ""
        embedded = re.findall(r"client-key-data\"?: \"?([A-Za-z0-9+/=]+)", text)
        for pem in (text, *(base64.b64decode(item).decode() for item in embedded)):
            for key in re.findall(r"-----BEGIN [A-Z ]*PRIVATE KEY-----\n.+?\n-----END", pem, re.DOTALL):
                found[f"{path} {len(found)}"] = key
    return found


def shown(host: KubernetesHost, text: str) -> list[str]:
    """Secrets of the host in a text, in base64 too."""
    return sorted(secret for secret in host.secrets if secret in text)


def test_the_search_for_secrets_finds_them(host: KubernetesHost) -> None:
    for path in (host.pki / "ca.key", host.directory / "admin.conf", host.directory / "scheduler.conf"):
        assert shown(host, path.read_text(encoding="utf-8")), path
    assert len(host.secrets) > 50


def test_no_credential_leaves_the_host(host: KubernetesHost, modules: Modules) -> None:
    result = modules.run(NAME, kubernetes_dir=str(host.directory), pki_dir=str(host.pki), users=["root"])
    found = result["host"]
    assert {Path(item["path"]).name for item in found["certificates"]} >= {
        "ca.crt",
        "apiserver.crt",
        "both.crt",
        "peer.crt",
    }
    assert {Path(item["path"]).name for item in found["kubeconfigs"]} >= {
        "admin.conf",
        "kubelet.conf",
        "scheduler.conf",
    }
    assert found["manifests"]["kube-apiserver"]["flags"][0] == ["advertise-address", ADVERTISED_ADDRESS]
    assert shown(host, json.dumps(result)) == []
    assert "PRIVATE KEY" not in json.dumps(result)


def test_the_standard_library_is_enough(host: KubernetesHost, plane: ControlPlane, tmp_path: Path) -> None:
    """As Ansible sends it, to an interpreter without site-packages, the user's packages and PYTHON* variables."""
    interpreter = tmp_path / "python3"
    interpreter.write_text(f'#!/bin/sh\nexec {sys.executable} -I -S "$@"\n', encoding="utf-8")
    interpreter.chmod(0o755)
    modules = Modules(plane.environment, tmp_path)
    result = modules.run_by_ansible(
        NAME, interpreter=interpreter, kubernetes_dir=str(host.directory), pki_dir=str(host.pki)
    )
    found = result["host"]
    assert found["python"]["modules"] == dict.fromkeys(("yaml", "cryptography", "kubernetes", "apt"), False)
    assert found["versions"]["kubeadm"] == plane.kubeadm("version", "-o", "short").strip()
    assert found["servers"][str(host.directory / "admin.conf")].startswith(f"https://{ADVERTISED_ADDRESS}:")
    assert "kubernetes.default.svc" in found["sans"]
    assert shown(host, json.dumps(result)) == []


def test_the_inspection_takes_less_than_a_second(host: KubernetesHost, modules: Modules) -> None:
    taken = []
    for _round in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        found = modules.run(NAME, kubernetes_dir=str(host.directory), pki_dir=str(host.pki))["host"]
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        taken.append((processor, found["seconds"]))
    # The processor's time is that of the whole process, Python's start and the commands that it runs included.
    assert min(taken)[0] < SECONDS, taken
    assert min(seconds for _processor, seconds in taken) < SECONDS * BUSY, taken


def test_an_inspection_leaves_nothing_behind(host: KubernetesHost, modules: Modules) -> None:
    def state() -> dict[str, tuple[int, int]]:
        return {str(path): (path.stat().st_mtime_ns, path.stat().st_mode) for path in host.directory.rglob("*")}

    before = state()
    checked = modules.run(NAME, check=True, kubernetes_dir=str(host.directory), pki_dir=str(host.pki))
    assert (
        modules.run(NAME, kubernetes_dir=str(host.directory), pki_dir=str(host.pki))["changed"]
        is checked["changed"]
        is False
    )
    assert state() == before
    assert os.access(host.pki / "ca.key", os.R_OK)
