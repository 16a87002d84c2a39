# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The results file and its table: format, verdicts, and what makes a scenario fail."""

from __future__ import annotations

import dataclasses
import json
import math
from typing import TYPE_CHECKING

import pytest

from tests.prober.analysis import CONTROL, TargetSummary
from tests.prober.results import Figure, Rule, ScenarioResults, Verdict

if TYPE_CHECKING:
    from pathlib import Path

QUIET = TargetSummary(sent=2210, failed=0, longest_gap_ms=61.4)


def results(directory: Path) -> ScenarioResults:
    return ScenarioResults(scenario="convert", kubernetes="v1.34.4", directory=directory)


def test_file_has_the_format_of_the_design(tmp_path: Path) -> None:
    with results(tmp_path / "build" / "results") as scenario:
        scenario.commit, scenario.machine_factor = "abc", 2.0
        scenario.add_step("certify", 6.1)
        scenario.add_probes({"cp1": QUIET})
        scenario.timing("noop_seconds", 21.4, bound=30)
        scenario.at_most("noop_changed", 0, bound=0)
        scenario.timing("rto_kill_seconds", 0.4000001, bound=1)
    written = json.loads((tmp_path / "build" / "results" / "convert.json").read_text(encoding="utf-8"))
    assert written == {
        "scenario": "convert",
        "kubernetes": "v1.34.4",
        "passed": True,
        "inconclusive": [],
        "commit": "abc",
        "factor": 2.0,
        "steps": [{"name": "certify", "seconds": 6.1}],
        "probes": {"cp1": {"sent": 2210, "failed": 0, "excused": 0, "longest_gap_ms": 61}},
        "figures": {
            "noop_seconds": {"value": 21.4, "bound": 30},
            "noop_changed": {"value": 0, "bound": 0},
            "rto_kill_seconds": {"value": 0.4, "bound": 1},
        },
    }
    assert [path.name for path in (tmp_path / "build" / "results").iterdir()] == ["convert.json"]


@pytest.mark.parametrize(
    ("rule", "value", "bound", "verdict"),
    [
        (Rule.TIMING, 1.0, 1, Verdict.OK),
        (Rule.TIMING, 1.01, 1, Verdict.ABOVE_BOUND),
        (Rule.TIMING, 3.0, 1, Verdict.ABOVE_BOUND),
        (Rule.TIMING, 3.01, 1, Verdict.FAILED),
        (Rule.TIMING, math.inf, 1, Verdict.FAILED),
        (Rule.TIMING, math.nan, 1, Verdict.FAILED),
        (Rule.AT_MOST, 0, 0, Verdict.OK),
        (Rule.AT_MOST, 1, 0, Verdict.FAILED),
        (Rule.AT_MOST, 3, 2, Verdict.FAILED),
        (Rule.AT_MOST, 1, 2, Verdict.OK),
        (Rule.AT_LEAST, 10, 10, Verdict.OK),
        (Rule.AT_LEAST, 9, 10, Verdict.FAILED),
        (Rule.AT_LEAST, math.inf, 10, Verdict.FAILED),
        (Rule.EXACTLY, 3, 3, Verdict.OK),
        (Rule.EXACTLY, 2, 3, Verdict.FAILED),
        (Rule.EXACTLY, 4, 3, Verdict.FAILED),
    ],
)
def test_verdicts(rule: Rule, value: float, bound: float, verdict: Verdict) -> None:
    assert Figure(name="f", value=value, bound=bound, rule=rule).verdict() is verdict


def test_timings_can_be_held_to_their_bounds(tmp_path: Path) -> None:
    for factor, passed in ((3.0, True), (1.0, False)):
        scenario = ScenarioResults(scenario="bench", kubernetes="v1.34.4", directory=tmp_path, timing_factor=factor)
        scenario.timing("noop_seconds", 31, bound=30)
        assert scenario.passed is passed


def test_one_timing_can_be_held_to_its_bound_in_units(tmp_path: Path) -> None:
    for value, passed in ((20.0, True), (20.1, False)):
        scenario = dataclasses.replace(results(tmp_path), machine_factor=2.0)
        scenario.timing("rto_kill_seconds", 5.9, bound=1)
        scenario.timing("noop_seconds", value, bound=10, tolerance=1.0)
        assert scenario.passed is passed
        assert ("noop_seconds: 20.100, bound <= 20.000" in scenario.failures()) is not passed


