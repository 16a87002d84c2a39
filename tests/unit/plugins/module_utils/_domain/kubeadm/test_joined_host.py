# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host is to a cluster by what of a join is on it."""

from __future__ import annotations

import base64
import typing as t

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.text.pyyaml import PyYaml
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.text.x509 import CryptographyX509
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.address import Endpoint
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.kubeadm import joined_host
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.kubeadm.joined_host import HostFiles
from tests.unit.plugins.certificates import MemoryFiles, make_ca, make_certificate

CA = make_ca()
OTHER_CA = make_ca()
X509 = CryptographyX509()
HASH = X509.certificates(CA.certificate)[0].public_key_sha256
OTHER_HASH = X509.certificates(OTHER_CA.certificate)[0].public_key_sha256
CLIENT = "/var/lib/kubelet/pki/kubelet-client-current.pem"

WORKER = {
    "/etc/kubernetes/kubelet.conf",
    "/etc/kubernetes/pki/ca.crt",
    "/var/lib/kubelet/config.yaml",
    "/var/lib/kubelet/kubeadm-flags.env",
    CLIENT,
}
MANIFESTS = {
    f"/etc/kubernetes/manifests/{name}.yaml" for name in ("kube-apiserver", "kube-controller-manager", "kube-scheduler")
}
CONFIGS = {f"/etc/kubernetes/{name}.conf" for name in ("admin", "controller-manager", "scheduler")}
ETCD = {"/etc/kubernetes/manifests/etcd.yaml", "/var/lib/etcd/member"}
CONTROL_PLANE = WORKER | MANIFESTS | CONFIGS | ETCD
CONTROL_PLANE_EXTERNAL_ETCD = WORKER | MANIFESTS | CONFIGS

#: What is on the host, the name in its certificate, its CA's hash, is it to be a control plane; the state.
STATES: dict[str, tuple[set[str], str | None, str | None, bool, str]] = {
    "nothing": (set(), None, None, False, joined_host.CLEAN),
    "nothing, control plane": (set(), None, None, True, joined_host.CLEAN),
    "an old etcd does not disturb a worker": ({"/var/lib/etcd/member"}, None, None, False, joined_host.CLEAN),
    "an old etcd disturbs a control plane": ({"/var/lib/etcd/member"}, None, None, True, joined_host.HALF_JOINED),
    "worker": (WORKER, "w1", HASH, False, joined_host.MEMBER),
    "worker without flags file": (
        WORKER - {"/var/lib/kubelet/kubeadm-flags.env"},
        "w1",
        HASH,
        False,
        joined_host.MEMBER,
    ),
    "control plane": (CONTROL_PLANE, "cp2", HASH, True, joined_host.MEMBER),
    "control plane, external etcd": (CONTROL_PLANE_EXTERNAL_ETCD, "cp2", HASH, True, joined_host.MEMBER),
    "worker that is to be a control plane": (WORKER, "w1", HASH, True, joined_host.OTHER_ROLE),
    "control plane that is to be a worker": (CONTROL_PLANE, "cp2", HASH, False, joined_host.OTHER_ROLE),
    "only bootstrap-kubelet.conf": (
        {"/etc/kubernetes/bootstrap-kubelet.conf", "/etc/kubernetes/pki/ca.crt"},
        None,
        HASH,
        False,
        joined_host.HALF_JOINED,
    ),
    "kubelet.conf without a client certificate": (WORKER - {CLIENT}, None, HASH, False, joined_host.HALF_JOINED),
    "kubelet.conf without the kubelet's configuration": (
        WORKER - {"/var/lib/kubelet/config.yaml"},
        "w1",
        HASH,
        False,
        joined_host.HALF_JOINED,
    ),
    "control plane killed before its etcd": (CONTROL_PLANE - ETCD, "cp2", HASH, True, joined_host.HALF_JOINED),
    "control plane without its scheduler, asked as worker": (
        CONTROL_PLANE - {"/etc/kubernetes/manifests/kube-scheduler.yaml"},
        "cp2",
        HASH,
        False,
        joined_host.HALF_JOINED,
    ),
    "manifests without kubelet.conf": (MANIFESTS | CONFIGS, None, None, True, joined_host.HALF_JOINED),
    "another cluster's worker": (WORKER, "w1", OTHER_HASH, False, joined_host.FOREIGN),
    "another cluster's CA alone": ({"/etc/kubernetes/pki/ca.crt"}, None, OTHER_HASH, True, joined_host.FOREIGN),
    "another cluster's rest is foreign, not half joined": (MANIFESTS, None, OTHER_HASH, True, joined_host.FOREIGN),
}


def host(present: set[str], node: str | None, ca_hash: str | None, **more: t.Any) -> HostFiles:
    """What is on a host."""
    return HostFiles(
        present=tuple(sorted(present)),
        ca_hashes=frozenset() if ca_hash is None else frozenset({ca_hash}),
        node_name=node,
        **more,
    )


def found_in(name: str) -> HostFiles:
    """What is on the host of one of the states."""
    present, node, ca_hash, _control_plane, _expected = STATES[name]
    uses_local_etcd = bool(present & MANIFESTS) and name != "control plane, external etcd"
    return host(present, node, ca_hash, uses_local_etcd=uses_local_etcd)


@pytest.mark.parametrize("name", STATES)
def test_states(name: str) -> None:
    control_plane, expected = STATES[name][3:]
    state = joined_host.classify(found_in(name), ca_cert_hashes=(HASH,), control_plane=control_plane)
    assert state.kind == expected


