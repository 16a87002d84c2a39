# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Container images in the docker-archive format."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from pathlib import Path

import pytest

from tests.lab import images
from tests.lab.archive import Entry, Image, write_archive
from tests.lab.errors import LabError


@pytest.fixture(name="program")
def fixture_program(tmp_path: Path) -> Path:
    path = tmp_path / "pause"
    path.write_bytes(b"#!program\n")
    return path


def make(tmp_path: Path, *made: Image) -> tarfile.TarFile:
    path = tmp_path / "images.tar"
    write_archive(path, made)
    return tarfile.open(path)


def member(archive: tarfile.TarFile, name: str) -> bytes:
    file = archive.extractfile(name)
    assert file is not None
    return file.read()


def test_the_manifest_names_images_configurations_and_layers(tmp_path: Path, program: Path) -> None:
    entries = [Entry(path="usr/local/bin/pause", source=program)]
    first = Image(name="registry.k8s.io/pause:3.10.1", entries=entries, config={"Entrypoint": ["/pause"]})
    second = Image(name="localhost/other:1", entries=[Entry(path="tmp", mode=0o1777)])
    with make(tmp_path, first, second) as archive:
        manifest = json.loads(member(archive, "manifest.json"))
        assert [entry["RepoTags"] for entry in manifest] == [["registry.k8s.io/pause:3.10.1"], ["localhost/other:1"]]
        for entry in manifest:
            configuration = member(archive, entry["Config"])
            assert entry["Config"] == f"{hashlib.sha256(configuration).hexdigest()}.json"
            layers = [f"sha256:{hashlib.sha256(member(archive, layer)).hexdigest()}" for layer in entry["Layers"]]
            assert json.loads(configuration)["rootfs"] == {"type": "layers", "diff_ids": layers}
        configuration = json.loads(member(archive, manifest[0]["Config"]))
        assert configuration["config"]["Entrypoint"] == ["/pause"]
        assert (configuration["os"], configuration["architecture"]) == ("linux", "amd64")


def test_a_layer_has_parents_programs_links_and_directories(tmp_path: Path, program: Path) -> None:
    entries = [
        Entry(path="usr/local/bin/pause", source=program),
        Entry(path="usr/local/bin/other", link="pause"),
        Entry(path="tmp", mode=0o1777),
    ]
    with make(tmp_path, Image(name="localhost/a:1", entries=entries)) as archive:
        manifest = json.loads(member(archive, "manifest.json"))
        content = io.BytesIO(member(archive, manifest[0]["Layers"][0]))
    with tarfile.open(fileobj=content) as layer:
        assert layer.getnames() == [
            "usr",
            "usr/local",
            "usr/local/bin",
            "usr/local/bin/pause",
            "usr/local/bin/other",
            "tmp",
        ]
        assert member(layer, "usr/local/bin/pause") == b"#!program\n"
        assert layer.getmember("usr/local/bin/pause").mode == 0o755
        assert layer.getmember("usr/local/bin/other").linkname == "pause"
        assert layer.getmember("tmp").mode == 0o1777
        assert layer.getmember("usr").isdir()


def test_the_same_input_gives_the_same_bytes(tmp_path: Path, program: Path) -> None:
    image = Image(name="localhost/a:1", entries=[Entry(path="pause", source=program)])
    first, second = tmp_path / "1.tar", tmp_path / "2.tar"
    write_archive(first, [image])
    program.touch()
    write_archive(second, [image])
    assert first.read_bytes() == second.read_bytes()


@pytest.mark.parametrize(
    ("image", "base"),
    [
        ("registry.k8s.io/coredns/coredns:v1.12.1", "coredns"),
        ("registry.k8s.io/kube-apiserver:v1.34.4", "kube-apiserver"),
        ("example.org:5000/etcd:3.6.5-0", "etcd"),
        (images.SMOKE, "smoke"),
    ],
)
def test_the_base_name_of_an_image(image: str, base: str) -> None:
    assert images.base_name(image) == base


def test_each_image_has_the_programs_of_the_original(tmp_path: Path) -> None:
    described = images.describe("registry.k8s.io/etcd:3.6.5-0", binaries=tmp_path, root=tmp_path)
    assert [entry.path for entry in described.entries] == [
        "usr/local/bin/etcd",
        "usr/local/bin/etcdctl",
        "usr/local/bin/etcdutl",
    ]
    assert [entry.source for entry in described.entries] == [tmp_path / name for name in ("etcd", "etcdctl", "etcdutl")]


def test_an_unknown_image_is_an_error_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(LabError, match=r"kubeadm wants the image registry\.k8s\.io/new:v1, which the lab cannot make"):
        images.describe("registry.k8s.io/new:v1", binaries=tmp_path, root=tmp_path)


def test_the_pause_image_is_found_among_the_others() -> None:
    assert images.pause(["registry.k8s.io/etcd:3", "registry.k8s.io/pause:3.10.1"]) == "registry.k8s.io/pause:3.10.1"


@pytest.mark.parametrize("image", ["ghcr.io/flannel-io/other:v1", "ghcr.io/flannel-io/flannel:v1"])
def test_a_manifest_of_flannel_with_other_images_is_an_error(tmp_path: Path, image: str) -> None:
    with pytest.raises(LabError, match="flannel's manifest names the images"):
        images.flannel(tmp_path, tmp_path, f"      - image: {image}\n")
