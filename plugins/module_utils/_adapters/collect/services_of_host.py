# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ``kubernetes_services_info`` reports of the host on which it runs."""

from __future__ import annotations

import typing as t

from ..host.commands import HostCommands
from ..host.file_tree import HostFileTree
from ..host.files import HostFiles
from ..host.processes import HostProcesses
from .service_files import ServiceFiles
from .services_inspection import ServicesInspection

if t.TYPE_CHECKING:
    from ..._domain.binary.report import ServicesReport


def collect() -> ServicesReport:
    """The components that systemd runs, and everything that they name."""
    commands = HostCommands()
    return ServicesInspection(commands, ServiceFiles(HostFiles(), commands), HostProcesses(), HostFileTree()).collect()


__all__ = ("collect",)
