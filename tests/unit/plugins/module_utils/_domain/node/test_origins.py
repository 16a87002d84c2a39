# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a host asks of repositories and mirrors, and what is said of the answers."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.node import kubernetes_programs, origins
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.node.origins import Answer, Wanted
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.node.report import Hardware, Program
from tests.unit.plugins.module_utils._domain.node.values import BARE, IDENTITY, decided, messages

OWN = {"url": "http://repo.example/deb/", "key": "-----BEGIN PGP PUBLIC KEY BLOCK-----\nx"}
PEM = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----"
INDEX = """\
Package: kubeadm
Version: 1.34.2-1.1
Architecture: amd64

Package: kubelet
Version: 1.34.9-1.1

Version: 1.34.10-2.1
Package: kubeadm
"""


@pytest.mark.parametrize(
    ("manager", "version", "repository", "url"),
    [
        ("apt", "1.34.4", OWN, "http://repo.example/deb/Packages"),
        ("apt", "v1.34.4", None, "https://pkgs.k8s.io/core:/stable:/v1.34/deb/Packages"),
        ("dnf", "1.34.4", {}, "https://pkgs.k8s.io/core:/stable:/v1.34/rpm/repodata/repomd.xml"),
        ("zypper", "1.34.4", OWN, "http://repo.example/deb/repodata/repomd.xml"),
        ("apt", "1.34", {}, None),
        ("apt", "", "nonsense", None),
        ("", "1.34.4", OWN, None),
        ("apt", "1.34.4", {"url": "file:///srv/deb"}, None),
    ],
)
def test_the_index_of_packages(manager: str, version: str, repository: object, url: str | None) -> None:
    assert origins.of_packages(manager, version, repository) == (None if url is None else Wanted(url))


@pytest.mark.parametrize(
    ("mirrors", "wanted"),
    [
        ({"registry.k8s.io": "http://mirror:5000/"}, [Wanted("http://mirror:5000/v2/")]),
        (
            {"a": {"url": "https://m/v2/k8s", "ca": PEM}, "b": {"url": "https://m/v2/k8s", "ca": PEM}},
            [Wanted("https://m/v2/k8s", PEM)],
        ),
        ({"a": {"url": "mirror:5000"}, "b": None, "c": {}}, []),
        (["x"], []),
        (None, []),
    ],
)
def test_mirrors(mirrors: object, wanted: list[Wanted]) -> None:
    assert list(origins.of_mirrors(mirrors)) == wanted


def test_versions_of_kubeadm_newest_first() -> None:
    assert origins.kubeadm_versions(INDEX) == ("1.34.10", "1.34.2")


@given(st.text())
def test_any_text_is_an_index_without_kubeadm_or_with(text: str) -> None:
    assert isinstance(origins.kubeadm_versions(text), tuple)


def said(answers: dict[str, Answer], **inputs: t.Any) -> str:
    return messages(decided(dataclasses.replace(BARE, origins=answers), **inputs))


MIRROR = {"registry.k8s.io": {"url": "https://mirror.example", "ca": ""}}
VERIFY = "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: self-signed certificate in certificate chain"


@pytest.mark.parametrize(
    ("answer", "inputs", "part"),
    [
        (Answer(200), {}, ""),
        (Answer(401), {}, ""),
        (
            Answer(404),
            {},
            "the mirror of registry.k8s.io in kubeadm_ha_registry_mirrors (HTTP status 404): correct its url, or start it.",
        ),
        (
            Answer(0, "[Errno 111] Connection refused"),
            {},
            "([Errno 111] Connection refused): correct its url, or start it.",
        ),
        (Answer(0, VERIFY), {}, "give its ca, the certificates of its CA in PEM."),
        (Answer(0, VERIFY), {"ca": PEM}, "its ca is not the one that issued its certificate."),
    ],
)
def test_a_mirror_is_reached_and_trusted(answer: Answer, inputs: dict[str, str], part: str) -> None:
    mirrors = {"registry.k8s.io": {**MIRROR["registry.k8s.io"], **inputs}}
    text = said({"https://mirror.example/v2/": answer}, registry_mirrors=mirrors)
    assert text.startswith("h1 does not reach https://mirror.example") is bool(part)
    assert text.endswith(part)


