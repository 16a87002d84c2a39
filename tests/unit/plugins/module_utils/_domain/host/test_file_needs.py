# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which files flags and volumes name, over a table of manifests."""

from __future__ import annotations

import pytest

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.component.static_pod import Mount, StaticPod
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.host.file_needs import (
    Need,
    Places,
    authority_needs,
    is_output,
    needs,
)

PKI = Mount("k8s-certs", "/etc/kubernetes/pki", "/etc/kubernetes/pki", "DirectoryOrCreate", read_only=True)
KUBEADMS = (
    PKI,
    Mount("ca-certs", "/etc/ssl/certs", "/etc/ssl/certs", "DirectoryOrCreate", read_only=True),
    Mount("etc-pki-ca-trust", "/etc/pki/ca-trust", "/etc/pki/ca-trust", "DirectoryOrCreate", read_only=True),
    Mount("u", "/usr/share/ca-certificates", "/usr/share/ca-certificates", "DirectoryOrCreate", read_only=True),
)
KUBEADMS_FLAGS = (
    ("client-ca-file", "/etc/kubernetes/pki/ca.crt"),
    ("etcd-cafile", "/etc/kubernetes/pki/etcd/ca.crt"),
    ("etcd-certfile", "/etc/kubernetes/pki/apiserver-etcd-client.crt"),
    ("service-account-key-file", "/etc/kubernetes/pki/sa.pub"),
    ("tls-private-key-file", "/etc/kubernetes/pki/apiserver.key"),
    ("etcd-servers", "https://127.0.0.1:2379"),
    ("authorization-always-allow-paths", "/healthz,/readyz"),
)


def found(arguments: dict[str, str], *mounts: Mount, patches_dir: str = "") -> list[tuple[str, str]]:
    pod = StaticPod((*KUBEADMS_FLAGS, *arguments.items()), (*KUBEADMS, *mounts))
    return [(need.path, need.use) for need in needs({"kube-apiserver": pod}, Places(), patches_dir=patches_dir)]


def test_kubeadms_own_files_are_not_needed() -> None:
    assert found({}) == []
    controllers = StaticPod(
        (("kubeconfig", "/etc/kubernetes/controller-manager.conf"), ("flex-volume-plugin-dir", "/opt/flex")),
        (
            PKI,
            Mount("kubeconfig", "/etc/kubernetes/controller-manager.conf", "/etc/kubernetes/controller-manager.conf"),
            Mount("flexvolume-dir", "/opt/flex", "/opt/flex", "DirectoryOrCreate"),
            Mount("f", "/usr/libexec/kubernetes/kubelet-plugins/volume/exec", "/f", "DirectoryOrCreate"),
        ),
    )
    assert needs({"kube-controller-manager": controllers}, Places()) == ()


def test_certificates_for_external_etcd_travel_with_kubeadms() -> None:
    arguments = {"etcd-cafile": "/etc/etcd/ca.crt", "etcd-keyfile": "/etc/etcd/client.key"}
    assert found(arguments, Mount("etcd-certs-0", "/etc/etcd", "/etc/etcd", "DirectoryOrCreate", read_only=True)) == []


def test_authorities_are_the_eight_files_that_kubeadms_manual_copies() -> None:
    pki = "/etc/kubernetes/pki"
    pods = {"kube-apiserver": StaticPod(KUBEADMS_FLAGS, KUBEADMS), "etcd": StaticPod((), ())}
    found = authority_needs(pods, Places())
    names = ["ca", "etcd/ca", "front-proxy-ca"]
    pairs = [f"{pki}/{name}.{kind}" for name in names for kind in ("crt", "key")]
    assert [need.path for need in found] == sorted([*pairs, f"{pki}/sa.key", f"{pki}/sa.pub"])
    assert {(need.use, need.is_shared) for need in found} == {("carried", True)}


def test_of_external_etcd_they_are_what_its_clients_need() -> None:
    arguments = {"etcd-cafile": "/e/ca.crt", "etcd-certfile": "/e/client.crt", "etcd-keyfile": "/e/client.key"}
    pod = StaticPod(tuple(arguments.items()), (Mount("etcd-certs-0", "/e", "/e", "DirectoryOrCreate", read_only=True),))
    found = [need.path for need in authority_needs({"kube-apiserver": pod}, Places())]
    assert [path for path in found if path.startswith("/e/")] == sorted(arguments.values())
    assert len(found) == 9
    assert not any(path.startswith("/etc/kubernetes/pki/etcd/") for path in found)


