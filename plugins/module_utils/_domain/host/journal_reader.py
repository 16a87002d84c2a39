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


__all__ = ("Line", "parse")
