# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the domain needs of a service of systemd and of the owners of files."""

from __future__ import annotations

import dataclasses
import typing as t


@dataclasses.dataclass(frozen=True)
class ServiceState:
    """What systemd says of a service.

    Attributes:
        active: ``active``, ``activating``, ``failed`` ...
        pid: of its main process, 0 without one.
        restarts: how often systemd has started it by itself.
    """

    active: str
    pid: int
    restarts: int


class ServiceHost(t.Protocol):
    """Services of systemd and owners of files on this host."""

    def state(self, unit: str) -> ServiceState:
        """What systemd says of it now."""

    def reload(self) -> None:
        """systemd reads all units anew."""

    def enable(self, unit: str, *, enabled: bool) -> None:
        """It starts at boot, or no longer does."""

    def is_enabled(self, unit: str) -> bool:
        """Whether it starts at boot."""

    def restart(self, unit: str) -> None:
        """Start it anew, and forget how often it has failed. How that ends is for :meth:`state`."""

    def stop(self, unit: str) -> None:
        """Stop it, and forget how it ended: one that has gone would be shown as failed otherwise."""

    def journal(self, unit: str, *, since: float) -> str:
        """What it has said since then, in seconds since the epoch."""

    def has_loaded(self, unit: str, paths: t.Iterable[str]) -> bool:
        """Whether it runs and was started after all of these files were written."""

    def owner(self, path: str) -> tuple[int, int, int] | None:
        """User, group and permission bits of a file or directory, links followed; ``None`` where there is none."""

    def give(self, path: str, uid: int, gid: int, mode: int) -> None:
        """Set user, group and permission bits of a file."""

    def make_directory(self, path: str) -> None:
        """Make a directory that everybody may enter, with its parents; it may be there already."""


__all__ = ("ServiceHost", "ServiceState")
