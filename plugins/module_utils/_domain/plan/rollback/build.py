# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan of a rollback: its steps in the reverse order of a conversion's."""

from __future__ import annotations

import typing as t

from ..step import in_order
from .steps.backup import Backup
from .steps.balancer import Balancer
from .steps.certificate import Certificate
from .steps.cluster import Cluster
from .steps.leave import Leave
from .steps.point import Point
from .steps.prove import Prove
from .steps.revoke import Revoke

if t.TYPE_CHECKING:
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
#: The backup is of what the others change.
_DECIDED = (*STEPS[1:], STEPS[0])


def entries_of(situation: Rollback) -> list[Entry]:
    """Every change in the order of the run."""
    return in_order(STEPS, situation, decided=_DECIDED)


__all__ = ("STEPS", "entries_of")
