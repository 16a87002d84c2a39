# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whom certificates name, by the program openssl, for hosts without the library cryptography."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
import typing as t

from ..._domain.base.certificate import Identity
from ..._domain.base.errors import InvalidInput
from .pem import certificate_blocks

if t.TYPE_CHECKING:
    from ..._ports.commands import Commands

PROGRAM = "openssl"

_PUBLIC_KEY = re.compile(r"-----BEGIN PUBLIC KEY-----(.+?)-----END PUBLIC KEY-----", re.DOTALL)
_SUBJECT = re.compile(r"^subject= ?(.*)$", re.MULTILINE)


class OpensslIdentities:
    """``CertificateIdentities`` by ``openssl x509`` (1.1.0 and later)."""

    def __init__(self, commands: Commands) -> None:
        self._commands = commands

    def identities(self, pem: bytes) -> t.Sequence[Identity]:
        """Of every certificate of a PEM text in its order; ``InvalidInput`` for none or a broken one.

        Only the certificates are given to the program, never a key beside them.
        """
        return [self._identity(block) for block in certificate_blocks(pem)]

    def _identity(self, block: bytes) -> Identity:
        shown = self._commands.run(
            [PROGRAM, "x509", "-noout", "-subject", "-nameopt", "RFC2253", "-pubkey"],
            stdin=block.decode("ascii", errors="replace") + "\n",
            check=False,
        )
        subject, key = _SUBJECT.search(shown.stdout), _PUBLIC_KEY.search(shown.stdout)
        if shown.returncode != 0 or subject is None or key is None:
            lines = shown.stderr.strip().splitlines()
            raise InvalidInput(f"The certificate is broken: {lines[0] if lines else 'openssl cannot read it'}")
        try:
            info = base64.b64decode("".join(key.group(1).split()), validate=True)
        except binascii.Error as error:
            raise InvalidInput(f"The certificate is broken: {error}") from error
        return Identity(subject.group(1).strip(), f"sha256:{hashlib.sha256(info).hexdigest()}")


__all__ = ("PROGRAM", "OpensslIdentities")
