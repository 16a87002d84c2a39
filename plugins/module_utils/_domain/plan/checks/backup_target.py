# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a host can keep a backup where the operator wants it."""

from __future__ import annotations

import typing as t

from ...base.backup_reason import reason
from ...base.change import KNOWN_AFTER_APPLY, Change
from ...base.problem import Problem

if t.TYPE_CHECKING:
    from ...host.host import Host

#: Bytes that a backup needs at most, etcd's snapshot included, as a rule.
FREE_BYTES_NEEDED = 1 << 30
_ELSEWHERE = "or set kubeadm_ha_backup_dir to another directory"


def directory_of(host: Host, default: str) -> str:
    """Where this host's backups are kept."""
    target = host.report.backup_target
    return target.path if target is not None else default


def change(host: Host, default: str, *, of: str = "run", has_snapshot: bool = False) -> Change:
    """The backup of a host before a run, or whatever ``of`` calls it, as a change; with a snapshot of etcd or without."""
    why = reason(has_snapshot=has_snapshot, of=of)
    return Change(f"backup {directory_of(host, default)}", None, KNOWN_AFTER_APPLY, why)


def problems(host: Host) -> t.Iterator[Problem]:
    """Why a backup would fail there, after other hosts have been changed."""
    target = host.report.backup_target
    if target is None:
        return
    path, existing = target.path, target.existing
    if not target.is_directory:
        yield Problem(
            host.name,
            f"{existing} on {host.name} is no directory, so {path} cannot keep backups: move it, {_ELSEWHERE}.",
        )
        return
    if not target.is_writable:
        yield Problem(
            host.name,
            f"Nothing can be written to {existing} on {host.name} (read-only or immutable), so {path} cannot keep backups: "
            f"make it writable, {_ELSEWHERE}.",
        )
    elif existing == path and not target.is_private:
        yield Problem(
            host.name,
            f"Others than root may write to {path} on {host.name}, and keys would be stored there: 'chown root' and "
            f"'chmod go-w' it, {_ELSEWHERE}.",
        )
    if (target.free_bytes or 0) < FREE_BYTES_NEEDED:
        yield Problem(
            host.name,
            f"{host.name} has less than 1 GiB free for backups in {path}: make room, {_ELSEWHERE} on another file system.",
        )


__all__ = ("change", "directory_of", "problems")
