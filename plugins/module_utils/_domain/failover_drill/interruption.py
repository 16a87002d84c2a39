# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a drill does to the components of a host, and how all of it is undone.

What is done is written down before it is done, so that another process can undo it when this one is gone.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ..base.errors import NotProved, UnsupportedState
from . import network_cut
from .drill_journal import JOURNAL, Interrupted, Journal
from .event import API_SERVER, COMPONENTS, CUT, ETCD, PARTS, RELOAD
from .instance import find, running_process
from .packet_filter import NO_PROGRAM, NO_PROGRAM_REMEDY
from .supervisor import StaticPods, SystemdServices

if t.TYPE_CHECKING:
    from ..._ports.clock import Clock
    from ..._ports.controlled_services import ControlledServices
    from ..._ports.files import Files
    from ..._ports.processes import Process, Processes
    from .instance import Instance
    from .packet_filter import PacketFilter
    from .supervisor import Supervisor

_POLL_SECONDS = 0.02
_SLOW_POLL_SECONDS = 0.5
#: A leader that goes on after its lease was taken ends by itself at once.
_SECONDS_OF_A_RESUMED_LEADER = 5.0
#: A service is reloaded so often, with so many seconds between: each time is another chance to lose a connection.
_RELOADS, _SECONDS_BETWEEN_RELOADS = 3, 1.0
#: A service that does not run yet is started again.
_SECONDS_UNTIL_ANOTHER_START = 5.0


