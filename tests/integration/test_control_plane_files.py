# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""control_plane_files_info and control_plane_files as processes: a tree is packed, taken away, and made again.

stat, sha256sum and openssl are the second opinion. Both hosts are this machine, one after the other, because a file has
the same path on both.
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
import typing as t

import pytest

from tests.integration import processes
from tests.integration.modules import Modules, Result
from tests.integration.test_manifest_flags import Renderer, cluster_configuration

if t.TYPE_CHECKING:
    from pathlib import Path

KEY = "5eed" * 16
SECRET = "c2VjcmV0LWtleS1vZi10aGUtdGVzdC0wMTIzNDU2Nzg="
NOBODY_HAS_THIS = 54321


@pytest.fixture
def host(binaries: Path, tmp_path: Path) -> Path:
    """A control plane with encryption at rest, an audit log and a kube-scheduler's configuration, as kubeadm renders it."""
    root = tmp_path / "host"
    volumes = [
        {"name": "enc", "hostPath": f"{root}/enc", "mountPath": "/etc/kubernetes/enc", "readOnly": True},
        {"name": "audit", "hostPath": f"{root}/audit", "mountPath": "/audit"},
        {"name": "logs", "hostPath": f"{root}/logs", "mountPath": "/logs", "pathType": "DirectoryOrCreate"},
    ]
    flags = {
        "encryption-provider-config": "/etc/kubernetes/enc/config.yaml",
        "audit-policy-file": "/audit/policy.yaml",
        "audit-log-path": "/logs/audit.log",
        "oidc-ca-file": f"{root}/kubernetes/pki/oidc.crt",
    }
    document = cluster_configuration({"apiServer": {"extraArgs": flags, "extraVolumes": volumes}}, "v1beta4")
    document["certificatesDir"] = f"{root}/kubernetes/pki"
    rendered = Renderer(binaries / "kubeadm", tmp_path).render(document)
    for name, text in {
        **{f"kubernetes/manifests/{component}.yaml": text for component, text in rendered.items()},
        "kubernetes/pki/ca.key": "not to be carried",
        "kubernetes/pki/oidc.crt": "oidc",
        "enc/config.yaml": SECRET,
        "enc/kms/other.yaml": "other",
        "audit/policy.yaml": "policy",
        "logs/audit.log": "not to be carried",
    }.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    os.chown(root / "enc", 0, NOBODY_HAS_THIS)
    (root / "enc").chmod(0o750)
    os.chown(root / "enc" / "config.yaml", NOBODY_HAS_THIS, 4)
    (root / "enc" / "config.yaml").chmod(0o440)
    (root / "logs").chmod(0o700)
    return root


@pytest.fixture
def modules(binaries: Path, tmp_path: Path) -> Modules:
    """Hosts that are changed have cryptography."""
    return Modules(processes.environment(binaries), tmp_path)


@pytest.fixture
def bare_modules(binaries: Path, tmp_path: Path) -> Modules:
    """Hosts that are inspected have the standard library only."""
    return Modules(processes.environment(binaries), tmp_path, ("yaml", "cryptography", "kubernetes"))


CARRIED = (
    "audit",
    "audit/policy.yaml",
    "enc",
    "enc/config.yaml",
    "enc/kms",
    "enc/kms/other.yaml",
    "kubernetes/pki/oidc.crt",
)


def state(root: Path) -> dict[str, str]:
    """Owner, group, mode and hash by the system's own tools."""
    found = {}
    for name in (*CARRIED, "logs"):
        path = root / name
        access = subprocess.run(["stat", "-c", "%u %g %a", path], capture_output=True, text=True, check=True).stdout
        digest = (
            subprocess.run(["sha256sum", path], capture_output=True, text=True, check=True).stdout
            if path.is_file()
            else ""
        )
        found[name] = access.strip() + digest.partition(" ")[0]
    return found


