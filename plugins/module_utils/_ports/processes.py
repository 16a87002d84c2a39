# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the domain needs of processes of the host."""

from __future__ import annotations

import dataclasses
import typing as t


@dataclasses.dataclass(frozen=True)
class Process:
    """A process, never taken for another one that has got its number.

    Attributes:
        pid: its number.
        started: when it was started, in clock ticks since boot.
        arguments: its command line.
        is_stopped: whether a signal has stopped it.
    """

    pid: int
    started: int
    arguments: tuple[str, ...]
    is_stopped: bool = False


class Processes(t.Protocol):
    """Processes of the host."""

    def find(self, program: str) -> t.Sequence[Process]:
        """Those whose program has this name, without its directory."""

    def at(self, pid: int) -> Process | None:
        """The process with this number, ``None`` without one."""

    def get(self, pid: int, started: int) -> Process | None:
        """This very process, ``None`` when it has ended."""

    def kill(self, process: Process) -> None:
        """End it at once (SIGKILL); it may have ended already."""

    def freeze(self, process: Process) -> None:
        """Stop it where it is (SIGSTOP); it may have ended already."""

    def resume(self, process: Process) -> None:
        """Let it go on (SIGCONT); it may have ended already."""


__all__ = ("Process", "Processes")