class Interruptions:
    """The components of this host, which run as static pods or as services of systemd."""

    def __init__(
        self,
        files: Files,
        processes: Processes,
        clock: Clock,
        services: ControlledServices,
        packets: PacketFilter,
        *,
        manifests_dir: str,
        port: int = 0,
        journal: str = JOURNAL,
    ) -> None:
        """Nothing is done yet. ``port`` is the endpoint's; see :func:`instance.find`."""
        self._files = files
        self._processes = processes
        self._clock = clock
        self._services = services
        self._packets = packets
        self._static_pods = StaticPods(files, manifests_dir)
        self._systemd = SystemdServices(services)
        self._port = port
        self._journal = Journal(files, manifests_dir, journal)

    def left(self) -> tuple[Interrupted, ...]:
        """What is not undone yet.

        Raises:
            UnsupportedState: when it cannot be read.
        """
        return self._journal.left()

    def interrupt(self, component: str, how: str, *, timeout: float) -> float:
        """Stop, kill, freeze, cut off or reload a component of this host, or all of them at once; the time of it, by the monotonic clock.

        A component is stopped when its process has ended, however long the kubelet takes to notice that its manifest is gone.

        Raises:
            InvalidInput: when a flag does not say which connections are to be cut, so nothing was done.
            UnsupportedState: when it does not run, or the host cannot drop packets, so nothing was done.
            NotProved: when it did not end in time.
        """
        parts = self._parts(component, how)
        if how == CUT:
            return self._cut(parts)
        if how == RELOAD:
            return self._reload(parts)
        concerned = [(record, process) for part in parts for record, process in self._records(part, how)]
        self._journal.write((*self.left(), *(record for record, _process in concerned)))
        if how == "freeze":
            for _record, process in concerned:
                self._processes.freeze(process)
            return self._clock.monotonic()
        if how == "kill":
            for _record, process in concerned:
                self._processes.kill(process)
        else:
            for record in _of_each_supervised(record for record, _process in concerned):
                self._supervisor(record).stop(record)
        for record, process in concerned:
            if not self._has_ended(process, timeout):
                raise NotProved(
                    f"{record.component} (PID {process.pid}) still runs {timeout:g} s after it was to end: read {record.log}."
                )
        return self._clock.monotonic()

    def time_of(self, at: float) -> float:
        """Seconds since the epoch of a time of the monotonic clock."""
        return self._clock.now() - (self._clock.monotonic() - at)

    def restore(self, *, timeout: float) -> None:
        """Undo everything that was done, and wait until each component runs again.

        Raises:
            UnsupportedState: when a manifest was written anew meanwhile.
            NotProved: when a component does not run in time.
        """
        records = self.left()
        for program in dict.fromkeys(record.program for record in records if record.program):
            self._packets.mend(program)
        resumed = [record for record in records if record.how == "freeze" and self._resume(record)]
        ends_by = self._clock.monotonic() + _SECONDS_OF_A_RESUMED_LEADER
        for record in resumed:
            process = self._processes.get(record.pid, record.started)
            if process is not None and record.component in COMPONENTS:
                self._has_ended(process, ends_by - self._clock.monotonic())
        for record in _of_each_supervised(records):
            self._supervisor(record).put_back(record)
        deadline = self._clock.monotonic() + timeout
        for component in dict.fromkeys(record.component for record in records):
            last = [record for record in records if record.component == component][-1]
            self._await_running(last, deadline, timeout)
        self._journal.remove()
        self._static_pods.tidy_up()

    def _parts(self, component: str, how: str) -> t.Sequence[Instance]:
        """What is to fail, all of which runs, and what is stopped with it.

        Raises:
            UnsupportedState: when one does not.
        """
        found = [self._find(part) for part in PARTS.get(component, (component,))]
        # The etcd cluster may have hosts of its own.
        parts = [each for each in found if each.is_there or each.component != ETCD or component == ETCD]
        return [*parts, *self._requiring(parts)] if how == "stop" else parts

    def _requiring(self, parts: t.Sequence[Instance]) -> list[Instance]:
        """What else systemd would end with these, and nobody would start again: an API server whose unit requires etcd.service, say."""
        units = {unit for part in parts if part.unit for unit in self._services.requiring(part.unit)}
        others = {API_SERVER, ETCD, *COMPONENTS} - {part.component for part in parts} if units else ()
        found = [self._find(component) for component in sorted(others)]
        return [each for each in found if each.unit in units and not each.problem]

    def _records(self, instance: Instance, how: str) -> t.Sequence[tuple[Interrupted, Process]]:
        """What will have been done to each process of an instance.

        Raises:
            UnsupportedState: when it does not run.
        """
        aside = self._static_pods.aside_of(instance.manifest) if how == "stop" and not instance.unit else ""
        return [
            (
                Interrupted(
                    instance.component, how, each.pid, each.started, instance.manifest, aside=aside, unit=instance.unit
                ),
                each,
            )
            for each in (running_process(instance), *instance.others)
        ]

    def _cut(self, parts: t.Sequence[Instance]) -> float:
        """What runs of the host goes on, and has no network."""
        cut, program = network_cut.of_instances(parts), self._packets.program()
        if not program:
            raise UnsupportedState(f"This host {NO_PROGRAM}, so nothing was done: {NO_PROGRAM_REMEDY}.")
        records = [record for part in parts for record, _process in self._records(part, CUT)]
        self._journal.write([*self.left(), *(dataclasses.replace(record, program=program) for record in records)])
        self._packets.cut(cut, program)
        return self._clock.monotonic()

    def _reload(self, parts: t.Sequence[Instance]) -> float:
        """It runs all the time, as long as nothing is wrong with it."""
        for part in parts:
            if not part.can_reload:
                raise UnsupportedState(
                    f"{part.unit or part.component} cannot be reloaded (CanReload=no), so nothing was done."
                )
        self._journal.write(
            [*self.left(), *(record for part in parts for record, _process in self._records(part, RELOAD))]
        )
        at = self._clock.monotonic()
        for number in range(_RELOADS):
            if number:
                self._clock.sleep(_SECONDS_BETWEEN_RELOADS)
            for part in parts:
                self._services.reload(part.unit)
        return at

    def _resume(self, record: Interrupted) -> bool:
        process = self._processes.get(record.pid, record.started)
        if process is not None:
            self._processes.resume(process)
        return process is not None

    def _find(self, component: str, unit: str = "") -> Instance:
        return find(
            self._files,
            self._processes,
            self._services,
            component,
            manifests_dir=self._static_pods.manifests_dir,
            port=self._port,
            unit=unit,
        )

    def _supervisor(self, record: Interrupted) -> Supervisor:
        return self._systemd if record.unit else self._static_pods

    def _await_running(self, record: Interrupted, deadline: float, timeout: float) -> None:
        start = self._clock.monotonic() + _SECONDS_UNTIL_ANOTHER_START
        while True:
            found = self._find(record.component, record.unit)
            if not found.problem:
                return
            now = self._clock.monotonic()
            if now >= deadline:
                raise NotProved(
                    f"{record.component} was let go, but {timeout:g} s later {found.problem}: {record.logs} say why. Run "
                    "again when that is mended."
                )
            if now >= start:
                # systemd may not have seen the end of the process when it was asked before.
                self._supervisor(record).put_back(record)
                start = now + _SECONDS_UNTIL_ANOTHER_START
            self._clock.sleep(_SLOW_POLL_SECONDS)

    def _has_ended(self, process: Process, timeout: float) -> bool:
        deadline = self._clock.monotonic() + timeout
        while self._processes.get(process.pid, process.started) is not None:
            if self._clock.monotonic() >= deadline:
                return False
            self._clock.sleep(_POLL_SECONDS)
        return True


def _of_each_supervised(records: t.Iterable[Interrupted]) -> t.Iterable[Interrupted]:
    """One for each manifest or service, whose processes may be several."""
    return {(record.manifest, record.unit): record for record in records}.values()


__all__ = ("JOURNAL", "Interrupted", "Interruptions")
