# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the lab reads of the machine, and what it writes for podman and for the nodes."""

from __future__ import annotations

import resource
import tomllib
from pathlib import Path

import pytest

from tests.lab import debian, golang, machine, paths
from tests.lab.errors import InputError, LabError

GO_MOD = """\
// This is a generated file.

module k8s.io/kubernetes

go 1.24.0

require (
\tgithub.com/google/cadvisor v0.52.1
\tk8s.io/api v0.0.0
\tk8s.io/sample-apiserver v0.0.0
)

replace (
\tk8s.io/api => ./staging/src/k8s.io/api
\tk8s.io/sample-apiserver => ./staging/src/k8s.io/sample-apiserver
)
"""


def test_kubernetes_is_wrapped_with_its_own_dependencies() -> None:
    assert golang.wrap(GO_MOD, "v1.34.4") == (
        "// This is a generated file.\n\nmodule lab/kubernetes\n\ngo 1.24.0\n\n"
        "require (\n\tgithub.com/google/cadvisor v0.52.1\n\tk8s.io/api v0.0.0\n)\n\n"
        "replace (\n\tk8s.io/api => k8s.io/api v0.34.4\n)\n\nrequire k8s.io/kubernetes v1.34.4\n"
    )


def test_programs_say_their_version_and_the_date_of_the_release() -> None:
    flags = golang.kubernetes_flags("v1.34.4", date="2026-02-10T12:00:00Z", commit="abc")
    for package in ("k8s.io/component-base/version", "k8s.io/client-go/pkg/version"):
        assert f"-X {package}.gitVersion=v1.34.4 " in f"{flags} "
        assert f"-X {package}.gitMinor=34 " in f"{flags} "
        assert f"-X {package}.buildDate=2026-02-10T12:00:00Z" in flags


@pytest.mark.parametrize(
    ("hard", "nofile", "nproc"),
    [(resource.RLIM_INFINITY, 1048576, 32768), (20000, 20000, 20000), (2000000, 1048576, 32768)],
)
def test_podman_asks_for_no_more_than_the_machine_allows(hard: int, nofile: int, nproc: int) -> None:
    parsed = tomllib.loads(machine.containers_conf(lambda _kind: hard))
    assert parsed["containers"]["default_ulimits"] == [f"nofile={nofile}:{nofile}", f"nproc={nproc}:{nproc}"]
    assert parsed["engine"]["runtime"] == "runc"
    assert parsed["engine"]["cgroup_manager"] == "cgroupfs"


def test_a_file_is_written_only_when_it_differs(tmp_path: Path) -> None:
    path = tmp_path / "containers.conf"
    machine.write_if_changed(path, "a")
    first = path.stat().st_ino
    machine.write_if_changed(path, "a")
    assert path.stat().st_ino == first
    machine.write_if_changed(path, "b")
    assert path.read_text() == "b"
    assert list(tmp_path.iterdir()) == [path]


def test_name_servers_on_the_machine_itself_are_of_no_use_to_nodes(tmp_path: Path) -> None:
    stub, real = tmp_path / "stub", tmp_path / "real"
    stub.write_text("nameserver 127.0.0.53\nsearch example.org\n")
    real.write_text("search example.org\nnameserver 192.0.2.53\n")
    assert machine.name_servers((stub, real)) == "search example.org\nnameserver 192.0.2.53\n"
    assert machine.name_servers((stub, tmp_path / "missing")) == ""


def test_mirrors_come_from_the_machine_in_both_formats(tmp_path: Path) -> None:
    (tmp_path / "sources.list").write_text(
        "# deb http://old.example/debian bookworm main\n"
        "deb [signed-by=/usr/share/keyrings/x.gpg] http://one.example/debian bookworm main\n"
        "deb-src http://source.example/debian bookworm main\n"
    )
    parts = tmp_path / "sources.list.d"
    parts.mkdir()
    (parts / "debian.sources").write_text(
        "Types: deb\nURIs: http://two.example/security\nSuites: bookworm-security\nComponents: main\n\n"
        "Types: deb-src\nURIs: http://source.example/debian\nSuites: bookworm\n"
    )
    mirrors = debian.machine_mirrors(tmp_path, codename="bookworm")
    assert mirrors == debian.Mirrors(main="http://one.example/debian", security="http://two.example/security")
    assert mirrors.sources().splitlines()[0] == "deb http://one.example/debian trixie main"


def test_a_machine_without_a_mirror_of_its_release_is_refused(tmp_path: Path) -> None:
    (tmp_path / "sources.list").write_text("deb http://archive.example/ubuntu noble main\n")
    with pytest.raises(LabError, match="runs Debian"):
        debian.machine_mirrors(tmp_path, codename="bookworm")


def test_nodes_have_no_python_packages_beyond_the_base() -> None:
    assert {name for name in debian.PACKAGES if name.startswith("python3")} == {"python3", "python3-apt"}


@pytest.mark.parametrize(
    ("environment", "root"),
    [
        ({"KUBEADM_HA_CACHE": "/a"}, "/a/lab"),
        ({"KUBEADM_HA_CACHE": "/a", "XDG_CACHE_HOME": "/b"}, "/a/lab"),
        ({"XDG_CACHE_HOME": "/b"}, "/b/kubeadm-ha/lab"),
        ({}, f"{Path.home()}/.cache/kubeadm-ha/lab"),
    ],
)
def test_the_cache_is_where_the_user_wants_it(environment: dict[str, str], root: str) -> None:
    assert paths.cache(environment).root == Path(root)


@pytest.mark.parametrize("name", ["", "A", "a_b", "-a", "a-", "a" * 33, "../a"])
def test_a_labs_name_is_a_part_of_a_containers_name(name: str) -> None:
    with pytest.raises(InputError, match="lower-case letters, digits and hyphens"):
        paths.check_name(name)
