# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is found on one control plane and decided on another."""

from __future__ import annotations

import dataclasses
import os
import socket
import typing as t

import pytest

from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host.file_tree import HostFileTree
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.change import Change
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.file_fact import MAXIMUM_FILE_BYTES, FileFact
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.host import carried_files
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.host.carried_files import FilesReport, collect, compare
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.host.file_needs import Need, Places

if t.TYPE_CHECKING:
    from pathlib import Path

FILE = FileFact("/e/f", "file", "carried", "root", "adm", 0, 4, "0640", 3, "aa" * 32)
DIRECTORY = dataclasses.replace(FILE, path="/e", kind="directory", use="parent", mode="0755", size=0, sha256=None)
LOGS = dataclasses.replace(DIRECTORY, path="/l", use="made")
SOCKET = dataclasses.replace(DIRECTORY, path="/s", kind="socket", use="needed")


def state(*facts: FileFact) -> dict[str, FileFact]:
    return {fact.path: fact for fact in facts}


def test_everything_is_missing() -> None:
    found = compare([FILE, DIRECTORY, LOGS], {"/e": FileFact("/e", "absent", "parent")})
    access = {"owner": "root", "group": "adm", "mode": "0755"}
    assert [(change.object, change.before, change.after) for change in found.changes] == [
        ("directory /e", None, access),
        ("file /e/f", None, {"owner": "root", "group": "adm", "mode": "0640", "sha256": "aa" * 32}),
        ("directory /l", None, access),
    ]
    assert found.refusals == ()


def test_equal_files_need_nothing() -> None:
    assert compare([FILE, DIRECTORY, LOGS, SOCKET], state(FILE, DIRECTORY, LOGS, SOCKET)) == carried_files.Comparison()


def test_an_authority_is_carried_with_its_key_and_must_be_there(tmp_path: Path) -> None:
    pki = tmp_path / "pki"
    pki.mkdir()
    for name in ("ca.key", "apiserver-etcd-client.key"):
        (pki / name).write_text(f"-----BEGIN PRIVATE KEY-----\n{name.encode().hex()}\n-----END PRIVATE KEY-----\n")
    needs = [
        Need(f"{pki}/{name}", "carried", is_shared=True) for name in ("apiserver-etcd-client.key", "ca.crt", "ca.key")
    ]
    found = collect(HostFileTree(), needs, Places(str(pki)))
    carried = [fact.path for fact in found.files if fact.use == "carried"]
    assert carried == [f"{pki}/apiserver-etcd-client.key", f"{pki}/ca.key"]
    (refusal,) = found.refusals
    assert refusal.startswith(f"{pki}/ca.crt is not on this host, but all control planes need it: put it there")


@pytest.mark.parametrize("use", ["parent", "made"])
def test_directories_that_are_there_are_left_alone(use: str) -> None:
    wanted = dataclasses.replace(DIRECTORY, use=use)
    assert compare([wanted], state(dataclasses.replace(wanted, mode="0700", owner="x"))) == carried_files.Comparison()


def test_owner_and_mode_are_corrected() -> None:
    found = compare([FILE], state(dataclasses.replace(FILE, mode="0600", group="root", gid=0)))
    assert found.changes == (
        Change(
            "file /e/f",
            {"group": "root", "mode": "0600"},
            {"group": "adm", "mode": "0640"},
            "owner and mode are those of the serving one",
        ),
    )


@pytest.mark.parametrize(
    ("wanted", "there", "equal"),
    [
        (("etcd", 998), ("etcd", 102), True),
        (("etcd", 998), ("998", 998), True),
        (("etcd", 998), ("102", 102), False),
        (("998", 998), ("998", 998), True),
        (("etcd", 998), ("root", 0), False),
    ],
)
def test_owners_go_by_name_then_by_number(wanted: tuple[str, int], there: tuple[str, int], *, equal: bool) -> None:
    one = dataclasses.replace(FILE, owner=wanted[0], uid=wanted[1])
    other = dataclasses.replace(FILE, owner=there[0], uid=there[1])
    assert carried_files.has_same_access(one, other) is equal
    groups = (dataclasses.replace(FILE, group=name, gid=number) for name, number in (wanted, there))
    assert carried_files.has_same_access(*groups) is equal


@pytest.mark.parametrize(
    ("wanted", "there", "expected"),
    [
        (FILE, dataclasses.replace(FILE, sha256="bb" * 32), "differs from the one of the serving control plane"),
        (FILE, dataclasses.replace(FILE, sha256=None), "differs"),
        (FILE, dataclasses.replace(FILE, kind="directory"), "is a directory here, but a file"),
        (FILE, dataclasses.replace(FILE, kind="link"), "leads through a symbolic link"),
        (DIRECTORY, dataclasses.replace(DIRECTORY, kind="file"), "is a file here, but a directory"),
        (SOCKET, FileFact("/s", "absent"), "start the service that makes it"),
        (dataclasses.replace(SOCKET, kind="file"), FileFact("/s", "absent"), "install it there"),
    ],
)
def test_what_is_never_changed(wanted: FileFact, there: FileFact, expected: str) -> None:
    found = compare([wanted], state(there))
    assert found.changes == ()
    assert len(found.refusals) == 1
    assert expected in found.refusals[0]


