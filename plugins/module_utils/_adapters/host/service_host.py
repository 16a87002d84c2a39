# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Services of systemd and owners of files, by systemctl and the standard library."""

from __future__ import annotations

import os
import stat
import typing as t

from ..._domain.base.errors import CommandFailed
from ..._ports.service_host import ServiceState
from ..collect.loaded_files import has_loaded
from ..collect.reading import output, unit_properties

if t.TYPE_CHECKING:
    from ..._ports.commands import Commands


class SystemdHost:
    """``ServiceHost`` of this host."""

    def __init__(self, commands: Commands) -> None:
        self._commands = commands

    def state(self, unit: str) -> ServiceState:
        """What systemd says; see the port."""
        found = self.properties(unit, "ActiveState", "MainPID", "NRestarts")
        return ServiceState(
            found.get("ActiveState", "unknown"), int(found.get("MainPID") or 0), int(found.get("NRestarts") or 0)
        )

    def properties(self, unit: str, *names: str) -> dict[str, str]:
        """Properties of a unit, as systemd writes them; none where it does not answer."""
        return unit_properties(self._commands, unit, names)

    def reload(self) -> None:
        """systemd reads units; see the port."""
        self._commands.run(["systemctl", "daemon-reload"])

    def enable(self, unit: str, *, enabled: bool) -> None:
        """At boot; see the port."""
        self._commands.run(["systemctl", "enable" if enabled else "disable", unit], check=enabled)

    def is_enabled(self, unit: str) -> bool:
        """At boot; see the port."""
        return self.properties(unit, "UnitFileState").get("UnitFileState") == "enabled"

    def restart(self, unit: str) -> None:
        """Start it anew; see the port."""
        self._commands.run(["systemctl", "reset-failed", unit], check=False)
        try:
            self._commands.run(["systemctl", "restart", unit])
        except CommandFailed:
            return

    def stop(self, unit: str) -> None:
        """Stop it, and forget how it ended; see the port."""
        self._commands.run(["systemctl", "stop", unit], check=False)
        self._commands.run(["systemctl", "reset-failed", unit], check=False)

    def journal(self, unit: str, *, since: float) -> str:
        """Its own words; see the port."""
        options = ("--no-pager", "--quiet", "--output=cat", f"--since=@{since:.0f}", "--lines=40")
        return output(self._commands, ["journalctl", *options, f"--unit={unit}"])

    def has_loaded(self, unit: str, paths: t.Iterable[str]) -> bool:
        """Whether it runs with them; see the port."""
        return has_loaded(self._commands, unit, paths)

    def owner(self, path: str) -> tuple[int, int, int] | None:
        """Of a file; see the port."""
        try:
            found = os.stat(path)
        except OSError:
            return None
        return found.st_uid, found.st_gid, stat.S_IMODE(found.st_mode)

    def give(self, path: str, uid: int, gid: int, mode: int) -> None:
        """Set them; see the port."""
        os.chown(path, uid, gid)
        os.chmod(path, mode)

    def make_directory(self, path: str) -> None:
        """With its parents; see the port."""
        os.makedirs(path, mode=0o755, exist_ok=True)


__all__ = ("SystemdHost",)
