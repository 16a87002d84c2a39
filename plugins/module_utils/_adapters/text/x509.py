# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates and keys by the cryptography library, 3.4 and later."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
import traceback
import typing as t

from ..._domain.base.address import San, canonical_dns_name, canonical_ip
from ..._domain.base.certificate import Certificate, Identity
from ..._domain.base.errors import InvalidInput
from .pem import certificate_blocks

#: Why cryptography cannot be imported on this host, ``None`` when it can.
IMPORT_ERROR: str | None = None
#: What the library raises for broken DER, unknown algorithms and extensions that RFC 5280 forbids.
_PARSE_ERRORS: tuple[type[Exception], ...] = ()
try:
    from cryptography import x509
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, padding, rsa
    from cryptography.x509.oid import ExtendedKeyUsageOID
except ImportError:
    IMPORT_ERROR = traceback.format_exc()
else:
    _PARSE_ERRORS = (ValueError, TypeError, UnsupportedAlgorithm, x509.DuplicateExtension, x509.InvalidVersion)

_PRIVATE_KEY = re.compile(rb"-----BEGIN ([A-Z ]*)PRIVATE KEY-----.*?-----END \1PRIVATE KEY-----", re.DOTALL)


class CryptographyX509:
    """``X509`` by cryptography."""

    def certificates(self, pem: bytes) -> t.Sequence[Certificate]:
        """Every certificate of a PEM text in its order; ``InvalidInput`` for none or a broken one."""
        return [_facts(certificate) for certificate in _load(pem)]

    def identities(self, pem: bytes) -> t.Sequence[Identity]:
        """Of every certificate of a PEM text in its order; ``InvalidInput`` for none or a broken one."""
        return [Identity(found.subject, found.public_key_sha256) for found in self.certificates(pem)]

    def key_matches(self, certificate_pem: bytes, key_pem: bytes) -> bool:
        """Whether the private key belongs to the first certificate; ``InvalidInput`` when one cannot be read."""
        return _public_key_info(_load_key(key_pem).public_key()) == _public_key_info(
            _load(certificate_pem)[0].public_key()
        )

    def is_signed_by(self, certificate_pem: bytes, ca_pem: bytes) -> bool:
        """Whether one of the CA certificates signed the first certificate; ``InvalidInput`` when one cannot be read."""
        certificate = _load(certificate_pem)[0]
        return any(_is_issuer(ca, certificate) for ca in _load(ca_pem))


def has_private_key(pem: bytes) -> bool:
    """Whether a PEM text holds a private key, encrypted or not."""
    return _PRIVATE_KEY.search(pem) is not None


def _load(pem: bytes) -> list[x509.Certificate]:
    return [_load_one(block) for block in certificate_blocks(pem)]


def _load_one(block: bytes) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate(block)
    except _PARSE_ERRORS as error:
        raise InvalidInput(f"The certificate is broken: {error}") from error


def _load_key(pem: bytes) -> t.Any:
    found = _PRIVATE_KEY.search(pem)
    if found is None:
        raise InvalidInput("The PEM text holds no private key.")
    try:
        return serialization.load_pem_private_key(found.group(0) + b"\n", password=None)
    except _PARSE_ERRORS as error:
        # The library's message names formats and passwords, never the key.
        raise InvalidInput(f"The private key cannot be read: {error}") from error


def _facts(certificate: x509.Certificate) -> Certificate:
    try:
        sans, others = _sans(certificate)
        public_key = certificate.public_key()
        return Certificate(
            subject=certificate.subject.rfc4514_string(),
            issuer=certificate.issuer.rfc4514_string(),
            serial_number=certificate.serial_number,
            not_before=_time(certificate, "not_valid_before"),
            not_after=_time(certificate, "not_valid_after"),
            sans=sans,
            other_sans=others,
            key_algorithm=_key_algorithm(public_key),
            is_ca=_is_ca(certificate),
            is_server=_is_server(certificate),
            public_key_sha256=f"sha256:{hashlib.sha256(_public_key_info(public_key)).hexdigest()}",
            fingerprint_sha256=hashlib.sha256(certificate.public_bytes(serialization.Encoding.DER)).hexdigest(),
        )
    except _PARSE_ERRORS as error:
        raise InvalidInput(f"The certificate is broken: {error}") from error


