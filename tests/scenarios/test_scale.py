# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the number of hosts costs: a second run and an audit over three control planes and 22 real workers, and over two of them.

The plan of a thousand hosts is made of the reports that unit tests have.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.prober.results import ScenarioResults
from tests.scenarios.audited import SINGLE_BALANCER, changed_elsewhere, grave_in
from tests.scenarios.cluster import PROJECT, Lab
from tests.scenarios.convert import new_results
from tests.scenarios.playbook import Run, run_playbook
from tests.tools import plan_speed

pytestmark = pytest.mark.full

WORKERS = tuple(f"w{number}" for number in range(1, 23))
#: The hosts of the small run: three control planes, two workers, one load balancer.
SMALL = 6
LARGE = 4 + len(WORKERS)
HOSTS_OF_A_PLAN = 1000


@dataclasses.dataclass(frozen=True)
class Story:
    """What was seen."""

    results: ScenarioResults
    small: Run
    large: Run
    audit: Run
    report: Mapping[str, Any]
    findings: Mapping[str, list[str]]


@pytest.fixture(scope="module")
def story() -> Iterator[Story]:
    """Run the whole story once."""
    with new_results("scale") as results:
        _hold_plan(results)
        yield from _performed(results)
        print(results.table())


def _hold_plan(results: ScenarioResults) -> None:
    """What the plan of many hosts takes on the controller."""
    cost = plan_speed.cost_of_hosts(HOSTS_OF_A_PLAN)
    results.timing(f"plan_{HOSTS_OF_A_PLAN}_hosts_seconds", cost.seconds, bound=10.0, tolerance=1.0)
    results.at_most(f"plan_{HOSTS_OF_A_PLAN}_hosts_megabytes", cost.megabytes, bound=500)
    results.at_least(f"plan_{HOSTS_OF_A_PLAN}_hosts_entries", cost.entries, bound=HOSTS_OF_A_PLAN)


def _performed(results: ScenarioResults) -> Iterator[Story]:
    with Lab("many", name="scale") as lab:
        results.add_step("before state", lab.up_seconds)
        work = PROJECT / "build" / "scenarios" / lab.name
        work.mkdir(parents=True, exist_ok=True)
        few = work / "few.yml"
        few.write_text(yaml.safe_dump(_without(yaml.safe_load(lab.inventory.read_text()), WORKERS[2:])))

        def run(label: str, inventory: Path, playbook: str = "site", **variables: Any) -> Run:
            ended = run_playbook(
                f"kubeadm.ha.{playbook}",
                inventories=[inventory],
                record=work / f"{label}.jsonl",
                variables=variables,
            )
            assert ended.status == 0, ended.output[-6000:]
            results.add_step(label, ended.seconds)
            return ended

        run("first run", lab.inventory)
        small = run("second run of 6 hosts", few, kubeadm_ha_unmanaged_nodes=list(WORKERS[2:]))
        large = run("second run of 26 hosts", lab.inventory)
        audit = run("audit of 26 hosts", lab.inventory, "audit", kubeadm_ha_audit_directory=str(work / "audit"))
        results.timing("noop_26_hosts_seconds", large.seconds, bound=25.0)
        results.timing("audit_26_hosts_seconds", audit.seconds, bound=30.0)
        # Linear in hosts: not more for each than a host of the small run costs.
        results.ratio("noop_26_to_6_hosts", large.seconds / small.seconds, bound=LARGE / SMALL)
        results.at_most("noop_changed", sum(large.changed_hosts.values()), bound=0)
        report = json.loads((work / "audit" / "report.json").read_text())
        yield Story(results, small, large, audit, report, grave_in(work / "audit"))


def _without(inventory: dict[str, Any], hosts: tuple[str, ...]) -> dict[str, Any]:
    """An inventory without hosts."""
    for name, content in inventory.items():
        if name == "hosts":
            inventory[name] = {host: known for host, known in content.items() if host not in hosts}
        elif name in ("all", "children") or isinstance(content, dict):
            inventory[name] = _without(content, hosts)
    return inventory


def test_a_second_run_changes_nothing(story: Story) -> None:
    assert not story.small.changed
    assert not story.large.changed
    assert story.large.plan == []


def test_the_audit_knows_every_host(story: Story) -> None:
    said = json.dumps(story.report)
    assert [name for name in (*WORKERS, "cp1", "cp2", "cp3", "lb1") if f'"{name}"' not in said] == []
    assert changed_elsewhere(story.audit) == []


def test_an_audit_finds_only_that_there_is_one_load_balancer(story: Story) -> None:
    assert set(story.findings) == SINGLE_BALANCER, story.findings


def test_the_figures_hold(story: Story) -> None:
    story.results.write()
    assert story.results.failures() == [], story.results.table()
