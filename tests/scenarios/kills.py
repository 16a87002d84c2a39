# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs that are killed in a play, and the one after them."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.scenarios.playbook import Run, kill_playbook

#: What a run says while a command of the killed one goes on.
_STILL_AT_WORK = ("kubeadm is running on", "is changing")
_ATTEMPTS, _SECONDS_BETWEEN = 6, 20


@dataclasses.dataclass(frozen=True)
class Kill:
    """A moment of a run.

    :param play: the play in which it is.
    :param seconds: how long after the play's begin, or after a task's first result in it.
    :param task: the end of that task's name; empty, it is the play's begin.
    """

    play: str
    seconds: float
    task: str = ""

    def begins(self, line: Mapping[str, Any]) -> bool:
        """Whether a line of the recorder is what the seconds are counted from."""
        if line.get("play") != self.play:
            return False
        return line["event"] == "result" and str(line["task"]).endswith(self.task) if self.task else True


def killed(inventories: Sequence[Path], work: Path, label: str, kill: Kill, *, playbook: str = "site") -> Run:
    """A run of a whole playbook that is killed at a moment."""

    def run(record: Path) -> Run:
        name = f"kubeadm.ha.{playbook}"
        return kill_playbook(name, inventories=inventories, record=record, when=kill.begins, after=kill.seconds)

    return once_nobody_is_at_work(run, work, label)


def once_nobody_is_at_work(start: Callable[[Path], Run], work: Path, label: str) -> Run:
    """A run after a kill; while a command of the killed one goes on, it is refused and run again."""
    for number in range(_ATTEMPTS):
        run = start(work / f"{label}-{number}.jsonl")
        if not any(text in message for message in run.failures for text in _STILL_AT_WORK):
            break
        time.sleep(_SECONDS_BETWEEN)
    return run


__all__ = ("Kill", "killed", "once_nobody_is_at_work")
