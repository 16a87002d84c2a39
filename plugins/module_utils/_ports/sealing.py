# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the domain needs of encryption of what hosts exchange."""

from __future__ import annotations

import typing as t


class Sealing(t.Protocol):
    """Encrypts what travels under a key, and proves on the other side that nobody changed it."""

    def seal(self, content: bytes, key: str) -> str:
        """The encrypted content as text. ``key`` is 64 hexadecimal digits."""

    def open(self, text: str, key: str) -> bytes:
        """The content; ``InvalidInput`` when the text was not sealed under this key, or was changed."""


class KeyPairs(t.Protocol):
    """Key pairs for sealed files, in hexadecimal digits."""

    def pair(self) -> tuple[str, str]:
        """A new private key and its public key."""

    def public_key(self, private: str) -> str:
        """The public key of a private one."""


__all__ = ("KeyPairs", "Sealing")
