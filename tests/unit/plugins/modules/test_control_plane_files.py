# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``main()`` of the modules that carry files: options in, result out, real files, and no content in any output."""

from __future__ import annotations

import base64
import json
import os
import shutil
import typing as t

import pytest
import yaml

from ansible_collections.kubeadm.ha.plugins.modules import control_plane_files, control_plane_files_info

if t.TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.plugins.modules.conftest import RunModule

Find = t.Callable[..., dict[str, t.Any]]

KEY = "c0ffee" * 10 + "beef"
CANARY = "c4n4ry-s3cr3t"
MANIFEST = """\
apiVersion: v1
kind: Pod
spec:
  containers:
  - command:
    - kube-apiserver
    - --encryption-provider-config=/enc/e.yaml
    - --audit-log-path=/log/audit.log
    volumeMounts:
    - {{"mountPath": "/enc", "name": "enc", "readOnly": true}}
    - mountPath: /log
      name: log
  volumes:
  - hostPath:
      path: {root}/srv/enc
    name: enc
  - hostPath:
      path: {root}/log
      type: DirectoryOrCreate
    name: log
"""


@pytest.fixture(name="root")
def _root(tmp_path: Path) -> Path:
    """A control plane whose API server encrypts Secrets and writes an audit log."""
    root = tmp_path / "host"
    (root / "kubernetes" / "manifests").mkdir(parents=True)
    (root / "kubernetes" / "manifests" / "kube-apiserver.yaml").write_text(MANIFEST.format(root=root), encoding="utf-8")
    (root / "srv" / "enc").mkdir(parents=True)
    (root / "srv" / "enc" / "e.yaml").write_text(CANARY, encoding="utf-8")
    (root / "srv" / "enc" / "e.yaml").chmod(0o640)
    (root / "log").mkdir(mode=0o700)
    (root / "log" / "audit.log").write_text("logged", encoding="utf-8")
    return root


def names(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


@pytest.fixture
def find(run_module: RunModule) -> Find:
    """Runs ``control_plane_files_info`` with the files of a control plane below a directory."""

    def run(root: Path, **options: t.Any) -> dict[str, t.Any]:
        return run_module("control_plane_files_info", kubernetes_dir=str(root / "kubernetes"), **options)

    return run


def test_pack_and_unpack(root: Path, find: Find, run_module: RunModule) -> None:
    packed = find(root, certificate_key=KEY)
    assert CANARY not in json.dumps(packed)
    assert CANARY.encode() not in base64.b64decode(packed["archive"])
    assert KEY not in json.dumps(packed)
    assert set(packed) - {"changed", "changes", "invocation"} == set(yaml.safe_load(control_plane_files_info.RETURN))
    contained = yaml.safe_load(control_plane_files_info.RETURN)["files"]["contains"]
    assert all(set(item) == set(contained) for item in packed["files"])
    shutil.rmtree(root / "srv")
    shutil.rmtree(root / "log")

    options = {"files": packed["files"], "archive": packed["archive"], "certificate_key": KEY}
    blind = run_module("control_plane_files", check=True, diff=True, files=packed["files"])
    predicted = run_module("control_plane_files", check=True, diff=True, **options)
    assert not (root / "srv").exists()
    made = run_module("control_plane_files", diff=True, **options)
    assert blind["changes"] == predicted["changes"] == made["changes"]
    assert made["paths"] == [f"{root}/{name}" for name in ("log", "srv", "srv/enc", "srv/enc/e.yaml")]
    assert (root / "srv/enc/e.yaml").read_text(encoding="utf-8") == CANARY
    assert (root / "srv/enc/e.yaml").stat().st_mode & 0o7777 == 0o640
    assert (root / "log").stat().st_mode & 0o7777 == 0o700
    assert names(root / "log") == []
    assert names(root / "srv/enc") == ["e.yaml"]
    for result in (blind, predicted, made):
        for secret in (CANARY, KEY, packed["archive"]):
            assert secret not in json.dumps(result)
        assert set(result) - {"changed", "invocation", "diff"} == set(yaml.safe_load(control_plane_files.RETURN))
    again = run_module("control_plane_files", **options)
    assert (again["changed"], again["changes"]) == (False, [])
    assert not run_module("control_plane_files", files=packed["files"])["changed"], "equal files need no archive"


def test_the_state_of_given_paths(root: Path, find: Find, run_module: RunModule) -> None:
    files = find(root)["files"]
    (root / "srv/enc/e.yaml").unlink()
    states = {item["path"]: item["kind"] for item in run_module("control_plane_files_info", paths=files)["files"]}
    assert states[f"{root}/srv/enc/e.yaml"] == "absent"
    assert states[f"{root}/srv/enc"] == "directory"


def test_another_file_is_never_overwritten(root: Path, find: Find, run_module: RunModule) -> None:
    packed = find(root, certificate_key=KEY)
    (root / "srv/enc/e.yaml").write_text("mine", encoding="utf-8")
    shutil.rmtree(root / "log")
    options = {"files": packed["files"], "archive": packed["archive"], "certificate_key": KEY}
    for check in (True, False):
        result = run_module("control_plane_files", check=check, **options)
        assert "differs from the one of the serving control plane" in result["msg"]
        assert (root / "srv/enc/e.yaml").read_text(encoding="utf-8") == "mine"
        assert not (root / "log").exists(), "nothing is made before all is known"


def test_modes_are_corrected(root: Path, find: Find, run_module: RunModule) -> None:
    packed = find(root, certificate_key=KEY)
    (root / "srv/enc/e.yaml").chmod(0o666)
    result = run_module("control_plane_files", files=packed["files"])
    assert [(item["before"], item["after"]) for item in result["changes"]] == [({"mode": "0666"}, {"mode": "0640"})]
    assert (root / "srv/enc/e.yaml").stat().st_mode & 0o7777 == 0o640


@pytest.mark.parametrize("what", ["file", "directory above"])
def test_no_link_is_followed(root: Path, tmp_path: Path, what: str, find: Find, run_module: RunModule) -> None:
    packed = find(root, certificate_key=KEY)
    outside = tmp_path / "outside"
    if what == "file":
        (root / "srv/enc/e.yaml").rename(outside)
        (root / "srv/enc/e.yaml").symlink_to(outside)
    else:
        shutil.rmtree(root / "srv/enc")
        outside.mkdir()
        (root / "srv/enc").symlink_to(outside)
    result = run_module("control_plane_files", files=packed["files"], archive=packed["archive"], certificate_key=KEY)
    assert "leads through a symbolic link" in result["msg"]
    assert not outside.is_dir() or names(outside) == []


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"certificate_key": "ab" * 32}, "was not made under this certificate_key"),
        ({"certificate_key": "short"}, "is no key"),
        ({"archive": "AAAA"}, "was not made under this certificate_key"),
        ({"archive": "%%"}, "was not made under this certificate_key"),
    ],
)
def test_other_archives_are_refused(
    root: Path, change: dict[str, str], expected: str, find: Find, run_module: RunModule
) -> None:
    packed = find(root, certificate_key=KEY)
    shutil.rmtree(root / "srv")
    options = {"files": packed["files"], "archive": packed["archive"], "certificate_key": KEY, **change}
    result = run_module("control_plane_files", **options)
    assert expected in result["msg"]
    assert not (root / "srv").exists()


