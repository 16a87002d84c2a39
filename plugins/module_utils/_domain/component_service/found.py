# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host has of a component that systemd runs."""

from __future__ import annotations

import dataclasses
import typing as t

from ..base.address import San

if t.TYPE_CHECKING:
    from ..component.invocation import Sources
    from ..component.systemd_unit import Unit

#: Flags by their names, the last value of each.
Flags = t.Mapping[str, str]


@dataclasses.dataclass(frozen=True)
class Owner:
    """Whose a file is: the numbers of user and group, and the permission bits."""

    uid: int
    gid: int
    mode: int

    @property
    def shown(self) -> str:
        """For people."""
        return f"{self.uid}:{self.gid} {self.mode:04o}"


@dataclasses.dataclass(frozen=True)
class FoundService:
    """A component on a host.

    Attributes:
        host: the host's own name.
        addresses: where others reach it, by its default routes.
        sources: the texts of its unit; ``None`` where there is no such unit.
        others: other units of the host, see ``component_arguments.decide``.
        flags: what it is started with.
        program: path of the program; empty where it is not found.
        version: what the program says of itself.
        user: what the unit runs as; empty is root.
        uid: the number of the user; ``None`` where the host has no such user.
        gid: the number of the group.
        is_active: whether systemd has it running.
        is_enabled: whether it starts at boot.
        api_server: flags of the host's kube-apiserver, where that is a service, too.
        manager: flags of the host's kube-controller-manager, likewise.
    """

    host: str
    addresses: tuple[str, ...] = ()
    sources: Sources | None = None
    others: tuple[Unit, ...] = ()
    flags: Flags = dataclasses.field(default_factory=dict)
    program: str = ""
    version: str = ""
    user: str = ""
    uid: int | None = 0
    gid: int = 0
    is_active: bool = False
    is_enabled: bool = False
    api_server: Flags = dataclasses.field(default_factory=dict)
    manager: Flags = dataclasses.field(default_factory=dict)

    @property
    def sans(self) -> tuple[San, ...]:
        """Names and addresses of the host by which clients may connect."""
        texts = [self.host, "localhost", "127.0.0.1", *self.addresses, self.api_server.get("advertise-address", "")]
        return tuple(dict.fromkeys(San.parse(text) for text in texts if text))


__all__ = ("Flags", "FoundService", "Owner")
