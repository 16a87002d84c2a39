# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where kubeadm's certificates are: anywhere, under one name or two, and never in the luggage of a join."""

from __future__ import annotations

import base64
import copy
import os
import typing as t
from pathlib import Path

import pytest

from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.collect.control_plane_inspection import (
    ControlPlaneInspection,
)
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host import certificates_dir as adapter
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.component.static_pod import Mount, StaticPod
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.pki import certificates_dir, leaf_keys
from tests.unit.plugins.module_utils._domain.plan.test_planning import before, plan_of, record

SSL = "/etc/kubernetes/ssl"
PKI = "/etc/kubernetes/pki"
#: What kubeadm writes with certificatesDir.
KUBEADMS = {
    "client-ca-file": "ca.crt",
    "etcd-cafile": "etcd/ca.crt",
    "etcd-certfile": "apiserver-etcd-client.crt",
    "etcd-keyfile": "apiserver-etcd-client.key",
    "kubelet-client-certificate": "apiserver-kubelet-client.crt",
    "kubelet-client-key": "apiserver-kubelet-client.key",
    "proxy-client-cert-file": "front-proxy-client.crt",
    "proxy-client-key-file": "front-proxy-client.key",
    "requestheader-client-ca-file": "front-proxy-ca.crt",
    "service-account-key-file": "sa.pub",
    "service-account-signing-key-file": "sa.key",
    "tls-cert-file": "apiserver.crt",
    "tls-private-key-file": "apiserver.key",
}
OWN_KEYS = (
    *("apiserver", "apiserver-kubelet-client", "apiserver-etcd-client", "front-proxy-client"),
    *("etcd/server", "etcd/peer", "etcd/healthcheck-client"),
)
SHARED_KEYS = ("ca", "front-proxy-ca", "sa", "etcd/ca")


def key(name: str) -> str:
    """A PEM block like a private key's."""
    body = name.encode().hex()
    return f"-----BEGIN RSA PRIVATE KEY-----\n{body}\n-----END RSA PRIVATE KEY-----\n"


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ({name: f"{SSL}/{file}" for name, file in KUBEADMS.items()}, SSL),
        ({"client-ca-file": "/srv/pki/ca.crt", "tls-cert-file": "/srv/pki/apiserver.crt"}, "/srv/pki"),
        # The serving certificate is somebody else's, the rest is kubeadm's.
        (
            {**{name: f"{PKI}/{file}" for name, file in KUBEADMS.items()}, "tls-cert-file": "/etc/own/apiserver.crt"},
            PKI,
        ),
        ({"tls-cert-file": "/etc/own/public.pem"}, None),
        ({"client-ca-file": ""}, None),
        ({}, None),
    ],
)
def test_the_flags_say_it(flags: dict[str, str], expected: str | None) -> None:
    assert certificates_dir.of_api_server(StaticPod(tuple(flags.items()))) == expected


def test_a_mount_is_followed() -> None:
    pod = StaticPod((("client-ca-file", "/pki/ca.crt"),), (Mount("k8s-certs", SSL, "/pki"),))
    assert certificates_dir.of_api_server(pod) == SSL


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"authentication:\n  x509:\n    clientCAFile: {SSL}/ca.crt\n", SSL),
        (f"authentication:\n  x509:\n    clientCAFile: '{SSL}/ca.crt' # ours\n", SSL),
        ("authentication:\n  x509:\n    clientCAFile: /etc/own/bundle.pem\n", None),
        ("authentication: {}\n", None),
        ("", None),
    ],
)
def test_the_kubelet_says_it(text: str, expected: str | None) -> None:
    assert certificates_dir.of_kubelet(text) == expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (PKI, SSL),
        (f"{PKI}/ca.crt", f"{SSL}/ca.crt"),
        (f"{PKI}/etcd/ca.crt", "/data/etcd/ca.crt"),
        (f"{PKI}-old/ca.crt", f"{PKI}-old/ca.crt"),
        (f"{SSL}/ca.crt", f"{SSL}/ca.crt"),
    ],
)
def test_links_are_followed(path: str, expected: str) -> None:
    assert certificates_dir.resolve(path, {PKI: SSL, f"{PKI}/etcd": "/data/etcd"}) == expected


