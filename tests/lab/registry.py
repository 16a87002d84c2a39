# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The directory that a registry of container images serves, written without one.

It is the layout of distribution's filesystem driver (Debian's package docker-registry): blobs by their digest, and per
repository links to its layers, manifests and tags. Layers are plain tars: pulling them costs a node no processor time.
The same images give the same bytes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.lab.archive import Image, configuration, sha256, write_layer

_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_CONFIGURATION = "application/vnd.oci.image.config.v1+json"
_LAYER = "application/vnd.oci.image.layer.v1.tar"


def mirrored(image: str) -> list[str]:
    """Names ``REPOSITORY:TAG`` of an image in a mirror of its registry.

    An image of CoreDNS is ``coredns/coredns`` behind a mirror, and ``coredns`` for a kubeadm that is given the mirror as
    its ``imageRepository``.
    """
    name = image.partition("/")[2]
    repository, _, base = name.rpartition("/")
    return [name, base] if repository == base.partition(":")[0] else [name]


def write(root: Path, images: Sequence[Image]) -> None:
    """Write images into a registry's storage, each under all its names in a mirror."""
    for image in images:
        _write(root / "docker" / "registry" / "v2", image)


def _write(root: Path, image: Image) -> None:
    layer = _add_layer(root, image)
    config = _add_blob(
        root, json.dumps(configuration(image, layer["digest"].removeprefix("sha256:")), sort_keys=True).encode()
    )
    manifest = {
        "schemaVersion": 2,
        "mediaType": _MANIFEST,
        "config": {"mediaType": _CONFIGURATION, **config},
        "layers": [{"mediaType": _LAYER, **layer}],
    }
    added = _add_blob(root, json.dumps(manifest, sort_keys=True).encode())
    for name in mirrored(image.name):
        repository, _, tag = name.rpartition(":")
        _add_links(root / "repositories" / repository, tag, added["digest"], [config["digest"], layer["digest"]])


def _add_links(repository: Path, tag: str, manifest: str, blobs: Sequence[str]) -> None:
    for blob in blobs:
        _link(repository / "_layers", blob)
    _link(repository / "_manifests" / "revisions", manifest)
    _link(repository / "_manifests" / "tags" / tag / "index", manifest)
    current = repository / "_manifests" / "tags" / tag / "current" / "link"
    current.parent.mkdir(parents=True, exist_ok=True)
    current.write_text(manifest, encoding="ascii")


def _link(directory: Path, value: str) -> None:
    algorithm, _, hexadecimal = value.partition(":")
    path = directory / algorithm / hexadecimal / "link"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(value, encoding="ascii")


def _add_layer(root: Path, image: Image) -> Mapping[str, Any]:
    root.mkdir(parents=True, exist_ok=True)
    temporary = root / ".layer"
    with temporary.open("w+b") as stream:
        write_layer(stream, image.entries)
        size, hexadecimal = stream.tell(), sha256(stream)
    blob = _blob(root, hexadecimal)
    temporary.rename(blob)
    return {"digest": f"sha256:{hexadecimal}", "size": size}


def _add_blob(root: Path, content: bytes) -> Mapping[str, Any]:
    hexadecimal = hashlib.sha256(content).hexdigest()
    _blob(root, hexadecimal).write_bytes(content)
    return {"digest": f"sha256:{hexadecimal}", "size": len(content)}


def _blob(root: Path, hexadecimal: str) -> Path:
    path = root / "blobs" / "sha256" / hexadecimal[:2] / hexadecimal / "data"
    path.parent.mkdir(parents=True, exist_ok=True)
    return path
