# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An archive of the collection whose bytes depend on its content and on nothing else.

``ansible-galaxy collection build`` lists files in the order in which the file system has them, and writes times and owners of the machine.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
import typing as t

if t.TYPE_CHECKING:
    from pathlib import Path

_MANIFEST, _FILES = "MANIFEST.json", "FILES.json"


def normalize(archive: Path, *, time: int) -> None:
    """Write an archive again: members in the order of their names, with one time, no owner, and modes of two kinds.

    Args:
        archive: what ``ansible-galaxy collection build`` made.
        time: seconds since the epoch: the time of every member.
    """
    with tarfile.open(archive) as read:
        members = {member.name: (member, _content(read, member)) for member in read.getmembers()}
    listed = _sorted_files(members[_FILES][1])
    members[_FILES] = (members[_FILES][0], listed)
    members[_MANIFEST] = (members[_MANIFEST][0], _naming(members[_MANIFEST][1], listed))
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.PAX_FORMAT) as written:
        for name in sorted(members, key=lambda name: (name not in (_MANIFEST, _FILES), name)):
            member, content = members[name]
            written.addfile(_plain(member, len(content), time), io.BytesIO(content))
    with archive.open("wb") as target, gzip.GzipFile("", "wb", 9, target, mtime=time) as packed:
        packed.write(raw.getvalue())


def _content(archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    opened = archive.extractfile(member) if member.isfile() else None
    return opened.read() if opened else b""


def _sorted_files(content: bytes) -> bytes:
    document = json.loads(content)
    document["files"].sort(key=lambda item: item["name"])
    return _json(document)


def _naming(manifest: bytes, files: bytes) -> bytes:
    """The manifest with the checksum of the list of files."""
    document = json.loads(manifest)
    document["file_manifest_file"]["chksum_sha256"] = hashlib.sha256(files).hexdigest()
    return _json(document)


def _json(document: t.Mapping[str, t.Any]) -> bytes:
    return json.dumps(document, indent=1).encode()


def _plain(member: tarfile.TarInfo, size: int, time: int) -> tarfile.TarInfo:
    plain = tarfile.TarInfo(member.name)
    plain.type, plain.linkname, plain.mtime = member.type, member.linkname, time
    plain.size = size
    plain.mode = 0o755 if member.isdir() or member.mode & 0o100 else 0o644
    return plain


__all__ = ("normalize",)