@pytest.mark.parametrize(
    ("present", "ca_hash", "control_plane", "expected"),
    [
        ({"/etc/kubernetes/pki/ca.crt"}, HASH, True, joined_host.CLEAN),
        ({"/etc/kubernetes/ssl/ca.crt"}, HASH, True, joined_host.CLEAN),
        ({"/etc/kubernetes/pki/ca.crt"}, HASH, False, joined_host.HALF_JOINED),
        ({"/etc/kubernetes/pki/ca.crt"}, OTHER_HASH, True, joined_host.FOREIGN),
        ({"/etc/kubernetes/pki/ca.crt", "/etc/kubernetes/admin.conf"}, HASH, True, joined_host.HALF_JOINED),
        ({"/etc/kubernetes/pki/ca.crt", "/var/lib/etcd/member"}, HASH, True, joined_host.HALF_JOINED),
    ],
)
def test_authorities_that_were_copied_before_are_no_join(
    present: set[str], ca_hash: str, control_plane: bool, expected: str
) -> None:
    state = joined_host.classify(
        host(present, None, ca_hash), ca_cert_hashes=(HASH,), control_plane=control_plane, brings_authorities=True
    )
    assert state.kind == expected
    uploaded = joined_host.classify(host(present, None, ca_hash), ca_cert_hashes=(HASH,), control_plane=control_plane)
    assert uploaded.kind != joined_host.CLEAN


@given(st.sets(st.sampled_from(sorted(CONTROL_PLANE))), st.booleans(), st.booleans(), st.booleans())
def test_a_member_has_all_that_a_join_leaves(
    present: set[str], control_plane: bool, has_certificate: bool, uses_local_etcd: bool
) -> None:
    found = host(present, "n1" if has_certificate else None, HASH, uses_local_etcd=uses_local_etcd)
    kind = joined_host.classify(found, ca_cert_hashes=(HASH,), control_plane=control_plane).kind
    if kind == joined_host.MEMBER:
        assert {"/etc/kubernetes/kubelet.conf", "/var/lib/kubelet/config.yaml"} <= present
        assert has_certificate
        assert (present >= MANIFESTS | CONFIGS) == control_plane
    if kind == joined_host.CLEAN:
        assert present <= {"/var/lib/etcd/member"}
    # Joining is never decided on a host that has something of a join.
    assert kind != joined_host.CLEAN or not present - {"/var/lib/etcd/member"}


def kubeconfig(ca: bytes = CA.certificate, **user: t.Any) -> bytes:
    """A kubelet.conf."""
    document = {
        "clusters": [
            {
                "name": "default-cluster",
                "cluster": {
                    "server": "https://192.0.2.10:6443",
                    "certificate-authority-data": base64.b64encode(ca).decode(),
                },
            }
        ],
        "contexts": [{"name": "c", "context": {"cluster": "default-cluster", "user": "default-auth"}}],
        "current-context": "c",
        "users": [{"name": "default-auth", "user": user}],
    }
    return yaml.safe_dump(document).encode()


def worker_files(**more: bytes) -> dict[str, bytes]:
    """The files of a joined worker w1."""
    client = make_certificate(CA, name="system:node:w1")
    files = dict.fromkeys(WORKER, b"x")
    files["/etc/kubernetes/kubelet.conf"] = kubeconfig(**{"client-certificate": CLIENT, "client-key": CLIENT})
    files["/etc/kubernetes/pki/ca.crt"] = CA.certificate
    files[CLIENT] = client.certificate + client.key
    return {**files, **more}


def test_files_are_understood() -> None:
    found = joined_host.collect(MemoryFiles(worker_files()), PyYaml(), X509)
    assert found == HostFiles(
        present=tuple(sorted(WORKER)),
        ca_hashes=frozenset({HASH}),
        node_name="w1",
        server="https://192.0.2.10:6443",
    )
    embedded = base64.b64encode(make_certificate(CA, name="system:node:w2").certificate).decode()
    files = {"/etc/kubernetes/kubelet.conf": kubeconfig(**{"client-certificate-data": embedded})}
    assert joined_host.collect(MemoryFiles(files), PyYaml(), X509).node_name == "w2"
    manifest = {
        "spec": {
            "containers": [
                {
                    "command": [
                        "kube-apiserver",
                        "--advertise-address=192.0.2.12",
                        "--secure-port=8443",
                        "--etcd-servers=https://127.0.0.1:2379",
                    ]
                }
            ]
        }
    }
    files = {"/etc/kubernetes/manifests/kube-apiserver.yaml": yaml.safe_dump(manifest).encode()}
    found = joined_host.collect(MemoryFiles(files), PyYaml(), X509)
    assert (found.api_server, found.uses_local_etcd) == (Endpoint("192.0.2.12", 8443), True)


@pytest.mark.parametrize(
    "broken",
    [
        b"",
        b"\xff\xfe",
        b"- a list",
        b"clusters: [",
        kubeconfig(ca=b"no PEM", **{"client-certificate-data": "!"}),
        kubeconfig(**{"client-certificate": "/gone"}),
    ],
)
def test_a_broken_kubelet_conf_is_half_joined(broken: bytes) -> None:
    files = worker_files()
    files["/etc/kubernetes/kubelet.conf"] = broken
    found = joined_host.collect(MemoryFiles(files), PyYaml(), X509)
    assert found.node_name is None
    assert joined_host.classify(found, ca_cert_hashes=(HASH,), control_plane=False).kind == joined_host.HALF_JOINED
