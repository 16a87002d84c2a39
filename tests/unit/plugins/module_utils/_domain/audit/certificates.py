# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates like others but for one thing: real ones in PEM, and the lines that stand for them in reports that tests make."""

from __future__ import annotations

import datetime
import functools
import ipaddress

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

_PEM = "-----BEGIN CERTIFICATE-----"


@functools.cache
def _key() -> ec.EllipticCurvePrivateKey:
    """Signs everything here: an audit compares keys, and verifies no signature."""
    return ec.generate_private_key(ec.SECP256R1())


def day(seconds: float) -> str:
    """A time, in seconds since the epoch, as the lines have it."""
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC).isoformat()


def reissued(
    pem: str, *, end: float | None = None, without: str = "", misplaced: str = "", has_other_key: bool = False
) -> str:
    """The first certificate of a text, issued anew.

    Args:
        pem: the text; or a line as :class:`NamedCertificates` of the tests of the plan reads it.
        end: of its validity, in seconds since the epoch; one that is over has begun a year before.
        without: a name or an address that it has not any more.
        misplaced: an address that it has as a DNS name.
        has_other_key: whether it is of another key.
    """
    if _PEM not in pem:
        return _line(pem, end=end, without=without, misplaced=misplaced, has_other_key=has_other_key)
    given = x509.load_pem_x509_certificates(pem.encode())[0]
    begin, until = given.not_valid_before_utc, given.not_valid_after_utc
    if end is not None:
        until = datetime.datetime.fromtimestamp(end, datetime.UTC)
        begin = min(begin, until - datetime.timedelta(days=365))
    builder = (
        x509.CertificateBuilder()
        .subject_name(given.subject)
        .issuer_name(given.issuer)
        .serial_number(given.serial_number)
        .not_valid_before(begin)
        .not_valid_after(until)
        .public_key(_key().public_key() if has_other_key else given.public_key())
    )
    for extension in given.extensions:
        value = extension.value
        if isinstance(value, x509.SubjectAlternativeName):
            names = [item for item in value if str(item.value) != without]
            assert not without or len(names) < len(list(value)), f"it never had {without}"
            value = x509.SubjectAlternativeName([*names, *([x509.DNSName(misplaced)] if misplaced else [])])
        builder = builder.add_extension(value, critical=extension.critical)
    signed = builder.sign(_key(), hashes.SHA256())
    return signed.public_bytes(serialization.Encoding.PEM).decode()


def issued(like: str, subject: str, *, end: float) -> str:
    """A certificate for somebody else than this one is for.

    Args:
        like: the first of a text is like it; a line makes a line.
        subject: its common name.
        end: of its validity, in seconds since the epoch.
    """
    if _PEM not in like:
        return f"CN={subject}|k||{day(end)}"
    until = datetime.datetime.fromtimestamp(end, datetime.UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, subject)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(x509.load_pem_x509_certificates(like.encode())[0].issuer)
        .serial_number(1)
        .not_valid_before(until - datetime.timedelta(days=365))
        .not_valid_after(until)
        .public_key(_key().public_key())
    )
    return builder.sign(_key(), hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()


def _line(line: str, *, end: float | None, without: str, misplaced: str, has_other_key: bool) -> str:
    subject, key, sans, *ends = line.split("|")
    names = sans.split()
    if without:
        names.remove(without)
    if misplaced:
        names.append(f"name:{ipaddress.ip_address(misplaced)}")
    if end is not None:
        ends = [day(end)]
    return "|".join([subject, f"{key}-other" if has_other_key else key, " ".join(names), *ends])


__all__ = ("day", "issued", "reissued")
