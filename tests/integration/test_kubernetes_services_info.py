# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""kubernetes_services_info through Ansible, on units and files of a directory, with real programs of Kubernetes.

This machine may have no systemd that runs services, so systemctl is a script that knows the units. Whole clusters of real services are in
tests/scenarios/test_binary.py.
"""

from __future__ import annotations

import hashlib
import json
import typing as t

import pytest

from tests.integration import processes
from tests.integration.modules import Modules
from tests.integration.systemctl import write_systemctl

if t.TYPE_CHECKING:
    from pathlib import Path

NAME = "kubernetes_services_info"
SECRET = "c2VjcmV0LW9mLXRoZS10ZXN0"
UNIT = "[Service]\nEnvironmentFile={conf}\nExecStart={program} $OPTS\n"
ADMIN = f"""\
apiVersion: v1
kind: Config
clusters:
- name: kubernetes
  cluster:
    server: https://192.0.2.11:6443
users:
- name: admin
  user:
    client-key-data: {SECRET}
"""
PEM = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"


@pytest.fixture(name="root")
def _root(binaries: Path, tmp_path: Path) -> Path:
    """An API server and a kube-proxy with everything that they name."""
    root = tmp_path / "host"
    files = {
        "kube-apiserver.conf": f'OPTS="--secure-port=6443 --client-ca-file={root}/ca.pem \\\n--tls-private-key-file={root}/gone.pem '
        f'--admission-control-config-file={root}/admission.yaml --audit-log-path={root}/logs/audit.log --token-auth-file={root}/token.csv"\n',
        "kube-proxy.conf": f"OPTS=--config={root}/proxy.yaml\n",
        "proxy.yaml": f"kind: KubeProxyConfiguration\nhostnameOverride: k8s-node1\nclientConnection:\n  kubeconfig: {root}/proxy.kubeconfig\n",
        "proxy.kubeconfig": ADMIN,
        "admin.kubeconfig": ADMIN,
        "admission.yaml": f"plugins:\n- name: ImagePolicyWebhook\n  path: {root}/policy.yaml\n",
        "policy.yaml": f"imagePolicy:\n  kubeConfigFile: {root}/policy-ca.pem\n",
        "policy-ca.pem": PEM,
        "ca.pem": PEM + "-----BEGIN PRIVATE KEY-----\nBBBB\n-----END PRIVATE KEY-----\n",
        "token.csv": f"{SECRET},user,1\n",
        "logs/audit.log": SECRET,
        "units/kube-apiserver.service": UNIT.format(
            conf=root / "kube-apiserver.conf", program=binaries / "kube-apiserver"
        ),
        "units/kube-proxy.service": UNIT.format(conf=root / "kube-proxy.conf", program=binaries / "kube-proxy"),
        "units/kube-scheduler.service": "[Service]\nExecStart=/bin/sh -c 'exec kube-scheduler'\n",
    }
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    (root / "token.csv").chmod(0o600)
    systemctl = root / "bin" / "systemctl"
    systemctl.parent.mkdir()
    write_systemctl(systemctl, units=root / "units", user="kube")
    return root


@pytest.fixture(name="found")
def _found(root: Path, tmp_path: Path) -> dict[str, t.Any]:
    """What the module reports of it, with the standard library only."""
    modules = Modules(processes.environment(root / "bin"), tmp_path, ("yaml", "cryptography", "kubernetes"))
    result = modules.run_by_ansible(NAME)
    assert result["changed"] is False
    found: dict[str, t.Any] = result["services"]
    return found


def test_services_and_their_arguments(found: dict[str, t.Any], root: Path, binaries: Path) -> None:
    services = found["services"]
    assert set(services) == {"kube-apiserver", "kube-proxy", "kube-scheduler"}
    server = services["kube-apiserver"]
    assert (server["unit"], server["active"], server["enabled"], server["user"]) == (
        "kube-apiserver.service",
        "active",
        "enabled",
        "kube",
    )
    assert server["program"] == str(binaries / "kube-apiserver")
    beginning = (binaries / "kube-apiserver").read_bytes()[: 1 << 16]
    assert server["build"] == hashlib.sha256(beginning).hexdigest()[:16]
    assert server["build"] != services["kube-proxy"]["build"]
    assert server["arguments"]["secure-port"] == ["6443"]
    assert server["arguments"]["token-auth-file"] == [f"{root}/token.csv"]
    assert server["files"] == [f"{root}/units/kube-apiserver.service", f"{root}/kube-apiserver.conf"]
    assert "starts /bin/sh and not kube-scheduler" in services["kube-scheduler"]["fault"]


def test_everything_that_they_name_is_there_or_said_to_be_missing(
    found: dict[str, t.Any], root: Path, binaries: Path
) -> None:
    facts = {fact["path"]: fact for fact in found["facts"]}
    for name in (
        "ca.pem",
        "admission.yaml",
        "policy.yaml",
        "policy-ca.pem",
        "token.csv",
        "proxy.yaml",
        "proxy.kubeconfig",
    ):
        fact = facts[f"{root}/{name}"]
        assert fact["sha256"] == hashlib.sha256((root / name).read_bytes()).hexdigest(), name
        assert (fact["kind"], fact["use"]) == ("file", "carried")
    assert facts[f"{root}/token.csv"]["mode"] == "0600"
    assert facts[f"{root}/gone.pem"]["kind"] == "absent"
    assert facts[f"{root}/logs"]["use"] == "made"
    assert f"{root}/logs/audit.log" not in facts
    assert facts[str(binaries / "kube-apiserver")]["sha256"] is None
    assert facts[str(root)]["use"] == "parent"


def test_configurations_kubeconfigs_and_certificates(found: dict[str, t.Any], root: Path) -> None:
    assert found["configurations"] == {
        f"{root}/proxy.yaml": {
            "kind": "KubeProxyConfiguration",
            "hostnameOverride": "k8s-node1",
            "clientConnection.kubeconfig": f"{root}/proxy.kubeconfig",
        }
    }
    # One is named, the other one is beside it.
    assert [item["path"] for item in found["kubeconfigs"]] == [f"{root}/admin.kubeconfig", f"{root}/proxy.kubeconfig"]
    assert all("https://192.0.2.11:6443" in item["text"] and item["plain"] for item in found["kubeconfigs"])
    assert {item["path"]: item["pem"] for item in found["certificates"]} == {
        f"{root}/ca.pem": PEM,
        f"{root}/policy-ca.pem": PEM,
    }


def test_no_secret_is_reported(found: dict[str, t.Any]) -> None:
    text = json.dumps(found)
    assert SECRET not in text
    assert "PRIVATE KEY" not in text


def test_a_host_without_such_services(tmp_path: Path) -> None:
    systemctl = tmp_path / "bin" / "systemctl"
    systemctl.parent.mkdir()
    write_systemctl(systemctl, units=tmp_path / "units", user="kube")
    modules = Modules(processes.environment(systemctl.parent), tmp_path)
    for check in (True, False):
        found = modules.run(NAME, check=check)["services"]
        assert (found["services"], found["facts"], found["kubeconfigs"]) == ({}, [], [])
