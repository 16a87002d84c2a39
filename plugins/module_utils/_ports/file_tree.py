# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the domain needs of trees of files that hosts exchange."""

from __future__ import annotations

import typing as t

if t.TYPE_CHECKING:
    from .._domain.base.file_fact import FileFact


class FileTree(t.Protocol):
    """Files of the host with owner, group and mode. Paths are absolute and normal."""

    def inspect(self, path: str, *, use: str, follow: bool) -> FileFact:
        """What is there, for which use. Small files of the use ``carried`` are hashed. Without ``follow`` a symbolic
        link, and anything behind one, is a ``link``."""

    def is_link(self, path: str) -> bool:
        """Whether the path itself is a symbolic link."""

    def is_file(self, path: str) -> bool:
        """Whether a file is there, links followed."""

    def is_directory(self, path: str) -> bool:
        """Whether a directory is there, links followed."""

    def real(self, path: str) -> str:
        """The path with all links followed."""

    def names(self, path: str) -> t.Sequence[str]:
        """Sorted names in a directory."""

    def read(self, path: str) -> bytes:
        """The content of a file."""

    def make(self, fact: FileFact, content: bytes | None) -> None:
        """Make what the fact says, atomically, with its owner, group and mode. ``content`` is ``None`` for directories."""

    def set_access(self, fact: FileFact) -> None:
        """Give an existing file or directory the owner, group and mode of the fact."""


__all__ = ("FileTree",)
