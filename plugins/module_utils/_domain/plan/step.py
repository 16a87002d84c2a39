# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a step of a run is.

A step is one file in :mod:`steps`, one play (or several) of ``site.yml`` and one role. It says what it changes, on which hosts its
plays run, what its role is given, and what would make it fail.
"""

from __future__ import annotations

import abc
import dataclasses
import typing as t

if t.TYPE_CHECKING:
    from ..base.problem import Problem
    from ..host.host import Host
    from .entry import Entry

#: What was found: the situation of a cluster that there is, or that of one to be made.
Found = t.TypeVar("Found")


class Record(t.Protocol):
    """What a step's role is given on a host: a frozen dataclass of JSON-compatible values."""

    __dataclass_fields__: t.ClassVar[dict[str, dataclasses.Field[object]]]


class Step(abc.ABC, t.Generic[Found]):
    """A step of a run; it keeps nothing."""

    #: Name of the step in entries, and of its group of hosts behind ``kubeadm_ha_``.
    name: t.ClassVar[str]

    @abc.abstractmethod
    def entries(self, situation: Found, others: t.Sequence[Entry]) -> t.Iterator[Entry]:
        """What the step changes, in its order.

        Args:
            situation: what was found.
            others: entries of the steps that are decided before this one.
        """

    def problems(self, situation: Found, entries: t.Sequence[Entry]) -> t.Iterator[Problem]:
        """Reasons to stop before the first change of the run, because this step would fail or do harm; by default none.

        Args:
            situation: what was found.
            entries: all of the plan.
        """
        del situation, entries
        yield from ()

    def groups(self, situation: Found, entries: t.Sequence[Entry]) -> t.Mapping[str, t.Sequence[str]]:
        """Inventory names by the group, without its prefix, on which a play runs; by default the hosts with an entry.

        Args:
            situation: what was found.
            entries: all of the plan.
        """
        del situation
        return {self.name: hosts_of(entries, self.name)}

    @abc.abstractmethod
    def record(self, situation: Found, host: Host) -> Record:
        """What the step's role is given on a host.

        Args:
            situation: what was found.
            host: one of those in :meth:`groups`.
        """

    def record_without_report(self, situation: Found) -> Record | None:
        """What the step's role is given on a host of the run that was not inspected like a node; by default nothing.

        Args:
            situation: what was found.
        """
        del situation
        return None


def hosts_of(entries: t.Iterable[Entry], step: str) -> list[str]:
    """Inventory names of the hosts for which a step has an entry."""
    return list(dict.fromkeys(entry.host for entry in entries if entry.step == step))


def in_order(
    steps: t.Sequence[Step[Found]], situation: Found, *, decided: t.Sequence[Step[Found]] | None = None
) -> list[Entry]:
    """Every change in the order of the run.

    Args:
        steps: those of the run in their order.
        situation: what was found.
        decided: the same in the order in which they are decided, where some follow from later ones.
    """
    found: list[Entry] = []
    for step in decided or steps:
        found += step.entries(situation, tuple(found))
    names = [step.name for step in steps]
    return sorted(found, key=lambda entry: names.index(entry.step))


def problems_of(steps: t.Iterable[Step[Found]], situation: Found, entries: t.Sequence[Entry]) -> t.Iterator[Problem]:
    """Every reason of a step to stop the run before its first change."""
    for step in steps:
        yield from step.problems(situation, entries)


__all__ = ("Record", "Step", "hosts_of", "in_order", "problems_of")
