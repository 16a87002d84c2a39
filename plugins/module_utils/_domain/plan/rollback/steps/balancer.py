# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Load balancers end, once nobody is pointed to them any more."""

from __future__ import annotations

import dataclasses
import typing as t

from ....base.problem import Problem
from ...entry import Entry
from ...step import Step, hosts_of

if t.TYPE_CHECKING:
    from ....host.host import Host
    from ..rollback import Rollback


@dataclasses.dataclass(frozen=True)
class Record:
    """What takes the load balancers of a host away.

    Attributes:
        roles: that have kept what was there, the latest first.
    """

    roles: tuple[str, ...]


class Balancer(Step["Rollback"]):
    """Services that were not there end, files are as they were."""

    name = "return_balancer"

    def entries(self, situation: Rollback, others: t.Sequence[Entry]) -> t.Iterator[Entry]:
        """In the order of the inventory."""
        del others
        for name in _hosts(situation):
            for record in situation.previous[name].records:
                yield from (Entry(name, self.name, change) for change in record.changes)

    def problems(self, situation: Rollback, entries: t.Sequence[Entry]) -> t.Iterator[Problem]:
        """What somebody else has changed since."""
        del entries
        for name in _hosts(situation):
            for record in situation.previous[name].records:
                if record.objection:
                    yield Problem(name, f"The load balancer of {name} cannot be taken away. {record.objection}")

    def groups(self, situation: Rollback, entries: t.Sequence[Entry]) -> t.Mapping[str, t.Sequence[str]]:
        """The hosts with a record."""
        del situation
        return {self.name: hosts_of(entries, self.name)}

    def record(self, situation: Rollback, host: Host) -> Record:
        """What is kept there."""
        return Record(tuple(item.name.replace("-", "_") for item in situation.previous[host.name].records))


def _hosts(situation: Rollback) -> list[str]:
    desired = situation.desired
    every = dict.fromkeys((*desired.load_balancers, *desired.control_planes))
    return [name for name in every if name in situation.previous and name in situation.hosts]


__all__ = ("Balancer", "Record")
