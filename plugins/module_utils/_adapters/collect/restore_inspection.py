# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Finds what a restore of etcd needs on a control plane."""

from __future__ import annotations

import os
import typing as t

from ..._domain.backup.restore import KEPT, Places, Restore
from ..._domain.kubeadm.join_traces import MANIFESTS
from ..host import certificates_dir
from ..host.clock import HostClock
from ..host.commands import HostCommands
from ..host.component_units import HostComponentUnits
from ..host.etcd_data import HostEtcdData
from ..host.processes import HostProcesses

if t.TYPE_CHECKING:
    from ..._ports.files import Files


def places(files: Files, directory: str, pki_dir: str | None) -> Places:
    """Where everything is. The API server's manifest, which names the certificates, may have been moved away by a restore."""
    kept = [f"{KEPT}/{stamp}/manifests" for stamp in reversed(files.names(KEPT))]
    known = next((path for path in (MANIFESTS, *kept) if files.exists(f"{path}/kube-apiserver.yaml")), MANIFESTS)
    found = pki_dir or certificates_dir.find(manifests_dir=known)
    return Places(MANIFESTS, os.path.normpath(found), os.path.normpath(directory))


def open_restore(files: Files, found: Places, name: str) -> Restore:
    """The restore of a backup on this host."""
    processes = HostProcesses()
    units = HostComponentUnits(HostCommands(), processes)
    return Restore(files, HostEtcdData(), processes, HostClock(), units, places=found, name=name)


__all__ = ("open_restore", "places")
