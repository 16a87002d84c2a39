# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the files of a host say of its control plane."""

from __future__ import annotations

import base64
import typing as t

import pytest
import yaml
from cryptography import x509
from cryptography.x509.oid import NameOID

from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.text.pyyaml import PyYaml
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.text.x509 import CryptographyX509
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.errors import UnsupportedState
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.component.local_control_plane import (
    LocalControlPlane,
    Overrides,
    collect,
)
from tests.unit.plugins.certificates import MemoryFiles, make_ca, make_certificate

MANIFESTS = "/etc/kubernetes/manifests"
MANIFEST = f"{MANIFESTS}/kube-apiserver.yaml"
FLAGS = "/var/lib/kubelet/kubeadm-flags.env"
INSTANCE = "/var/lib/kubelet/instance-config.yaml"
KUBECONFIG = "/etc/kubernetes/kubelet.conf"
CLIENT = "/var/lib/kubelet/pki/kubelet-client-current.pem"

CA = make_ca()


def manifest(*flags: str, args: tuple[str, ...] = ()) -> bytes:
    container = {"name": "kube-apiserver", "command": ["kube-apiserver", *flags], "args": list(args)}
    return yaml.safe_dump({"spec": {"containers": [container]}}).encode()


def kubelet_conf(**user: t.Any) -> bytes:
    return yaml.safe_dump({"users": [{"name": "default-auth", "user": user}]}).encode()


def inspect(files: dict[str, bytes], **overrides: t.Any) -> LocalControlPlane:
    return collect(
        MemoryFiles(files),
        PyYaml(),
        CryptographyX509(),
        overrides=Overrides(**overrides),
        manifests_dir=MANIFESTS,
        host_name="HOST.example.org",
    )


CLIENT_PEM = make_certificate(CA, name="system:node:cp1").certificate
BASE = {MANIFEST: manifest("--advertise-address=192.0.2.11", "--secure-port=6443")}

TABLE: dict[str, tuple[dict[str, bytes], dict[str, t.Any], LocalControlPlane]] = {
    "all from kubeadm's files": (
        {
            MANIFEST: manifest(
                "--advertise-address=192.0.2.11",
                "--secure-port=8443",
                "--tls-cert-file=/etc/kubernetes/pki/apiserver.crt",
            ),
            FLAGS: b'KUBELET_KUBEADM_ARGS="--container-runtime-endpoint=unix:///run/containerd/containerd.sock --v=2"\n',
            KUBECONFIG: kubelet_conf(**{"client-certificate": CLIENT}),
            CLIENT: CLIENT_PEM,
        },
        {},
        LocalControlPlane(
            "cp1", "192.0.2.11", 8443, "unix:///run/containerd/containerd.sock", "/etc/kubernetes/pki/apiserver.crt"
        ),
    ),
    "the socket where kubeadm 1.34 and later has it": (
        {
            **BASE,
            FLAGS: b'KUBELET_KUBEADM_ARGS=""\n',
            INSTANCE: b'containerRuntimeEndpoint: "unix:///run/crio/crio.sock"\n',
        },
        {},
        LocalControlPlane("host.example.org", "192.0.2.11", 6443, "unix:///run/crio/crio.sock"),
    ),
    "the kubelet's flag before its files": (
        {
            **BASE,
            FLAGS: b'X="--container-runtime-endpoint=unix:///a"\n',
            INSTANCE: b"containerRuntimeEndpoint: unix:///b\n",
        },
        {},
        LocalControlPlane("host.example.org", "192.0.2.11", 6443, "unix:///a"),
    ),
    "no socket in the kubelet's files": (
        {**BASE, INSTANCE: b'containerRuntimeEndpoint: ""\nother: unix:///c\n'},
        {},
        LocalControlPlane("host.example.org", "192.0.2.11", 6443),
    ),
    "embedded client certificate": (
        {**BASE, KUBECONFIG: kubelet_conf(**{"client-certificate-data": base64.b64encode(CLIENT_PEM).decode()})},
        {},
        LocalControlPlane("cp1", "192.0.2.11", 6443),
    ),
    "certificate before flag": (
        {
            **BASE,
            KUBECONFIG: kubelet_conf(**{"client-certificate": CLIENT}),
            CLIENT: CLIENT_PEM,
            FLAGS: b"--hostname-override=x",
        },
        {},
        LocalControlPlane("cp1", "192.0.2.11", 6443),
    ),
    "flag before host name": (
        {**BASE, FLAGS: b'ARGS="--hostname-override=Node-1"'},
        {},
        LocalControlPlane("node-1", "192.0.2.11", 6443),
    ),
    "host name": (dict(BASE), {}, LocalControlPlane("host.example.org", "192.0.2.11", 6443)),
    "unreadable kubelet.conf": (
        {**BASE, KUBECONFIG: b"a: ["},
        {},
        LocalControlPlane("host.example.org", "192.0.2.11", 6443),
    ),
    "certificate is gone": (
        {**BASE, KUBECONFIG: kubelet_conf(**{"client-certificate": CLIENT})},
        {},
        LocalControlPlane("host.example.org", "192.0.2.11", 6443),
    ),
    "flags as args, IPv6, no port": (
        {MANIFEST: manifest(args=("--advertise-address=2001:DB8::11",))},
        {},
        LocalControlPlane("host.example.org", "2001:db8::11", 6443),
    ),
    "overridden": (
        dict(BASE),
        {"node_name": "CP9", "advertise_address": "198.51.100.9", "bind_port": 7443},
        LocalControlPlane("cp9", "198.51.100.9", 7443),
    ),
    "overridden without a manifest": (
        {},
        {"advertise_address": "198.51.100.9"},
        LocalControlPlane("host.example.org", "198.51.100.9", 6443),
    ),
}


