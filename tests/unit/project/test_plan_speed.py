# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan of many hosts costs what its hosts cost, not what their pairs would: counted, because times differ by machine."""

from __future__ import annotations

import cProfile
import pstats

import pytest

from tests.tools.plan_speed import arguments_for, cost_of_hosts, main
from tests.unit.plugins.module_utils._domain.plan.test_planning import plan_of


def calls(workers: int) -> int:
    """How many functions the plan of this many workers calls."""
    arguments = arguments_for(workers)
    profile = cProfile.Profile()
    profile.runcall(plan_of, arguments)
    return int(pstats.Stats(profile).total_calls)  # type: ignore[attr-defined]


def test_twice_the_workers_call_little_more_than_twice_the_functions() -> None:
    calls(2)
    assert calls(200) < 2.4 * calls(100)


def test_the_memory_is_that_of_a_process_of_its_own() -> None:
    ballast = bytearray(200 * 10**6)
    cost = cost_of_hosts(6)
    assert len(ballast) > 10**6 * cost.megabytes > 10**7
    assert cost.entries > 10


def test_the_time_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["3"]) == 0
    assert "    3 workers: " in capsys.readouterr().out
