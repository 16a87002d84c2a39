# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one subject of a node needs: values for the tasks, entries of the plan, reasons to stop, notes."""

from __future__ import annotations

import dataclasses
import hashlib
import posixpath
import typing as t

from ..base.change import Change
from ..base.problem import Note, Problem
from .decision import File

if t.TYPE_CHECKING:
    from .report import NodeReport

Needs = t.TypeVar("Needs")


@dataclasses.dataclass(frozen=True)
class Part(t.Generic[Needs]):
    """The decision about one subject."""

    needs: Needs
    changes: tuple[Change, ...] = ()
    problems: tuple[Problem, ...] = ()
    notes: tuple[Note, ...] = ()


def sha256(content: str) -> str:
    """Digest of a file with this content."""
    return hashlib.sha256(content.encode()).hexdigest()


def file(report: NodeReport, path: str, content: str) -> tuple[File, ...]:
    """The file, if the host has it not or otherwise. Somebody else's is kept beside it."""
    found = report.files.get(path)
    if found is not None and found.sha256 == sha256(content):
        return ()
    return (new_file(path, content, backup=found is not None and not found.is_ours),)


def new_file(path: str, content: str, *, backup: bool = False) -> File:
    """A file to write."""
    return File(path, posixpath.dirname(path), content, backup)


def file_change(report: NodeReport, wanted: File, reason: str) -> Change:
    """The entry of a file."""
    before = "another content" if wanted.backup or wanted.path in report.files else None
    return Change(f"file {wanted.path}", before, wanted.content.splitlines(), reason)


__all__ = ("Part", "file", "file_change", "new_file", "sha256")
