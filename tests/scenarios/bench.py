# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``make bench``: the main job several times over, and the medians of its figures held to their own bounds.

Each round also converts a cluster of the same kind by a plain script (:mod:`bare`), now before and now after the collection, and
runs the conversion's twin (:mod:`twin`), whose tasks do nothing. What the conversion takes beyond its twin, in relation to the script,
says what the collection costs, whatever the machine; how many results it asks of the hosts shows what Ansible does. Then one more
worker joins.

``--job create`` makes a new cluster of three control planes and two workers instead, behind a virtual IP address on two balancers, by the
collection and by a script (:mod:`bare_create`), and runs the collection again, which has nothing to do then.

Of both the tasks are shown that took longest, with all their hosts.

``--job detection`` runs the behaviour tests of all load balancers and shows side by side how long each takes to notice what failed.
"""

from __future__ import annotations

import argparse
import re
import shutil
import statistics
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import yaml

from tests.prober.results import Rule, ScenarioResults
from tests.roles import figures
from tests.scenarios.bare import Bare
from tests.scenarios.bare_create import BareCreate
from tests.scenarios.cluster import PROJECT, Lab
from tests.scenarios.convert import (
    NOOP_UNITS,
    STEPS,
    Conversion,
    addresses_of,
    new_results,
    ready_nodes,
    wait_until,
)
from tests.scenarios.playbook import Run, run_playbook
from tests.scenarios.shape import PLAIN
from tests.scenarios.twin import remote_results, twin_of

#: How many tasks are shown.
_TASKS = 12


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the rounds and print the medians. Returns the exit status."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="how many times (default: 3)")
    parser.add_argument("--job", choices=tuple(_JOBS), default="convert", help="which one (default: convert)")
    given = parser.parse_args(arguments)
    return _JOBS[given.job](given.rounds)


def _detections(_rounds: int) -> int:
    """What the behaviour tests measured, once."""
    shutil.rmtree(figures.DIRECTORY, ignore_errors=True)
    files = [f"tests/roles/test_{name}_behaviour.py" for name in ("haproxy", "nginx", "dns", "keepalived")]
    status = subprocess.run(
        [sys.executable, "-m", "pytest", *files, "-m", "full or not full"], cwd=PROJECT, check=False
    ).returncode
    results = new_results("bench_detection")
    if status != 0:
        results.fail(f"pytest ended with status {status}")
    found = figures.kept()
    for provider, events in found.items():
        for event in (event for event in figures.EVENTS if event in events):
            name = re.sub(r"[^a-z]+", "_", f"{provider} {event}".lower())
            results.timing(f"{name}_seconds", round(events[event]["seconds"], 2), bound=events[event]["bound"])
    results.write()
    width = max(map(len, figures.EVENTS))
    print("".ljust(width), *(provider.rjust(18) for provider in found))
    for event in figures.EVENTS:
        seconds = (f"{of[event]['seconds']:.2f} s" if event in of else "-" for of in found.values())
        print(event.ljust(width), *(text.rjust(18) for text in seconds))
    print(results.table())
    return 1 if results.failures() else 0


def _creations(rounds: int) -> int:
    """New clusters, in turn by the collection and by the script."""
    results = new_results("bench_create")
    results.timing_factor = 1.0
    created: list[_Creation] = []
    scripted: list[dict[str, float]] = []
    for number in range(1, rounds + 1):
        for is_script in (False, True) if number % 2 else (True, False):
            with Lab("create", name="bench") as lab:
                addresses = addresses_of(lab, ("cp1", "cp2", "cp3", "w1", "w2", "lb1", "lb2"))
                if is_script:
                    scripted.append(dict(BareCreate(lab, addresses).create()))
                else:
                    created.append(_creation(lab, number))
    measured = [one.plays for one in created]
    site, script = (statistics.median(sum(one.values()) for one in times) for times in (measured, scripted))
    results.add_step("site.yml", site)
    results.add_step("plain script", script)
    results.ratio("create_ratio_to_bare", site / script, bound=1.5)
    # A count must hold in every round; a timing is judged by its median.
    results.timing("noop_seconds", statistics.median(one.again.seconds for one in created), bound=NOOP_UNITS)
    results.at_most("noop_changed", max(sum(one.again.changed_hosts.values()) for one in created), bound=0)
    for label, times in (("plain script: ", scripted), ("", measured)):
        for name in times[0]:
            results.add_step(f"{label}{name}", statistics.median(one.get(name, 0.0) for one in times))
    _add_tasks(results, [one.tasks for one in created])
    results.write()
    print(results.table())
    return 1 if results.failures() else 0


@dataclass(frozen=True)
class _Creation:
    """One new cluster.

    :param plays: seconds of each play, and of what is between them.
    :param tasks: seconds of each task.
    :param again: the second run.
    """

    plays: dict[str, float]
    tasks: dict[str, float]
    again: Run


def _creation(lab: Lab, number: int) -> _Creation:
    run, again = (_site(lab, f"{label}-{number}") for label in ("create", "again"))
    seconds: dict[str, float] = {}
    for play, took in run.seconds_by_play():
        seconds[STEPS.get(play, play)] = seconds.get(STEPS.get(play, play), 0.0) + took
    plays = {**seconds, "start": run.seconds - sum(seconds.values())}
    return _Creation(plays, run.seconds_by_task(), again)


def _site(lab: Lab, label: str) -> Run:
    record = PROJECT / "build" / "scenarios" / lab.name / f"{label}.jsonl"
    record.parent.mkdir(parents=True, exist_ok=True)
    example = PROJECT / "examples" / "create" / "hosts.yml"
    run = run_playbook("kubeadm.ha.site", inventories=[example, lab.inventory], record=record)
    if run.status != 0:
        raise RuntimeError(run.output[-4000:])
    return run


def largest(rounds: Sequence[Mapping[str, float]], count: int) -> list[tuple[str, float]]:
    """The tasks with the greatest medians of their seconds over all rounds, and these; who is missing in a round took none there."""
    names = dict.fromkeys(name for tasks in rounds for name in tasks)
    medians = {name: statistics.median(tasks.get(name, 0.0) for tasks in rounds) for name in names}
    return sorted(medians.items(), key=lambda item: item[1], reverse=True)[:count]


def _add_tasks(results: ScenarioResults, rounds: Sequence[Mapping[str, float]]) -> None:
    for name, seconds in largest(rounds, _TASKS):
        results.add_step(f"task: {name.removeprefix('kubeadm.ha.')}", seconds)


def _conversions(rounds: int) -> int:
    results = new_results("bench")
    results.timing_factor = 1.0
    measured, scripted = [], []
    for number in range(1, rounds + 1):
        # Who goes first finds nothing in the machine's caches.
        for is_script in (False, True) if number % 2 else (True, False):
            if is_script:
                scripted.append(_by_script())
            else:
                measured.append(_round(number, results.directory / "bench-rounds"))
    site = statistics.median(one.site_seconds for one in measured)
    twin = statistics.median(one.twin_seconds for one in measured)
    script = statistics.median(sum(seconds.values()) for seconds in scripted)
    results.add_step("site.yml", site)
    results.add_step("its twin that does nothing", twin)
    results.add_step("plain script", script)
    results.ratio("ratio_to_bare", (site - twin) / script, bound=1.5)
    results.ratio("ratio_to_bare_with_ansible", site / script, bound=1.9)
    results.at_most("results_on_hosts", max(one.results_on_hosts for one in measured), bound=82)
    for name in scripted[0]:
        results.add_step(f"plain script: {name}", statistics.median(seconds[name] for seconds in scripted))
    for name in dict.fromkeys(step.name for one in measured for step in one.steps):
        seconds = [sum(step.seconds for step in one.steps if step.name == name) for one in measured]
        results.add_step(name, statistics.median(seconds))
    _add_tasks(results, [one.tasks for one in measured])
    for alike in zip(*(one.figures for one in measured), strict=True):
        # A count must hold in every round; a timing is judged by its median.
        values = [figure.value for figure in alike]
        value = statistics.median(values) if alike[0].rule is Rule.TIMING else max(values)
        results.figures.append(replace(alike[0], value=value))
    for one in measured:
        results.inconclusive += one.inconclusive
        for reason in one.failures():
            print(f"{one.scenario}: {reason}")
    results.write()
    print(results.table())
    return 1 if results.failures() else 0


@dataclass(kw_only=True)
class Round(ScenarioResults):
    """What one round measured, the seconds of its conversion, of its tasks and of its twin, and how often a module ran on a host."""

    site_seconds: float = 0.0
    twin_seconds: float = 0.0
    results_on_hosts: int = 0
    tasks: Mapping[str, float] = field(default_factory=dict)


def _round(number: int, directory: Path) -> Round:
    """One conversion, a second run, one worker more, and the loss of the first control plane."""
    like = new_results(f"round-{number}")
    results = Round(
        scenario=like.scenario,
        kubernetes=like.kubernetes,
        machine_factor=like.machine_factor,
        commit=like.commit,
        directory=directory,
    )
    with results, Lab("convert", name="bench") as lab:
        results.add_step("before state", lab.up_seconds)
        conversion = Conversion(lab, results)
        run, _log = conversion.convert()
        if run.status != 0:
            raise RuntimeError(run.output[-4000:])
        results.site_seconds, results.tasks = run.seconds, run.seconds_by_task()
        wait_until(lambda: ready_nodes(lab) >= set(PLAIN.nodes), seconds=60, what="all nodes Ready")
        conversion.again()
        results.results_on_hosts = remote_results(run.records)
        results.twin_seconds = _twin_seconds(conversion, run)
        worker, _secrets = conversion.add_worker()
        if worker.status != 0:
            raise RuntimeError(worker.output[-4000:])
        results.add_step("one further worker", worker.seconds)
        conversion.lose_first_control_plane()
    return results


def _twin_seconds(conversion: Conversion, run: Run) -> float:
    playbook = conversion.work / "twin.yml"
    playbook.write_text(yaml.safe_dump(twin_of(run.records), sort_keys=False), encoding="utf-8")
    inventories = conversion.shape.inventories(conversion.lab.inventory)
    twin = run_playbook(str(playbook), inventories=inventories, record=conversion.work / "twin.jsonl")
    if twin.status != 0:
        raise RuntimeError(twin.output[-4000:])
    return twin.seconds


def _by_script() -> dict[str, float]:
    """One conversion by the plain script, on a machine as busy as the other one's; seconds by step."""
    with new_results("script") as results, Lab("convert", name="bench") as lab:
        with Conversion(lab, results).in_use():
            seconds = dict(Bare(lab, addresses_of(lab, PLAIN.hosts)).convert())
        wait_until(lambda: ready_nodes(lab) >= set(PLAIN.nodes), seconds=60, what="all nodes Ready")
    return seconds


_JOBS: Mapping[str, Callable[[int], int]] = {
    "convert": _conversions,
    "create": _creations,
    "detection": _detections,
}


if __name__ == "__main__":
    sys.exit(main())
