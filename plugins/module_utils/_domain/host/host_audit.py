# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What only an audit asks a host for, because it costs more than a run needs to spend. A part of the report of the host."""

from __future__ import annotations

import dataclasses
import typing as t

from ..base.report_fields import absent


@dataclasses.dataclass(frozen=True)
class KeptBackup:
    """A backup in the host's directory for them.

    Attributes:
        name: of its directory.
        created: by its manifest, in seconds since the epoch; ``None`` where it does not say.
        is_complete: whether it was finished: it has a manifest, and its name is not that of one that is being made.
        has_snapshot: whether it has a snapshot of etcd.
    """

    name: str
    created: float | None = dataclasses.field(metadata=absent(None))
    is_complete: bool
    has_snapshot: bool


@dataclasses.dataclass(frozen=True)
class ProcessConnection:
    """An established TCP connection of a process to a port of API servers.

    Attributes:
        process: its name, as the kernel cuts it.
        unit: the service of systemd to which it belongs; empty for others.
        remote: address and port.
    """

    process: str
    unit: str
    remote: str


@dataclasses.dataclass(frozen=True)
class HostAudit:
    """What an audit asks a host for.

    Attributes:
        backups: those in the directory for backups.
        connections: connections of any process but the kubelet and kube-proxy to ports of API servers.
        time_services: active services that keep the clock.
        etcd_mount: mount point of the file system with etcd's data; empty without.
        public_keys: SHA-256 of files with public keys of service accounts, by path.
        unreadable: directories and files of Kubernetes that are there and that this user cannot read.
        certificates: the first certificate, in PEM, of each file that something here presents or trusts, by path; without those of the
            report of the host.
    """

    backups: t.Sequence[KeptBackup] = ()
    connections: t.Sequence[ProcessConnection] = ()
    time_services: t.Sequence[str] = ()
    etcd_mount: str = ""
    public_keys: t.Mapping[str, str] = dataclasses.field(default_factory=dict)
    unreadable: t.Sequence[str] = ()
    certificates: t.Mapping[str, str] = dataclasses.field(default_factory=dict, metadata=absent({}))


__all__ = ("HostAudit", "KeptBackup", "ProcessConnection")
