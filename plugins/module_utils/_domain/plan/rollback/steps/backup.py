# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Copies of what the rollback changes on hosts that stay."""

from __future__ import annotations

import typing as t

from ...checks import backup_target
from ...entry import Entry
from ...step import Step, hosts_of
from ...steps.backup import Record

if t.TYPE_CHECKING:
    from ....base.problem import Problem
    from ....host.host import Host
    from ..rollback import Rollback

_TOUCHING = ("point", "return_cluster", "return_certificate")


class Backup(Step["Rollback"]):
    """Every node whose files change, and the cluster once, before its etcd loses members."""

    name = "backup"

    def entries(self, situation: Rollback, others: t.Sequence[Entry]) -> t.Iterator[Entry]:
        """In the order of the hosts."""
        touched = {entry.host for entry in others if entry.step in _TOUCHING}
        if any(entry.step == "leave" for entry in others):
            touched.add(situation.first.name)
        for name in dict.fromkeys((*situation.desired.nodes, *situation.desired.load_balancers)):
            if name in touched:
                directory = situation.desired.backup_directory
                change = backup_target.change(
                    situation.hosts[name], directory, of="rollback", has_snapshot=name == situation.first.name
                )
                yield Entry(name, self.name, change)

    def problems(self, situation: Rollback, entries: t.Sequence[Entry]) -> t.Iterator[Problem]:
        """Where backups cannot be kept."""
        for name in hosts_of(entries, self.name):
            yield from backup_target.problems(situation.hosts[name])

    def record(self, situation: Rollback, host: Host) -> Record:
        """What is backed up on this host beside what Kubernetes keeps there."""
        paths = dict.fromkeys(edit.path for edit in situation.kubeconfig_edits[host.name])
        return Record(str(situation.server), host.name == situation.first.name, tuple(paths))


__all__ = ("Backup",)
