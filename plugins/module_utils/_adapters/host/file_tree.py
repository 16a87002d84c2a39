# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files with owner, group and mode, inspected and made without following links."""

from __future__ import annotations

import contextlib
import grp
import hashlib
import os
import pwd
import stat
import typing as t

from ..._domain.base.errors import UnsupportedState
from ..._domain.base.file_fact import (
    ABSENT,
    CARRIED,
    DIRECTORY,
    FILE,
    LINK,
    MAXIMUM_FILE_BYTES,
    SOCKET,
    FileFact,
)

_PRIVATE_FILE = 0o600
_PRIVATE_DIRECTORY = 0o700


class HostFileTree:
    """``FileTree`` by the standard library."""

    def inspect(self, path: str, *, use: str, follow: bool) -> FileFact:
        """What is there."""
        if not follow and os.path.realpath(os.path.dirname(path)) != os.path.dirname(path):
            return FileFact(path, LINK, use)
        try:
            found = os.stat(path) if follow else os.lstat(path)
        except (FileNotFoundError, NotADirectoryError):
            return FileFact(path, ABSENT, use)
        except OSError as error:
            raise _failure(path, "read", error) from error
        kind = _kind(found.st_mode)
        is_hashed = kind == FILE and use == CARRIED and found.st_size <= MAXIMUM_FILE_BYTES
        return FileFact(
            path=path,
            kind=kind,
            use=use,
            owner=_owner(found.st_uid),
            group=_group(found.st_gid),
            uid=found.st_uid,
            gid=found.st_gid,
            mode=f"{stat.S_IMODE(found.st_mode):04o}",
            size=found.st_size if kind == FILE else 0,
            sha256=hashlib.sha256(self.read(path)).hexdigest() if is_hashed else None,
        )

    def is_link(self, path: str) -> bool:
        """Whether the path itself is a symbolic link."""
        return os.path.islink(path)

    def is_file(self, path: str) -> bool:
        """Whether a file is there, links followed."""
        return os.path.isfile(path)

    def is_directory(self, path: str) -> bool:
        """Whether a directory is there, links followed."""
        return os.path.isdir(path)

    def real(self, path: str) -> str:
        """The path with all links followed."""
        return os.path.realpath(path)

    def names(self, path: str) -> t.Sequence[str]:
        """Sorted names in a directory."""
        try:
            return sorted(os.listdir(path))
        except OSError as error:
            raise _failure(path, "read", error) from error

    def read(self, path: str) -> bytes:
        """The content of a file."""
        try:
            with open(path, "rb") as file:
                return file.read()
        except OSError as error:
            raise _failure(path, "read", error) from error

    def make(self, fact: FileFact, content: bytes | None) -> None:
        """Make a directory, or a file beside its place that is then renamed; the place must not be behind a link."""
        parent, name = os.path.split(fact.path)
        try:
            with _opened(parent) as directory:
                if content is None:
                    os.mkdir(name, _PRIVATE_DIRECTORY, dir_fd=directory)
                    descriptor = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=directory)
                    try:
                        _give(descriptor, fact)
                    finally:
                        os.close(descriptor)
                else:
                    _write(directory, name, fact, content)
                os.fsync(directory)
        except OSError as error:
            raise _failure(fact.path, "made", error) from error

    def set_access(self, fact: FileFact) -> None:
        """Give an existing file or directory the owner, group and mode of the fact."""
        parent, name = os.path.split(fact.path)
        try:
            with _opened(parent) as directory:
                descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=directory)
                try:
                    _give(descriptor, fact)
                finally:
                    os.close(descriptor)
        except OSError as error:
            raise _failure(fact.path, "changed", error) from error


@contextlib.contextmanager
def _opened(directory: str) -> t.Iterator[int]:
    """A directory reached from the root without following a link anywhere."""
    descriptor = os.open("/", os.O_RDONLY | os.O_DIRECTORY)
    try:
        for part in directory.strip("/").split("/") if directory.strip("/") else ():
            below = os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=descriptor)
            os.close(descriptor)
            descriptor = below
        yield descriptor
    finally:
        os.close(descriptor)


def _write(directory: int, name: str, fact: FileFact, content: bytes) -> None:
    """A private file under a name of its own, complete and durable before it gets its name."""
    temporary = f".{name}.kubeadm-ha"
    with contextlib.suppress(FileNotFoundError):
        os.unlink(temporary, dir_fd=directory)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    try:
        with os.fdopen(os.open(temporary, flags, _PRIVATE_FILE, dir_fd=directory), "wb") as file:
            file.write(content)
            file.flush()
            _give(file.fileno(), fact)
            os.fsync(file.fileno())
        os.replace(temporary, name, src_dir_fd=directory, dst_dir_fd=directory)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary, dir_fd=directory)
        raise


def _give(descriptor: int, fact: FileFact) -> None:
    """Owner and group first: a change of owner takes set-id bits away."""
    os.fchown(descriptor, _uid(fact), _gid(fact))
    os.fchmod(descriptor, int(fact.mode, 8))


def _uid(fact: FileFact) -> int:
    """The owner's number here: that of the name, else the number of the other host."""
    try:
        return pwd.getpwnam(fact.owner).pw_uid
    except KeyError:
        return fact.uid


def _gid(fact: FileFact) -> int:
    try:
        return grp.getgrnam(fact.group).gr_gid
    except KeyError:
        return fact.gid


def _owner(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _group(gid: int) -> str:
    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return str(gid)


def _kind(mode: int) -> str:
    kinds = ((stat.S_ISREG, FILE), (stat.S_ISDIR, DIRECTORY), (stat.S_ISSOCK, SOCKET), (stat.S_ISLNK, LINK))
    return next((kind for test, kind in kinds if test(mode)), "other")


def _failure(path: str, done: str, error: OSError) -> UnsupportedState:
    return UnsupportedState(f"{path} cannot be {done}: {error.strerror}.", path=path)


__all__ = ("HostFileTree",)