class Disk:
    """A control plane's directory with the whole PKI in ``ssl``, and ``pki`` as a link to it or not there."""

    def __init__(self, root: Path, *, linked: bool) -> None:
        """Write all files."""
        self.root = root
        self.ssl = root / "kubernetes" / "ssl"
        (root / "kubernetes" / "manifests").mkdir(parents=True)
        (self.ssl / "etcd").mkdir(parents=True)
        for stem in (*OWN_KEYS, *SHARED_KEYS):
            (self.ssl / f"{stem}.key").write_text(key(stem), encoding="utf-8")
            (self.ssl / f"{stem}.{'pub' if stem == 'sa' else 'crt'}").write_text(stem, encoding="utf-8")
        if linked:
            (root / "kubernetes" / "pki").symlink_to(self.ssl)

    def run(self, *mounts: str, **flags: str) -> None:
        """The API server's manifest with further mounts of directories, read-only, and flags."""
        arguments = {name: f"{self.ssl}/{file}" for name, file in KUBEADMS.items()}
        arguments |= {name.replace("_", "-"): value for name, value in flags.items()}
        lines = ["apiVersion: v1", "kind: Pod", "spec:", "  containers:", "  - command:", "    - kube-apiserver"]
        lines += [f"    - --{name}={value}" for name, value in arguments.items()]
        lines += ["    volumeMounts:"]
        for number, path in enumerate((str(self.ssl), *mounts)):
            lines += [f"    - mountPath: {path}", f"      name: v{number}", "      readOnly: true"]
        lines += ["  volumes:"]
        for number, path in enumerate((str(self.ssl), *mounts)):
            lines += ["  - hostPath:", f"      path: {path}", f"    name: v{number}"]
        text = "\n".join(lines) + "\n"
        (self.root / "kubernetes" / "manifests" / "kube-apiserver.yaml").write_text(text, encoding="utf-8")

    def inspection(self, **options: t.Any) -> ControlPlaneInspection:
        """The inspection of it, as the modules do it."""
        kubernetes = str(self.root / "kubernetes")
        return ControlPlaneInspection(pki_dir=adapter.find(kubernetes), kubernetes_dir=kubernetes, **options)

    def carried(self) -> list[str]:
        """Paths of the files that would be carried, below the root."""
        files = self.inspection().files().files
        return [os.path.relpath(item.path, self.root) for item in files if (item.use, item.kind) == ("carried", "file")]


@pytest.fixture(name="disk", params=[True, False], ids=["with the link", "without the link"])
def _disk(request: pytest.FixtureRequest, tmp_path: Path) -> Disk:
    return Disk(tmp_path, linked=request.param)


def test_nothing_of_the_pki_is_carried(disk: Disk) -> None:
    disk.run()
    assert adapter.find(str(disk.root / "kubernetes")) == str(disk.ssl)
    assert disk.inspection().files().as_dict() == {"files": [], "refusals": [], "missing": []}


def test_the_pki_under_its_other_name_is_not_carried_either(tmp_path: Path) -> None:
    disk = Disk(tmp_path, linked=True)
    other = str(tmp_path / "kubernetes" / "pki")
    disk.run(other, oidc_ca_file=f"{other}/oidc.crt")
    (disk.ssl / "oidc.crt").write_text("oidc", encoding="utf-8")
    assert disk.carried() == ["kubernetes/pki/oidc.crt"]
    (tmp_path / "elsewhere").symlink_to(disk.ssl)
    disk.run(str(tmp_path / "elsewhere"))
    assert disk.carried() == []


@pytest.mark.parametrize("stem", OWN_KEYS)
def test_a_copy_of_a_key_of_this_host_is_refused(disk: Disk, stem: str) -> None:
    copies = disk.root / "copies"
    copies.mkdir()
    (copies / "both.pem").write_text(f"certificate\n{key(stem)}", encoding="utf-8")
    (copies / "policy.yaml").write_text("policy", encoding="utf-8")
    disk.run(str(copies))
    assert disk.carried() == ["copies/policy.yaml"]
    (reported,) = disk.inspection().files().refusals
    assert reported == (
        f"{copies}/both.pem holds the private key of a certificate of this host (the same key as {disk.ssl}/{stem}.key), "
        "and such a key is not carried: give each joining control plane a pair of its own there, and name the path in "
        "kubeadm_ha_unmanaged_files."
    )
    assert disk.inspection(unmanaged=[str(copies / "both.pem")]).files().refusals == ()


