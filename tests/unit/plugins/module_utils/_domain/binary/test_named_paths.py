# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which paths flags name, and what of them is a host's own."""

from __future__ import annotations

import pytest

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.binary import named_paths
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.binary.named_paths import (
    INPUT,
    OUTPUT_DIRECTORY,
    OUTPUT_FILE,
    NamedPath,
)


@pytest.mark.parametrize(
    ("flag", "value", "expected"),
    [
        ("client-ca-file", "/ssl/ca.pem", [("/ssl/ca.pem", INPUT)]),
        ("client-ca-file", "/ssl//x/../ca.pem", [("/ssl/ca.pem", INPUT)]),
        ("tls-sni-cert-key", "/a.pem,/a.key:example.org", [("/a.pem", INPUT), ("/a.key", INPUT)]),
        ("audit-log-path", "/logs/audit.log", [("/logs/audit.log", OUTPUT_FILE)]),
        ("cert-dir", "/ssl", [("/ssl", OUTPUT_DIRECTORY)]),
        ("etcd-servers", "https://192.0.2.1:2379,https://192.0.2.2:2379", []),
        ("container-runtime-endpoint", "unix:///run/containerd/containerd.sock", []),
        ("bind-address", "0.0.0.0", []),
        ("service-account-issuer", "https://kubernetes.default.svc", []),
        ("audit-log-path", "-", []),
    ],
)
def test_paths_of_a_flag(flag: str, value: str, expected: list[tuple[str, str]]) -> None:
    """Lists of paths are several, URLs are none."""
    found = list(named_paths.of_arguments({flag: (value,)}))
    assert found == [NamedPath(path, flag, role) for path, role in expected]


def test_the_directory_of_what_is_written_must_be_there() -> None:
    """Of a file that is written the directory, of a directory itself."""
    assert NamedPath("/logs/audit.log", "audit-log-path", OUTPUT_FILE).directory == "/logs"
    assert NamedPath("/ssl", "cert-dir", OUTPUT_DIRECTORY).directory == "/ssl"


def test_what_a_kubelet_has_for_itself() -> None:
    """Its kubeconfig and its serving certificate, by flag or by field. Other components have nothing of the kind."""
    arguments = {"kubeconfig": ("/k",), "bootstrap-kubeconfig": ("/b",), "tls-cert-file": ("/c",)}
    fields = {"tlsPrivateKeyFile": "/p", "authentication.x509.clientCAFile": "/ca"}
    assert named_paths.own_of_host("kubelet", arguments, fields) == {"/k", "/c", "/p"}
    assert named_paths.own_of_host("kube-scheduler", arguments, fields) == frozenset()


def test_paths_in_a_document() -> None:
    """Values of fields that are absolute paths."""
    text = 'kind: X\nplugins:\n- name: a\n  path: /etc/a.yaml\n  other: "/etc/b.yaml"\n# path: /etc/c\nurl: https://x/y\nrules:\n- /healthz*\n'
    assert named_paths.in_document(text) == ("/etc/a.yaml", "/etc/b.yaml")
