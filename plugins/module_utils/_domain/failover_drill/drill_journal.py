# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What drills have done to a host and not undone yet, written down there."""

from __future__ import annotations

import dataclasses
import json
import posixpath
import typing as t

from ..base.errors import UnsupportedState
from .packet_filter import CHAINS, TABLE

if t.TYPE_CHECKING:
    from ..._ports.files import Files

#: Where it is.
JOURNAL = "/var/lib/kubeadm-ha/failover_drill.json"
_MODE = 0o600
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


class Journal:
    """Of this host."""

    def __init__(self, files: Files, manifests_dir: str, path: str = JOURNAL) -> None:
        """``manifests_dir``: the kubelet's directory of manifests."""
        self._files = files
        self._manifests_dir = manifests_dir.rstrip("/")
        self._path = path

    def left(self) -> tuple[Interrupted, ...]:
        """What is not undone yet.

        Raises:
            UnsupportedState: when it cannot be read.
        """
        content = self._files.read(self._path)
        if content is None:
            return ()
        try:
            return tuple(Interrupted(**item) for item in json.loads(content))
        except (TypeError, ValueError):
            raise UnsupportedState(
                f"{self._path} cannot be read: see whether {aside_of(self._manifests_dir)} holds a manifest that belongs into "
                f"{self._manifests_dir}, move it back, start what systemd runs, take away the table {TABLE} of nftables or the chains "
                f"{' and '.join(chain for chain, *_options in CHAINS.values())} of iptables, and remove the directory and the file."
            ) from None

    def write(self, records: t.Sequence[Interrupted]) -> None:
        """This is to be undone."""
        self._files.make_private_directory(posixpath.dirname(self._path))
        content = json.dumps([dataclasses.asdict(item) for item in records], indent=1)
        self._files.write(self._path, content.encode(), mode=_MODE)

    def remove(self) -> None:
        """All of it is undone."""
        self._files.remove(self._path)


def aside_of(manifests_dir: str) -> str:
    """The directory for manifests that are moved away."""
    return posixpath.join(posixpath.dirname(manifests_dir), _ASIDE)


__all__ = ("JOURNAL", "Interrupted", "Journal", "aside_of")
