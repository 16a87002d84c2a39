# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files of the host, written atomically and durably."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import stat
import time
import typing as t

from ..._domain.base.errors import UnsupportedState
from .durable import sync

_PRIVATE_FILE = 0o600
_PRIVATE_DIRECTORY = 0o700
_SELINUX = "security.selinux"

#: How long a lock is waited for between two attempts, in seconds.
_LOCK_INTERVAL = 0.1


class HostFiles:
    """``Files`` by the standard library."""

    def read(self, path: str) -> bytes | None:
        """The content, ``None`` when there is no such file; ``UnsupportedState`` when it cannot be read."""
        try:
            with open(path, "rb") as file:
                return file.read()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise UnsupportedState(f"{path} cannot be read: {error.strerror}.", path=path) from error

    def exists(self, path: str) -> bool:
        """Whether something is there, a dangling symbolic link included."""
        return os.path.lexists(path)

    def is_same(self, path: str, other: str) -> bool:
        """Whether two paths are one place, links followed."""
        return os.path.realpath(path) == os.path.realpath(other)

    def names(self, path: str) -> t.Sequence[str]:
        """Sorted names in a directory; empty when there is no such directory."""
        try:
            return sorted(os.listdir(path))
        except (FileNotFoundError, NotADirectoryError):
            return ()
        except OSError as error:
            raise UnsupportedState(f"{path} cannot be read: {error.strerror}.", path=path) from error

    def mode(self, path: str) -> int:
        """Permission bits."""
        return stat.S_IMODE(os.stat(path).st_mode)

    def write(self, path: str, content: bytes, *, mode: int | None = None) -> None:
        """Replace or create atomically and durably.

        A symbolic link stays: what it points to is replaced. Owner, SELinux context and, without ``mode``, permission
        bits of an existing file are kept. The temporary file stands beside the target under a name of its own, so that
        the next write takes away what a killed one left.
        """
        target = os.path.realpath(path)
        temporary = os.path.join(os.path.dirname(target), f".{os.path.basename(target)}.kubeadm-ha")
        try:
            _unlink(temporary)
            try:
                _fill(temporary, content, like=target, mode=mode)
                os.replace(temporary, target)
            except BaseException:
                _unlink(temporary)
                raise
            sync(os.path.dirname(target))
        except OSError as error:
            raise UnsupportedState(f"{path} cannot be written: {error.strerror}.", path=path) from error

    def make_private_directory(self, path: str) -> None:
        """Create a directory with mode 0700 (parents included); it may be there already."""
        missing: list[str] = []
        parent = path
        while not os.path.isdir(parent):
            missing.append(parent)
            parent = os.path.dirname(parent)
        try:
            for directory in reversed(missing):
                os.mkdir(directory, _PRIVATE_DIRECTORY)
                os.chmod(directory, _PRIVATE_DIRECTORY)
                sync(os.path.dirname(directory))
            os.chmod(path, _PRIVATE_DIRECTORY)
        except OSError as error:
            raise UnsupportedState(f"The directory {path} cannot be made: {error.strerror}.", path=path) from error

    def rename(self, path: str, target: str) -> None:
        """Move within one file system, atomically replacing ``target``, and make it durable."""
        try:
            os.replace(path, target)
            sync(os.path.dirname(target))
            if os.path.dirname(path) != os.path.dirname(target):
                sync(os.path.dirname(path))
        except OSError as error:
            raise UnsupportedState(f"{path} cannot be moved to {target}: {error.strerror}.", path=path) from error

    def link(self, target: str, path: str) -> None:
        """A symbolic link at ``path`` that points to ``target``; one that is there is replaced."""
        try:
            _unlink(path)
            os.symlink(target, path)
        except OSError as error:
            raise UnsupportedState(f"The link {path} cannot be made: {error.strerror}.", path=path) from error

    def remove(self, path: str) -> None:
        """Remove a file, a link or a directory tree; it may be gone already."""
        try:
            if os.path.isdir(path) and not os.path.islink(path):
                shutil.rmtree(path)
            else:
                _unlink(path)
            if os.path.isdir(os.path.dirname(path)):
                sync(os.path.dirname(path))
        except FileNotFoundError:
            return
        except OSError as error:
            raise UnsupportedState(f"{path} cannot be removed: {error.strerror}.", path=path) from error

    @contextlib.contextmanager
    def locked(self, path: str, *, timeout: float) -> t.Iterator[None]:
        """Hold an exclusive lock on an existing file or directory; the kernel frees it when the process dies.

        Args:
            path: what is locked; nothing is written to it.
            timeout: seconds to wait for another holder.

        Raises:
            UnsupportedState: when it is not there, or another process holds it for longer.
        """
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError as error:
            raise UnsupportedState(
                f"{path} cannot be opened ({error.strerror}): is it the right directory of this host?", path=path
            ) from error
        try:
            _lock(descriptor, path, time.monotonic() + timeout)
            yield
        finally:
            os.close(descriptor)


def _lock(descriptor: int, path: str, deadline: float) -> None:
    while not _is_locked(descriptor):
        if time.monotonic() >= deadline:
            raise UnsupportedState(
                f"Another process holds the lock of {path}: wait for the other run to end.", path=path
            )
        time.sleep(_LOCK_INTERVAL)


def _is_locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _unlink(path: str) -> None:
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)


def _fill(path: str, content: bytes, *, like: str, mode: int | None) -> None:
    """Write a new private file, then give it owner, permission bits and SELinux context of ``like``."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, _PRIVATE_FILE)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        try:
            old = os.stat(like)
        except FileNotFoundError:
            os.fchmod(descriptor, _PRIVATE_FILE if mode is None else mode)
        else:
            _copy_owner(descriptor, old)
            os.fchmod(descriptor, stat.S_IMODE(old.st_mode) if mode is None else mode)
            _copy_selinux_context(descriptor, like)
        os.fsync(descriptor)


def _copy_owner(descriptor: int, old: os.stat_result) -> None:
    new = os.fstat(descriptor)
    if (new.st_uid, new.st_gid) != (old.st_uid, old.st_gid):
        os.fchown(descriptor, old.st_uid, old.st_gid)


def _copy_selinux_context(descriptor: int, like: str) -> None:
    """Best effort: file systems without labels and kernels without SELinux have none to copy."""
    with contextlib.suppress(OSError):
        os.setxattr(descriptor, _SELINUX, os.getxattr(like, _SELINUX))


__all__ = ("HostFiles",)
