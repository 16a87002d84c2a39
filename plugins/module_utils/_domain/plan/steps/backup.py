# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Copies of what the run changes."""

from __future__ import annotations

import dataclasses
import typing as t

from ..checks import backup_target
from ..entry import Entry
from ..step import Step, hosts_of
from ..without_files import WITHOUT_FILES

if t.TYPE_CHECKING:
    from ...base.problem import Problem
    from ...host.host import Host
    from ..situation import Situation


@dataclasses.dataclass(frozen=True)
class Record:
    """What the role cluster_backup is given.

    Attributes:
        server: address and port of the serving control plane's API server; empty for the one that an administrator's kubeconfig names.
        has_cluster: whether this host backs up the cluster's objects and etcd, too.
        extra_paths: kubeconfigs of users that the run changes here; of a host of services everything that these name.
    """

    server: str
    has_cluster: bool
    extra_paths: tuple[str, ...]


class Backup(Step["Situation"]):
    """Every host whose files change, and the cluster once."""

    name = "backup"

    def entries(self, situation: Situation, others: t.Sequence[Entry]) -> t.Iterator[Entry]:
        """In the order of the hosts."""
        touched = {entry.host for entry in others if entry.step not in WITHOUT_FILES}
        pointed = hosts_of(others, "point")
        for name in dict.fromkeys((*situation.desired.nodes, *situation.desired.load_balancers)):
            if name in pointed or (name in touched and situation.joined([name])):
                directory = situation.desired.backup_directory
                has_snapshot = name == situation.serving_control_plane.name
                change = backup_target.change(situation.hosts[name], directory, has_snapshot=has_snapshot)
                yield Entry(name, self.name, change)

    def problems(self, situation: Situation, entries: t.Sequence[Entry]) -> t.Iterator[Problem]:
        """Where backups cannot be kept."""
        for name in hosts_of(entries, self.name):
            yield from backup_target.problems(situation.hosts[name])

    def record(self, situation: Situation, host: Host) -> Record:
        """What is backed up on this host beside what Kubernetes keeps there."""
        paths = dict.fromkeys(edit.path for edit in situation.kubeconfig_edits[host.name])
        return Record(str(situation.server), host.name == situation.serving_control_plane.name, tuple(paths))


__all__ = ("Backup", "Record")
