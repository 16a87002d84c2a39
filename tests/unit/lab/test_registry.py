# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The storage of the mirror's registry, read back as the registry reads it: from a tag to the files of a layer."""

from __future__ import annotations

import hashlib
import json
import tarfile
from pathlib import Path

import pytest

from tests.lab import registry
from tests.lab.archive import Entry, Image


@pytest.mark.parametrize(
    ("image", "names"),
    [
        ("registry.k8s.io/kube-apiserver:v1.34.4", ["kube-apiserver:v1.34.4"]),
        ("registry.k8s.io/coredns/coredns:v1.12.1", ["coredns/coredns:v1.12.1", "coredns:v1.12.1"]),
        ("ghcr.io/flannel-io/flannel:v0.28.4", ["flannel-io/flannel:v0.28.4"]),
        ("localhost/smoke:1", ["smoke:1"]),
    ],
)
def test_names_in_the_mirror(image: str, names: list[str]) -> None:
    assert registry.mirrored(image) == names


class Storage:
    """Follows the links of a registry's storage."""

    def __init__(self, root: Path) -> None:
        self.root = root / "docker" / "registry" / "v2"

    def blob(self, digest: str) -> bytes:
        hexadecimal = digest.removeprefix("sha256:")
        content = (self.root / "blobs" / "sha256" / hexadecimal[:2] / hexadecimal / "data").read_bytes()
        assert hashlib.sha256(content).hexdigest() == hexadecimal
        return content

    def manifest(self, repository: str, tag: str) -> dict[str, object]:
        manifests = self.root / "repositories" / repository / "_manifests"
        digest = (manifests / "tags" / tag / "current" / "link").read_text()
        hexadecimal = digest.removeprefix("sha256:")
        for directory in (manifests / "revisions", manifests / "tags" / tag / "index"):
            assert (directory / "sha256" / hexadecimal / "link").read_text() == digest
        parsed: dict[str, object] = json.loads(self.blob(digest))
        return parsed

    def layers(self, repository: str) -> set[str]:
        links = (self.root / "repositories" / repository / "_layers" / "sha256").iterdir()
        return {(link / "link").read_text() for link in links}


def write(root: Path, program: Path) -> Storage:
    program.write_bytes(b"#!program\n")
    image = Image(
        name="registry.k8s.io/coredns/coredns:v1.12.1",
        entries=[Entry(path="coredns", source=program)],
        config={"Entrypoint": ["/coredns"]},
    )
    registry.write(root, [image])
    return Storage(root)


@pytest.mark.parametrize("repository", ["coredns/coredns", "coredns"])
def test_a_tag_leads_to_the_programs(tmp_path: Path, repository: str) -> None:
    storage = write(tmp_path / "registry", tmp_path / "coredns")
    manifest = storage.manifest(repository, "v1.12.1")
    config, layers = manifest["config"], manifest["layers"]
    assert isinstance(config, dict)
    assert isinstance(layers, list)
    configuration = json.loads(storage.blob(config["digest"]))
    assert configuration["config"]["Entrypoint"] == ["/coredns"]
    # A plain tar: what it is by its digest is what it is unpacked.
    assert configuration["rootfs"]["diff_ids"] == [layers[0]["digest"]]
    (tmp_path / "layer.tar").write_bytes(storage.blob(layers[0]["digest"]))
    assert (tmp_path / "layer.tar").stat().st_size == layers[0]["size"]
    with tarfile.open(tmp_path / "layer.tar") as layer:
        assert layer.getnames() == ["coredns"]
    assert storage.layers(repository) == {config["digest"], layers[0]["digest"]}


def test_the_same_images_give_the_same_bytes_and_nothing_else(tmp_path: Path) -> None:
    def files(root: Path) -> dict[str, bytes]:
        return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}

    first, second = tmp_path / "1", tmp_path / "2"
    write(first, tmp_path / "coredns")
    write(second, tmp_path / "coredns")
    assert files(first) == files(second)
    assert all(name.endswith(("/data", "/link")) for name in files(first))
