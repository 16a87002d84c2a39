# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Facts of certificates from every kind of source, good, bad and broken."""

from __future__ import annotations

import base64
import functools
import typing as t

import pytest
import yaml

from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.text.pyyaml import PyYaml
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.text.x509 import CryptographyX509
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.address import Endpoint, parse_sans
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.errors import KubeadmHaError
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.pki.certificate_inspection import (
    Ports,
    Wanted,
    inspect,
)
from tests.unit.plugins.certificates import NOW, Issued, MemoryFiles, make_ca, make_certificate
from tests.unit.plugins.memory_api import MemoryClock

PKI = "/etc/kubernetes/pki"
SECRET = "c2VjcmV0"


@functools.cache
def ca(name: str = "kubernetes") -> Issued:
    return make_ca(name)


@functools.cache
def leaf(*sans: str, **options: t.Any) -> Issued:
    return make_certificate(ca(), *sans, **options)


class Server:
    """``Tls`` with one certificate; keeps what it was asked."""

    def __init__(self, pem: bytes | None) -> None:
        self.pem = pem
        self.asked: list[tuple[str, str | None, float]] = []

    def served_certificate(
        self, endpoint: Endpoint, *, server_name: str | None = None, timeout: float = 5.0
    ) -> bytes | None:
        self.asked.append((str(endpoint), server_name, timeout))
        return self.pem


def inspected(files: dict[str, bytes], *, served: bytes | None = None, **wanted: t.Any) -> list[dict[str, t.Any]]:
    clock = MemoryClock(NOW.timestamp())
    ports = Ports(MemoryFiles(files), CryptographyX509(), Server(served), clock, PyYaml())
    decision = inspect(ports, Wanted(**wanted))
    assert decision.changes == ()
    return t.cast("list[dict[str, t.Any]]", decision.values["certificates"])


def test_a_directory_as_kubeadm_makes_it() -> None:
    etcd_ca = ca("etcd-ca")
    etcd = make_certificate(etcd_ca, "cp1")
    server = leaf("cp1", "192.0.2.11")
    files = {
        f"{PKI}/ca.crt": ca().certificate,
        f"{PKI}/ca.key": ca().key,
        f"{PKI}/apiserver.crt": server.certificate,
        f"{PKI}/apiserver.key": leaf("other").key,
        f"{PKI}/apiserver-etcd-client.crt": etcd.certificate,
        f"{PKI}/etcd/ca.crt": etcd_ca.certificate,
        f"{PKI}/etcd/server.crt": etcd.certificate,
        f"{PKI}/etcd/server.key": etcd.key,
        f"{PKI}/etcd/peer.crt": server.certificate,
        f"{PKI}/broken.crt": b"nothing",
        f"{PKI}/sa.pub": b"no certificate",
    }
    entries = {
        entry["source"][len(PKI) + 1 :]: entry
        for entry in inspected(files, pki_dir=PKI, expected_sans=parse_sans(["192.0.2.11", "k8s.example.org"]))
    }
    reported = {name: (entry["key_matches"], entry["signed_by_ca"]) for name, entry in entries.items()}
    assert reported == {
        "apiserver-etcd-client.crt": (None, True),
        "apiserver.crt": (False, True),
        "broken.crt": (None, None),
        "ca.crt": (True, True),
        "etcd/ca.crt": (None, True),
        "etcd/peer.crt": (None, False),
        "etcd/server.crt": (True, True),
    }
    assert entries["apiserver.crt"]["missing_sans"] == ["k8s.example.org"]
    assert entries["ca.crt"]["missing_sans"] is None
    assert entries["broken.crt"]["error"] == f"{PKI}/broken.crt: The PEM text is cut off or holds no certificate."
    assert {name for name, entry in entries.items() if entry["error"]} == {"broken.crt"}
    assert {frozenset(entry) for entry in entries.values()} == {frozenset(entries["ca.crt"])}


@pytest.mark.parametrize(
    ("lifetime", "is_expired", "is_not_yet_valid", "days_left"),
    [((-1, 30), False, False, 30), ((-30, -1), True, False, -1), ((1, 30), False, True, 30)],
)
def test_validity(lifetime: tuple[int, int], is_expired: bool, is_not_yet_valid: bool, days_left: int) -> None:
    (entry,) = inspected({"/a.crt": leaf("cp1", lifetime=lifetime).certificate}, paths=("/a.crt",))
    assert (entry["is_expired"], entry["is_not_yet_valid"], entry["days_left"]) == (
        is_expired,
        is_not_yet_valid,
        days_left,
    )
    assert (entry["key_matches"], entry["signed_by_ca"], entry["error"]) == (None, None, None)


def test_a_chain_with_its_key() -> None:
    text = leaf("cp1").certificate + ca().certificate + leaf("cp1").key
    entries = inspected({"/chain.pem": text, "/ca.crt": ca().certificate}, paths=("/chain.pem",), ca_path="/ca.crt")
    reported = [(entry["index"], entry["is_ca"], entry["key_matches"], entry["signed_by_ca"]) for entry in entries]
    assert reported == [(0, False, True, True), (1, True, None, True)]


