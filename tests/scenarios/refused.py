# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs that are refused: one thing is put in the way, the run says so in one sentence, and it is taken away again."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.scenarios.cluster import Lab, wait_until
from tests.scenarios.playbook import Run

#: Starts a run with variables; what it records goes to the file.
Start = Callable[[Path, Mapping[str, Any]], Run]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Case:
    """One thing that is wrong.

    :param said: parts of the sentence; a name in braces is one of the lab's texts.
    :param variables: wrong inputs; their texts may have the same.
    :param host: on which something is in the way.
    :param script: what puts it there.
    :param undo: what takes it away.
    :param until: what a shell must say on the host before the run.
    :param after: what a shell must say on the host once it is taken away.
    """

    said: Sequence[str]
    variables: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    host: str = ""
    script: str = ""
    undo: str = ""
    until: str = ""
    after: str = ""


def refuse(lab: Lab, cases: Mapping[str, Case], texts: Mapping[str, str], start: Start, work: Path) -> dict[str, Run]:
    """Every case, one after the other, by its name.

    :param texts: the lab's, by which the cases are written.
    :param work: directory of the records.
    """
    runs: dict[str, Run] = {}
    for number, (name, case) in enumerate(cases.items()):
        if case.script:
            lab.shell(case.host, filled(case.script, texts))
        _wait(lab, case.host, filled(case.until, texts))
        try:
            runs[name] = start(work / f"{number}.jsonl", json.loads(filled(json.dumps(case.variables), texts)))
        finally:
            if case.undo:
                lab.shell(case.host, filled(case.undo, texts))
        # What comes after it would say nothing any more.
        assert runs[name].status != 0, f"{name} is not refused: {runs[name].output[-3000:]}"
        _wait(lab, case.host, filled(case.after, texts))
    return runs


def filled(text: str, texts: Mapping[str, str]) -> str:
    """The text with the lab's texts for their names in braces."""
    for name, value in texts.items():
        text = text.replace(f"{{{name}}}", value)
    return text


def said(run: Run) -> str:
    """Messages of failed tasks, without their line breaks."""
    return " ".join(" ".join(run.failures).split())


def changed(runs: Mapping[str, Run]) -> dict[str, int]:
    """How many changes Ansible counts in each run that has any."""
    counted = {name: sum(run.changed_hosts.values()) for name, run in runs.items()}
    return {name: count for name, count in counted.items() if count}


def _wait(lab: Lab, host: str, script: str) -> None:
    if script:
        wait_until(lambda: bool(lab.shell(host, script, check=False)), seconds=90, what=script)
