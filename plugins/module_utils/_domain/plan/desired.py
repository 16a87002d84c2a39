# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the operator wants."""

from __future__ import annotations

import dataclasses
import typing as t

if t.TYPE_CHECKING:
    from ..base.address import Endpoint, San

LOAD_BALANCERS = ("haproxy", "external", "none")


@dataclasses.dataclass(frozen=True)
class Desired:
    """The highly available control plane that the inventory describes. Hosts go by their inventory names."""

    endpoint: Endpoint
    load_balancer: str
    control_planes: tuple[str, ...]
    workers: tuple[str, ...]
    load_balancers: tuple[str, ...]
    extra_sans: frozenset[San] = frozenset()
    unmanaged_nodes: frozenset[str] = frozenset()
    allow_two_control_planes: bool = False
    allow_older_kubeadm: bool = False
    reset_half_joined: bool = False
    admin_users: frozenset[str] = frozenset({"root"})
    adopt_manifest_flags: bool = False
    patches_dir: str = ""
    probe_certificate: bool = False
    #: How many workers are changed at the same time, batch by batch.
    worker_batches: tuple[int | str, ...] = ("25%",)
    #: Where backups are kept on the nodes.
    backup_directory: str = "/var/backups/kubeadm-ha"

    @property
    def sans(self) -> frozenset[San]:
        """The SANs that every API server's certificate must have."""
        return self.extra_sans | {self.endpoint.san}

    @property
    def nodes(self) -> tuple[str, ...]:
        """Control planes, then workers."""
        return self.control_planes + self.workers


__all__ = ("LOAD_BALANCERS", "Desired")
