# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private directories of backups on a real file system; the module's integration tests have the rest."""

from __future__ import annotations

import json
import os
import stat
import typing as t

import pytest

from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host import backup_store
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host.backup_store import DirectoryBackupStore
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host.files import HostFiles
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.backup.layout import KIND
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.errors import UnsupportedState
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.stored_file import Source

if t.TYPE_CHECKING:
    from pathlib import Path

STORE = DirectoryBackupStore(HostFiles())


def scan(*paths: Path) -> t.Sequence[Source]:
    """What would be backed up."""
    return STORE.scan([str(path) for path in paths], besides="/var/backups/kubeadm-ha")


def test_links_stay_and_what_they_lead_to_is_there(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    (outside / "deep").mkdir(parents=True)
    (outside / "deep" / "file").touch()
    wanted = tmp_path / "wanted"
    wanted.mkdir()
    (wanted / "to-directory").symlink_to(outside)
    (wanted / "to-file").symlink_to(outside / "deep" / "file")
    (wanted / "loop").symlink_to("loop")
    (outside / "deep" / "back").symlink_to(wanted)
    found = {source.path: source.type for source in scan(wanted, tmp_path / "none")}
    assert found == {
        str(wanted): "directory",
        str(wanted / "loop"): "link",
        str(wanted / "to-directory"): "link",
        str(wanted / "to-file"): "link",
        str(outside): "directory",
        str(outside / "deep"): "directory",
        str(outside / "deep" / "back"): "link",
        str(outside / "deep" / "file"): "file",
    }


def test_the_pki_behind_a_link_is_there(tmp_path: Path) -> None:
    (tmp_path / "data" / "pki" / "etcd").mkdir(parents=True)
    (tmp_path / "data" / "pki" / "etcd" / "ca.key").write_text("key")
    (tmp_path / "kubernetes").mkdir()
    (tmp_path / "kubernetes" / "pki").symlink_to(tmp_path / "data" / "pki")
    found = scan(tmp_path / "kubernetes")
    assert str(tmp_path / "data" / "pki" / "etcd" / "ca.key") in [source.path for source in found]
    assert [source.lacks for source in found if source.lacks] == []


def test_a_link_to_too_much_or_upwards_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backup_store, "_LINKED_FILES", 3)
    wanted = tmp_path / "kubernetes"
    wanted.mkdir()
    (tmp_path / "large").mkdir()
    for number in range(4):
        (tmp_path / "large" / str(number)).touch()
    for name, target in {"up": tmp_path, "root": "/", "large": "../large", "here": ".", "gone": "nowhere"}.items():
        (wanted / name).symlink_to(target)
    lacking = {source.path.rpartition("/")[2]: source.lacks for source in scan(wanted) if source.lacks}
    assert lacking == {
        "up": "it holds what is backed up, or the backups",
        "root": "it holds what is backed up, or the backups",
        "large": "it has more than 3 files or 64 MiB",
    }
    assert not any(source.path.startswith(str(tmp_path / "large")) for source in scan(wanted))


def test_a_wanted_link_leads_to_all_that_is_behind_it(tmp_path: Path) -> None:
    (tmp_path / "real" / "pki").mkdir(parents=True)
    (tmp_path / "real" / "pki" / "ca.key").write_text("key")
    (tmp_path / "kubernetes").symlink_to("real")
    found = [source.path for source in STORE.scan([f"{tmp_path}/kubernetes/"], besides="/var/backups/kubeadm-ha")]
    assert found[0] == str(tmp_path / "kubernetes")
    assert str(tmp_path / "real" / "pki" / "ca.key") in found


def test_a_file_that_became_a_link_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    (tmp_path / "file").symlink_to("secret")
    source = Source(str(tmp_path / "file"), "file", size=6)
    with pytest.raises(UnsupportedState, match="cannot be read"):
        STORE.copy(source, str(tmp_path / "copy"))
    assert not (tmp_path / "copy").exists()
    assert STORE.copy(Source(str(tmp_path / "gone"), "file"), str(tmp_path / "copy")) is None


def test_an_existing_file_is_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "there").write_text("kept")
    with pytest.raises(UnsupportedState, match="cannot be written"):
        STORE.write(str(tmp_path / "there"), [b"new"])
    assert (tmp_path / "there").read_text() == "kept"
    STORE.begin(str(tmp_path / "place"))
    with pytest.raises(UnsupportedState, match="cannot be made"):
        STORE.begin(str(tmp_path / "place"))


def test_modes_do_not_depend_on_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        STORE.begin(str(tmp_path / "place"))
        STORE.write(str(tmp_path / "place" / "files" / "etc" / "x"), [b"x"])
    finally:
        os.umask(before)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "place").rglob("*")}
    assert modes == {"files": 0o700, "etc": 0o700, "x": 0o600}


def test_what_counts_as_a_backup(tmp_path: Path) -> None:
    for name, manifest in (
        ("ours", {"kind": KIND, "created": "2026-11-21"}),
        ("other", {"kind": "x"}),
        ("list", []),
        ("half.partial", {"kind": KIND, "created": "2026-11-21"}),
    ):
        (tmp_path / name).mkdir()
        (tmp_path / name / "manifest.json").write_text(json.dumps(manifest))
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "manifest.json").write_text("{")
    (tmp_path / "thesis.partial").mkdir()
    (tmp_path / "thesis.partial" / "thesis.odt").touch()
    (tmp_path / "file.partial").touch()
    (tmp_path / "link.partial").symlink_to("half.partial")
    assert STORE.complete(str(tmp_path)) == {"ours": "2026-11-21"}
    assert STORE.unfinished(str(tmp_path)) == ["half.partial"]
    assert STORE.complete(str(tmp_path / "none")) == {}


def test_a_second_run_waits_outside(tmp_path: Path) -> None:
    directory = tmp_path / "new" / "backups"
    with STORE.locked(str(directory)):
        assert stat.S_IMODE(directory.stat().st_mode) == 0o700
        with pytest.raises(UnsupportedState, match="lock"), HostFiles().locked(str(directory), timeout=0.1):
            raise AssertionError("two runs at the same time")
    with HostFiles().locked(str(directory), timeout=0.1):
        assert STORE.free_bytes(str(directory / "not" / "yet")) > 0


@pytest.mark.parametrize("mode", [0o770, 0o707, 0o1777])
def test_a_directory_that_others_may_write_to(tmp_path: Path, mode: int) -> None:
    tmp_path.chmod(mode)
    with pytest.raises(UnsupportedState, match="Others than root may write"):
        STORE.check(str(tmp_path))
    tmp_path.chmod(0o755)
    STORE.check(str(tmp_path))
    STORE.check(str(tmp_path / "none"))
