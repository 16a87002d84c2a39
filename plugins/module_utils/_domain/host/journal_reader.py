# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A journal as it is read: apart from its writer, which travels with every module."""

from __future__ import annotations

import dataclasses
import json
import typing as t

from .journal import BEGUN, DONE


@dataclasses.dataclass(frozen=True)
class Line:
    """A line of a journal.

    Attributes:
        at: the host's time.
        module: that makes the change, without the collection.
        state: :data:`~.journal.BEGUN` or :data:`~.journal.DONE`.
        object: what changes.
        before: its state then.
        after: its state afterwards.
    """

    at: str
    module: str
    state: str
    object: str
    before: t.Any
    after: t.Any

    @property
    def is_done(self) -> bool:
        """Whether the change was made; else it has begun."""
        return self.state == DONE


def parse(text: str) -> t.Iterator[Line]:
    """The lines of a journal. One that a lost power cut off is passed over: what it would say had not begun."""
    for item in text.splitlines():
        try:
            document = json.loads(item)
            line = Line(**{field.name: document[field.name] for field in dataclasses.fields(Line)})
        except (ValueError, KeyError, TypeError):
            continue
        if line.state in (BEGUN, DONE):
            yield dataclasses.replace(line, module=str(line.module).rpartition(".")[2])


@dataclasses.dataclass
class Timed:
    """A change of a run, and when.

    Attributes:
        object: what changes.
        module: that makes it, without the collection.
        began: the host's time when it began; empty where the journal has none.
        ended: when it was done; the same, and empty where it was not.
        is_done: whether it was made.
    """

    object: str
    module: str
    began: str = ""
    ended: str = ""
    is_done: bool = False


def timed(text: str, run: str) -> list[Timed]:
    """The changes of one run, in the order in which they began. A line needs no time to be one.

    Args:
        text: of the journal.
        run: who held the host's lock, as the lines name it.
    """
    found: list[Timed] = []
    for line in _documents(text):
        name, module = str(line.get("object")), str(line.get("module")).rpartition(".")[2]
        if line.get("run") != run or "object" not in line:
            continue
        if line.get("state") == BEGUN:
            found.append(Timed(name, module, began=str(line.get("at") or "")))
        elif line.get("state") == DONE:
            same = (item for item in found if (item.object, item.module, item.is_done) == (name, module, False))
            for item in [*same][:1]:
                item.ended, item.is_done = str(line.get("at") or ""), True
    return found


def _documents(text: str) -> t.Iterator[dict[str, t.Any]]:
    for item in text.splitlines():
        try:
            document = json.loads(item)
        except ValueError:
            continue
        if isinstance(document, dict):
            yield document


__all__ = ("Line", "Timed", "parse", "timed")
