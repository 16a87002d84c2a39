# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run has done as lines for the screen."""

from __future__ import annotations

import textwrap
import typing as t

from .markup import clean
from .run_record import Outcome

if t.TYPE_CHECKING:
    from .run_record import EntryTime, RunRecord

_COLUMNS = ("host", "step", "object", "seconds")
_WIDEST = 60


def lines(record: RunRecord) -> list[str]:
    """A line for each entry, with its seconds; what is long goes on below itself. None where there was nothing to be done."""
    outcomes = record.outcomes
    if not outcomes:
        return []
    done = sum(item.outcome is Outcome.DONE for item in outcomes)
    found = [f"Report: {done} of {len(outcomes)} changes are done{total_text(record)}."]
    rows = [_COLUMNS, *(_row(item) for item in outcomes)]
    wrapped = [[textwrap.wrap(cell, _WIDEST) or [""] for cell in row] for row in rows]
    widths = [max(len(line) for row in wrapped for line in row[column]) for column in range(len(_COLUMNS))]
    for row in wrapped:
        for number in range(max(map(len, row))):
            cells = [cell[number] if number < len(cell) else "" for cell in row]
            found.append("  ".join(cell.ljust(width) for cell, width in zip(cells, widths)).rstrip())
    if any(item.is_of_step and item.seconds is not None for item in outcomes):
        found.append("~ is the time of the whole step on that host.")
    return found


def _row(item: EntryTime) -> tuple[str, ...]:
    return (clean(item.entry.host), clean(item.entry.step), clean(item.entry.object), seconds_text(item))


def seconds_text(item: EntryTime) -> str:
    """How long an entry took, or what became of it."""
    if item.outcome is not Outcome.DONE or item.seconds is None:
        return item.outcome.value
    return f"{'~' if item.is_of_step else ''}{item.seconds:.1f}"


def total_text(record: RunRecord) -> str:
    """How long the whole took; empty where that is not known."""
    return "" if record.seconds is None else f" in {record.seconds:.1f} s"


__all__ = ("lines", "seconds_text", "total_text")
