# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The main job with the newest ansible-core that there is, on a newer Python than the tests' own (requirements/newest.txt)."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence

import pytest

from tests.scenarios.audited import SINGLE_BALANCER, grave_in
from tests.scenarios.cluster import PROJECT, Lab, fingerprint, ready_nodes, wait_until
from tests.scenarios.convert import changed_hosts, etcd_members, new_results
from tests.scenarios.plan_and_run import changed_objects, planned_objects
from tests.scenarios.playbook import Run, run_playbook
from tests.scenarios.shape import VERSIONS as SHAPE
from tests.tools import environment

pytestmark = pytest.mark.full


@dataclasses.dataclass
class Story:
    """What was seen, in the order in which it happened."""

    version: str
    check: Run
    changed_by_check: Sequence[str]
    converted: Run
    again: Run
    others: dict[str, Run]
    findings: Mapping[str, Sequence[str]]
    members: Sequence[object]
    ready: set[str]


@pytest.fixture(scope="module")
def story() -> Iterator[Story]:
    """Run the whole story once."""
    programs = environment.prepare_newest()
    with new_results("newest_ansible", programs=programs) as results, Lab(SHAPE.topology, name="newestansible") as lab:
        work = PROJECT / "build" / "scenarios" / lab.name

        def run(playbook: str, label: str, *arguments: str) -> Run:
            return run_playbook(
                f"kubeadm.ha.{playbook}",
                inventories=[lab.inventory],
                record=work / f"{label}.jsonl",
                arguments=arguments,
                programs=programs,
            )

        before = fingerprint(lab, SHAPE.hosts)
        check = run("site", "check", "--check", "--diff")
        changed_by_check = [key for key, text in fingerprint(lab, SHAPE.hosts).items() if text != before[key]]
        converted = run("site", "convert")
        again = run("site", "again")
        results.exactly("again_changed", sum(again.changed_hosts.values()), bound=0)
        wait_until(lambda: ready_nodes(lab) == SHAPE.all_node_names, seconds=120, what="all nodes Ready")
        audited = ("--extra-vars", f"kubeadm_ha_audit_directory={work / 'audit'}")
        others = {"audit": run("audit", "audit", *audited), **{name: run(name, name) for name in ("verify", "backup")}}
        yield Story(
            version=results.made_with["ansible_core"],
            check=check,
            changed_by_check=changed_by_check,
            converted=converted,
            again=again,
            others=others,
            findings=grave_in(work / "audit"),
            members=etcd_members(lab, shape=SHAPE),
            ready=ready_nodes(lab),
        )
        results.write()


def test_it_is_newer_than_that_of_the_other_tests(story: Story) -> None:
    major, minor, _rest = story.version.split(".", maxsplit=2)
    assert (int(major), int(minor)) > (2, 19)


def test_check_mode_shows_the_plan_and_changes_nothing(story: Story) -> None:
    assert story.check.status == 0, story.check.output[-6000:]
    assert story.changed_by_check == []
    assert story.check.plan == story.converted.plan


def test_the_cluster_is_converted(story: Story) -> None:
    assert story.converted.status == 0, story.converted.output[-6000:]
    assert changed_objects(story.converted) == planned_objects(story.converted)
    assert len(story.members) == 3
    assert story.ready == SHAPE.all_node_names


def test_the_second_run_changes_nothing(story: Story) -> None:
    assert story.again.status == 0, story.again.output[-4000:]
    assert changed_hosts(story.again) == set()


def test_the_other_playbooks_work(story: Story) -> None:
    assert {name: run.status for name, run in story.others.items()} == {"audit": 0, "verify": 0, "backup": 0}


def test_an_audit_finds_only_that_there_is_one_load_balancer(story: Story) -> None:
    assert set(story.findings) == SINGLE_BALANCER, story.findings


def test_nothing_of_the_collection_is_deprecated(story: Story) -> None:
    runs = (story.check, story.converted, story.again, *story.others.values())
    lines = {line for run in runs for line in run.output.splitlines() if "DEPRECATION WARNING" in line}
    assert lines == set()
