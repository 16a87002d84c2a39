# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan: every change of a run, before it.

Each entry is the very :class:`Change` that the module of that step decides on the host, computed here from what was collected.
"""

from __future__ import annotations

import dataclasses
import typing as t

from . import step_needs
from .step import in_order
from .step import problems_of as of_steps
from .steps.backup import Backup
from .steps.balance import Balance
from .steps.certify import Certify
from .steps.join import Join
from .steps.network import Network
from .steps.nodes import Nodes
from .steps.point import Point
from .steps.prepare import Prepare
from .steps.prove import Prove
from .steps.repair import Repair
from .steps.revoke import Revoke
from .steps.spread import Spread
from .steps.virtual_ip import VirtualIp

if t.TYPE_CHECKING:
    from ..base.problem import Problem
    from ..host.host import Host
    from .desired import Desired
    from .entry import Entry
    from .situation import Situation
    from .step import Record, Step

    class _Inspected(t.Protocol):
        """What is known of the hosts of a run."""

        @property
        def desired(self) -> Desired: ...

        @property
        def hosts(self) -> t.Mapping[str, Host]: ...

    Known = t.TypeVar("Known", bound=_Inspected)

#: How the names of groups begin that the run makes.
PREFIX = "kubeadm_ha_"
#: The group of all hosts of a run that changes something.
CHANGING = "changing"
#: The group of the hosts that a killed run has left locked, where there is nothing to change.
LOCKED = "locked"
#: The group of all hosts of a run that are inspected again once some of them have become nodes.
AGAIN = "again"
#: The steps of a run in their order.
STEPS: tuple[Step[Situation], ...] = (
    Prepare(),
    Repair(),
    Backup(),
    Nodes(),
    Balance(),
    VirtualIp(),
    Certify(),
    Prove(),
    Point(),
    Network(),
    Join(),
    Spread(),
    Revoke(),
)
#: Their names.
NAMES = tuple(step.name for step in STEPS)
#: Those whose entries depend on those of the others come last.
_LAST = ("spread", "prepare", "backup")
DECIDED = sorted(STEPS, key=lambda step: _LAST.index(step.name) if step.name in _LAST else -1)


@dataclasses.dataclass(frozen=True)
class HostPlan:
    """What a run does on one host.

    Attributes:
        name: inventory name.
        groups: the groups into which the run puts the host, one for each of its plays.
        records: what the role of each of its steps is given, by the step's name.
    """

    name: str
    groups: tuple[str, ...]
    records: t.Mapping[str, Record]

    def as_dict(self) -> dict[str, object]:
        """JSON-compatible; ``plan`` is what the host's variable ``kubeadm_ha_plan`` is."""
        plan = {name: dataclasses.asdict(record) for name, record in self.records.items()}
        return {"name": self.name, "groups": list(self.groups), "plan": plan}


def entries_of(situation: Situation) -> list[Entry]:
    """Every change in the order of the run; empty when the cluster is as wanted."""
    return in_order(STEPS, situation, decided=DECIDED)


def problems_of(situation: Situation, entries: t.Sequence[Entry]) -> t.Iterator[Problem]:
    """Every reason of a step to stop the run before its first change."""
    yield from of_steps(STEPS, situation, entries)
    yield from step_needs.problems(situation, entries)


def host_plans(
    steps: t.Iterable[Step[Known]],
    situation: Known,
    entries: t.Sequence[Entry],
    *,
    common: t.Sequence[str] = (),
    others: t.Sequence[str] = (),
) -> list[HostPlan]:
    """The hosts of a run that changes something, in the order of the inventory's groups; without an entry those that are locked.

    A run that changes something takes the locks of a dead one over and gives them back; one that changes nothing only gives them back. All of
    the former are :data:`CHANGING`: a run locks each before the first change and inspects each again at its end.

    Args:
        steps: those of the run in their order.
        situation: what was found.
        entries: all of the plan.
        common: further groups that every host is in.
        others: further hosts of the run, which were not inspected like nodes.
    """
    every = dict.fromkeys((*situation.desired.nodes, *situation.desired.load_balancers, *others))
    if not entries:
        locked = (name for name in every if name in situation.hosts and situation.hosts[name].report.is_locked)
        return [HostPlan(name, groups=(f"{PREFIX}{LOCKED}",), records={}) for name in locked]
    groups: dict[str, list[str]] = {}
    of_host: dict[str, dict[str, Step[Known]]] = {}
    for step in steps:
        for group, names in step.groups(situation, entries).items():
            for name in names:
                groups.setdefault(name, []).append(group)
                of_host.setdefault(name, {})[step.name] = step
    return [
        HostPlan(
            name,
            groups=tuple(f"{PREFIX}{group}" for group in (CHANGING, *common, *groups.get(name, ()))),
            records=dict(_records(situation, name, of_host.get(name, {}), has_report=name not in others)),
        )
        for name in every
    ]


def _records(
    situation: Known, name: str, steps: t.Mapping[str, Step[Known]], *, has_report: bool
) -> t.Iterator[tuple[str, Record]]:
    for key, step in steps.items():
        record = step.record(situation, situation.hosts[name]) if has_report else step.record_without_report(situation)
        if record is not None:
            yield key, record


__all__ = (
    "AGAIN",
    "CHANGING",
    "DECIDED",
    "LOCKED",
    "NAMES",
    "STEPS",
    "HostPlan",
    "entries_of",
    "host_plans",
    "problems_of",
)
