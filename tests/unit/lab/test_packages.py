# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kubernetes' Debian packages and the index of their repository."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest

from tests.lab import addons, packages
from tests.lab.paths import LAB


def made(directory: Path) -> dict[str, packages.Package]:
    plugins = directory / "cni"
    plugins.mkdir()
    for name in ("loopback", "bridge"):
        (plugins / name).touch()
    built = packages.kubernetes("v1.34.4", binaries=directory, units=LAB / "node" / "kubernetes")
    more = [packages.kubernetes_cni("v1.7.1", plugins), packages.cri_tools("v1.30.0", directory / "crictl")]
    return {package.name: package for package in (*built, *more)}


def test_the_packages_of_a_release_have_upstreams_names_and_versions(tmp_path: Path) -> None:
    assert {name: package.version for name, package in made(tmp_path).items()} == {
        "kubeadm": "1.34.4-1.1",
        "kubelet": "1.34.4-1.1",
        "kubectl": "1.34.4-1.1",
        "kubernetes-cni": "1.7.1-1.1",
        "cri-tools": "1.30.0-1.1",
    }


def test_programs_units_and_plugins_are_where_upstream_has_them(tmp_path: Path) -> None:
    found = made(tmp_path)
    assert found["kubernetes-cni"].files.keys() == {"opt/cni/bin/bridge", "opt/cni/bin/loopback"}
    assert found["kubelet"].files["usr/bin/kubelet"].mode == 0o755
    for name, unit in (
        ("kubelet", "usr/lib/systemd/system/kubelet.service"),
        ("kubeadm", "usr/lib/systemd/system/kubelet.service.d/10-kubeadm.conf"),
    ):
        source = found[name].files[unit].source
        assert source is not None
        assert "ExecStart=/usr/bin/kubelet" in source.read_text()
    assert found["kubelet"].conffiles == ["/etc/default/kubelet"]


def test_every_dependency_on_another_of_them_is_there(tmp_path: Path) -> None:
    found = made(tmp_path)
    assert re.findall(r"kubernetes-cni|cri-tools", found["kubelet"].control()) == ["kubernetes-cni"]
    assert re.findall(r"kubernetes-cni|cri-tools", found["kubeadm"].control()) == ["cri-tools"]
    assert "Depends" not in found["kubectl"].control()


def test_the_index_has_the_control_file_and_what_apt_checks(tmp_path: Path) -> None:
    archive = tmp_path / "kubectl_1.34.4-1.1_amd64.deb"
    archive.write_bytes(b"deb")
    package = made(tmp_path)["kubectl"]
    assert package.file_name == archive.name
    entry = packages.index_entry(package, archive)
    assert entry.startswith(package.control())
    assert f"Filename: ./{archive.name}\n" in entry
    assert f"Size: 3\nSHA256: {hashlib.sha256(b'deb').hexdigest()}\n" in entry


def test_the_release_file_has_the_digest_of_the_index() -> None:
    index = "Package: a\n"
    text = packages.release(index, "Sun, 29 Nov 2026 00:00:00 GMT")
    assert text.endswith(f"SHA256:\n {hashlib.sha256(index.encode()).hexdigest()} 11 Packages\n")
    assert "Date: Sun, 29 Nov 2026 00:00:00 GMT\n" in text


@pytest.mark.parametrize(
    ("directory", "module", "version"),
    [
        ("flannel", "github.com/flannel-io/flannel", addons.FLANNEL),
        ("cni-plugins", "github.com/containernetworking/plugins", addons.CNI_PLUGINS),
    ],
)
def test_the_modules_require_the_versions_that_packages_and_images_are_called(
    directory: str, module: str, version: str
) -> None:
    text = (addons.SOURCES / directory / "go.mod").read_text(encoding="utf-8")
    assert re.search(rf"^\s+{re.escape(module)} (\S+)", text, re.MULTILINE)[1] == version  # type: ignore[index]


def test_staging_directories_become_the_modules_published_from_them() -> None:
    go_mod = (
        "replace (\n"
        "\tk8s.io/api => k8s.io/kubernetes/staging/src/k8s.io/api v0.0.0-20240417172702-7c48c2bd72b9\n"
        "\tk8s.io/kubernetes => k8s.io/kubernetes v1.30.0\n"
        "\tk8s.io/sample-apiserver => k8s.io/kubernetes/staging/src/k8s.io/sample-apiserver v0.0.0-2024\n)\n"
    )
    assert addons.published(go_mod, "v1.30.0") == (
        "replace (\n\tk8s.io/api => k8s.io/api v0.30.0\n\tk8s.io/kubernetes => k8s.io/kubernetes v1.30.0\n)\n"
    )
