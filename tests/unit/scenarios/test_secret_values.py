# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every form of a secret is found, and nothing that is public is taken for one."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.x509.oid import NameOID

from tests.scenarios.secret_values import certificate_keys, searched_for

TOKEN = "0123456789abcdef"
Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
KEYS: dict[str, Key] = {
    "rsa": rsa.generate_private_key(public_exponent=65537, key_size=2048),
    "ec": ec.generate_private_key(ec.SECP256R1()),
}
FORMATS = {"traditional": serialization.PrivateFormat.TraditionalOpenSSL, "pkcs8": serialization.PrivateFormat.PKCS8}
ENCODINGS: dict[str, Callable[[str], str]] = {
    "as it is": lambda text: text,
    "in JSON": json.dumps,
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64 after one byte": lambda text: base64.b64encode(b"x" + text.encode() + b"y").decode(),
    "base64 after two bytes": lambda text: base64.b64encode(b"xx" + text.encode() + b"yy").decode(),
    "base64 of a kubeconfig": lambda text: base64.b64encode(
        f"client-key-data: {base64.b64encode(text.encode()).decode()}\n".encode()
    ).decode(),
}


def pem(key: Key, form: str) -> str:
    encryption = serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, FORMATS[form], encryption).decode()


def found(secret: str, text: str) -> bool:
    return any(part in text for part in searched_for({"secret": secret}))


@pytest.mark.parametrize("encoding", [name for name in ENCODINGS if "kubeconfig" not in name])
def test_a_token_is_found(encoding: str) -> None:
    assert found(TOKEN, f"before {ENCODINGS[encoding](TOKEN)} after")


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("kind", KEYS)
def test_a_private_key_is_found(kind: str, form: str, encoding: str) -> None:
    text = pem(KEYS[kind], form)
    assert found(text, f"before {ENCODINGS[encoding](text)} after")


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("kind", KEYS)
def test_what_is_public_of_a_key_is_not_found(kind: str, form: str) -> None:
    key = KEYS[kind]
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "kubernetes")])
    begin = datetime(2026, 1, 1, tzinfo=UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(begin)
        .not_valid_after(begin + timedelta(days=1))
        .sign(key, hashes.SHA256())
        .public_bytes(serialization.Encoding.PEM)
    )
    for shown in (public, certificate):
        for encoding in ENCODINGS.values():
            assert not found(pem(key, form), encoding(shown.decode()))


def test_a_certificate_key_is_known_by_what_it_decrypts() -> None:
    key, other = os.urandom(32), os.urandom(32)
    nonce = os.urandom(12)
    sealed = [nonce + AESGCM(key).encrypt(nonce, b"a certificate", None)]
    shown = f"sha256:{other.hex()} --certificate-key {key.hex()}\n".encode()
    assert certificate_keys(shown, sealed) == {key.hex()}
    assert certificate_keys(b"x" + base64.b64encode(b"{" + shown), sealed) == {key.hex()}
    assert certificate_keys(other.hex().encode(), sealed) == set()


@pytest.mark.parametrize("before", ["", "x", "xx", "xxx"])
@pytest.mark.parametrize("after", ["", "\n", "-", "tail"])
def test_a_certificate_key_is_found_wherever_it_stands_in_base64(before: str, after: str) -> None:
    key, nonce = os.urandom(32), os.urandom(12)
    sealed = [nonce + AESGCM(key).encrypt(nonce, b"a certificate", None)]
    encoded = base64.b64encode(f"{before}{key.hex()}{'-' if after == 'tail' else after}".encode())
    assert certificate_keys(b"key: " + encoded + after.encode(), sealed) == {key.hex()}
