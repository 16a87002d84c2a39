# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a drill does to the components of a host, and how all of it is undone.

What is done is written down before it is done, so that another process can undo it when this one is gone.
"""

from __future__ import annotations

import dataclasses
import json
import posixpath
import typing as t

from ..base.errors import NotProved, UnsupportedState
from .instance import find, running_process

if t.TYPE_CHECKING:
    from ..._ports.clock import Clock
    from ..._ports.files import Files
    from ..._ports.processes import Process, Processes

#: What a drill has done to this host and not undone yet.
JOURNAL = "/var/lib/kubeadm-ha/failover_drill.json"
#: Beside the kubelet's directory of manifests, in the same file system, for manifests that are moved away.
_ASIDE = "kubeadm-ha-failover-drill"
_MODE = 0o600
_POLL_SECONDS = 0.02
_SLOW_POLL_SECONDS = 0.5
#: A leader that goes on after its lease was taken ends by itself at once.
_SECONDS_OF_A_RESUMED_LEADER = 5.0


@dataclasses.dataclass(frozen=True)
class Interrupted:
    """What was done to a component.

    Attributes:
        component: its name.
        how: ``stop``, ``kill`` or ``freeze``.
        pid: number of the process that it concerned.
        started: when that was started, in clock ticks since boot.
        manifest: path of the manifest.
        aside: where the manifest was moved; empty when it was not.
    """

    component: str
    how: str
    pid: int
    started: int
    manifest: str
    aside: str = ""


class Interruptions:
    """The components of this host, which run as static pods."""

    def __init__(
        self, files: Files, processes: Processes, clock: Clock, *, manifests_dir: str, journal: str = JOURNAL
    ) -> None:
        """Nothing is done yet."""
        self._files = files
        self._processes = processes
        self._clock = clock
        self._manifests_dir = manifests_dir.rstrip("/")
        self._journal = journal

    @property
    def aside(self) -> str:
        """The directory for manifests that are moved away."""
        return posixpath.join(posixpath.dirname(self._manifests_dir), _ASIDE)

    def left(self) -> tuple[Interrupted, ...]:
        """What is not undone yet.

        Raises:
            UnsupportedState: when it cannot be read.
        """
        content = self._files.read(self._journal)
        if content is None:
            return ()
        try:
            return tuple(Interrupted(**item) for item in json.loads(content))
        except (TypeError, ValueError):
            raise UnsupportedState(
                f"{self._journal} cannot be read: see whether {self.aside} holds a manifest that belongs into "
                f"{self._manifests_dir}, move it back, and remove both."
            ) from None

    def interrupt(self, component: str, how: str, *, timeout: float) -> float:
        """Stop, kill or freeze the component of this host; the time of it, by the monotonic clock.

        A component is stopped when its process has ended, however long the kubelet takes to notice that its manifest is gone.

        Raises:
            UnsupportedState: when it does not run, so nothing was done.
            NotProved: when it did not end in time.
        """
        instance = find(self._files, self._processes, component, manifests_dir=self._manifests_dir)
        process = running_process(instance)
        aside = posixpath.join(self.aside, posixpath.basename(instance.manifest)) if how == "stop" else ""
        record = Interrupted(component, how, process.pid, process.started, instance.manifest, aside)
        self._write((*self.left(), record))
        if how == "freeze":
            self._processes.freeze(process)
            return self._clock.monotonic()
        if how == "kill":
            self._processes.kill(process)
        else:
            self._files.make_private_directory(self.aside)
            self._files.rename(instance.manifest, aside)
        if not self._has_ended(process, timeout):
            raise NotProved(
                f"{component} (PID {process.pid}) still runs {timeout:g} s after it was to end: read the log of the kubelet."
            )
        return self._clock.monotonic()

    def restore(self, *, timeout: float) -> None:
        """Undo everything that was done, and wait until each component runs again.

        Raises:
            UnsupportedState: when a manifest was written anew meanwhile.
            NotProved: when a component does not run in time.
        """
        records = self.left()
        for record in records:
            self._move_back(record)
            process = self._processes.get(record.pid, record.started)
            if record.how == "freeze" and process is not None:
                self._processes.resume(process)
                self._has_ended(process, _SECONDS_OF_A_RESUMED_LEADER)
        deadline = self._clock.monotonic() + timeout
        for component in dict.fromkeys(record.component for record in records):
            self._await_running(component, deadline, timeout)
        self._files.remove(self._journal)
        if not self._files.names(self.aside):
            self._files.remove(self.aside)

    def _move_back(self, record: Interrupted) -> None:
        if not record.aside or not self._files.exists(record.aside):
            return
        if self._files.exists(record.manifest) and self._files.read(record.manifest) != self._files.read(record.aside):
            raise UnsupportedState(
                f"{record.manifest} was written anew while the drill had moved it to {record.aside}: keep the right one of the "
                "two, remove the other, and run again."
            )
        self._files.rename(record.aside, record.manifest)

    def _await_running(self, component: str, deadline: float, timeout: float) -> None:
        while True:
            found = find(self._files, self._processes, component, manifests_dir=self._manifests_dir)
            if not found.problem:
                return
            if self._clock.monotonic() >= deadline:
                raise NotProved(
                    f"{component} was let go, but {timeout:g} s later {found.problem}: 'crictl ps -a --name {component}' and the "
                    "log of the kubelet say why. Run again when that is mended."
                )
            self._clock.sleep(_SLOW_POLL_SECONDS)

    def _has_ended(self, process: Process, timeout: float) -> bool:
        deadline = self._clock.monotonic() + timeout
        while self._processes.get(process.pid, process.started) is not None:
            if self._clock.monotonic() >= deadline:
                return False
            self._clock.sleep(_POLL_SECONDS)
        return True

    def _write(self, records: t.Sequence[Interrupted]) -> None:
        self._files.make_private_directory(posixpath.dirname(self._journal))
        content = json.dumps([dataclasses.asdict(item) for item in records], indent=1)
        self._files.write(self._journal, content.encode(), mode=_MODE)


__all__ = ("JOURNAL", "Interrupted", "Interruptions")