def test_one_failed_probe_fails_the_scenario(tmp_path: Path) -> None:
    scenario = results(tmp_path)
    scenario.add_probes({"cp1": QUIET, "endpoint": TargetSummary(sent=5, failed=1, longest_gap_ms=100)})
    assert not scenario.passed
    assert scenario.failures() == [
        "probes of endpoint: 1 of 5 failed, 0 of them while the control failed too, allowed 0"
    ]
    tolerant = results(tmp_path)
    tolerant.add_probes({"endpoint": TargetSummary(sent=5, failed=1, longest_gap_ms=100)}, max_failed=1)
    assert tolerant.passed


def test_failures_that_are_allowed_need_no_reason_on_a_slow_machine(tmp_path: Path) -> None:
    slow = TargetSummary(sent=2210, failed=240, timeouts=240, longest_gap_ms=12_000, longest_outage_seconds=12.0)
    for max_failed, passed in ((240, True), (239, False)):
        scenario = dataclasses.replace(results(tmp_path), machine_factor=2.0)
        scenario.add_probes({"cp1": slow, CONTROL: QUIET}, max_failed=max_failed)
        assert scenario.passed is passed


def test_target_that_was_never_probed_fails_the_scenario(tmp_path: Path) -> None:
    scenario = results(tmp_path)
    scenario.add_probes({"endpoint": TargetSummary(sent=0, failed=0, longest_gap_ms=0)}, max_failed=None)
    assert not scenario.passed


def test_nothing_measured_is_not_passed(tmp_path: Path) -> None:
    assert results(tmp_path).failures() == ["nothing was measured"]


def test_a_scenario_that_ends_without_a_measurement_fails(tmp_path: Path) -> None:
    """Its results would never be kept: nobody would notice before the end of a full run."""
    with pytest.raises(AssertionError, match="measured nothing"), results(tmp_path):
        pass


def test_exception_is_a_failure_and_the_file_is_written(tmp_path: Path) -> None:
    scenario = results(tmp_path)
    scenario.timing("noop_seconds", math.inf, bound=30)
    with pytest.raises(RuntimeError, match="no quorum"), scenario, scenario.step("join"):
        raise RuntimeError("no quorum")
    written = json.loads((tmp_path / "convert.json").read_text(encoding="utf-8"))
    assert written["passed"] is False
    assert written["figures"] == {"noop_seconds": {"value": None, "bound": 30}}
    assert [step["name"] for step in written["steps"]] == ["join"]
    assert "failed: RuntimeError: no quorum" in scenario.table()
    assert "failed: noop_seconds: never, bound <= 30" in scenario.table()


def test_names_are_used_once(tmp_path: Path) -> None:
    scenario = results(tmp_path)
    scenario.at_most("changed", 0, bound=0)
    with pytest.raises(ValueError, match="changed"):
        scenario.at_most("changed", 1, bound=1)
    scenario.add_probes({"cp1": QUIET})
    with pytest.raises(ValueError, match="cp1"):
        scenario.add_probes({"cp1": QUIET})


@pytest.mark.parametrize("name", ["", "../convert", "Convert", "a b"])
def test_scenario_name_is_a_file_name(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="scenario"):
        ScenarioResults(scenario=name, kubernetes="v1.34.4", directory=tmp_path)


def test_table(tmp_path: Path) -> None:
    scenario = results(tmp_path)
    scenario.add_step("certify", 6.1)
    scenario.add_step("join", 31.25)
    scenario.add_probes({"cp1": QUIET})
    scenario.timing("rto_kill_seconds", 1.4, bound=1)
    scenario.exactly("members", 2, bound=3)
    assert scenario.table() == (
        "convert, Kubernetes v1.34.4: FAILED\n"
        "\n"
        "step       seconds\n"
        "---------  -------\n"
        "certify        6.1\n"
        "join          31.2\n"
        "all steps     37.4\n"
        "\n"
        "probed  sent  failed  excused  longest gap ms  verdict\n"
        "------  ----  ------  -------  --------------  -------\n"
        "cp1     2210       0        0              61  ok\n"
        "\n"
        "figure            value     bound  verdict\n"
        "----------------  -----  --------  -----------\n"
        "rto_kill_seconds  1.400  <= 1.000  above bound\n"
        "members               2       = 3  FAILED\n"
        "\n"
        "failed: members: 2, bound = 3\n"
    )


