# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the domain needs of certificates and keys."""

from __future__ import annotations

import typing as t

if t.TYPE_CHECKING:
    from .._domain.base.certificate import Certificate, Identity


class CertificateIdentities(t.Protocol):
    """Reads whom certificates name."""

    def identities(self, pem: bytes) -> t.Sequence[Identity]:
        """Of every certificate of a PEM text in its order. Raises ``InvalidInput`` for broken ones."""


class X509(CertificateIdentities, t.Protocol):
    """Reads certificates and keys."""

    def certificates(self, pem: bytes) -> t.Sequence[Certificate]:
        """Every certificate of a PEM text in its order. Raises ``InvalidInput`` for broken ones."""

    def key_matches(self, certificate_pem: bytes, key_pem: bytes) -> bool:
        """Whether the private key belongs to the first certificate."""

    def is_signed_by(self, certificate_pem: bytes, ca_pem: bytes) -> bool:
        """Whether one of the CA certificates signed the first certificate."""


__all__ = ("X509", "CertificateIdentities")
