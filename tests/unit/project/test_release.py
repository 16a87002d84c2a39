# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a release must be, and an archive of which two have the same bytes."""

from __future__ import annotations

import hashlib
import io
import json
import re
import tarfile
import typing as t
from pathlib import Path

import pytest

from tests.tools import archive, release

FILES = {"README.md": b"Read me", "plugins/modules/a.py": b"a", "playbooks/site.yml": b"---"}


def make(path: Path, names: t.Sequence[str], *, time: int, owner: str, mode: int) -> None:
    """What ``ansible-galaxy collection build`` makes, with files in some order."""
    listed = [
        {"name": name, "ftype": "file", "chksum_sha256": hashlib.sha256(FILES[name]).hexdigest()} for name in names
    ]
    files = json.dumps({"files": listed, "format": 1}).encode()
    manifest = {"file_manifest_file": {"name": "FILES.json", "chksum_sha256": hashlib.sha256(files).hexdigest()}}
    contents = {
        "MANIFEST.json": json.dumps(manifest).encode(),
        "FILES.json": files,
        **{name: FILES[name] for name in names},
    }
    with tarfile.open(path, "w:gz") as written:
        for name, content in contents.items():
            member = tarfile.TarInfo(name)
            member.size, member.mtime, member.uname, member.mode = len(content), time, owner, mode
            written.addfile(member, io.BytesIO(content))


def test_archives_of_the_same_files_have_the_same_bytes(tmp_path: Path) -> None:
    one, other = tmp_path / "one.tar.gz", tmp_path / "other.tar.gz"
    make(one, sorted(FILES), time=1, owner="a", mode=0o644)
    make(other, sorted(FILES, reverse=True), time=2, owner="b", mode=0o600)
    for path in (one, other):
        archive.normalize(path, time=1_700_000_000)
    assert one.read_bytes() == other.read_bytes()


def test_its_checksums_hold(tmp_path: Path) -> None:
    path = tmp_path / "one.tar.gz"
    make(path, sorted(FILES, reverse=True), time=1, owner="a", mode=0o644)
    archive.normalize(path, time=1_700_000_000)
    with tarfile.open(path) as read:
        contents = {member.name: t.cast("t.IO[bytes]", read.extractfile(member)).read() for member in read.getmembers()}
        assert {member.mtime for member in read.getmembers()} == {1_700_000_000}
    manifest = json.loads(contents["MANIFEST.json"])
    assert manifest["file_manifest_file"]["chksum_sha256"] == hashlib.sha256(contents["FILES.json"]).hexdigest()
    for item in json.loads(contents["FILES.json"])["files"]:
        assert hashlib.sha256(contents[item["name"]]).hexdigest() == item["chksum_sha256"]


@pytest.mark.parametrize(
    ("version", "released", "notes", "fragments", "expected"),
    [
        ("1.0.0", ["0.9.0", "1.0.0"], ["v1.0.0"], [], []),
        ("1.0", [], [], [], ["galaxy.yml: version 1.0 is not of the form"]),
        ("1.0.0", ["0.9.0"], [], [], ["the changelog has no release 1.0.0"]),
        ("1.0.0", ["1.0.0"], [], [], ["CHANGELOG.md has no part v1.0.0"]),
        ("1.9.0", ["1.9.0", "1.10.0"], ["v1.9.0"], [], ["galaxy.yml: version 1.9.0 is older than 1.10.0"]),
        (
            "1.0.0",
            ["1.0.0"],
            ["v1.0.0"],
            ["b.yml", "a.yml"],
            ["2 changelog fragments would be in no release: a.yml, b.yml"],
        ),
    ],
)
def test_what_a_release_lacks(
    version: str, released: list[str], notes: list[str], fragments: list[str], expected: list[str]
) -> None:
    found = release.problems(version, released, notes=notes, fragments=fragments)
    assert len(found) == len(expected)
    assert all(text.startswith(begin) for text, begin in zip(found, expected, strict=True)), found


def test_a_heading_of_the_changelog_is_found_as_antsibull_changelog_writes_it() -> None:
    assert release.headings("# Notes\n## v1\\.0\\.0\n### Bugfixes\n## v0\\.9\\.12\n") == ["v1.0.0", "v0.9.12"]


def test_fragments_are_restructured_text_without_the_markup_of_modules() -> None:
    """The changelog shows ``C(text)`` as it stands there."""
    markup = re.compile(r"(?<![A-Za-z])(?:RV|[BCEILMOPV])\([^)]")
    paths = sorted((release.ROOT / "changelogs" / "fragments").glob("*.y*ml"))
    assert [path.name for path in paths if markup.search(path.read_text(encoding="utf-8"))] == []