@pytest.mark.parametrize(("value", "verdict"), [(2.5, Verdict.OK), (7.5, Verdict.ABOVE_BOUND), (7.6, Verdict.FAILED)])
def test_the_bound_of_a_timing_is_in_units(value: float, verdict: Verdict) -> None:
    assert Figure(name="x", value=value, bound=1, rule=Rule.TIMING).verdict(machine_factor=2.5) is verdict


def test_the_table_shows_the_bound_of_a_timing_in_seconds_of_this_machine(tmp_path: Path) -> None:
    scenario = results(tmp_path)
    scenario.machine_factor = 0.5
    scenario.timing("noop_seconds", 5.36, bound=8)
    assert "noop_seconds  5.360  <= 4.000  above bound" in scenario.table()


def test_a_count_does_not_depend_on_the_machine() -> None:
    assert Figure(name="x", value=2, bound=1, rule=Rule.AT_MOST).verdict(machine_factor=2.5) is Verdict.FAILED


QUIET_CONTROL = TargetSummary(sent=2000, failed=0, longest_gap_ms=90)
CALM = TargetSummary(sent=2000, failed=20, longest_gap_ms=900)
BUSY = TargetSummary(sent=2000, failed=21, longest_gap_ms=900)


def summary(*, failed: int, excused: int, outage: float = 0.0) -> TargetSummary:
    return TargetSummary(sent=2000, failed=failed, excused=excused, longest_gap_ms=100, longest_outage_seconds=outage)


@pytest.mark.parametrize(
    ("control", "probed", "verdict"),
    [
        (CALM, summary(failed=3, excused=3), "passed"),
        (QUIET_CONTROL, summary(failed=1, excused=0), "FAILED"),
        # The control failed as often at other moments: nothing can be determined from that.
        (CALM, summary(failed=23, excused=3), "inconclusive"),
        (CALM, summary(failed=23, excused=3, outage=1.0), "FAILED"),
        (CALM, summary(failed=24, excused=3), "FAILED"),
        (BUSY, summary(failed=0, excused=0), "inconclusive"),
        (BUSY, summary(failed=40, excused=3, outage=0.95), "inconclusive"),
        (BUSY, summary(failed=40, excused=3, outage=1.0), "FAILED"),
    ],
)
def test_the_control_excuses_and_makes_inconclusive_but_no_outage(
    tmp_path: Path, control: TargetSummary, probed: TargetSummary, verdict: str
) -> None:
    scenario = results(tmp_path)
    scenario.add_probes({"cp1": probed, "control": control})
    assert scenario.verdict == verdict
    assert scenario.passed is (verdict == "passed")
    assert bool(scenario.failures()) is (verdict == "FAILED")
    assert ("inconclusive: the probes of the change: the control" in scenario.table()) is (control is BUSY)
    assert ("inconclusive: the probes of cp1: 20 of 2000" in scenario.table()) is (probed.failed == 23)


def test_a_figure_of_spoilt_probes_is_neither_passed_nor_failed(tmp_path: Path) -> None:
    scenario = results(tmp_path)
    spoilt = scenario.is_spoilt_by(BUSY, "the probes after the kill")
    scenario.timing("rto_kill_seconds", math.inf, bound=1, is_spoilt=spoilt)
    assert (scenario.failures(), scenario.verdict) == ([], "inconclusive")


@pytest.mark.parametrize(
    ("factor", "control_gap", "timeouts", "gap", "verdict"),
    [
        (1.4, 320, 1, 1000, "FAILED"),
        (1.5, 320, 1, 1000, "inconclusive"),
        # The machine's factor was taken before the scenario; what held up the control held up the others as well.
        (1.4, 599, 1, 1000, "FAILED"),
        (1.4, 600, 1, 1000, "inconclusive"),
        # Refused, cut or answered wrongly is no matter of speed, and neither is a server that hangs.
        (2.2, 900, 0, 1000, "FAILED"),
        (2.2, 900, 1, 1500, "FAILED"),
    ],
)
def test_a_slow_machine_makes_slow_answers_inconclusive_and_nothing_else(
    tmp_path: Path, factor: float, control_gap: float, timeouts: int, gap: float, verdict: str
) -> None:
    scenario = results(tmp_path)
    scenario.machine_factor = factor
    slow = TargetSummary(sent=2000, failed=1, timeouts=timeouts, longest_gap_ms=gap)
    control = TargetSummary(sent=2000, failed=0, longest_gap_ms=control_gap)
    scenario.add_probes({"cp1": slow, "control": control})
    assert scenario.verdict == verdict
