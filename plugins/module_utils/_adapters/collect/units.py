# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What systemd says of services, and which package manager a host has."""

from __future__ import annotations

import typing as t

from ..._domain.host.report import Service
from .reading import output, unit_properties

if t.TYPE_CHECKING:
    from ..._ports.commands import Commands

#: Package managers, with the program by which each is known.
_MANAGERS = (("apt", "apt-get"), ("dnf", "dnf"), ("zypper", "zypper"))
_PROPERTIES = ("Id", "LoadState", "ActiveState", "UnitFileState")


def services(commands: Commands, names: t.Iterable[str]) -> dict[str, Service]:
    """Those of the services that there are, by their name without its ending; one question for all."""
    shown = output(commands, ["systemctl", "show", *_asked(_PROPERTIES), *(f"{name}.service" for name in names)])
    found = {}
    for block in shown.strip().split("\n\n"):
        pairs = dict(line.partition("=")[::2] for line in block.splitlines())
        if pairs.get("LoadState", "not-found") != "not-found":
            found[pairs["Id"].rpartition(".")[0]] = Service(pairs["ActiveState"], pairs["UnitFileState"])
    return found


def properties(commands: Commands, service: str, names: t.Sequence[str]) -> dict[str, str]:
    """Properties of one service, as systemd writes them; none where it does not answer."""
    return unit_properties(commands, f"{service}.service", names)


def of_each(commands: Commands, services: t.Sequence[str], name: str) -> dict[str, str]:
    """One property of several services, by their whole names; one question for all."""
    if not services:
        return {}
    shown = output(commands, ["systemctl", "show", *_asked(("Id", name)), *(f"{each}.service" for each in services)])
    blocks = [dict(line.partition("=")[::2] for line in block.splitlines()) for block in shown.strip().split("\n\n")]
    return {pairs["Id"]: pairs.get(name, "") for pairs in blocks if "Id" in pairs}


def package_manager(commands: Commands) -> str:
    """``apt``, ``dnf`` or ``zypper``, empty without."""
    return next((name for name, program in _MANAGERS if commands.find(program)), "")


def _asked(names: t.Sequence[str]) -> tuple[str, ...]:
    return (f"--property={','.join(names)}",)


__all__ = ("of_each", "package_manager", "properties", "services")
