# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The services of systemd that run components, by their processes and systemctl, without what they are started with."""

from __future__ import annotations

import os
import re
import typing as t

from ..._ports.component_services import ComponentService
from ..collect.reading import read, unit_properties

if t.TYPE_CHECKING:
    from ..._ports.commands import Commands
    from ..._ports.processes import Processes

_SERVICE = re.compile(r"/([^/\n]+\.service)$", re.MULTILINE)
_PROPERTIES = ("LoadState", "ActiveState", "MainPID")


def unit_of_process(pid: int, *, proc: str = "/proc") -> str | None:
    """The service of systemd to which a process belongs. In a container, such as a static pod's, there is none or the runtime's."""
    text = read(os.path.join(proc, str(pid), "cgroup")) or b""
    match = _SERVICE.search(text.decode("utf-8", "replace"))
    return match.group(1) if match is not None and "containerd" not in match.group(1) else None


class HostComponentUnits:
    """``ComponentUnits`` of this host."""

    def __init__(self, commands: Commands, processes: Processes, *, proc: str = "/proc") -> None:
        """``proc``: where the kernel's view of the processes is."""
        self._commands = commands
        self._processes = processes
        self._proc = proc

    def find(self, component: str) -> list[ComponentService]:
        """See the port. A host without systemd has none."""
        units = [unit_of_process(process.pid, proc=self._proc) for process in self._processes.find(component)]
        names = [unit for unit in dict.fromkeys(units) if unit is not None] or [f"{component}.service"]
        found = (self._service(name) for name in names)
        return [service for service in found if service is not None]

    def _service(self, unit: str) -> ComponentService | None:
        properties = unit_properties(self._commands, unit, _PROPERTIES)
        if properties.get("LoadState", "not-found") == "not-found":
            return None
        return ComponentService(unit, properties.get("ActiveState", "unknown"), int(properties.get("MainPID") or 0))


__all__ = ("HostComponentUnits", "unit_of_process")
