# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Backups in private directories of the host."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import os
import stat
import typing as t

from ..._domain.backup.layout import CONTENTS, MANIFEST, PARTIAL
from ..._domain.base.errors import UnsupportedState
from ..._domain.base.stored_file import Source, StoredFile
from . import backup_manifest
from .durable import sync

if t.TYPE_CHECKING:
    from .files import HostFiles

_PRIVATE_FILE = 0o600
_PRIVATE_DIRECTORY = 0o700
_CHUNK = 1024 * 1024
#: Seconds to wait for another run that makes a backup on this host.
_LOCK_TIMEOUT = 60.0


#: A directory to which a link leads is no configuration when it is larger, such as the data of etcd.
_LINKED_FILES = 5000
_LINKED_BYTES = 64 << 20


class DirectoryBackupStore:
    """``BackupStore`` by the standard library."""

    def __init__(self, files: HostFiles) -> None:
        """Use the host's files."""
        self._files = files

    def check(self, directory: str) -> None:
        """Refuse a directory that others than root and this user may write to."""
        try:
            found = os.stat(directory)
        except FileNotFoundError:
            return
        except OSError as error:
            raise _failure(directory, "read", error) from error
        if not stat.S_ISDIR(found.st_mode):
            raise UnsupportedState(f"{directory} is no directory: set the option directory to another path.")
        if found.st_mode & (stat.S_IWGRP | stat.S_IWOTH) or found.st_uid not in (0, os.geteuid()):
            raise UnsupportedState(
                f"Others than root may write to {directory}, and keys are going to be stored there: 'chown root' and "
                "'chmod go-w' it, or set the option directory to another path."
            )

    def free_bytes(self, directory: str) -> int:
        """Bytes that may be written there."""
        existing = directory
        while not os.path.isdir(existing):
            existing = os.path.dirname(existing)
        found = os.statvfs(existing)
        return found.f_bavail * found.f_frsize

    def scan(self, paths: t.Sequence[str], *, besides: str) -> t.Sequence[Source]:
        """Everything at and below the paths, parents first, and what links in them lead to."""
        found: dict[str, Source] = {}
        wanted = [os.path.normpath(path) for path in paths]
        waiting = list(wanted)
        while waiting:
            path = waiting.pop(0)
            if path in found:
                continue
            source = _source(path)
            if source is None:
                continue
            found[path] = source
            if source.type == "directory":
                waiting = [*_below(path), *waiting]
            elif source.type == "link":
                target = os.path.realpath(path)
                # Where a wanted path itself is a link, all that it leads to is wanted, however much it is.
                lacks = _why_not(target, wanted, besides) if os.path.isdir(target) and path not in wanted else ""
                found[path] = dataclasses.replace(source, lacks=lacks)
                if (os.path.isfile(target) or os.path.isdir(target)) and not lacks:
                    waiting.append(target)
        return tuple(found.values())

    def complete(self, directory: str) -> t.Mapping[str, str]:
        """Names of the complete backups with the time of each."""
        found = {}
        for name in self._files.names(directory):
            created = backup_manifest.created(os.path.join(directory, name, MANIFEST))
            if created is not None and not name.endswith(PARTIAL):
                found[name] = created
        return found

    def unfinished(self, directory: str) -> t.Sequence[str]:
        """Names of the backups that a killed run left: nothing in them is other than a backup's."""
        return [
            name
            for name in self._files.names(directory)
            if name.endswith(PARTIAL) and _is_unfinished(os.path.join(directory, name))
        ]

    def exists(self, place: str) -> bool:
        """Whether something is there."""
        return os.path.lexists(place)

    @contextlib.contextmanager
    def locked(self, directory: str) -> t.Iterator[None]:
        """Make the directory and keep other runs out of it."""
        if not os.path.isdir(directory):
            self._files.make_private_directory(directory)
        with self._files.locked(directory, timeout=_LOCK_TIMEOUT):
            yield

    def begin(self, place: str) -> None:
        """Make an empty private directory."""
        try:
            os.mkdir(place, _PRIVATE_DIRECTORY)
            os.chmod(place, _PRIVATE_DIRECTORY)
        except OSError as error:
            raise _failure(place, "made", error) from error

    def copy(self, source: Source, target: str) -> StoredFile | None:
        """Copy one file, or make the same link or a private directory; ``None`` when the source is gone."""
        try:
            _make_parents(target)
            if source.type == "directory":
                _make_directory(target)
                return StoredFile()
            if source.type == "link":
                os.symlink(source.target or "", target)
                return StoredFile()
        except OSError as error:
            raise _failure(target, "written", error) from error
        try:
            descriptor = os.open(source.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise _failure(source.path, "read", error) from error
        with os.fdopen(descriptor, "rb") as file:
            return self.write(target, iter(lambda: file.read(_CHUNK), b""))

    def write(self, target: str, pieces: t.Iterable[bytes]) -> StoredFile:
        """Write a new private file piece by piece, durably."""
        digest = hashlib.sha256()
        size = 0
        try:
            _make_parents(target)
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
            with os.fdopen(os.open(target, flags, _PRIVATE_FILE), "wb") as file:
                os.fchmod(file.fileno(), _PRIVATE_FILE)
                for piece in pieces:
                    file.write(piece)
                    digest.update(piece)
                    size += len(piece)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise _failure(target, "written", error) from error
        return StoredFile(size, digest.hexdigest())

    def finish(self, place: str, final: str) -> None:
        """Give a complete backup its name, durably."""
        try:
            for directory, _names, _files in os.walk(place):
                sync(directory)
            os.rename(place, final)
            sync(os.path.dirname(final))
        except OSError as error:
            raise _failure(final, "written", error) from error

    def remove(self, place: str) -> None:
        """Remove a backup."""
        self._files.remove(place)


def _source(path: str) -> Source | None:
    try:
        found = os.lstat(path)
        target = os.readlink(path) if stat.S_ISLNK(found.st_mode) else None
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise _failure(path, "read", error) from error
    kind = _type(found.st_mode)
    return Source(
        path=path,
        type=kind,
        mode=stat.S_IMODE(found.st_mode),
        uid=found.st_uid,
        gid=found.st_gid,
        size=found.st_size if kind == "file" else 0,
        target=target,
    )


def _why_not(target: str, wanted: t.Sequence[str], besides: str) -> str:
    """Why a directory to which a link leads is not backed up; empty when it is."""
    if any(_is_below(target, os.path.realpath(path)) for path in wanted):
        return ""
    if any(_is_below(os.path.realpath(path), target) for path in (*wanted, besides)):
        return "it holds what is backed up, or the backups"
    files = size = 0
    for directory, _names, names in os.walk(target):
        for name in names:
            source = _source(os.path.join(directory, name))
            files, size = files + 1, size + (source.size if source is not None else 0)
            if files > _LINKED_FILES or size > _LINKED_BYTES:
                return f"it has more than {_LINKED_FILES} files or {_LINKED_BYTES >> 20} MiB"
    return ""


def _is_below(path: str, directory: str) -> bool:
    return os.path.commonpath((path, directory)) == directory


def _type(mode: int) -> str:
    for kind, is_it in (("file", stat.S_ISREG), ("directory", stat.S_ISDIR), ("link", stat.S_ISLNK)):
        if is_it(mode):
            return kind
    return "other"


def _below(directory: str) -> list[str]:
    try:
        return [os.path.join(directory, name) for name in sorted(os.listdir(directory))]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise _failure(directory, "read", error) from error


def _is_unfinished(place: str) -> bool:
    return os.path.isdir(place) and not os.path.islink(place) and set(os.listdir(place)) <= CONTENTS


def _make_directory(path: str) -> None:
    if not os.path.isdir(path):
        os.mkdir(path, _PRIVATE_DIRECTORY)
        os.chmod(path, _PRIVATE_DIRECTORY)


def _make_parents(path: str) -> None:
    """The private directories above a path, down from the backup, which is there."""
    parent = os.path.dirname(path)
    if not os.path.isdir(parent):
        _make_parents(parent)
        _make_directory(parent)


def _failure(path: str, what: str, error: OSError) -> UnsupportedState:
    return UnsupportedState(f"{path} cannot be {what}: {error.strerror}.", path=path)


__all__ = ("DirectoryBackupStore",)
