# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the domain needs of components that systemd runs."""

from __future__ import annotations

import dataclasses
import typing as t

if t.TYPE_CHECKING:
    from .processes import Process


@dataclasses.dataclass(frozen=True)
class ComponentService:
    """A service of systemd that runs a component, or is to run it.

    Attributes:
        unit: its name.
        active: ``active``, ``inactive``, ``failed`` ...
        pid: of its main process, 0 without one.
        arguments: what the component gets after its name when the service is started.
        flags: the same as flags without dashes; the last value of each counts. Those of etcd's environment are among them.
        fault: why its arguments are not certain; empty when they are.
    """

    unit: str
    active: str
    pid: int
    arguments: tuple[str, ...] = ()
    flags: t.Mapping[str, str] = dataclasses.field(default_factory=dict)
    fault: str = ""


@dataclasses.dataclass(frozen=True)
class Daemon:
    """A service of systemd whose program runs in several processes.

    Attributes:
        unit: its name.
        active: ``active``, ``inactive``, ``failed`` ...
        processes: all of them, the main one first.
        can_reload: whether it says how it is reloaded.
    """

    unit: str
    active: str
    processes: tuple[Process, ...]
    can_reload: bool = False


class ComponentUnits(t.Protocol):
    """Services of this host that run components, whatever they are started with."""

    def find(self, component: str) -> t.Sequence[ComponentService]:
        """The services whose processes are the component's, else the one of its name, where there is one."""


class ComponentServices(ComponentUnits, t.Protocol):
    """Services of this host that run components, with their arguments."""

    def daemons(self, program: str, *, port: int = 0) -> t.Sequence[Daemon]:
        """The services that run a program.

        Args:
            program: name of its executable.
            port: with one only those that listen on it count.
        """


__all__ = ("ComponentService", "ComponentServices", "ComponentUnits", "Daemon")
