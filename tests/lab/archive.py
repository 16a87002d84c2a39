# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Container images without a container engine: docker-archives made of single files.

Format: a tar with one layer tar and one configuration per image and a ``manifest.json`` (the form that
``docker save`` writes and ``ctr images import`` reads). The same input gives the same bytes.
"""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO, Any

_PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_BLOCK = 1 << 20
_SMALL = 64 << 20


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A file of an image: a copy of ``source``, or a symbolic link to ``link``, or an empty directory."""

    path: str
    source: Path | None = None
    link: str | None = None
    mode: int = 0o755


@dataclass(frozen=True, kw_only=True)
class Image:
    """An image of one layer: its full name with the tag, its files, and keys of its OCI configuration."""

    name: str
    entries: Sequence[Entry]
    config: Mapping[str, Any] = field(default_factory=dict)


def write_archive(path: Path, images: Sequence[Image]) -> None:
    """Write the images into one docker-archive."""
    with tarfile.open(path, "w", format=tarfile.GNU_FORMAT) as archive:
        manifest = [_add_image(archive, image) for image in images]
        _add_bytes(archive, "manifest.json", json.dumps(manifest).encode())


def _add_image(archive: tarfile.TarFile, image: Image) -> dict[str, Any]:
    with tempfile.SpooledTemporaryFile(max_size=_SMALL) as layer:
        write_layer(layer, image.entries)
        size, digest = layer.tell(), sha256(layer)
        info = tarfile.TarInfo(f"{digest}.tar")
        info.size = size
        layer.seek(0)
        archive.addfile(info, layer)
    content = json.dumps(configuration(image, digest), sort_keys=True).encode()
    name = f"{hashlib.sha256(content).hexdigest()}.json"
    _add_bytes(archive, name, content)
    return {"Config": name, "RepoTags": [image.name], "Layers": [f"{digest}.tar"]}


def configuration(image: Image, layer: str) -> dict[str, Any]:
    """The image's OCI configuration; ``layer`` is the digest of its layer, in hexadecimal."""
    return {
        "architecture": "amd64",
        "os": "linux",
        "created": "1970-01-01T00:00:00Z",
        "config": {"Env": [_PATH], **image.config},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{layer}"]},
        "history": [{"created_by": "kubeadm.ha lab"}],
    }


def write_layer(stream: IO[bytes], entries: Sequence[Entry]) -> None:
    """Write the files of an image as a tar."""
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.GNU_FORMAT) as layer:
        directories: set[str] = set()
        for entry in entries:
            _add_parents(layer, entry.path, directories)
            _add_entry(layer, entry)


def _add_parents(layer: tarfile.TarFile, path: str, done: set[str]) -> None:
    for parent in reversed(PurePosixPath(path).parents):
        name = str(parent)
        if name != "." and name not in done:
            done.add(name)
            layer.addfile(_directory(name, 0o755))


def _add_entry(layer: tarfile.TarFile, entry: Entry) -> None:
    if entry.source is not None:
        info = tarfile.TarInfo(entry.path)
        info.mode = entry.mode
        with entry.source.open("rb") as source:
            info.size = entry.source.stat().st_size
            layer.addfile(info, source)
    elif entry.link is not None:
        info = tarfile.TarInfo(entry.path)
        info.type, info.linkname, info.mode = tarfile.SYMTYPE, entry.link, 0o777
        layer.addfile(info)
    else:
        layer.addfile(_directory(entry.path, entry.mode))


def _directory(name: str, mode: int) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.mode = tarfile.DIRTYPE, mode
    return info


def _add_bytes(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    info = tarfile.TarInfo(name)
    info.size = len(content)
    archive.addfile(info, io.BytesIO(content))


def sha256(stream: IO[bytes]) -> str:
    """Digest of all that a stream has, in hexadecimal."""
    stream.seek(0)
    digest = hashlib.sha256()
    while block := stream.read(_BLOCK):
        digest.update(block)
    return digest.hexdigest()