def test_an_archive_and_a_list_belong_together(root: Path, find: Find, run_module: RunModule) -> None:
    packed = find(root, certificate_key=KEY)
    shutil.rmtree(root / "srv")
    options = {"archive": packed["archive"], "certificate_key": KEY}
    without = [item for item in packed["files"] if not item["path"].endswith("e.yaml")]
    assert "exactly the files" in run_module("control_plane_files", files=without, **options)["msg"]
    other = [{**item, "sha256": "0" * 64} if item["sha256"] else item for item in packed["files"]]
    assert "holds another" in run_module("control_plane_files", files=other, **options)["msg"]
    elsewhere = [{**item, "path": item["path"].replace("/srv/", "/srv/../../")} for item in packed["files"]]
    assert "no plain absolute path" in run_module("control_plane_files", files=elsewhere, **options)["msg"]
    assert "no plain absolute path" in run_module("control_plane_files", files=[{**other[0], "path": "x"}])["msg"]
    assert "cannot be made" in run_module("control_plane_files", files=[{**other[0], "kind": "link"}])["msg"]
    assert "give its result unchanged" in run_module("control_plane_files", files=[{"path": "/x"}])["msg"]
    assert "are missing" in run_module("control_plane_files", files=packed["files"])["msg"]


def test_a_host_that_is_no_control_plane(tmp_path: Path, find: Find) -> None:
    assert "run on a control plane" in find(tmp_path)["msg"]
    (tmp_path / "kubernetes" / "manifests").mkdir(parents=True)
    (tmp_path / "kubernetes" / "manifests" / "kube-apiserver.yaml").write_text("a: *b", encoding="utf-8")
    assert "cannot be read" in find(tmp_path)["msg"]


def test_what_cannot_be_carried_is_an_error_when_packed(root: Path, find: Find) -> None:
    os.mkfifo(root / "srv/enc/pipe")
    assert find(root)["refusals"] != []
    assert "is no file or directory" in find(root, certificate_key=KEY)["msg"]
    assert find(root, unmanaged_files=[str(root / "srv/enc/pipe")])["refusals"] == []


def test_libraries(root: Path, monkeypatch: pytest.MonkeyPatch, find: Find, run_module: RunModule) -> None:
    monkeypatch.setattr(control_plane_files_info, "IMPORT_ERROR", "no cryptography")
    monkeypatch.setattr(control_plane_files, "IMPORT_ERROR", "no cryptography")
    assert find(root)["files"] != []
    assert "python_requirements" in find(root, certificate_key=KEY)["msg"]
    missing = run_module("control_plane_files", files=[], archive="x", certificate_key=KEY)
    assert "python_requirements" in missing["msg"]
