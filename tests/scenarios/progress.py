# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run does, for a person while it works: step n of m, seconds, probes so far."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.prober.log import LogReader, Probe

#: A step that takes longer is reported again.
_SECONDS_BETWEEN_LINES = 10.0
_POLL_SECONDS = 0.5


def progress_line(number: int, steps: Sequence[str], seconds: float, probes: Sequence[Probe]) -> str:
    """One line: step, its number, seconds since the start, and the probes of each target since it first answered.

    >>> progress_line(2, ["inspect", "lock", "prepare"], 21.4, [])
    '[ 2 of  3] lock                     21 s'
    """
    counts: dict[str, list[int]] = {}
    for probe in probes:
        if probe.ok or probe.target in counts:
            sent, failed = counts.setdefault(probe.target, [0, 0])
            counts[probe.target] = [sent + 1, failed + (not probe.ok)]
    reported = [f"{target}: {sent} probes, {failed} failed" for target, (sent, failed) in sorted(counts.items())]
    return "   ".join([f"[{number:2} of {len(steps):2}] {steps[number - 1]:20} {seconds:6.0f} s", *reported])


@contextmanager
def progress(record: Path, probes: Path, steps: Mapping[str, str]) -> Iterator[None]:
    """Print a line when a step of a playbook begins and every ten seconds while the block lasts.

    :param record: file of the playbook's recorder.
    :param probes: log of the prober.
    :param steps: name of the step by name of the play, in the order of the run.
    """
    over = threading.Event()
    reporter = threading.Thread(target=_report, args=(record, probes, steps, over))
    # What an earlier run left is not this run's progress.
    record.unlink(missing_ok=True)
    reporter.start()
    try:
        yield
    finally:
        over.set()
        reporter.join()


def _report(record: Path, probes: Path, steps: Mapping[str, str], over: threading.Event) -> None:
    began, reported, reported_at = time.monotonic(), "", 0.0
    names, reader = list(steps.values()), LogReader(probes)
    while not over.wait(_POLL_SECONDS):
        with contextlib.suppress(OSError):
            reader.poll()
        now, play = time.monotonic(), _play(record)
        if play in steps and (play != reported or now - reported_at >= _SECONDS_BETWEEN_LINES):
            reported, reported_at = play, now
            number = list(steps).index(play) + 1
            print(progress_line(number, names, now - began, reader.arrived()), flush=True)


def _play(record: Path) -> str:
    """The play that the recorder wrote of last; a line that it is still writing is left out."""
    lines = record.read_text(encoding="utf-8").splitlines(keepends=True) if record.exists() else []
    complete: list[Mapping[str, Any]] = [json.loads(line) for line in lines if line.endswith("\n")]
    return str(next((line["play"] for line in reversed(complete) if line.get("event") == "result"), ""))


__all__ = ("progress", "progress_line")