def _time(certificate: x509.Certificate, attribute: str) -> dt.datetime:
    """``attribute`` with a time zone: from 42.0 on by itself, before that naive in UTC."""
    if hasattr(certificate, f"{attribute}_utc"):
        return t.cast("dt.datetime", getattr(certificate, f"{attribute}_utc"))
    naive: dt.datetime = getattr(certificate, attribute)
    return naive.replace(tzinfo=dt.timezone.utc)


def _extension(certificate: x509.Certificate, kind: t.Any) -> t.Any:
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None


def _is_ca(certificate: x509.Certificate) -> bool:
    constraints = _extension(certificate, x509.BasicConstraints)
    return constraints is not None and bool(constraints.ca)


def _is_server(certificate: x509.Certificate) -> bool:
    usages = _extension(certificate, x509.ExtendedKeyUsage)
    return usages is None or ExtendedKeyUsageOID.SERVER_AUTH in usages


def _sans(certificate: x509.Certificate) -> tuple[frozenset[San], tuple[str, ...]]:
    """DNS names and IP addresses in canonical spelling, and all other names."""
    names = _extension(certificate, x509.SubjectAlternativeName) or ()
    sans: set[San] = set()
    others: list[str] = []
    for name in names:
        if isinstance(name, x509.DNSName):
            sans.add(
                San("dns", canonical_ip(name.value) or canonical_dns_name(name.value, wildcard=True) or name.value)
            )
        elif isinstance(name, x509.IPAddress):
            sans.add(San("ip", str(name.value)))
        elif isinstance(name, x509.UniformResourceIdentifier):
            others.append(f"URI:{name.value}")
        elif isinstance(name, x509.RFC822Name):
            others.append(f"email:{name.value}")
        else:
            others.append(f"{type(name).__name__}:{name.value}")
    return frozenset(sans), tuple(sorted(others))


def _key_algorithm(key: t.Any) -> str:
    if isinstance(key, rsa.RSAPublicKey):
        return f"RSA {key.key_size}"
    if isinstance(key, ec.EllipticCurvePublicKey):
        return f"ECDSA {key.curve.name}"
    if isinstance(key, dsa.DSAPublicKey):
        return f"DSA {key.key_size}"
    names = ((ed25519.Ed25519PublicKey, "Ed25519"), (ed448.Ed448PublicKey, "Ed448"))
    return next((name for kind, name in names if isinstance(key, kind)), type(key).__name__)


def _public_key_info(key: t.Any) -> bytes:
    return t.cast(
        "bytes", key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    )


def _is_issuer(ca: x509.Certificate, certificate: x509.Certificate) -> bool:
    if ca.subject != certificate.issuer:
        return False
    try:
        _verify(ca.public_key(), certificate)
    except InvalidSignature:
        return False
    except _PARSE_ERRORS as error:
        raise InvalidInput(f"The signature cannot be checked: {error}") from error
    return True


def _verify(key: t.Any, certificate: x509.Certificate) -> None:
    """Check the signature; ``InvalidSignature`` when another key made it."""
    signature, signed = certificate.signature, certificate.tbs_certificate_bytes
    if isinstance(key, rsa.RSAPublicKey):
        key.verify(signature, signed, _rsa_padding(certificate), _hash(certificate))
    elif isinstance(key, ec.EllipticCurvePublicKey):
        key.verify(signature, signed, ec.ECDSA(_hash(certificate)))
    elif isinstance(key, (ed25519.Ed25519PublicKey, ed448.Ed448PublicKey)):
        key.verify(signature, signed)
    else:
        raise UnsupportedAlgorithm(f"{type(key).__name__} is no key of a CA that this collection knows")


def _rsa_padding(certificate: x509.Certificate) -> t.Any:
    """The padding of an RSA signature: from 41.0 on as the certificate says, before that PKCS #1 v1.5."""
    parameters = getattr(certificate, "signature_algorithm_parameters", None)
    if parameters is None:
        return padding.PKCS1v15()
    if not isinstance(parameters, (padding.PKCS1v15, padding.PSS)):
        raise InvalidSignature
    return parameters


def _hash(certificate: x509.Certificate) -> t.Any:
    """The hash of the signature; a CA of another kind than the signature says made no such signature."""
    if certificate.signature_hash_algorithm is None:
        raise InvalidSignature
    return certificate.signature_hash_algorithm


__all__ = ("CryptographyX509", "has_private_key")