def find(root: Path, *wanted: Need, unmanaged: t.Sequence[str] = ()) -> FilesReport:
    places = Places(str(root / "kubernetes/pki"), str(root / "kubernetes"))
    return collect(HostFileTree(), wanted, places, unmanaged=unmanaged)


def uses(found: FilesReport, root: Path) -> dict[str, str]:
    """Use by path below the root, without the parents above it."""
    return {
        os.path.relpath(fact.path, root): f"{fact.use} {fact.kind}"
        for fact in found.files
        if fact.path.startswith(f"{root}/")
    }


def test_a_directory_with_its_contents(tmp_path: Path) -> None:
    config = tmp_path / "srv" / "config"
    (config / "sub").mkdir(parents=True)
    (config / "sub" / "a").write_text("a", encoding="utf-8")
    (config / "audit.log").write_text("log", encoding="utf-8")
    (config / "audit-2026.log").write_text("log", encoding="utf-8")
    (config / "link").symlink_to("sub/a")
    with socket.socket(socket.AF_UNIX) as server:
        here = os.open(config, os.O_RDONLY)
        server.bind(f"/proc/self/fd/{here}/kms.sock")
        os.close(here)
        found = find(tmp_path, Need(str(config), "carried", (f"{config}/audit.log",)))
    assert found.refusals == ()
    assert uses(found, tmp_path) == {
        "srv": "parent directory",
        "srv/config": "carried directory",
        "srv/config/kms.sock": "needed socket",
        "srv/config/link": "carried file",
        "srv/config/sub": "carried directory",
        "srv/config/sub/a": "carried file",
    }


def test_kubeadms_files_in_a_mount_of_everything_are_left_out(tmp_path: Path) -> None:
    for name in ("pki/ca.key", "pki/own.key", "admin.conf", "manifests/etcd.yaml", "tmp/backup", "enc/e.yaml"):
        path = tmp_path / "kubernetes" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name, encoding="utf-8")
    found = find(
        tmp_path, Need(str(tmp_path / "kubernetes"), "carried"), Need(f"{tmp_path}/kubernetes/pki/own.key", "carried")
    )
    files = {path for path, use in uses(found, tmp_path).items() if use == "carried file"}
    assert files == {"kubernetes/pki/own.key", "kubernetes/enc/e.yaml"}


def test_logs_are_reported_without_content(tmp_path: Path) -> None:
    (tmp_path / "log").mkdir()
    (tmp_path / "log" / "a").write_text("x", encoding="utf-8")
    found = find(tmp_path, Need(f"{tmp_path}/log", "made"))
    assert uses(found, tmp_path) == {"log": "made directory"}


def test_what_is_missing(tmp_path: Path) -> None:
    found = find(
        tmp_path, Need(f"{tmp_path}/a", "carried"), Need(f"{tmp_path}/b", "made"), Need(f"{tmp_path}/c", "needed")
    )
    assert (found.files, found.missing) == ((), (f"{tmp_path}/a",))


def test_what_cannot_be_carried(tmp_path: Path) -> None:
    (tmp_path / "d" / "real").mkdir(parents=True)
    (tmp_path / "d" / "link").symlink_to("real")
    os.mkfifo(tmp_path / "d" / "pipe")
    (tmp_path / "big").write_bytes(b"x" * (MAXIMUM_FILE_BYTES + 1))
    found = find(tmp_path, Need(f"{tmp_path}/d", "carried"), Need(f"{tmp_path}/big", "carried"))
    expected = "\n".join(found.refusals)
    for text in ("d/link is a symbolic link to a directory", "d/pipe is no file", "big has 1048577 bytes"):
        assert text in expected
    assert len(found.refusals) == 3
    unmanaged = [f"{tmp_path}/d/link", f"{tmp_path}/d/pipe", f"{tmp_path}/big"]
    rest = find(tmp_path, Need(f"{tmp_path}/d", "carried"), Need(f"{tmp_path}/big", "carried"), unmanaged=unmanaged)
    assert rest.refusals == ()
    assert f"{tmp_path}/big" not in {fact.path for fact in rest.files}


def test_too_much_together_and_too_many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "d").mkdir()
    for number in range(5):
        (tmp_path / "d" / f"f{number}").write_text("1234", encoding="utf-8")
    monkeypatch.setattr(carried_files, "MAXIMUM_BYTES", 19)
    assert "have 20 bytes together" in find(tmp_path, Need(f"{tmp_path}/d", "carried")).refusals[0]
    monkeypatch.setattr(carried_files, "MAXIMUM_FILES", 4)
    assert "holds more than 4 files" in find(tmp_path, Need(f"{tmp_path}/d", "carried")).refusals[0]


def test_facts_survive_json() -> None:
    assert FileFact.from_dict(FILE.as_dict()) == FILE