@pytest.mark.parametrize(
    ("answer", "part"),
    [
        (Answer(200, versions=("1.34.5", "1.34.4")), ""),
        (Answer(200), ""),
        (
            Answer(200, versions=("1.34.5", "1.34.2")),
            "kubeadm_ha_kubernetes_version is 1.34.4, which http://repo.example/deb does not have: it has 1.34.5, 1.34.2.",
        ),
        (
            Answer(404),
            "h1 does not reach the packages at http://repo.example/deb (HTTP status 404): correct kubeadm_ha_package_repository",
        ),
        (Answer(0, "timed out"), "h1 does not reach the packages at http://repo.example/deb (timed out)"),
    ],
)
def test_packages_are_there_before_they_are_needed(answer: Answer, part: str) -> None:
    text = said({"http://repo.example/deb/Packages": answer}, package_repository=OWN)
    assert text.startswith(part)
    assert bool(text) is bool(part)


def test_who_takes_no_package_needs_no_repository() -> None:
    assert said({"http://repo.example/deb/Packages": Answer(404)}, package_repository=OWN, binaries="/srv/bin") == ""


@pytest.mark.parametrize(
    ("hardware", "inputs", "parts"),
    [
        (Hardware(2, 1700 << 20), {}, ()),
        (Hardware(1, 1 << 30), {"node_type": "worker"}, ()),
        (
            Hardware(1, 1 << 30),
            {},
            ("h1 has 1 CPU, and", "h1 has 1024 MiB of memory, and kubeadm takes no control plane with less than 1700"),
        ),
        (Hardware(1, 1 << 30), {"ignore_preflight_errors": "NumCPU,Mem"}, ()),
        (Hardware(1, 1 << 30), {"ignore_preflight_errors": ["all"]}, ()),
        (
            Hardware(1, 1 << 30),
            {"ignore_preflight_errors": ["Mem"]},
            ("add NumCPU to kubeadm_ha_ignore_preflight_errors",),
        ),
    ],
)
def test_what_kubeadm_would_refuse_is_refused_before(
    hardware: Hardware, inputs: dict[str, t.Any], parts: tuple[str, ...]
) -> None:
    found = decided(dataclasses.replace(BARE, hardware=hardware), **{"node_type": "control_plane", **inputs})
    assert len(found.problems) == len(parts)
    assert all(part in messages(found) for part in parts)


CHECK = "SystemVerification"
BEARS, FAILS = {"failCgroupV1": False}, {"failCgroupV1": True}
BOTH = ("set failCgroupV1: false in kubeadm_ha_kubelet_configuration and add SystemVerification to",)


@pytest.mark.parametrize(
    ("version", "configuration", "ignored", "parts"),
    [
        ("1.34.4", {}, [], ()),
        ("1.34.4", BEARS, [], ()),
        ("1.34.4", FAILS, [], (", or set failCgroupV1: false in kubeadm_ha_kubelet_configuration.",)),
        ("1.35.0", {}, [], BOTH),
        ("1.37.1", FAILS, [], BOTH),
        ("1.37.1", {}, ["Mem"], BOTH),
        ("1.37.1", {}, [CHECK], (", or set failCgroupV1: false in kubeadm_ha_kubelet_configuration.",)),
        ("1.37.1", BEARS, [], (", or add SystemVerification to kubeadm_ha_ignore_preflight_errors.",)),
        ("1.37.1", BEARS, [CHECK], ()),
        ("1.37.1", BEARS, ["all"], ()),
    ],
)
def test_control_groups_of_version_1_are_refused_where_kubelet_or_kubeadm_would(
    version: str, configuration: dict[str, bool], ignored: list[str], parts: tuple[str, ...]
) -> None:
    inputs: dict[str, t.Any] = {
        "kubernetes_version": version,
        "kubelet_configuration": configuration,
        "ignore_preflight_errors": ignored,
        "node_type": "worker",
    }
    report = dataclasses.replace(BARE, hardware=Hardware(4, 8 << 30, has_old_cgroups=True))
    found = decided(report, **inputs)
    assert len(found.problems) == len(parts)
    assert all(part in messages(found) for part in parts), messages(found)
    # A node runs already, and control groups of version 2 are no problem.
    for other in (dataclasses.replace(report, is_node=True), BARE):
        assert "control groups" not in messages(decided(other, **inputs))


