# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Processes of the host by /proc."""

from __future__ import annotations

import contextlib
import os
import signal

from ..._ports.processes import Process

_STOPPED = ("T", "t")


class HostProcesses:
    """``Processes`` by the standard library. Signals go to processes that are still what they were."""

    def __init__(self, proc: str = "/proc") -> None:
        """``proc``: where the kernel's view of the processes is."""
        self._proc = proc

    def find(self, program: str) -> list[Process]:
        """Those whose program has this name."""
        numbers = sorted(int(name) for name in os.listdir(self._proc) if name.isdigit())
        found = (self._read(pid) for pid in numbers)
        return [item for item in found if item is not None and os.path.basename(item.arguments[0]) == program]

    def at(self, pid: int) -> Process | None:
        """The process with this number."""
        return self._read(pid)

    def get(self, pid: int, started: int) -> Process | None:
        """This very process."""
        found = self._read(pid)
        return found if found is not None and found.started == started else None

    def kill(self, process: Process) -> None:
        """SIGKILL."""
        self._signal(process, signal.SIGKILL)

    def freeze(self, process: Process) -> None:
        """SIGSTOP."""
        self._signal(process, signal.SIGSTOP)

    def resume(self, process: Process) -> None:
        """SIGCONT."""
        self._signal(process, signal.SIGCONT)

    def _signal(self, process: Process, number: signal.Signals) -> None:
        if self.get(process.pid, process.started) is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process.pid, number)

    def _read(self, pid: int) -> Process | None:
        """``None`` for one that has ended, and for threads of the kernel and zombies, which have no command line."""
        try:
            with open(os.path.join(self._proc, str(pid), "cmdline"), "rb") as stream:
                line = stream.read()
            with open(os.path.join(self._proc, str(pid), "stat"), encoding="utf-8", errors="replace") as stream:
                # The second field, in brackets, may hold anything.
                fields = stream.read().rpartition(")")[2].split()
        except OSError:
            return None
        if not line or len(fields) < 20:
            return None
        arguments = tuple(item.decode("utf-8", "surrogateescape") for item in line.rstrip(b"\0").split(b"\0"))
        return Process(pid, int(fields[19]), arguments, fields[0] in _STOPPED)


__all__ = ("HostProcesses",)
