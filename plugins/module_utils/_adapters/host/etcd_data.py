# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The data of etcd on this host."""

from __future__ import annotations

import errno
import os
import shutil
import typing as t

from ..._domain.base.errors import UnsupportedState
from .durable import sync

_CHUNK = 1 << 20


class HostEtcdData:
    """``EtcdData`` by the standard library."""

    def pieces(self, path: str) -> t.Iterator[bytes]:
        """The content of a file."""
        try:
            with open(path, "rb") as file:
                yield from iter(lambda: file.read(_CHUNK), b"")
        except OSError as error:
            raise _failure(path, "read", error) from error

    def move(self, path: str, target: str) -> None:
        """Move a directory. The data may be on a mount of its own, from which nothing can be renamed away."""
        try:
            os.rename(path, target)
            sync(os.path.dirname(target))
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise _failure(path, "moved", error) from error
            self._copy(path, target)

    def _copy(self, path: str, target: str) -> None:
        partial = f"{target}.partial"
        try:
            shutil.rmtree(partial, ignore_errors=True)
            shutil.copytree(path, partial, symlinks=True)
            for directory, _names, names in os.walk(partial):
                self.own_like(directory, path)
                for name in names:
                    sync(os.path.join(directory, name))
                sync(directory)
            os.rename(partial, target)
            sync(os.path.dirname(target))
            shutil.rmtree(path)
        except (OSError, shutil.Error) as error:
            raise UnsupportedState(f"{path} cannot be copied to {target}: {error}.") from error

    def own_like(self, path: str, like: str) -> None:
        """Give everything at and below ``path`` to the owner of ``like``."""
        try:
            found = os.stat(like)
            for directory, names, files in os.walk(path):
                for name in (".", *names, *files):
                    os.chown(os.path.join(directory, name), found.st_uid, found.st_gid, follow_symlinks=False)
        except OSError as error:
            raise _failure(path, "given to its owner", error) from error

    def free_bytes(self, directory: str) -> int:
        """Bytes that may be written there, also when the directory does not exist."""
        while not os.path.isdir(directory):
            directory = os.path.dirname(directory)
        try:
            found = os.statvfs(directory)
        except OSError as error:
            raise _failure(directory, "read", error) from error
        return found.f_bavail * found.f_frsize


def _failure(path: str, what: str, error: OSError) -> UnsupportedState:
    return UnsupportedState(f"{path} cannot be {what}: {error.strerror}.", path=path)


__all__ = ("HostEtcdData",)
