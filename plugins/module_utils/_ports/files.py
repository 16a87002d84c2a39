# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the domain needs of files of the host."""

from __future__ import annotations

import typing as t


class Files(t.Protocol):
    """Files of the host. Paths are absolute."""

    def read(self, path: str) -> bytes | None:
        """The content, ``None`` when there is no such file."""

    def exists(self, path: str) -> bool:
        """Whether something is there."""

    def names(self, path: str) -> t.Sequence[str]:
        """Sorted names in a directory; empty when there is no such directory."""

    def mode(self, path: str) -> int:
        """Permission bits."""

    def write(self, path: str, content: bytes, *, mode: int | None = None) -> None:
        """Replace or create atomically and durably. Owner and, without ``mode``, permission bits of an existing file
        are kept; a new file gets ``mode`` or 0600."""

    def make_private_directory(self, path: str) -> None:
        """Create a directory with mode 0700 (parents included); it may be there already."""

    def rename(self, path: str, target: str) -> None:
        """Move within one file system, atomically replacing ``target``, and make it durable."""

    def link(self, target: str, path: str) -> None:
        """A symbolic link at ``path`` that points to ``target``."""

    def remove(self, path: str) -> None:
        """Remove a file or a directory tree; it may be gone already."""

    def is_same(self, path: str, other: str) -> bool:
        """Whether two paths are one place, links followed."""


__all__ = ("Files",)
