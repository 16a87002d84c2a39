# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``make bench``: the main job several times over, and the medians of its figures held to their own bounds."""

from __future__ import annotations

import argparse
import statistics
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from tests.prober.results import Rule, ScenarioResults
from tests.scenarios.cluster import Lab
from tests.scenarios.convert import Conversion, new_results, ready_nodes, wait_until
from tests.scenarios.shape import PLAIN


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the rounds and print the medians. Returns the exit status."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="how many times (default: 3)")
    rounds = parser.parse_args(arguments).rounds
    results = new_results("bench")
    results.timing_factor = 1.0
    measured = [_round(number, results.directory / "bench-rounds") for number in range(1, rounds + 1)]
    for name in dict.fromkeys(step.name for one in measured for step in one.steps):
        seconds = [sum(step.seconds for step in one.steps if step.name == name) for one in measured]
        results.add_step(name, statistics.median(seconds))
    for figures in zip(*(one.figures for one in measured), strict=True):
        # A count must hold in every round; a timing is judged by its median.
        values = [figure.value for figure in figures]
        value = statistics.median(values) if figures[0].rule is Rule.TIMING else max(values)
        results.figures.append(replace(figures[0], value=value))
    for one in measured:
        for reason in one.failures():
            print(f"{one.scenario}: {reason}")
    results.write()
    print(results.table())
    return 0 if results.passed else 1


def _round(number: int, directory: Path) -> ScenarioResults:
    """One conversion, a second run, and the loss of the first control plane."""
    results = new_results(f"round-{number}")
    results.directory = directory
    with results, Lab("convert", name="bench") as lab:
        results.add_step("before state", lab.up_seconds)
        conversion = Conversion(lab, results)
        run, _log = conversion.convert()
        if run.status != 0:
            raise RuntimeError(run.output[-4000:])
        wait_until(lambda: ready_nodes(lab) >= set(PLAIN.nodes), seconds=60, what="all nodes Ready")
        conversion.again()
        conversion.lose_first_control_plane()
    return results


if __name__ == "__main__":
    sys.exit(main())
