# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The journal of a host as a file for root."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import os
import typing as t

from ..._domain.base.errors import KubeadmHaError, UnsupportedState
from ..._domain.host import journal
from .files import HostFiles
from .lock_file import PATH as LOCK_PATH

if t.TYPE_CHECKING:
    from ..._domain.base.change import Change

PATH = "/var/lib/kubeadm-ha/journal.jsonl"
_MODE = 0o600
#: Bytes after which a new file is begun; the one before is kept beside it.
_LARGEST = 1 << 20


class JournalFile:
    """Written while a run holds the host's lock: a role that is used without one leaves no journal."""

    def __init__(self, module: str, *, path: str = PATH, lock_path: str = LOCK_PATH) -> None:
        """``module``: the full name of the module that writes."""
        self._module = module
        self._path = path
        self._files = HostFiles()
        self._run = run_of(lock_path)

    @contextlib.contextmanager
    def around(self, changes: t.Sequence[Change]) -> t.Iterator[None]:
        """The changes are made meanwhile.

        Raises:
            UnsupportedState: what begins cannot be written, so nothing was changed yet.
        """
        if self._run is None:
            yield
            return
        try:
            self._append(changes, journal.BEGUN)
        except OSError as error:
            raise UnsupportedState(
                f"{self._path} cannot be written: {error.strerror}. Nothing was changed; mend that, then run again.",
                path=self._path,
            ) from error
        yield
        # The change is made: that it cannot be noted must not make it seem as if it were not.
        with contextlib.suppress(OSError, KubeadmHaError):
            self._append(changes, journal.DONE)

    def _append(self, changes: t.Sequence[Change], state: str) -> None:
        self._files.make_private_directory(os.path.dirname(self._path))
        if os.path.exists(self._path) and os.path.getsize(self._path) > _LARGEST:
            os.replace(self._path, f"{self._path}.1")
        now = dt.datetime.now(dt.timezone.utc).isoformat(timespec="milliseconds")
        text = journal.lines(changes, state, module=self._module, run=self._run or "", at=now)
        descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, _MODE)
        try:
            os.write(descriptor, text.encode())
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def run_of(lock_path: str = LOCK_PATH) -> str | None:
    """Who holds the host's lock, as lines of the journal name a run; ``None`` when nobody does or it cannot be determined.

    With the start of its process: in a container each run has the same number on the same controller.
    """
    try:
        found = json.loads(HostFiles().read(lock_path) or b"{}")
        return f"{found['process']}/{found.get('started', 0)} on {found['controller']}"
    except (KubeadmHaError, ValueError, AttributeError, KeyError, TypeError):
        return None


__all__ = ("PATH", "JournalFile", "run_of")
