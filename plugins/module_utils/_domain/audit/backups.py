# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Findings about backups that this collection has made, or could make."""

from __future__ import annotations

import typing as t

from . import kinds
from .audit_finding import found

if t.TYPE_CHECKING:
    from .audit_finding import AuditFinding
    from .audit_input import AuditInput

_DAY = 86400.0
_OLD = 7
_BACKUP = "ansible-playbook kubeadm.ha.backup"


def find(audit: AuditInput) -> t.Iterator[AuditFinding]:
    """Every finding about backups."""
    asked = {
        name: item.host.report.audit.backups
        for name, item in audit.control_planes.items()
        if item.host.report.audit is not None and item.host.report.user_id == 0
    }
    kept = {name: [backup for backup in backups if backup.is_complete] for name, backups in asked.items()}
    if asked and not any(kept.values()):
        yield found(
            kinds.BACKUP_NONE,
            "cluster",
            f"{', '.join(asked)} {'has' if len(asked) == 1 else 'have'} no backup in the directory of kubeadm_ha_backup_dir.",
            *(f"{name}: nothing" for name in asked),
            remedy=f"{_BACKUP}, regularly, and copy the result off the host.",
        )
    for name, backups in asked.items():
        for backup in backups:
            if not backup.is_complete:
                yield found(
                    kinds.BACKUP_INCOMPLETE,
                    name,
                    f"The backup {backup.name} on {name} has not been finished.",
                    f"{backup.name}: {'partial' if backup.created is not None else 'no manifest that can be read'}",
                    remedy=f"{_BACKUP}: the next one removes it.",
                )
    yield from _newest(audit, kept)
    yield from _targets(audit)


def _newest(audit: AuditInput, kept: t.Mapping[str, t.Sequence[t.Any]]) -> t.Iterator[AuditFinding]:
    everything = [(backup, name) for name, backups in kept.items() for backup in backups]
    if not everything:
        return
    newest, name = max(everything, key=lambda item: item[0].created or 0.0)
    days = int((audit.hosts[name].report.clock - (newest.created or 0.0)) // _DAY)
    if days >= _OLD:
        yield found(
            kinds.BACKUP_OLD,
            name,
            f"The newest backup, {newest.name} on {name}, is {days} days old.",
            f"{newest.name}: {days} days",
            remedy=f"{_BACKUP}, regularly.",
        )
    if not any(backup.has_snapshot for backup, _name in everything):
        yield found(
            kinds.BACKUP_WITHOUT_SNAPSHOT,
            name,
            f"None of {len(everything)} backups has a snapshot of etcd.",
            *(f"{where}: {backup.name}" for backup, where in everything[:5]),
            remedy=f"{_BACKUP} on a control plane that reaches etcd.",
        )


def _targets(audit: AuditInput) -> t.Iterator[AuditFinding]:
    for name, item in audit.control_planes.items():
        target = item.host.report.backup_target
        if target is None or item.host.report.user_id != 0:
            continue
        faults = [
            text
            for is_wrong, text in (
                (not target.is_directory, f"{target.existing} is no directory"),
                (target.is_writable is False, f"{target.existing} is read-only"),
                (target.is_private is False, f"others may write to {target.existing}"),
            )
            if is_wrong
        ]
        if faults:
            yield found(
                kinds.BACKUP_TARGET,
                name,
                f"Backups of {name} cannot be kept in {target.path}: {faults[0]}.",
                *faults,
                remedy=f"Mend it, or set kubeadm_ha_backup_dir of {name} to another directory.",
            )


__all__ = ("find",)