@pytest.mark.parametrize(
    ("case", "arguments", "mounts", "expected"),
    [
        (
            "a directory, read-only",
            {"encryption-provider-config": "/enc/e.yaml"},
            [Mount("enc", "/etc/kubernetes/enc", "/enc", "Directory", read_only=True)],
            [("/etc/kubernetes/enc", "carried")],
        ),
        (
            "a directory without readOnly that a flag names",
            {"encryption-provider-config": "/enc/e.yaml"},
            [Mount("enc", "/etc/kubernetes/enc", "/enc")],
            [("/etc/kubernetes/enc", "carried")],
        ),
        (
            "a directory of logs",
            {"audit-log-path": "/logs/audit.log"},
            [Mount("logs", "/srv/audit", "/logs", "DirectoryOrCreate")],
            [("/srv/audit", "made")],
        ),
        (
            "a log file",
            {"audit-log-path": "/a.log"},
            [Mount("l", "/var/log/a.log", "/a.log")],
            [("/var/log/a.log", "made")],
        ),
        ("standard output is no path", {"audit-log-path": "-"}, [], []),
        (
            "policy and log in one directory",
            {"audit-log-path": "/audit/audit.log", "audit-policy-file": "/audit/policy.yaml"},
            [Mount("audit", "/etc/kubernetes/audit", "/audit")],
            [("/etc/kubernetes/audit", "carried")],
        ),
        (
            "a directory that no flag names is read by another file",
            {},
            [Mount("w", "/etc/kubernetes/webhook", "/w")],
            [("/etc/kubernetes/webhook", "carried")],
        ),
        (
            "an own file in pki",
            {"oidc-ca-file": "/etc/kubernetes/pki/oidc.crt"},
            [],
            [("/etc/kubernetes/pki/oidc.crt", "carried")],
        ),
        (
            "several paths in one value",
            {"tls-sni-cert-key": "/etc/kubernetes/pki/sni.crt,/etc/kubernetes/pki/sni.key:*.example.org"},
            [],
            [("/etc/kubernetes/pki/sni.crt", "carried"), ("/etc/kubernetes/pki/sni.key", "carried")],
        ),
        (
            "a CA of the system",
            {"oidc-ca-file": "/etc/ssl/certs/company.pem"},
            [],
            [("/etc/ssl/certs/company.pem", "needed")],
        ),
        (
            "the system's own",
            {},
            [Mount("tz", "/etc/localtime", "/etc/localtime", "", read_only=True)],
            [("/etc/localtime", "needed")],
        ),
        ("made by the kubelet", {}, [Mount("run", "/run/x", "/run/x", "DirectoryOrCreate")], []),
        ("a socket", {}, [Mount("kms", "/srv/kms.sock", "/kms.sock", "Socket")], [("/srv/kms.sock", "needed")]),
        ("in the image", {"encryption-provider-config": "/in/the/image.yaml"}, [], []),
        (
            "a file below a carried directory",
            {},
            [Mount("d", "/srv/d", "/d"), Mount("f", "/srv/d/f", "/f")],
            [("/srv/d", "carried")],
        ),
    ],
)
def test_what_is_needed(
    case: str, arguments: dict[str, str], mounts: list[Mount], expected: list[tuple[str, str]]
) -> None:
    assert found(arguments, *mounts) == expected, case


def test_all_three_components_and_patches_are_inspected() -> None:
    pods = {
        name: StaticPod((), (Mount("x", f"/srv/{name}", "/x", read_only=True),))
        for name in ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "etcd")
    }
    assert [need.path for need in needs(pods, Places(), patches_dir="/srv/patches")] == [
        "/srv/kube-apiserver",
        "/srv/kube-controller-manager",
        "/srv/kube-scheduler",
        "/srv/patches",
    ]


def test_carried_wins_over_made() -> None:
    pods = {
        "kube-apiserver": StaticPod((("audit-log-path", "/a/x.log"),), (Mount("a", "/srv/a", "/a"),)),
        "kube-scheduler": StaticPod((("config", "/a/s.yaml"),), (Mount("a", "/srv/a", "/a", read_only=True),)),
    }
    assert needs(pods, Places()) == (Need("/srv/a", "carried", ("/srv/a/x.log",)),)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/l/audit.log", True),
        ("/l/audit-2026-01-01T00-00-00.000.log", True),
        ("/l/audit-2026-01-01T00-00-00.000.log.gz", True),
        ("/l/policy.yaml", False),
        ("/l/audit.log.yaml", False),
    ],
)
def test_rotated_logs(path: str, *, expected: bool) -> None:
    assert is_output(path, ["/l/audit.log"]) is expected
