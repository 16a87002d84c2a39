# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""AES-256-GCM under a certificate key, or under one that only the recipient can compute."""

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
    from cryptography.hazmat.backends import default_backend
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF
except ImportError:
    IMPORT_ERROR = traceback.format_exc()

_KEY = re.compile(r"^[0-9a-f]{64}\Z")
_NONCE_BYTES = 12
_PUBLIC_BYTES = 32
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


class SealedBox:
    """``Sealing`` for one recipient, whose private key never leaves its host: X25519, HKDF-SHA256, AES-256-GCM.

    The key of :meth:`seal` is the recipient's public one, that of :meth:`open` its private one, 64 hexadecimal digits each.
    """

    def seal(self, content: bytes, key: str) -> str:
        """A public key made for this content alone, then what :class:`AesGcm` makes of it."""
        own = X25519PrivateKey.generate()
        public = _public_bytes(own)
        shared = own.exchange(X25519PublicKey.from_public_bytes(_recipient(key)))
        return public.hex() + AesGcm().seal(content, _derived(shared, public + _recipient(key)))

    def open(self, text: str, key: str) -> bytes:
        """The content; ``InvalidInput`` when it was sealed for somebody else, or was changed."""
        own = X25519PrivateKey.from_private_bytes(_recipient(key))
        try:
            public = bytes.fromhex(text[: 2 * _PUBLIC_BYTES])
            shared = own.exchange(X25519PublicKey.from_public_bytes(public))
        except ValueError as error:
            raise InvalidInput("The option archive holds nothing that was sealed for this host.") from error
        return AesGcm().open(text[2 * _PUBLIC_BYTES :], _derived(shared, public + _public_bytes(own)))

    def pair(self) -> tuple[str, str]:
        """A new private key and its public key."""
        own = X25519PrivateKey.generate()
        private = own.private_bytes(
            serialization.Encoding.Raw, serialization.PrivateFormat.Raw, serialization.NoEncryption()
        )
        return private.hex(), _public_bytes(own).hex()

    def public_key(self, private: str) -> str:
        """The public key of a private one."""
        return _public_bytes(X25519PrivateKey.from_private_bytes(_recipient(private))).hex()


def _public_bytes(key: X25519PrivateKey) -> bytes:
    return key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)


def _derived(shared: bytes, context: bytes) -> str:
    derivation = HKDF(
        algorithm=hashes.SHA256(), length=32, salt=None, info=_PURPOSE + context, backend=default_backend()
    )
    return derivation.derive(shared).hex()


def _recipient(text: str) -> bytes:
    if not _KEY.match(text):
        raise InvalidInput("The key of the host that files are sealed for is none: it must be 64 hexadecimal digits.")
    return bytes.fromhex(text)


def _key(text: str) -> bytes:
    if not _KEY.match(text):
        raise InvalidInput("The option certificate_key is no key: it must be 64 hexadecimal digits.")
    return bytes.fromhex(text)


__all__ = ("IMPORT_ERROR", "AesGcm", "SealedBox")
