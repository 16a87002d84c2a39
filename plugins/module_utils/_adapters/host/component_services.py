# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Components that systemd runs, by their processes, systemctl and the files of their units."""

from __future__ import annotations

import dataclasses
import glob
import os
import typing as t

from ..._domain.base.errors import KubeadmHaError
from ..._domain.component import etcd_settings, invocation
from ..._domain.component.static_pod import ETCD
from ..._ports.component_services import ComponentService, Daemon
from ..collect.reading import read, unit_properties
from ..collect.service_files import ServiceFiles
from .commands import HostCommands
from .component_units import HostComponentUnits, unit_of_process
from .files import HostFiles
from .processes import HostProcesses

if t.TYPE_CHECKING:
    from ..._ports.commands import Commands
    from ..._ports.processes import Processes

#: The state of a socket in /proc/net/tcp that accepts connections.
_LISTENS = "0A"


def listens(pids: t.Iterable[int], port: int, *, proc: str = "/proc") -> bool:
    """Whether one of the processes accepts connections on a TCP port."""
    sockets = {
        f"socket:[{fields[9]}]"
        for name in ("tcp", "tcp6")
        for fields in (line.split() for line in (read(os.path.join(proc, "net", name)) or b"").decode().splitlines())
        if len(fields) > 9 and fields[3] == _LISTENS and int(fields[1].rpartition(":")[2], 16) == port
    }
    return any(_target(path) in sockets for pid in pids for path in glob.glob(os.path.join(proc, str(pid), "fd", "*")))


def _target(path: str) -> str:
    try:
        return os.readlink(path)
    except OSError:
        return ""


class HostComponentServices:
    """``ComponentServices`` of this host."""

    def __init__(
        self, commands: Commands, service_files: ServiceFiles, processes: Processes, *, proc: str = "/proc"
    ) -> None:
        """``proc``: where the kernel's view of the processes is."""
        self._commands = commands
        self._service_files = service_files
        self._processes = processes
        self._proc = proc
        self._units = HostComponentUnits(commands, processes, proc=proc)

    def find(self, component: str) -> list[ComponentService]:
        """See the port. A host without systemd has none."""
        return [self._with_arguments(component, found) for found in self._units.find(component)]

    def daemons(self, program: str, *, port: int = 0) -> list[Daemon]:
        """See the port. The name that the kernel shows is the executable's; nginx writes another one over its command line."""
        units: dict[str, list[int]] = {}
        for pid in sorted(int(name) for name in os.listdir(self._proc) if name.isdigit()):
            unit = unit_of_process(pid, proc=self._proc)
            if unit is not None:
                units.setdefault(unit, []).append(pid)
        found = []
        for unit, pids in units.items():
            runs = any(
                (read(os.path.join(self._proc, str(pid), "comm")) or b"").strip() == program.encode() for pid in pids
            )
            if runs and (not port or listens(pids, port, proc=self._proc)):
                found.append(self._daemon(unit, pids))
        return found

    def _daemon(self, unit: str, pids: t.Sequence[int]) -> Daemon:
        properties = unit_properties(self._commands, unit, ("ActiveState", "MainPID", "CanReload"))
        main = int(properties.get("MainPID") or 0)
        processes = (self._processes.at(pid) for pid in sorted(pids, key=lambda pid: (pid != main, pid)))
        return Daemon(
            unit,
            properties.get("ActiveState", "unknown"),
            tuple(each for each in processes if each is not None),
            can_reload=properties.get("CanReload") == "yes",
        )

    def _with_arguments(self, component: str, found: ComponentService) -> ComponentService:
        try:
            read_as = invocation.of_component(self._service_files.sources(found.unit), component)
            flags = (
                etcd_settings.settings(found.unit, read_as)
                if component == ETCD
                else {name: values[-1] for name, values in read_as.flags.items()}
            )
        except KubeadmHaError as error:
            return dataclasses.replace(found, fault=error.message)
        return dataclasses.replace(found, arguments=tuple(word.text for word in read_as.words), flags=flags)


def of_host(commands: Commands | None = None) -> HostComponentServices:
    """Those of the host on which this runs; ``commands`` runs its programs, else with the time that is usual."""
    commands = commands or HostCommands()
    return HostComponentServices(commands, ServiceFiles(HostFiles(), commands), HostProcesses())


__all__ = ("HostComponentServices", "listens", "of_host")
