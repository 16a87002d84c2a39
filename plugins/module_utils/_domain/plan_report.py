# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan as a table of text. Private to kubeadm.ha: no stable interface."""

from __future__ import annotations

import typing as t

if t.TYPE_CHECKING:
    from .planning import Plan

_COLUMNS = ("host", "step", "object", "before", "after")
_WIDEST = 46


def table(plan: Plan, *, with_notes: bool = True) -> list[str]:
    """Aligned lines: one for each change, then the notes, then the problems.

    Args:
        plan: the plan.
        with_notes: ``False`` only counts the notes.
    """
    rows = [[str(_shown(entry.as_dict()[column])) for column in _COLUMNS] for entry in plan.entries]
    if not rows:
        lines = ["Plan: nothing to change."]
    else:
        widths = [max(len(row[index]) for row in [list(_COLUMNS), *rows]) for index in range(len(_COLUMNS))]
        lines = [f"Plan: {len(rows)} changes."]
        lines += [
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in [_COLUMNS, *rows]
        ]
    if with_notes:
        lines += [f"Note: {note.message}" for note in plan.notes]
    elif plan.notes:
        count = len(plan.notes)
        lines.append(
            f"{count} {'note' if count == 1 else 'notes'}: kubeadm.ha.audit shows {'it' if count == 1 else 'them'}."
        )
    return lines + [f"Problem: {problem.message}" for problem in plan.problems]


def reasons(plan: Plan) -> str:
    """Every problem in one text for the failed task."""
    listed = "\n".join(f"- {problem.message}" for problem in plan.problems)
    count = len(plan.problems)
    return f"Nothing was changed. {count} {'reason' if count == 1 else 'reasons'} to stop:\n{listed}"


def _shown(value: t.Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, dict):
        text = ", ".join(f"{key}: {_shown(item)}" for key, item in value.items())
    elif isinstance(value, (list, tuple)):
        text = ", ".join(str(item) for item in value)
    else:
        text = str(value)
    return text if len(text) <= _WIDEST else text[: _WIDEST - 3] + "..."


__all__ = ("reasons", "table")
