# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Products of builds: directories named by what they were made from, published whole or not at all."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

_KEY_LENGTH = 12


def key(*parts: str) -> str:
    """Short digest of an ordered list of texts."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(f"{len(part)}:{part}".encode())
    return digest.hexdigest()[:_KEY_LENGTH]


def recipe(*paths: Path) -> str:
    """Digest of files and directories: names, modes (executable or not), links and contents, not times."""
    parts: list[str] = []
    for path in _files(paths):
        parts.append(path.name)
        if path.is_symlink():
            parts.append(f"link to {path.readlink()}")
        else:
            parts += [str(os.access(path, os.X_OK)), hashlib.sha256(path.read_bytes()).hexdigest()]
    return key(*parts)


def identity(directory: Path, names: Iterable[str]) -> str:
    """Digest of the sizes and times of big files of somebody else, without reading them."""
    parts: list[str] = []
    for name in sorted(names):
        status = (directory / name).stat()
        parts += [name, str(status.st_size), str(status.st_mtime_ns)]
    return key(str(directory.resolve()), *parts)


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold an exclusive lock; it ends with the process at the latest."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def publish(directory: Path, make: Callable[[Path], None]) -> Path:
    """The directory itself, made by ``make`` in a temporary place and renamed when it is complete."""
    if directory.is_dir():
        return directory
    directory.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=f".{directory.name}.", dir=directory.parent))
    try:
        temporary.chmod(0o755)
        make(temporary)
        temporary.rename(directory)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise
    return directory


def _files(paths: Iterable[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir() and not path.is_symlink():
            yield from _files(entry for entry in sorted(path.iterdir()) if entry.name != "__pycache__")
        else:
            yield path