@pytest.mark.parametrize("case", TABLE)
def test_find(case: str) -> None:
    files, overrides, expected = TABLE[case]
    assert inspect(files, **overrides) == expected


@pytest.mark.parametrize(
    ("files", "overrides", "reason"),
    [
        ({}, {}, "set the option advertise_address"),
        ({MANIFEST: manifest("--secure-port=6443")}, {}, "set the option advertise_address"),
        (BASE, {"advertise_address": "cp1.example.org"}, "set the option advertise_address"),
        ({MANIFEST: b"a: ["}, {}, "is no manifest of a static pod"),
        ({MANIFEST: b"spec: {containers: []}"}, {}, "is no manifest of a static pod"),
        ({MANIFEST: b"text"}, {}, "is no manifest of a static pod"),
    ],
)
def test_not_found(files: dict[str, bytes], overrides: dict[str, t.Any], reason: str) -> None:
    with pytest.raises(UnsupportedState, match=reason):
        inspect(files, **overrides)


def test_node_name_of_a_subject_with_an_organization() -> None:
    """The kubelet's certificate has ``O=system:nodes`` beside its name."""
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "system:nodes"),
            x509.NameAttribute(NameOID.COMMON_NAME, "system:node:cp1.example.org"),
        ]
    )
    files = {**BASE, KUBECONFIG: kubelet_conf(**{"client-certificate": CLIENT})}
    files[CLIENT] = make_certificate(CA, name=subject).certificate
    assert inspect(files).node_name == "cp1.example.org"


def test_init_configuration_without_a_socket() -> None:
    assert LocalControlPlane("cp1", "192.0.2.11", 6443).init_configuration("kubeadm.k8s.io/v1beta3") == {
        "apiVersion": "kubeadm.k8s.io/v1beta3",
        "kind": "InitConfiguration",
        "localAPIEndpoint": {"advertiseAddress": "192.0.2.11", "bindPort": 6443},
        "nodeRegistration": {"name": "cp1"},
    }
