# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The X.509 adapter on certificates of every kind that a cluster may have; openssl has the second opinion."""

from __future__ import annotations

import functools
import hashlib
import subprocess
import typing as t

import pytest
from cryptography import x509

from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host.commands import HostCommands
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.text.openssl import OpensslIdentities
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.text.x509 import CryptographyX509
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.certificate import rfc3339
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.errors import InvalidInput
from tests.unit.plugins.certificates import Issued, make_ca, make_certificate

if t.TYPE_CHECKING:
    from pathlib import Path

    from ansible_collections.kubeadm.ha.plugins.module_utils._ports.x509 import CertificateIdentities

X509 = CryptographyX509()
ALGORITHMS = {"rsa": "RSA 2048", "ecdsa": "ECDSA secp256r1", "ed25519": "Ed25519"}


@functools.cache
def ca(algorithm: str = "ecdsa") -> Issued:
    return make_ca(algorithm=algorithm)


def openssl(pem: bytes, *arguments: str) -> str:
    ended = subprocess.run(["openssl", "x509", "-noout", *arguments], input=pem, capture_output=True, check=True)
    return ended.stdout.decode().strip()


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_facts(algorithm: str) -> None:
    issued = make_certificate(ca(algorithm), "cp1", "192.0.2.11", "2001:db8::1", "*.Example.org", algorithm=algorithm)
    (found,) = X509.certificates(issued.certificate)
    assert found.key_algorithm == ALGORITHMS[algorithm]
    assert (found.subject, found.issuer, found.is_ca, found.is_server) == (
        "CN=kube-apiserver",
        "CN=kubernetes",
        False,
        True,
    )
    assert found.dns_names == ("*.example.org", "cp1")
    assert found.ip_addresses == ("192.0.2.11", "2001:db8::1")
    assert found.serial_hex == openssl(issued.certificate, "-serial").partition("=")[2]
    assert (rfc3339(found.not_before), rfc3339(found.not_after)) == ("2026-11-20T08:00:00Z", "2027-11-21T08:00:00Z")
    fingerprint = openssl(issued.certificate, "-fingerprint", "-sha256").partition("=")[2]
    assert found.fingerprint_sha256 == fingerprint.replace(":", "").lower()


def test_hash_of_the_public_key_is_kubeadms() -> None:
    """By the pipeline of https://kubernetes.io/docs/reference/setup-tools/kubeadm/kubeadm-join/."""
    public_key = openssl(ca("rsa").certificate, "-pubkey").encode()
    der = subprocess.run(
        ["openssl", "pkey", "-pubin", "-outform", "der"], input=public_key, capture_output=True, check=True
    ).stdout
    (found,) = X509.certificates(ca("rsa").certificate)
    assert found.public_key_sha256 == f"sha256:{hashlib.sha256(der).hexdigest()}"
    assert found.is_ca is True


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("ca_algorithm", ALGORITHMS)
def test_keys_and_cas(algorithm: str, ca_algorithm: str) -> None:
    issuer = ca(ca_algorithm)
    issued = make_certificate(issuer, "cp1", algorithm=algorithm)
    other = make_certificate(issuer, "cp1", algorithm="ecdsa")
    impostors = [
        make_ca(algorithm=kind) for kind in ("ecdsa", "ed25519", "rsa") if (kind, ca_algorithm) != ("rsa", "rsa")
    ]
    assert X509.key_matches(issued.certificate, issued.key)
    assert not X509.key_matches(issued.certificate, other.key)
    assert X509.is_signed_by(issued.certificate, issuer.certificate)
    for impostor in impostors:
        assert not X509.is_signed_by(issued.certificate, impostor.certificate)
    assert not X509.is_signed_by(issued.certificate, other.certificate)
    assert not X509.is_signed_by(issued.certificate, make_ca("other").certificate)
    assert X509.is_signed_by(issued.certificate, impostors[0].certificate + issuer.certificate)
    assert X509.is_signed_by(issuer.certificate, issuer.certificate)


def test_chains_texts_around_and_keys_in_the_same_file() -> None:
    issued = make_certificate(ca(), "cp1")
    text = b"subject=CN = x\n" + issued.certificate + b"\nother text\n" + ca().certificate + issued.key
    assert [found.is_ca for found in X509.certificates(text)] == [False, True]
    assert X509.key_matches(text, text)
    assert X509.certificates(issued.certificate.replace(b"\n", b"\r\n"))[0].dns_names == ("cp1",)


