# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Facts of an X.509 certificate."""

from __future__ import annotations

import dataclasses
import datetime as dt
import typing as t

from .address import San, canonical_ip

_SECONDS_OF_A_DAY = 86400.0


@dataclasses.dataclass(frozen=True)
class Identity:
    """Whom a certificate names, and by which key.

    Attributes:
        subject: distinguished name by RFC 4514, for example ``CN=system:node:cp1,O=system:nodes``.
        public_key_sha256: see :class:`Certificate`.
    """

    subject: str
    public_key_sha256: str


@dataclasses.dataclass(frozen=True)
class Certificate:
    """A parsed certificate (RFC 5280).

    Attributes:
        subject: distinguished name by RFC 4514, for example ``CN=kube-apiserver``.
        issuer: distinguished name by RFC 4514.
        serial_number: serial number.
        not_before: start of the validity, with a time zone.
        not_after: end of the validity, with a time zone.
        sans: DNS names and IP addresses of the subject alternative name, each with the kind that the certificate gives.
        other_sans: subject alternative names of other kinds, for example ``URI:spiffe://example.org/x``, sorted.
        key_algorithm: ``RSA 2048``, ``ECDSA secp256r1``, ``Ed25519``.
        is_ca: whether the basic constraints say that it is a CA.
        is_server: whether its extended key usage lets a TLS server present it; true without such an extension.
        public_key_sha256: ``sha256:`` and the hexadecimal hash of the subject public key info, as kubeadm's
            ``--discovery-token-ca-cert-hash`` wants it.
        fingerprint_sha256: hexadecimal hash of the certificate.
    """

    subject: str
    issuer: str
    serial_number: int
    not_before: dt.datetime
    not_after: dt.datetime
    sans: frozenset[San]
    key_algorithm: str
    is_ca: bool
    public_key_sha256: str
    fingerprint_sha256: str
    is_server: bool = True
    other_sans: tuple[str, ...] = ()

    @property
    def dns_names(self) -> tuple[str, ...]:
        """The DNS names, sorted."""
        return tuple(sorted(san.value for san in self.sans if san.kind == "dns"))

    @property
    def ip_addresses(self) -> tuple[str, ...]:
        """The IP addresses, sorted as text."""
        return tuple(sorted(san.value for san in self.sans if san.kind == "ip"))

    @property
    def misplaced_sans(self) -> tuple[str, ...]:
        """IP addresses that stand as DNS names. No TLS client accepts them for an address (RFC 6125, 1.7.2)."""
        return tuple(name for name in self.dns_names if canonical_ip(name) is not None)

    @property
    def serial_hex(self) -> str:
        """The serial number as openssl prints it: upper-case hexadecimal, whole bytes."""
        return serial_hex(self.serial_number)

    def covers(self, san: San) -> bool:
        """Whether a client that connects to ``san`` accepts the certificate.

        A wildcard stands for exactly one label, the leftmost (RFC 6125, 6.4.3). A wanted wildcard must be there itself.
        """
        if san in self.sans:
            return True
        first, dot, rest = san.value.partition(".")
        return san.kind == "dns" and first != "*" and bool(dot) and San("dns", f"*.{rest}") in self.sans

    def is_expired(self, now: float) -> bool:
        """Whether its validity is over at ``now`` (seconds since the epoch)."""
        return self.not_after.timestamp() < now

    def is_not_yet_valid(self, now: float) -> bool:
        """Whether its validity has not begun at ``now`` (seconds since the epoch)."""
        return now < self.not_before.timestamp()

    def days_left(self, now: float) -> int:
        """Whole days until the end of its validity; negative afterwards."""
        return int((self.not_after.timestamp() - now) // _SECONDS_OF_A_DAY)

    def as_dict(self) -> dict[str, t.Any]:
        """The facts as a module returns them, JSON-compatible."""
        return {
            "subject": self.subject,
            "issuer": self.issuer,
            "serial_number": self.serial_hex,
            "not_before": rfc3339(self.not_before),
            "not_after": rfc3339(self.not_after),
            "sans": {
                "dns": list(self.dns_names),
                "ip": list(self.ip_addresses),
                "misplaced": list(self.misplaced_sans),
                "other": list(self.other_sans),
            },
            "key_algorithm": self.key_algorithm,
            "is_ca": self.is_ca,
            "is_server": self.is_server,
            "public_key_sha256": self.public_key_sha256,
            "fingerprint_sha256": self.fingerprint_sha256,
        }


def serial_hex(number: int) -> str:
    """A serial number as openssl prints it."""
    digits = f"{number:X}"
    return digits if len(digits) % 2 == 0 else f"0{digits}"


def rfc3339(moment: dt.datetime) -> str:
    """A time in UTC, for example ``2026-11-21T08:00:00Z``."""
    return moment.astimezone(dt.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


__all__ = ("Certificate", "Identity", "rfc3339", "serial_hex")
