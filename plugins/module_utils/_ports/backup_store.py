# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the domain needs of the place of backups."""

from __future__ import annotations

import typing as t

if t.TYPE_CHECKING:
    from .._domain.base.stored_file import Source, StoredFile


class BackupStore(t.Protocol):
    """Private directories of backups, one below the other's side, and the files that go into them.

    ``directory`` is where all backups of a host are, ``place`` one backup in it. Every method raises
    ``UnsupportedState`` when the host does not allow it.
    """

    def check(self, directory: str) -> None:
        """Refuse a directory that others than its owner may write to. It need not exist."""

    def free_bytes(self, directory: str) -> int:
        """Bytes that may be written there, also when the directory does not exist yet."""

    def scan(self, paths: t.Sequence[str], *, besides: str) -> t.Sequence[Source]:
        """Everything at and below the paths, parents first. Links stay links, and what they lead to is there, too. A
        link to a directory that is too large, or that holds the directory ``besides``, says so. Paths that do not
        exist are left out."""

    def complete(self, directory: str) -> t.Mapping[str, str]:
        """Names of the complete backups with the time of each, as their manifests say."""

    def unfinished(self, directory: str) -> t.Sequence[str]:
        """Names of the backups that a killed run left."""

    def exists(self, place: str) -> bool:
        """Whether something is there."""

    def locked(self, directory: str) -> t.ContextManager[None]:
        """Make the directory and keep other runs out of it."""

    def begin(self, place: str) -> None:
        """Make an empty private directory."""

    def copy(self, source: Source, target: str) -> StoredFile | None:
        """Copy one file, or make the same link or a private directory; ``None`` when the source is gone."""

    def write(self, target: str, pieces: t.Iterable[bytes]) -> StoredFile:
        """Write a new private file piece by piece, durably."""

    def finish(self, place: str, final: str) -> None:
        """Give a complete backup its name, durably."""

    def remove(self, place: str) -> None:
        """Remove a backup."""


__all__ = ("BackupStore",)
