# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report of a run in a directory of the controller: data and page, written anew whenever there is news."""

from __future__ import annotations

import contextlib
import fcntl
import itertools
import json
import os
import tempfile
import typing as t
from pathlib import Path

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.audit import render_run_html
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.audit.run_record import RunRecord, moment
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.errors import KubeadmHaError

PLAYBOOK = "kubeadm.ha.site"
#: Names of the variables in which the playbooks register what kubeadm.ha.run_step and kubeadm.ha.run_report return.
RUN, REPORT = "__kubeadm_ha_run", "__kubeadm_ha_report"
_DIRECTORY_MODE, _MODE = 0o700, 0o600
#: What files, directories and what somebody else has written there make of whoever takes them for granted.
_BROKEN = (ArithmeticError, AttributeError, KubeadmHaError, LookupError, OSError, RuntimeError, TypeError, ValueError)


class ReportNotWritten(Exception):
    """No run depends on it."""


@contextlib.contextmanager
def _beside_the_run() -> t.Iterator[None]:
    try:
        yield
    except _BROKEN as error:
        raise ReportNotWritten(str(error) or type(error).__name__) from error


class RunFile:
    """``run-TIME.json`` and ``run-TIME.html``. Whatever is wrong with them, every method raises :class:`ReportNotWritten` only."""

    def __init__(self, path: str) -> None:
        """``path``: of the data."""
        self.path = Path(path)

    @property
    def page(self) -> Path:
        """Of the page."""
        return self.path.with_suffix(".html")

    @classmethod
    @_beside_the_run()
    def begin(cls, directory: str, record: RunRecord) -> RunFile:
        """Write the report of a run that begins, beside those of others."""
        place = Path(directory).expanduser().absolute()
        place.mkdir(mode=_DIRECTORY_MODE, parents=True, exist_ok=True)
        name = "run-" + str(moment(record.began)).partition(".")[0].replace("-", "").replace(":", "") + "Z"
        for number in itertools.count(1):
            made = cls(str(place / f"{name}{'' if number == 1 else f'-{number}'}.json"))
            try:
                os.close(os.open(made.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _MODE))
            except FileExistsError:
                continue
            break
        try:
            made.write(record)
        except ReportNotWritten:
            # An empty file would be the report of nothing.
            made.path.unlink(missing_ok=True)
            made.page.unlink(missing_ok=True)
            raise
        return made

    @_beside_the_run()
    def read(self) -> RunRecord:
        """What is there."""
        return RunRecord.from_document(json.loads(self.path.read_text(encoding="utf-8")))

    @_beside_the_run()
    def write(self, record: RunRecord) -> None:
        """Write both anew. They are made before either is written, so both say the same."""
        texts = (
            (self.page, render_run_html.page(record, playbook=PLAYBOOK)),
            (self.path, f"{json.dumps(record.document(), default=str)}\n"),
        )
        for path, text in texts:
            _replace(path, text.encode("utf-8", "replace"))

    @_beside_the_run()
    def update(self, change: t.Callable[[RunRecord], RunRecord]) -> None:
        """Write the report with a change. Tasks of several hosts run at the same time."""
        with self._alone():
            self.write(change(self.read()))

    @contextlib.contextmanager
    def _alone(self) -> t.Iterator[None]:
        """A lock of the data, which whoever has it replaces: who waited has the lock of a file that is no more, and takes the next."""
        while True:
            # For writing: else file systems of a network give no lock.
            descriptor = os.open(self.path, os.O_RDWR | os.O_CLOEXEC)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX)
                if os.path.samestat(os.fstat(descriptor), self.path.stat()):
                    yield
                    return
            finally:
                os.close(descriptor)


def _replace(path: Path, content: bytes) -> None:
    """Whoever reads it meanwhile reads the one before. The directory may be one in which others write."""
    descriptor, new = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
        Path(new).replace(path)
    except BaseException:
        Path(new).unlink(missing_ok=True)
        raise


__all__ = ("PLAYBOOK", "REPORT", "RUN", "ReportNotWritten", "RunFile")
