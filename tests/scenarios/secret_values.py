# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a secret may stand in a text: as it is, line by line, and inside of something that was encoded as base64; and the form of an unknown one."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

#: Texts that are shorter may stand anywhere by chance.
_SHORTEST = 12
#: How much of a long encoded text is searched for: more would not be found where a line ends.
_LONGEST = 60
_PEM = re.compile(r"-----BEGIN ([A-Z ]*)PRIVATE KEY-----\s+([A-Za-z0-9+/=\s]+)-----END")
#: A certificate key of kubeadm: 32 bytes in hexadecimal digits.
_KEY = re.compile(rb"(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])")
#: Base64 of hexadecimal digits: every fourth character is one of five. Of a key that begins in the middle of such a group 20 are whole.
_ENCODED = re.compile(rb"(?:[MNOYZ][A-Za-z0-9]{3}){20,}")
_ALPHABET = re.compile(rb"[A-Za-z0-9+/]*")
_GROUP = re.compile(rb"[A-Za-z0-9+/]{4}")
_NONCE = 12
#: What has the form of a bootstrap token, of a certificate key, of a private key; the last also inside a kubeconfig, or sealed by nothing.
#: Python and ``grep -E`` understand it alike.
FORM = r"\b[a-z0-9]{6}\.[a-z0-9]{16}\b|PRIVATE KEY-----|client-key-data: .{40}|certificateKey: .?[0-9a-f]{64}"


def searched_for(secrets: Mapping[str, str]) -> dict[str, str]:
    """The texts that give secrets away, with the name of the secret that each belongs to.

    Args:
        secrets: by name; one may be several lines long.
    """
    return {
        text: name
        for name, secret in secrets.items()
        for part in _parts(secret)
        for text in (part, *_encoded(part))
        if len(text) >= _SHORTEST
    }


def _parts(secret: str) -> Iterator[str]:
    """What is secret of it: of a private key those lines that a certificate cannot have, else every line."""
    found = _PEM.search(secret)
    if found is None:
        yield from (line.strip() for line in secret.splitlines() if line.strip())
        return
    lines = found.group(2).split()
    # An RSA key begins with the public modulus; one of an elliptic curve ends with the public point.
    yield from lines[len(lines) * 2 // 5 : -1] if len(lines) > 4 else lines[:1]
    yield from _of_a_file(secret, found.start(2))


def _of_a_file(secret: str, begin: int) -> Iterator[str]:
    """The whole file in base64, as kubeconfigs and Secrets have it: a piece of its private part."""
    yield from _encoded(secret[begin + (len(secret) - begin) // 2 if len(secret) > 1000 else begin :][:_LONGEST])


def _encoded(text: str) -> Iterator[str]:
    """Base64 of a text at each of the three places where it may stand in what was encoded, without what its neighbours change."""
    raw = text.encode()
    for shift in range(3):
        encoded = base64.b64encode(bytes(shift) + raw).decode().rstrip("=")
        first, last = -(-shift * 8 // 6), (shift + len(raw)) * 8 // 6
        yield encoded[first:last][:_LONGEST]


def certificate_keys(content: bytes, sealed: Sequence[bytes]) -> set[str]:
    """Certificate keys of kubeadm in a text, plain or as base64: what decrypts certificates that were uploaded.

    Args:
        content: any text.
        sealed: values of the Secret ``kubeadm-certs``, each a nonce and what AES-GCM made of a file.
    """
    candidates = set(_KEY.findall(content))
    for found in _ENCODED.finditer(content):
        before = content[max(0, found.start() - 4) : found.start()]
        begin = found.start() - (4 if _GROUP.fullmatch(before) else 0)
        candidates.update(_KEY.findall(base64.b64decode(_padded(content[begin : found.end() + 4]))))
    return {key.decode() for key in candidates if _decrypts(bytes.fromhex(key.decode()), sealed)}


def hexadecimal_keys(text: str) -> set[str]:
    """What has the form of a certificate key: 64 hexadecimal digits that are no hash with a name before it.

    Hashes are shown as ``sha256:...``; the digest of the balancer's configuration stands behind its own name.
    """
    names = [r'"configuration": "', r'"configuration":"', r"\"configuration\":\"", '"running": "', '"digest": "']
    named = "".join(f"(?<!{re.escape(name)})" for name in ("sha256:", "sha256: ", *names))
    return set(re.findall(rf"(?<![0-9a-f]){named}[0-9a-f]{{64}}(?![0-9a-f])", text))


def _padded(text: bytes) -> bytes:
    """The beginning of a text that is base64, with its padding."""
    found = _ALPHABET.match(text)
    encoded = found.group() if found else b""
    whole = len(encoded) - (len(encoded) % 4 == 1)
    return encoded[:whole] + b"=" * (-whole % 4)


def _decrypts(key: bytes, sealed: Iterable[bytes]) -> bool:
    for value in sealed:
        try:
            AESGCM(key).decrypt(value[:_NONCE], value[_NONCE:], None)
        except InvalidTag:
            continue
        return True
    return False


__all__ = ("FORM", "certificate_keys", "hexadecimal_keys", "searched_for")
