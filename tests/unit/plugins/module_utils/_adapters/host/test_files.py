# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files adapter on a real file system: atomic, private, owner and mode kept."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import time
import typing as t

import pytest

from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host.files import HostFiles
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.errors import UnsupportedState

if t.TYPE_CHECKING:
    from pathlib import Path

FILES = HostFiles()


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o7777


def test_a_new_file_is_private(tmp_path: Path) -> None:
    path = tmp_path / "a"
    FILES.write(str(path), b"new")
    assert (path.read_bytes(), mode(path)) == (b"new", 0o600)
    FILES.write(str(tmp_path / "b"), b"", mode=0o644)
    assert mode(tmp_path / "b") == 0o644
    assert sorted(item.name for item in tmp_path.iterdir()) == ["a", "b"]


@pytest.mark.parametrize(("wanted", "expected"), [(None, 0o640), (0o600, 0o600)])
def test_mode_of_an_existing_file(tmp_path: Path, wanted: int | None, expected: int) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"old")
    path.chmod(0o640)
    inode = path.stat().st_ino
    FILES.write(str(path), b"new", mode=wanted)
    assert (path.read_bytes(), mode(path), path.stat().st_nlink) == (b"new", expected, 1)
    assert path.stat().st_ino != inode


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_owner_of_an_existing_file(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"old")
    os.chown(path, 12345, 23456)
    FILES.write(str(path), b"new")
    assert (path.stat().st_uid, path.stat().st_gid) == (12345, 23456)


def test_what_a_symbolic_link_points_to_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "a").write_bytes(b"old")
    (tmp_path / "link").symlink_to("real/a")
    FILES.write(str(tmp_path / "link"), b"new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real" / "a").read_bytes() == b"new"


def test_what_a_killed_write_left_is_taken_away(tmp_path: Path) -> None:
    path = tmp_path / "a"
    (tmp_path / ".a.kubeadm-ha").write_bytes(b"half a key")
    FILES.write(str(path), b"new")
    assert [item.name for item in tmp_path.iterdir()] == ["a"]


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"old")

    def fail(_source: str, _target: str) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(UnsupportedState, match=r"a cannot be written: No space left on device\."):
        FILES.write(str(path), b"new")
    assert path.read_bytes() == b"old"
    assert [item.name for item in tmp_path.iterdir()] == ["a"]


def test_a_reader_never_sees_half_a_file(tmp_path: Path) -> None:
    path = tmp_path / "a"
    texts = {character * 200_000 for character in "xy"}
    path.write_text("x" * 200_000)
    code = (
        "import sys, pathlib\n"
        "path = pathlib.Path(sys.argv[1])\n"
        "while True: print(len(set(path.read_text())), path.stat().st_size, flush=True)\n"
    )
    with subprocess.Popen([sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE, text=True) as reader:
        assert reader.stdout is not None
        reader.stdout.readline()
        for number in range(100):
            FILES.write(str(path), ("x", "y")[number % 2].encode() * 200_000)
        reader.kill()
        seen = set(reader.stdout.read().splitlines()[:-1])
    assert path.read_text() in texts
    assert seen == {"1 200000"}


def test_private_directories(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "c"
    FILES.make_private_directory(str(path))
    assert [mode(item) for item in (path, path.parent, path.parent.parent)] == [0o700] * 3
    path.chmod(0o755)
    FILES.make_private_directory(str(path))
    assert mode(path) == 0o700
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(UnsupportedState, match="cannot be made"):
        FILES.make_private_directory(str(tmp_path / "file" / "x"))


def test_removal_does_not_follow_links(tmp_path: Path) -> None:
    key = tmp_path / "ca.key"
    key.write_bytes(b"key")
    (tmp_path / "work").mkdir()
    FILES.link(str(key), str(tmp_path / "work" / "ca.key"))
    FILES.link(str(key), str(tmp_path / "work" / "ca.key"))
    assert FILES.read(str(tmp_path / "work" / "ca.key")) == b"key"
    FILES.remove(str(tmp_path / "work"))
    FILES.remove(str(tmp_path / "work"))
    FILES.remove(str(tmp_path / "no" / "such"))
    assert [item.name for item in tmp_path.iterdir()] == ["ca.key"]
    FILES.remove(str(key))
    assert not FILES.exists(str(key))


def test_reading(tmp_path: Path) -> None:
    assert FILES.read(str(tmp_path / "none")) is None
    assert FILES.read(str(tmp_path / "none" / "below")) is None
    assert FILES.names(str(tmp_path / "none")) == ()
    with pytest.raises(UnsupportedState, match="cannot be read: Is a directory"):
        FILES.read(str(tmp_path))
    (tmp_path / "b").write_bytes(b"")
    (tmp_path / "a").symlink_to("nowhere")
    assert FILES.names(str(tmp_path)) == ["a", "b"]
    assert FILES.exists(str(tmp_path / "a"))
    assert FILES.names(str(tmp_path / "b")) == ()


def test_renaming(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"a")
    (tmp_path / "b").write_bytes(b"b")
    (tmp_path / "b").chmod(0o640)
    FILES.rename(str(tmp_path / "a"), str(tmp_path / "b"))
    assert [item.name for item in tmp_path.iterdir()] == ["b"]
    assert FILES.mode(str(tmp_path / "b")) == mode(tmp_path / "b")
    with pytest.raises(UnsupportedState, match="cannot be moved"):
        FILES.rename(str(tmp_path / "a"), str(tmp_path / "b"))


def test_a_lock_keeps_others_out_and_dies_with_its_holder(tmp_path: Path) -> None:
    with FILES.locked(str(tmp_path), timeout=0):
        start = time.monotonic()
        with pytest.raises(UnsupportedState, match="Another process holds the lock"):
            FILES.locked(str(tmp_path), timeout=0.2).__enter__()
        assert 0.2 <= time.monotonic() - start < 2
    code = (
        "import fcntl, os, sys, time\n"
        "fcntl.flock(os.open(sys.argv[1], os.O_RDONLY), fcntl.LOCK_EX)\n"
        "print(flush=True)\n"
        "time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        with pytest.raises(UnsupportedState):
            FILES.locked(str(tmp_path), timeout=0).__enter__()
        holder.kill()
        with FILES.locked(str(tmp_path), timeout=5):
            descriptor = os.open(tmp_path, os.O_RDONLY)
            with pytest.raises(BlockingIOError):
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.close(descriptor)
    with pytest.raises(UnsupportedState, match="is it the right directory of this host"):
        FILES.locked(str(tmp_path / "none"), timeout=0).__enter__()
    assert list(tmp_path.iterdir()) == []