def test_names_of_other_kinds_and_addresses_as_names() -> None:
    names = (
        x509.UniformResourceIdentifier("spiffe://example.org/x"),
        x509.RFC822Name("root@example.org"),
        x509.RegisteredID(x509.ObjectIdentifier("1.2.3.4")),
        x509.DNSName("192.0.2.10"),
        x509.DNSName("2001:DB8::10"),
        x509.DNSName("odd name"),
    )
    (found,) = X509.certificates(make_certificate(ca(), *names).certificate)
    assert [name.partition(":")[0] for name in found.other_sans] == ["RegisteredID", "URI", "email"]
    assert found.misplaced_sans == ("192.0.2.10", "2001:db8::10")
    assert found.dns_names == ("192.0.2.10", "2001:db8::10", "odd name")
    assert found.ip_addresses == ()


@pytest.mark.parametrize("reader", [X509, OpensslIdentities(HostCommands())], ids=["cryptography", "openssl"])
@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_identities_by_library_and_by_program(reader: CertificateIdentities, algorithm: str) -> None:
    name = x509.Name(
        [
            x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, "system:nodes"),
            x509.NameAttribute(x509.NameOID.COMMON_NAME, "system:node:cp1.example.org"),
        ]
    )
    issued = make_certificate(ca(algorithm), "cp1", algorithm=algorithm, name=name)
    found = reader.identities(b"text before\n" + issued.certificate + issued.key + ca(algorithm).certificate)
    expected = X509.certificates(issued.certificate + ca(algorithm).certificate)
    assert [item.subject for item in found] == ["CN=system:node:cp1.example.org,O=system:nodes", "CN=kubernetes"]
    assert [item.public_key_sha256 for item in found] == [item.public_key_sha256 for item in expected]


def test_no_key_is_given_to_the_program() -> None:
    given: list[str] = []

    class Watched(HostCommands):
        def run(self, arguments: t.Sequence[str], **options: t.Any) -> t.Any:
            given.append(options["stdin"])
            return super().run(arguments, **options)

    issued = make_certificate(ca(), "cp1")
    assert OpensslIdentities(Watched()).identities(issued.key + issued.certificate)
    assert given
    assert not any("PRIVATE" in text for text in given)


def test_usage() -> None:
    client = make_certificate(ca(), usage=x509.oid.ExtendedKeyUsageOID.CLIENT_AUTH)
    assert X509.certificates(client.certificate)[0].is_server is False
    assert X509.certificates(make_certificate(ca(), usage=None).certificate)[0].is_server is True


ISSUED = make_certificate(make_ca(), "cp1")
BROKEN = {
    "empty": b"",
    "no certificate": ISSUED.key,
    "cut off": ISSUED.certificate[:-40],
    "cut off in the second": ISSUED.certificate + ISSUED.certificate[:200],
    "no base64": b"-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n",
    "no DER": b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    "binary": bytes(range(256)),
}


@pytest.mark.parametrize("text", BROKEN)
def test_broken_certificates(text: str) -> None:
    for read in (
        lambda: X509.certificates(BROKEN[text]),
        lambda: X509.identities(BROKEN[text]),
        lambda: OpensslIdentities(HostCommands()).identities(BROKEN[text]),
        lambda: X509.is_signed_by(BROKEN[text], ISSUED.certificate),
        lambda: X509.is_signed_by(ISSUED.certificate, BROKEN[text]),
        lambda: X509.key_matches(BROKEN[text], ISSUED.key),
    ):
        with pytest.raises(InvalidInput):
            read()


def test_broken_keys(tmp_path: Path) -> None:
    encrypted = tmp_path / "key"
    encrypted.write_bytes(ISSUED.key)
    locked = subprocess.run(
        ["openssl", "pkcs8", "-topk8", "-in", str(encrypted), "-passout", "pass:x"], capture_output=True, check=True
    ).stdout
    for key in (b"", ISSUED.certificate, locked, ISSUED.key[:60] + b"\n-----END EC PRIVATE KEY-----\n"):
        with pytest.raises(InvalidInput) as caught:
            X509.key_matches(ISSUED.certificate, key)
        assert ISSUED.key.splitlines()[1].decode() not in caught.value.message


def test_a_key_with_its_curve_before_it(tmp_path: Path) -> None:
    """As ``openssl ecparam -genkey`` writes it."""
    key = subprocess.run(
        ["openssl", "ecparam", "-name", "prime256v1", "-genkey"], capture_output=True, check=True
    ).stdout
    path = tmp_path / "key"
    path.write_bytes(key)
    certificate = subprocess.run(
        ["openssl", "req", "-x509", "-new", "-key", str(path), "-subj", "/CN=x", "-days", "1"],
        capture_output=True,
        check=True,
    ).stdout
    assert b"EC PARAMETERS" in key
    assert X509.key_matches(certificate, key)
    assert X509.is_signed_by(certificate, certificate)
