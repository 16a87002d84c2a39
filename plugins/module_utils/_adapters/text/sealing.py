# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""AES-256-GCM under a certificate key."""

from __future__ import annotations

import base64
import binascii
import os
import re
import traceback

from ..._domain.base.errors import InvalidInput

IMPORT_ERROR: str | None = None
try:
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM
except ImportError:
    IMPORT_ERROR = traceback.format_exc()

_KEY = re.compile(r"^[0-9a-f]{64}\Z")
_NONCE_BYTES = 12
#: Keeps this apart from what kubeadm encrypts under the same key.
_PURPOSE = b"kubeadm.ha control plane files 1"


class AesGcm:
    """``Sealing`` by the Python library cryptography."""

    def seal(self, content: bytes, key: str) -> str:
        """A fresh random nonce, then the encrypted content and its tag, in base64."""
        nonce = os.urandom(_NONCE_BYTES)
        return base64.b64encode(nonce + AESGCM(_key(key)).encrypt(nonce, content, _PURPOSE)).decode("ascii")

    def open(self, text: str, key: str) -> bytes:
        """The content; ``InvalidInput`` when it was not sealed under this key, or was changed."""
        try:
            raw = base64.b64decode(text, validate=True)
            return AESGCM(_key(key)).decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], _PURPOSE)
        except (InvalidTag, ValueError, binascii.Error) as error:
            raise InvalidInput(
                "The option archive was not made under this certificate_key, or was changed on its way: let "
                "kubeadm.ha.control_plane_files_info make it anew."
            ) from error


def _key(text: str) -> bytes:
    if not _KEY.match(text):
        raise InvalidInput("The option certificate_key is no key: it must be 64 hexadecimal digits.")
    return bytes.fromhex(text)


__all__ = ("IMPORT_ERROR", "AesGcm")
