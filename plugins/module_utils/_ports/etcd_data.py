# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the domain needs of the data of etcd, which may be large and on a disk of its own."""

from __future__ import annotations

import typing as t


class EtcdData(t.Protocol):
    """Files and directories of etcd on this host. Every method raises ``UnsupportedState`` when the host does not allow it."""

    def pieces(self, path: str) -> t.Iterator[bytes]:
        """The content of a file."""

    def move(self, path: str, target: str) -> None:
        """Move a directory, also to another file system: it is at ``target`` as a whole or not at all, and durable before it is gone."""

    def own_like(self, path: str, like: str) -> None:
        """Give everything at and below ``path`` to the owner of ``like``."""

    def free_bytes(self, directory: str) -> int:
        """Bytes that may be written there, also when the directory does not exist."""


__all__ = ("EtcdData",)
