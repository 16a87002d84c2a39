# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lock of a host as a file, and who is at work on the host.

A module that changes the host holds a shared lock of the kernel while it does, which ends with its process however that
ends. So a module that goes on after its run was killed is seen, also one that was fed by pipelining and has no name.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
import typing as t

from ..._domain.base.errors import UnsupportedState
from .files import HostFiles

#: In /run, so that a lock does not outlive a reboot.
PATH = "/run/kubeadm-ha.lock"
_MODE = 0o600
_SECONDS = 10.0
_INTERVAL = 0.05


class HostLockFile:
    """``LockFile`` by the standard library."""

    def __init__(self, path: str = PATH) -> None:
        """Use the lock at this path, and two files beside it that hold nothing."""
        self._path = path
        self._files = HostFiles()

    @contextlib.contextmanager
    def alone(self) -> t.Iterator[None]:
        """Nobody else reads and writes the lock meanwhile."""
        try:
            descriptor = os.open(f"{self._path}.guard", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _MODE)
        except OSError as error:
            raise UnsupportedState(f"{self._path} cannot be used: {error.strerror}.", path=self._path) from error
        try:
            deadline = time.monotonic() + _SECONDS
            while not _is_taken(descriptor, fcntl.LOCK_EX):
                if time.monotonic() >= deadline:
                    raise UnsupportedState(f"Another process is taking {self._path}: run again.", path=self._path)
                time.sleep(_INTERVAL)
            yield
        finally:
            os.close(descriptor)

    def read(self) -> tuple[bytes | None, float]:
        """The content, ``None`` without a lock, and the time of its owner's last sign of life, in seconds since the epoch."""
        content = self._files.read(self._path)
        try:
            return content, os.stat(self._path).st_mtime
        except OSError:
            return content, 0.0

    def write(self, content: bytes) -> None:
        """Write the lock anew."""
        self._files.write(self._path, content, mode=_MODE)

    def remove(self) -> None:
        """Remove the lock."""
        self._files.remove(self._path)

    def is_held(self) -> bool:
        """Whether there is a lock, whoever has left it."""
        return os.path.exists(self._path)

    def is_at_work(self) -> bool:
        """Whether a module is changing this host now."""
        try:
            descriptor = os.open(f"{self._path}.work", os.O_RDWR | os.O_CLOEXEC)
        except OSError:
            return False
        try:
            return not _is_taken(descriptor, fcntl.LOCK_EX)
        finally:
            os.close(descriptor)

    @contextlib.contextmanager
    def at_work(self) -> t.Iterator[None]:
        """A module changes this host meanwhile. Where the lock cannot be used (not root), nothing is reported.

        Its begin and its end are the run's signs of life.
        """
        try:
            descriptor = os.open(f"{self._path}.work", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _MODE)
        except OSError:
            yield
            return
        try:
            _is_taken(descriptor, fcntl.LOCK_SH)
            self._sign()
            yield
            self._sign()
        finally:
            os.close(descriptor)

    def _sign(self) -> None:
        with contextlib.suppress(OSError):
            os.utime(self._path)


def _is_taken(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


__all__ = ("PATH", "HostLockFile")
