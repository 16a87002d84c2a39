# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""transfer_key with control_plane_files_info and control_plane_files: what one host seals only the other one can open.

stat and sha256sum by Python are the second opinion. Both hosts are this machine, one after the other.
"""

from __future__ import annotations

import json
import shutil
import stat
import typing as t

import pytest

from tests.integration import processes
from tests.integration.modules import Modules

if t.TYPE_CHECKING:
    from pathlib import Path

NAME = "transfer_key"
SECRET = "c2VjcmV0LW9mLXRoZS10ZXN0"


@pytest.fixture(name="modules")
def _modules(binaries: Path, tmp_path: Path) -> Modules:
    """Hosts that files travel between have cryptography."""
    return Modules(processes.environment(binaries), tmp_path)


@pytest.fixture(name="wanted")
def _wanted(modules: Modules, tmp_path: Path) -> list[dict[str, t.Any]]:
    """Facts of a directory with a key."""
    root = tmp_path / "ssl"
    root.mkdir(mode=0o750)
    (root / "ca-key.pem").write_text(SECRET, encoding="utf-8")
    (root / "ca-key.pem").chmod(0o600)
    uses = {str(root): "made", str(root / "ca-key.pem"): "carried"}
    asked = [
        {
            "path": path,
            "kind": "absent",
            "use": use,
            "owner": "",
            "group": "",
            "uid": 0,
            "gid": 0,
            "mode": "",
            "size": 0,
            "sha256": None,
        }
        for path, use in uses.items()
    ]
    found: list[dict[str, t.Any]] = modules.run("control_plane_files_info", paths=asked)["files"]
    return found


def test_files_travel_sealed(modules: Modules, wanted: list[dict[str, t.Any]], tmp_path: Path) -> None:
    path = tmp_path / "run" / "transfer.key"
    made = modules.run_by_ansible(NAME, path=str(path))
    assert made["changed"] is False
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    private = path.read_text(encoding="utf-8").strip()
    assert private not in json.dumps(made)
    assert modules.run(NAME, path=str(path))["public_key"] == made["public_key"]
    packed = modules.run("control_plane_files_info", paths=wanted, recipient=made["public_key"])
    assert SECRET not in json.dumps(packed)
    shutil.rmtree(tmp_path / "ssl")
    given = {"files": wanted, "archive": packed["archive"], "transfer_key": str(path)}
    written = modules.run("control_plane_files", **given)
    assert (tmp_path / "ssl" / "ca-key.pem").read_text(encoding="utf-8") == SECRET
    assert stat.S_IMODE((tmp_path / "ssl" / "ca-key.pem").stat().st_mode) == 0o600
    assert len(written["paths"]) == 2
    assert modules.run("control_plane_files", **given)["changed"] is False
    gone = modules.run(NAME, path=str(path), state="absent")
    assert (gone["public_key"], path.exists()) == (None, False)


def test_another_host_cannot_open_it(modules: Modules, wanted: list[dict[str, t.Any]], tmp_path: Path) -> None:
    own, other = (str(tmp_path / name / "transfer.key") for name in ("own", "other"))
    public = modules.run(NAME, path=own)["public_key"]
    modules.run(NAME, path=other)
    archive = modules.run("control_plane_files_info", paths=wanted, recipient=public)["archive"]
    shutil.rmtree(tmp_path / "ssl")
    failed = modules.run("control_plane_files", files=wanted, archive=archive, transfer_key=other)
    assert failed["failed"] is True
    assert not (tmp_path / "ssl").exists()
    failed = modules.run("control_plane_files", files=wanted, archive=archive[:-8] + "AAAAAAA=", transfer_key=own)
    assert failed["failed"] is True


def test_without_a_pair_it_is_said_what_to_do(modules: Modules, wanted: list[dict[str, t.Any]], tmp_path: Path) -> None:
    failed = modules.run("control_plane_files", files=wanted, archive="00", transfer_key=str(tmp_path / "none"))
    assert "let kubeadm.ha.transfer_key make it" in failed["msg"]


def test_a_recipient_that_is_no_key(modules: Modules, wanted: list[dict[str, t.Any]]) -> None:
    failed = modules.run("control_plane_files_info", paths=wanted, recipient="nonsense")
    assert "64 hexadecimal digits" in failed["msg"]
