# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs that are killed in a play, and the one after them."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.scenarios.playbook import Run, kill_playbook

#: What a run says while a command of the killed one goes on.
_STILL_AT_WORK = ("kubeadm is running on", "is changing")
_ATTEMPTS, _SECONDS_BETWEEN = 6, 20


def killed(inventories: Sequence[Path], work: Path, label: str, *, play: str, seconds: float) -> Run:
    """A run of the whole playbook that is killed some seconds after a play has begun."""

    def begins(line: Mapping[str, Any]) -> bool:
        return bool(line["event"] == "play" and line["play"] == play)

    def run(record: Path) -> Run:
        return kill_playbook("kubeadm.ha.site", inventories=inventories, record=record, when=begins, after=seconds)

    return once_nobody_is_at_work(run, work, label)


def once_nobody_is_at_work(start: Callable[[Path], Run], work: Path, label: str) -> Run:
    """A run after a kill; while a command of the killed one goes on, it is refused and run again."""
    for number in range(_ATTEMPTS):
        run = start(work / f"{label}-{number}.jsonl")
        if not any(text in message for message in run.failures for text in _STILL_AT_WORK):
            break
        time.sleep(_SECONDS_BETWEEN)
    return run


__all__ = ("killed", "once_nobody_is_at_work")
