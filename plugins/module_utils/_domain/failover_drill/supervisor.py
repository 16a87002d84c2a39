# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who runs a component of this host, and how it is kept from running for a while: the kubelet or systemd."""

from __future__ import annotations

import dataclasses
import posixpath
import typing as t

from ..base.errors import UnsupportedState

if t.TYPE_CHECKING:
    from ..._ports.component_services import ComponentServices
    from ..._ports.files import Files

#: Beside the kubelet's directory of manifests, in the same file system, for manifests that are moved away.
_ASIDE = "kubeadm-ha-failover-drill"


@dataclasses.dataclass(frozen=True)
class Interrupted:
    """What was done to a component.

    Attributes:
        component: its name.
        how: a key of ``KINDS``.
        pid: number of the process that it concerned.
        started: when that was started, in clock ticks since boot.
        manifest: path of the manifest of a static pod; empty for a service.
        aside: where the manifest was moved; empty when it was not.
        unit: the service of systemd; empty for a static pod.
        program: that drops its packets; empty where none does.
    """

    component: str
    how: str
    pid: int
    started: int
    manifest: str
    aside: str = ""
    unit: str = ""
    program: str = ""

    @property
    def log(self) -> str:
        """What says how it ended."""
        return f"journalctl -u {self.unit}" if self.unit else "the log of the kubelet"

    @property
    def logs(self) -> str:
        """What says why it does not run, as the subject of a plural verb."""
        if self.unit:
            return f"'systemctl status {self.unit}' and 'journalctl -u {self.unit}'"
        return f"'crictl ps -a --name {self.component}' and the log of the kubelet"


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
        return posixpath.join(posixpath.dirname(self.manifests_dir), _ASIDE)

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

    def __init__(self, services: ComponentServices) -> None:
        """``services``: of this host."""
        self._services = services

    def stop(self, record: Interrupted) -> None:
        """As ``systemctl stop`` does."""
        self._services.stop(record.unit)

    def put_back(self, record: Interrupted) -> None:
        """As ``systemctl start`` does; a service that systemd starts by itself (``Restart=``) is started at once."""
        self._services.start(record.unit)


__all__ = ("Interrupted", "StaticPods", "Supervisor", "SystemdServices")
