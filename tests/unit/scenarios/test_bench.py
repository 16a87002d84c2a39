# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a bench shows of tasks is computed from what a run recorded."""

from __future__ import annotations

from typing import Any

import pytest

from tests.scenarios.bench import largest
from tests.scenarios.playbook import Run


def _result(time: float, task: str, host: str = "cp1") -> dict[str, Any]:
    return {"event": "result", "time": time, "task": task, "host": host}


def test_a_task_has_the_seconds_of_all_its_hosts_wherever_it_came() -> None:
    records = [
        {"event": "play", "time": 10.0, "play": "Inspect"},
        _result(11.0, "inspect"),
        _result(11.5, "inspect", "cp2"),
        _result(11.75, "decide"),
        # What is between the last result and the next play is no task's.
        {"event": "play", "time": 20.0, "play": "Join"},
        _result(20.25, "inspect"),
        {"event": "stats", "time": 30.0, "hosts": {}},
    ]
    assert Run(0, 21.0, "", records).seconds_by_task() == pytest.approx({"inspect": 1.75, "decide": 0.25})


def test_the_largest_tasks_are_those_by_the_median_of_all_rounds() -> None:
    rounds = [{"a": 1.0, "b": 5.0, "once": 9.0}, {"a": 3.0, "b": 4.0}, {"a": 2.0, "b": 6.0}]
    assert largest(rounds, 2) == [("b", 5.0), ("a", 2.0)]
    assert largest(rounds, 9)[-1] == ("once", 0.0)
