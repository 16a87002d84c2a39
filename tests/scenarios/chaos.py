# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``make chaos``: runs of a job are killed as often as asked for, and what the next one did is printed as a table.

Each kill is at a moment of the run, uniformly over the time that an uninterrupted one takes, or at the first boundary of two steps after
such a moment. A lab whose runs have come to their end is checked and followed by another one until there were as many kills. The
numbers come from the seed, which is printed; what a moment meets also depends on the machine.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.prober.results import ScenarioResults
from tests.scenarios.cluster import Lab
from tests.scenarios.convert import new_results
from tests.scenarios.interruption import (
    JOBS,
    Checked,
    FirstBoundary,
    Interrupted,
    Job,
    Moment,
    seed,
    to_the_end,
)
from tests.scenarios.kubeadm_state import REASONS_AFTER_MENDING, State, differences

#: Kinds of moments by the option's value, and how often each is taken.
_KINDS = {"both": (Moment, FirstBoundary), "moments": (Moment,), "boundaries": (FirstBoundary,)}


@dataclass(kw_only=True)
class ChaosResults(ScenarioResults):
    """What all labs together showed, with one entry for each run."""

    job: str = ""
    seed: int = 0
    labs: list[dict[str, Any]] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """The content of the results file."""
        return {**super().as_json(), "job": self.job, "seed": self.seed, "labs": self.labs}


def main(arguments: Sequence[str] | None = None) -> int:
    """Kill, print, and write the results. Returns the exit status."""
    parser = argparse.ArgumentParser(prog="make chaos", description=__doc__)
    parser.add_argument("--job", choices=tuple(JOBS), default="convert", help="which one (default: convert)")
    parser.add_argument("--kills", type=int, default=5, help="how many (default: 5)")
    parser.add_argument("--at", choices=tuple(_KINDS), default="both", help="where (default: both)")
    parser.add_argument("--seed", type=int, help="of the moments (default: KUBEADM_HA_SEED, else at random)")
    given = parser.parse_args(arguments)
    if given.kills < 1:
        parser.error("--kills must be at least 1")
    chosen = seed() if given.seed is None else given.seed
    return _chaos(JOBS[given.job], kills=given.kills, at=given.at, chosen=chosen)


def _chaos(job: Job, *, kills: int, at: str, chosen: int) -> int:
    like = new_results("chaos")
    results = ChaosResults(
        scenario=like.scenario,
        kubernetes=like.kubernetes,
        machine_factor=like.machine_factor,
        commit=like.commit,
        job=job.name,
        seed=chosen,
    )
    numbers = random.Random(chosen)
    ends: list[Checked] = []
    with results:
        while (left := kills - sum(end.kills for end in ends)) > 0 and not results.errors:
            print(f"\nlab {len(ends) + 1}: {left} of {kills} kills left, seed {chosen}", flush=True)
            ends.append(_on_one_lab(job, results, numbers, left, at, number=len(ends) + 1))
        results.exactly("kills", sum(end.kills for end in ends), bound=kills)
        results.exactly("again_changed", sum(end.again.changed for end in ends), bound=0)
        results.exactly("secrets_left", sum(len(end.secrets) for end in ends), bound=0)
        _hold_against_each_other([end.state for end in ends], results)
    for number, end in enumerate(ends, start=1):
        print(f"\nlab {number}\n{end.table}")
    print(f"\n{results.table()}")
    return 1 if results.failures() else 0


def _on_one_lab(
    job: Job, results: ChaosResults, numbers: random.Random, kills: int, at: str, *, number: int
) -> Checked:
    """Kills on one lab until a run comes to its end, or there were enough of them."""
    watched = ScenarioResults(
        scenario=f"chaos-{number}",
        kubernetes=results.kubernetes,
        machine_factor=results.machine_factor,
        directory=results.directory / "chaos-labs",
    )
    with watched, Lab(job.topology, name="chaos") as lab:
        results.add_step(f"lab {number}", lab.up_seconds)

        def interrupt(interrupted: Interrupted) -> None:
            for _kill in range(kills):
                kind = numbers.choice(_KINDS[at])
                if not interrupted.kill(kind.at_random(numbers, job.seconds)).is_killed:
                    break

        end = to_the_end(job, lab, watched, interrupt, label=f"lab-{number}")
    results.add_step(f"runs of lab {number}", sum(entry.run.seconds for entry in end.history))
    results.labs.append({"runs": [entry.as_dict() for entry in end.history], "probes": watched.as_json()["probes"]})
    for reason in (*watched.failures(), *end.failures()):
        results.fail(f"lab {number}: {reason}")
    results.inconclusive += [f"lab {number}: {reason}" for reason in watched.inconclusive]
    return end


def _hold_against_each_other(states: Sequence[State], results: ScenarioResults) -> None:
    for number, state in enumerate(states[1:], start=2):
        for path, (one, other) in differences(states[0], state, REASONS_AFTER_MENDING).items():
            results.fail(f"labs 1 and {number} have different ends: {path}: {one!r} and {other!r}"[:2000])


if __name__ == "__main__":
    sys.exit(main())
