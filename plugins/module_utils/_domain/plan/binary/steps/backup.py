# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The step *backup*: copies of what the run changes on hosts that have something."""

from __future__ import annotations

import typing as t

from ....etcd.etcd_access import parse_access
from ...checks import backup_target
from ...entry import Entry
from ...step import Step, hosts_of
from ...steps.backup import Record
from ..scaling import API_SERVER

if t.TYPE_CHECKING:
    from ....base.problem import Problem
    from ....host.host import Host
    from ..scaling import Scaling


#: Steps that change files that a backup could bring back.
_CHANGING = ("certify", "extend", "point", "controller_manager", "scheduler")


class Backup(Step["Scaling"]):
    """Hosts with services that are changed, and the cluster once: whatever is changed, the source has it. A new master has nothing yet."""

    name = "backup"

    def entries(self, situation: Scaling, others: t.Sequence[Entry]) -> t.Iterator[Entry]:
        """In the order of the hosts."""
        touched = {entry.host for entry in others if entry.step in _CHANGING}
        if touched:
            touched.add(situation.source)
        desired = situation.desired
        for name in dict.fromkeys((*desired.nodes, *desired.load_balancers)):
            if name in touched and _paths(situation, name):
                has_snapshot = name == situation.source and _reaches_etcd(situation)
                change = backup_target.change(
                    situation.hosts[name], desired.backup_directory, has_snapshot=has_snapshot
                )
                yield Entry(name, self.name, change)

    def problems(self, situation: Scaling, entries: t.Sequence[Entry]) -> t.Iterator[Problem]:
        """Where backups cannot be kept."""
        for name in hosts_of(entries, self.name):
            yield from backup_target.problems(situation.hosts[name])

    def record(self, situation: Scaling, host: Host) -> Record:
        """Everything that its components name, but for programs. Which API server is asked, the administrator's kubeconfig says."""
        has_cluster = host.name == situation.source
        return Record(server="", has_cluster=has_cluster, extra_paths=tuple(_paths(situation, host.name)))


def _paths(situation: Scaling, name: str) -> list[str]:
    report = situation.services.get(name)
    own = report.backup_paths if report is not None else ()
    return sorted({*own, *situation.kubeconfigs.get(name, {})})


def _reaches_etcd(situation: Scaling) -> bool:
    """Whether the source has what a snapshot needs; without TLS there is none, and the backup warns."""
    service = situation.services[situation.source].services.get(API_SERVER)
    access = parse_access(service.flags) if service is not None else None
    return access is not None and access.is_secured


__all__ = ("Backup",)