@pytest.mark.parametrize("flag", sorted(leaf_keys.FLAGS))
def test_a_key_that_a_flag_names_as_this_hosts_is_refused(disk: Disk, flag: str) -> None:
    own = disk.root / "own"
    own.mkdir()
    (own / "server.key").write_text(key("somebody else's"), encoding="utf-8")
    disk.run(str(own), **{flag: f"{own}/server.key"})
    assert disk.carried() == []
    assert [f"(--{flag})" in text for text in disk.inspection().files().refusals] == [True]


def test_shared_keys_elsewhere_are_carried(disk: Disk) -> None:
    """A key for a name that all API servers serve, or a signer's, belongs to the cluster."""
    own = disk.root / "own"
    own.mkdir()
    (own / "sni.key").write_text(key("sni"), encoding="utf-8")
    disk.run(str(own), tls_sni_cert_key=f"{own}/sni.crt,{own}/sni.key")
    assert disk.carried() == ["own/sni.key"]


def test_a_key_inside_a_kubeconfig_is_reported() -> None:
    text = key("apiserver").encode()
    document = b"client-key-data: " + base64.b64encode(text) + b"\n"
    assert leaf_keys.digests(document) == leaf_keys.digests(text) != frozenset()
    assert leaf_keys.digests(b"LS0tLS1CRUdJTi=") == frozenset()


Arguments = dict[str, t.Any]


def in_directory(arguments: Arguments, directory: str, *, configured: str = SSL, link: bool = False) -> Arguments:
    """The same cluster with its certificates elsewhere."""
    moved = copy.deepcopy(arguments)
    for report in moved["hosts"].values():
        if report["certificates"]:
            report["pki_dir"] = directory
            report["directory_links"] = {PKI: SSL} if link else {}
            for item in report["certificates"]:
                item["path"] = item["path"].replace(PKI, directory)
            # The inspection lists what it finds under either name.
            files = [path for path in report["kubernetes_files"] if path.startswith(f"{PKI}/")]
            other = [path for path in report["kubernetes_files"] if path not in files]
            names = {SSL, PKI} if link else {directory}
            report["kubernetes_files"] = [
                *other,
                *(path.replace(PKI, name) for path in files for name in sorted(names)),
            ]
    data = moved["cluster"]["configmaps"]["kube-system/kubeadm-config"]["data"]
    data["ClusterConfiguration"] += f"certificatesDir: {configured}\n"
    return moved


def messages(arguments: Arguments) -> list[str]:
    return [problem.message for problem in plan_of(arguments).problems]


@pytest.mark.parametrize("link", [True, False])
def test_the_plan_is_that_of_the_usual_place(link: bool) -> None:
    expected = plan_of(before())
    for directory in (SSL, *([PKI] if link else [])):
        found = plan_of(in_directory(before(), directory, link=link))
        assert found.problems == ()
        assert found.entries == expected.entries
        balance = record(found, "lb1", "balance")
        assert (balance.probe_ca, balance.probe_ca_key) == (f"{directory}/ca.crt", f"{directory}/ca.key")
        assert found.ca_certificate == expected.ca_certificate != ""


def test_a_configuration_that_sends_joining_hosts_elsewhere_is_reported() -> None:
    (reported,) = messages(in_directory(before(), SSL, configured="/srv/pki"))
    assert reported.startswith(
        "certificatesDir of ConfigMap kube-system/kubeadm-config is /srv/pki, but the API server of cp1 runs with the "
        "certificates of /etc/kubernetes/ssl: joining control planes would get the former;"
    )


def test_a_missing_key_is_named_where_it_should_be() -> None:
    arguments = in_directory(before(), SSL)
    arguments["hosts"]["cp1"]["has_ca_key"] = False
    assert messages(arguments)[0].startswith("cp1 has no /etc/kubernetes/ssl/ca.key (external CA)")
