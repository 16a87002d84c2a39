# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The step *backup*: copies of what the run changes on hosts that have something."""

from __future__ import annotations

import typing as t

from ....base.file_fact import CARRIED, FILE, MAXIMUM_FILE_BYTES
from ...checks import backup_target
from ...entry import Entry
from ...step import Step, hosts_of
from ...steps.backup import Record

if t.TYPE_CHECKING:
    from ....base.problem import Problem
    from ....host.host import Host
    from ..scaling import Scaling


#: Steps that change files that a backup could bring back.
_CHANGING = ("certify", "extend", "point", "controller_manager", "scheduler")


class Backup(Step["Scaling"]):
    """Hosts with services that are changed. One that becomes a master has nothing yet."""

    name = "backup"

    def entries(self, situation: Scaling, others: t.Sequence[Entry]) -> t.Iterator[Entry]:
        """In the order of the hosts."""
        touched = {entry.host for entry in others if entry.step in _CHANGING}
        desired = situation.desired
        for name in dict.fromkeys((*desired.nodes, *desired.load_balancers)):
            if name in touched and _paths(situation, name):
                yield Entry(name, self.name, backup_target.change(situation.hosts[name], desired.backup_directory))

    def problems(self, situation: Scaling, entries: t.Sequence[Entry]) -> t.Iterator[Problem]:
        """Where backups cannot be kept."""
        for name in hosts_of(entries, self.name):
            yield from backup_target.problems(situation.hosts[name])

    def record(self, situation: Scaling, host: Host) -> Record:
        """Everything that its components name, but for programs."""
        return Record(server="", has_cluster=False, extra_paths=tuple(_paths(situation, host.name)))


def _paths(situation: Scaling, name: str) -> list[str]:
    report = situation.services.get(name)
    facts = report.facts if report is not None else ()
    own = [fact.path for fact in facts if (fact.kind, fact.use) == (FILE, CARRIED) and fact.size <= MAXIMUM_FILE_BYTES]
    return sorted({*own, *situation.kubeconfigs.get(name, {})})


__all__ = ("Backup",)
