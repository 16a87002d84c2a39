# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a run is killed: in a task, at the boundary of a step, or at a moment of its time."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from tests.scenarios.playbook import Run, kill_playbook

#: What a run that takes the lock before it inspects anything says while a command of the killed one goes on.
_STILL_AT_WORK = ("kubeadm is running on", "is changing")
_ATTEMPTS, _SECONDS_BETWEEN = 6, 20


@dataclasses.dataclass(frozen=True)
class Kill:
    """A moment of a run.

    :param play: the play in which it is.
    :param seconds: how long after the play's begin, or after a task's first result in it.
    :param task: the end of that task's name; empty, it is the play's begin.
    :param host: the host whose result it is, or that is among the play's; empty for any.
    """

    play: str
    seconds: float
    task: str = ""
    host: str = ""

    def begins(self, line: Mapping[str, Any]) -> bool:
        """Whether a line of the recorder is what the seconds are counted from."""
        if line.get("play") != self.play:
            return False
        if not self.task:
            hosts = line["hosts"] if line["event"] == "play" else [line["host"]]
            return bool(hosts) and (not self.host or self.host in hosts)
        return line["event"] == "result" and str(line["task"]).endswith(self.task) and self.host in ("", line["host"])


@dataclasses.dataclass(frozen=True)
class Boundary:
    """The end of one step and the begin of the next, which is that of a play that has hosts.

    :param play: the play that begins.
    :param hosts: of its batch, where it has batches: each begins at a boundary of its own. A play without batches has one boundary,
        whichever of its hosts have something left to be done.
    :param occurrence: which of the plays of that name it is: a page may be imported twice.
    """

    play: str
    hosts: tuple[str, ...] = ()
    occurrence: int = 1

    @classmethod
    def of(cls, line: Mapping[str, Any]) -> Self | None:
        """The boundary that a line of the recorder is; ``None`` for any other line."""
        if line["event"] != "play" or not line["hosts"]:
            return None
        return cls(str(line["play"]), tuple(line["hosts"]) if line["is_batch"] else (), line["occurrence"])

    def __str__(self) -> str:
        """As a table shows it."""
        name = self.play if self.occurrence == 1 else f"{self.play} #{self.occurrence}"
        return f"{name} ({', '.join(self.hosts)})" if self.hosts else name


def boundaries(records: Iterable[Mapping[str, Any]]) -> list[Boundary]:
    """The boundaries that a run has passed, each once, in their order."""
    return list(dict.fromkeys(found for found in map(Boundary.of, records) if found is not None))


def at_new_boundary(visited: Collection[Boundary], after: float = 0.0) -> Callable[[Mapping[str, Any]], bool]:
    """Whether a line is a boundary that was not visited.

    :param after: seconds since the first line before which none counts.
    """
    began: list[float] = []

    def is_new(line: Mapping[str, Any]) -> bool:
        began.append(line["time"])
        found = Boundary.of(line)
        return found is not None and found not in visited and line["time"] - began[0] >= after

    return is_new


def killed(
    inventories: Sequence[Path],
    work: Path,
    label: str,
    kill: Kill,
    *,
    playbook: str = "site",
    variables: Mapping[str, Any] | None = None,
) -> Run:
    """A run of a whole playbook that is killed at a moment."""
    return kill_playbook(
        f"kubeadm.ha.{playbook}",
        inventories=inventories,
        record=work / f"{label}.jsonl",
        when=kill.begins,
        after=kill.seconds,
        variables=variables,
    )


def disturbed(
    inventories: Sequence[Path],
    work: Path,
    label: str,
    events: Sequence[tuple[Kill, Callable[[], object]]],
    *,
    arguments: Sequence[str] = (),
) -> tuple[Run, Sequence[tuple[Kill, Callable[[], object]]]]:
    """A run that nobody kills, while things happen at moments of it, and those whose moment it did not reach.

    :param events: what happens, one after the other, each at its moment.
    :raises ValueError: when not even the first moment came.
    """
    to_come = list(events)

    def watch(line: Mapping[str, Any]) -> bool:
        if to_come and to_come[0][0].begins(line):
            cause, happens = to_come.pop(0)
            time.sleep(cause.seconds)
            happens()
        return False

    run = kill_playbook(
        "kubeadm.ha.site", inventories=inventories, record=work / f"{label}.jsonl", when=watch, arguments=arguments
    )
    if len(to_come) == len(events):
        raise ValueError(f"{events[0][0]} never came: {run.output[-4000:]}")
    return run, to_come


def once_nobody_is_at_work(start: Callable[[Path], Run], work: Path, label: str) -> Run:
    """A run after a kill that does not begin with an inspection; while a command of the killed one goes on, it is refused and run again."""
    for number in range(_ATTEMPTS):
        run = start(work / f"{label}-{number}.jsonl")
        if not any(text in message for message in run.failures for text in _STILL_AT_WORK):
            break
        time.sleep(_SECONDS_BETWEEN)
    return run


__all__ = ("Boundary", "Kill", "at_new_boundary", "boundaries", "disturbed", "killed", "once_nobody_is_at_work")