def test_a_key_beside_it_and_another_ca() -> None:
    files = {"/a.crt": leaf("cp1").certificate, "/a.key": leaf("cp1").key, "/ca": ca("other").certificate}
    (entry,) = inspected(files, paths=("/a.crt",), ca_path="/ca")
    assert (entry["key_matches"], entry["signed_by_ca"]) == (True, False)


def _kubeconfig() -> dict[str, t.Any]:
    def data(pem: bytes) -> str:
        return base64.b64encode(pem).decode()

    client = leaf(name="kubernetes-admin")
    return {
        "clusters": [
            {"name": "embedded", "cluster": {"certificate-authority-data": data(ca().certificate)}},
            {"name": "file", "cluster": {"certificate-authority": "pki/ca.crt"}},
            {"name": "none", "cluster": {"insecure-skip-tls-verify": True}},
            {"name": "missing", "cluster": {"certificate-authority": "/no/ca.crt"}},
        ],
        "users": [
            {
                "name": "embedded",
                "user": {
                    "client-certificate-data": data(client.certificate),
                    "client-key-data": data(client.key),
                },
            },
            {
                "name": "file",
                "user": {"client-certificate": "/var/lib/kubelet/pki/current.pem", "client-key": "/etc/kubernetes/k"},
            },
            {"name": "token", "user": {"token": SECRET}},
            {"name": "no base64", "user": {"client-certificate-data": "%"}},
            {"name": "no certificate", "user": {"client-certificate-data": data(b"x")}},
        ],
    }


def test_a_kubeconfig() -> None:
    client = leaf(name="kubernetes-admin")
    files = {
        "/etc/kubernetes/x.conf": yaml.safe_dump(_kubeconfig()).encode(),
        "/etc/kubernetes/pki/ca.crt": ca().certificate,
        "/etc/kubernetes/k": leaf("other").key,
        "/var/lib/kubelet/pki/current.pem": client.certificate,
        "/ca": ca().certificate,
    }
    entries = inspected(files, kubeconfig="/etc/kubernetes/x.conf", ca_path="/ca")
    reported = {
        entry["source"].removeprefix("/etc/kubernetes/x.conf "): (entry["key_matches"], entry["signed_by_ca"])
        for entry in entries
        if entry["error"] is None
    }
    assert reported == {
        "cluster embedded": (None, True),
        "cluster file": (None, True),
        "user embedded": (True, True),
        "user file": (False, True),
    }
    errors = {entry["source"].rpartition("x.conf ")[2]: entry["error"] for entry in entries if entry["error"]}
    assert set(errors) == {"cluster missing", "user no base64", "user no certificate"}
    assert "/no/ca.crt" in errors["cluster missing"]
    assert SECRET not in repr(entries)


def test_an_endpoint() -> None:
    (entry,) = inspected(
        {"/ca": ca().certificate},
        served=leaf("cp1", "192.0.2.11").certificate,
        endpoint=Endpoint("192.0.2.11", 6443),
        server_name="kubernetes",
        timeout=2.0,
        ca_path="/ca",
        expected_sans=parse_sans(["192.0.2.11", "192.0.2.10"]),
    )
    assert (entry["source"], entry["missing_sans"], entry["signed_by_ca"], entry["key_matches"]) == (
        "192.0.2.11:6443",
        ["192.0.2.10"],
        True,
        None,
    )


def test_missing_sans_are_reported_of_servers_only() -> None:
    client = make_certificate(ca(), usage=None)
    (entry,) = inspected({"/a.crt": client.certificate}, paths=("/a.crt",), expected_sans=parse_sans(["cp1"]))
    assert entry["missing_sans"] == ["cp1"]
    (entry,) = inspected({"/ca.crt": ca().certificate}, paths=("/ca.crt",), expected_sans=parse_sans(["cp1"]))
    assert entry["missing_sans"] is None


FAILURES: dict[str, tuple[dict[str, bytes], dict[str, t.Any]]] = {
    r"no file /none.crt \(option paths\)": ({}, {"paths": ("/none.crt",)}),
    r"/a.crt: The PEM text is cut off": ({"/a.crt": b"x"}, {"paths": ("/a.crt",)}),
    r"no file /ca \(option ca_path\)": ({"/a.crt": ca().certificate}, {"paths": ("/a.crt",), "ca_path": "/ca"}),
    r"no directory /none: set the option pki_dir": ({}, {"pki_dir": "/none"}),
    r"no file /none.conf \(option kubeconfig\)": ({}, {"kubeconfig": "/none.conf"}),
    r"/a.conf \(option kubeconfig\) cannot be read": (
        {"/a.conf": b"a: [" + SECRET.encode()},
        {"kubeconfig": "/a.conf"},
    ),
    r"192.0.2.11:6443 served no certificate within 5 s": ({}, {"endpoint": Endpoint("192.0.2.11", 6443)}),
}


@pytest.mark.parametrize("reason", FAILURES)
def test_what_was_named_must_be_there(reason: str) -> None:
    files, wanted = FAILURES[reason]
    with pytest.raises(KubeadmHaError, match=reason) as caught:
        inspected(files, **wanted)
    assert SECRET not in repr(caught.value)
