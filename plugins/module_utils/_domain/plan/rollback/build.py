# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan of a rollback: its steps in the reverse order of a conversion's."""

from __future__ import annotations

import typing as t

from .steps.backup import Backup
from .steps.balancer import Balancer
from .steps.certificate import Certificate
from .steps.cluster import Cluster
from .steps.leave import Leave
from .steps.point import Point
from .steps.prove import Prove
from .steps.revoke import Revoke

if t.TYPE_CHECKING:
    from ...base.problem import Problem
    from ..entry import Entry
    from ..step import Step
    from .rollback import Rollback

#: The steps in their order.
STEPS: tuple[Step[Rollback], ...] = (
    Backup(),
    Prove(),
    Point(),
    Cluster(),
    Revoke(),
    Leave(),
    Certificate(),
    Balancer(),
)
NAMES = tuple(step.name for step in STEPS)
#: The backup is of what the others change.
_DECIDED = (*STEPS[1:], STEPS[0])


def entries_of(situation: Rollback) -> list[Entry]:
    """Every change in the order of the run."""
    found: list[Entry] = []
    for step in _DECIDED:
        found += step.entries(situation, tuple(found))
    return sorted(found, key=lambda entry: NAMES.index(entry.step))


def problems_of(situation: Rollback, entries: t.Sequence[Entry]) -> t.Iterator[Problem]:
    """Every reason of a step to stop the run before its first change."""
    for step in STEPS:
        yield from step.problems(situation, entries)


__all__ = ("NAMES", "STEPS", "entries_of", "problems_of")
