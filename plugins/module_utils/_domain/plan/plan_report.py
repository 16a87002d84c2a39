# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan as a table of text."""

from __future__ import annotations

import itertools
import textwrap
import typing as t

from . import quorum_steps, single_points

if t.TYPE_CHECKING:
    from ..base.problem import Problem
    from .planning import Plan

_COLUMNS = ("host", "step", "object", "before", "after")
_WIDEST = 46


def table(plan: Plan, *, with_notes: bool = True, with_problems: bool = True) -> list[str]:
    """Aligned lines: those of each change, then the notes, then the problems. What is long goes on below itself.

    Args:
        plan: the plan.
        with_notes: ``False`` only counts the notes.
        with_problems: ``False`` leaves the problems to another message.
    """
    rows = [[_shown(entry.as_dict()[column]) for column in _COLUMNS] for entry in plan.entries]
    if not rows and plan.serving_control_plane is None:
        lines = ["Plan: none could be built."]
    elif not rows:
        lines = ["Plan: nothing to change."]
    else:
        lines = [f"Plan: {len(rows)} changes.", *_aligned([list(_COLUMNS), *rows])]
    lines += quorum_steps.lines(plan.quorum)
    if with_notes:
        lines += [f"Note: {note.message}" for note in plan.notes]
    elif plan.notes:
        count = len(plan.notes)
        lines.append(
            f"{count} {'note' if count == 1 else 'notes'}: kubeadm.ha.audit shows {'it' if count == 1 else 'them'}."
        )
    if plan.single_points is not None:
        lines += single_points.lines(plan.single_points)
    return lines + [f"Problem: {problem.message}" for problem in (plan.problems if with_problems else ())]


def _aligned(rows: t.Sequence[t.Sequence[str]]) -> t.Iterator[str]:
    """The lines of a table whose cells are wrapped, never cut: who is to judge a change must see all of it."""
    wrapped = [[textwrap.wrap(cell, _WIDEST) or [""] for cell in row] for row in rows]
    widths = [max(len(line) for row in wrapped for line in row[index]) for index in range(len(_COLUMNS))]
    for row in wrapped:
        for cells in itertools.zip_longest(*row, fillvalue=""):
            yield "  ".join(cell.ljust(width) for cell, width in zip(cells, widths)).rstrip()


def reasons(plan: Plan) -> str:
    """Every problem in one text for the failed task."""
    return f"{listed(plan.problems)}{''.join(f'{chr(10)}{text}' for text in plan.left)}"


def listed(problems: t.Sequence[Problem]) -> str:
    """Problems in one text, before anything was changed."""
    lines = "\n".join(f"- {problem.message}" for problem in problems)
    count = len(problems)
    return f"Nothing was changed. {count} {'reason' if count == 1 else 'reasons'} to stop:\n{lines}"


def _shown(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, dict):
        return ", ".join(f"{key}: {_shown(item)}" for key, item in value.items())
    if isinstance(value, (list, tuple)):
        return ", ".join(str(item) for item in value)
    return str(value)


__all__ = ("listed", "reasons", "table")
