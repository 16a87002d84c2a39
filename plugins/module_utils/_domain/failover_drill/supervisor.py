# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who runs a component of this host, and how it is kept from running for a while: the kubelet or systemd."""

from __future__ import annotations

import posixpath
import typing as t

from ..base.errors import UnsupportedState
from .drill_journal import aside_of

if t.TYPE_CHECKING:
    from ..._ports.controlled_services import ControlledServices
    from ..._ports.files import Files
    from .drill_journal import Interrupted


class Supervisor(t.Protocol):
    """What runs a component, by the record of what is done to it."""

    def stop(self, record: Interrupted) -> None:
        """Let it be ended in an orderly manner, and not be started again."""

    def put_back(self, record: Interrupted) -> None:
        """Let it be started, where it does not run; may be said again and again."""


class StaticPods:
    """The kubelet, which runs what is in its directory of manifests."""

    def __init__(self, files: Files, manifests_dir: str) -> None:
        """``manifests_dir``: the directory."""
        self._files = files
        self.manifests_dir = manifests_dir.rstrip("/")

    @property
    def aside(self) -> str:
        """The directory for manifests that are moved away."""
        return aside_of(self.manifests_dir)

    def aside_of(self, manifest: str) -> str:
        """Where a manifest is moved."""
        return posixpath.join(self.aside, posixpath.basename(manifest))

    def stop(self, record: Interrupted) -> None:
        """Move the manifest away."""
        self._files.make_private_directory(self.aside)
        self._files.rename(record.manifest, record.aside)

    def put_back(self, record: Interrupted) -> None:
        """Move the manifest back.

        Raises:
            UnsupportedState: when it was written anew meanwhile.
        """
        if not record.aside or not self._files.exists(record.aside):
            return
        if self._files.exists(record.manifest) and self._files.read(record.manifest) != self._files.read(record.aside):
            raise UnsupportedState(
                f"{record.manifest} was written anew while the drill had moved it to {record.aside}: keep the right one of the "
                "two, remove the other, and run again."
            )
        self._files.rename(record.aside, record.manifest)

    def tidy_up(self) -> None:
        """Remove the directory of manifests that were moved away."""
        if not self._files.names(self.aside):
            self._files.remove(self.aside)


class SystemdServices:
    """systemd, which is asked to end and to start a service."""

    def __init__(self, services: ControlledServices) -> None:
        """``services``: of this host."""
        self._services = services

    def stop(self, record: Interrupted) -> None:
        """As ``systemctl stop`` does."""
        self._services.stop(record.unit)

    def put_back(self, record: Interrupted) -> None:
        """As ``systemctl start`` does; a service that systemd starts by itself (``Restart=``) is started at once."""
        self._services.start(record.unit)


__all__ = ("StaticPods", "Supervisor", "SystemdServices")
