# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a backup is made of."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True)
class Source:
    """Something on the host.

    Attributes:
        path: absolute path.
        type: ``file``, ``directory``, ``link`` or ``other`` (socket, device).
        mode: permission bits.
        uid: owner.
        gid: group.
        size: bytes of a file, else 0.
        target: what a link points to, as it is written.
        lacks: why the directory to which a link leads is not there; empty when it is.
    """

    path: str
    type: str
    mode: int = 0
    uid: int = 0
    gid: int = 0
    size: int = 0
    target: str | None = None
    lacks: str = ""


@dataclasses.dataclass(frozen=True)
class StoredFile:
    """A file as it was stored: its size in bytes and its hash; a link or a directory has neither."""

    size: int = 0
    sha256: str | None = None


__all__ = ("Source", "StoredFile")