def take_away(root: Path) -> None:
    for name in ("audit", "enc", "logs", "kubernetes/pki"):
        (root / name).rename(root.parent / f"moved-{name.replace('/', '-')}")


def unpack(modules: Modules, packed: Result, *, check: bool = False) -> Result:
    options = {"files": packed["files"], "archive": packed["archive"], "certificate_key": KEY}
    result = modules.run("control_plane_files", check=check, diff=True, **options)
    assert not result.get("failed"), result
    for secret in (SECRET, KEY, base64.b64encode(SECRET.encode()).decode()):
        assert secret not in json.dumps(result)
    return result


def test_check_apply_check_apply(modules: Modules, bare_modules: Modules, host: Path) -> None:
    kubernetes = f"{host}/kubernetes"
    seen = bare_modules.run("control_plane_files_info", kubernetes_dir=kubernetes)
    packed = modules.run("control_plane_files_info", kubernetes_dir=kubernetes, certificate_key=KEY)
    assert seen["files"] == packed["files"]
    assert SECRET not in json.dumps(packed)
    assert SECRET.encode() not in base64.b64decode(packed["archive"])
    listed = {item["path"].removeprefix(f"{host}/"): item["use"] for item in packed["files"] if item["use"] != "parent"}
    assert listed == {**dict.fromkeys(CARRIED, "carried"), "logs": "made"}

    before = state(host)
    take_away(host)
    missing = bare_modules.run("control_plane_files_info", paths=packed["files"])
    assert {item["kind"] for item in missing["files"] if item["use"] in ("carried", "made")} == {"absent"}
    predicted = unpack(modules, packed, check=True)
    assert not (host / "enc").exists()
    made = unpack(modules, packed)
    assert predicted["changed"]
    assert made["changes"] == predicted["changes"]
    after = state(host)
    assert after == before
    assert after["enc/config.yaml"].startswith(f"{NOBODY_HAS_THIS} 4 440")
    assert list((host / "logs").iterdir()) == []
    assert not (host / "kubernetes/pki/ca.key").exists()
    for check in (True, False):
        assert not unpack(modules, packed, check=check)["changed"]


def test_a_killed_run_is_completed(modules: Modules, host: Path) -> None:
    packed = modules.run("control_plane_files_info", kubernetes_dir=f"{host}/kubernetes", certificate_key=KEY)
    before = state(host)
    take_away(host)
    # What a run leaves that was killed within a file: the directory above with a private mode, a temporary file beside.
    (host / "enc").mkdir(mode=0o700)
    (host / "enc" / ".config.yaml.kubeadm-ha").write_text("half", encoding="utf-8")
    unpack(modules, packed)
    assert state(host) == before
    assert sorted(path.name for path in (host / "enc").iterdir()) == ["config.yaml", "kms"]


def test_by_ansible(modules: Modules, host: Path) -> None:
    kubernetes = f"{host}/kubernetes"
    packed = modules.run_by_ansible("control_plane_files_info", kubernetes_dir=kubernetes, certificate_key=KEY)
    (host / "enc" / "config.yaml").unlink()
    options = {"files": packed["files"], "archive": packed["archive"], "certificate_key": KEY}
    made = modules.run_by_ansible("control_plane_files", **options)
    assert made["paths"] == [f"{host}/enc/config.yaml"]
    assert (host / "enc" / "config.yaml").read_text(encoding="utf-8") == SECRET


def test_the_inspection_of_a_host_reports_no_content(bare_modules: Modules, host: Path) -> None:
    report = bare_modules.run("kubernetes_host_info", kubernetes_dir=f"{host}/kubernetes")["host"]
    assert {item["path"] for item in report["control_plane_files"]["files"]} >= {f"{host}/{name}" for name in CARRIED}
    assert set(report["static_pods"]) == {"kube-apiserver", "kube-controller-manager", "kube-scheduler", "etcd"}
    assert SECRET not in json.dumps(report)