@pytest.mark.parametrize(
    ("version", "has_crictl", "inputs", "part"),
    [
        ("1.24.17", False, {"binaries": "/srv/bin"}, "by which kubeadm v1.24.17 asks the container runtime"),
        ("1.30.14", False, {"binaries": "https://dl.example/v1"}, "put it into /usr/local/bin of the host"),
        ("1.30.14", True, {"binaries": "/srv/bin"}, ""),
        ("1.31.0", False, {"binaries": "/srv/bin"}, ""),
        ("1.37.1", False, {"binaries": "/srv/bin"}, ""),
        # Its package brings it.
        ("1.30.14", False, {}, ""),
    ],
)
def test_old_kubeadm_without_a_package_needs_crictl(
    version: str, has_crictl: bool, inputs: dict[str, t.Any], part: str
) -> None:
    crictl = {"crictl": Program("/usr/local/bin/crictl", "")} if has_crictl else {}
    report = dataclasses.replace(BARE, programs={**BARE.programs, **crictl})
    found = messages(decided(report, kubernetes_version=version, **inputs))
    assert ("crictl" in found) is bool(part)
    assert part in found


def test_programs_are_of_one_architecture_and_packages_of_each() -> None:
    others = {
        "h0": dataclasses.replace(
            IDENTITY, architecture="aarch64", hostname="h0", machine_id="bb", mac_addresses=(), boot_id="b"
        )
    }
    assert "h1 is x86_64 and h0 aarch64, but the programs of kubeadm_ha_binaries are of one architecture" in messages(
        decided(BARE, others, binaries="/srv/bin")
    )
    assert messages(decided(BARE, others)) == ""


@pytest.mark.parametrize(
    ("binaries", "url"),
    [
        ("https://dl.example/v1.34.4/", "https://dl.example/v1.34.4"),
        ("/srv/kubernetes", None),
        ("", None),
        (None, None),
    ],
)
def test_programs_of_a_url(binaries: object, url: str | None) -> None:
    """The digest of the plugins is asked for where there are none."""
    both = () if url is None else (Wanted(f"{url}/kubeadm.sha256"), Wanted(f"{url}/cni-plugins.tgz.sha256"))
    assert origins.of_programs(binaries, has_cni=False) == both
    assert origins.of_programs(binaries, has_cni=True) == both[:1]


@pytest.mark.parametrize(
    ("answer", "part"),
    [(Answer(200), ""), (Answer(404), "HTTP status 404"), (Answer(0, "Connection refused"), "Connection refused")],
)
def test_programs_are_there_before_they_are_needed(answer: Answer, part: str) -> None:
    report = dataclasses.replace(BARE, origins={"https://dl.example/v1/kubeadm.sha256": answer})
    said = messages(decided(report, binaries="https://dl.example/v1"))
    assert ("h1 does not reach https://dl.example/v1/kubeadm.sha256" in said) is bool(part)
    assert part in said


def test_the_digest_of_the_plugins_is_there_before_it_is_needed() -> None:
    found = {"https://dl.example/v1/kubeadm.sha256": Answer(200)}
    for answers, missing in (
        (found, False),
        ({**found, "https://dl.example/v1/cni-plugins.tgz.sha256": Answer(200)}, False),
        ({**found, "https://dl.example/v1/cni-plugins.tgz.sha256": Answer(404)}, True),
    ):
        said = messages(decided(dataclasses.replace(BARE, origins=answers), binaries="https://dl.example/v1"))
        wanted = "h1 does not reach https://dl.example/v1/cni-plugins.tgz.sha256 (HTTP status 404)"
        assert (wanted in said) is missing


@pytest.mark.parametrize(
    ("binaries", "there", "said"),
    [
        ("/srv/k8s", {"kubeadm", "kubectl", "kubelet", "cni-plugins.tgz"}, ""),
        (
            "/srv/k8s",
            {"kubeadm", "kubectl"},
            "kubeadm_ha_binaries is /srv/k8s, where the controller has no kubelet and no cni-plugins.tgz:",
        ),
        ("https://dl.example/v1", set(), ""),
        ("", set(), ""),
    ],
)
def test_programs_of_the_controller(binaries: str, there: set[str], said: str) -> None:
    needs = decided(BARE, binaries=binaries).kubernetes
    found = list(kubernetes_programs.missing_at_source(needs, lambda path: path.rpartition("/")[2] in there))
    assert len(found) == bool(said)
    assert all(problem.message.startswith(said) for problem in found)
