# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A cluster of one control plane grows by hosts on which nothing of Kubernetes is: two control planes and a worker.

The cluster is made by the collection itself from one host of the same inventory. What came of it say kubectl, etcdctl and dpkg.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.prober.analysis import CONTROL, summarize_log
from tests.prober.process import Prober
from tests.prober.results import ScenarioResults, Verdict
from tests.scenarios.audited import SINGLE_BALANCER, grave_findings
from tests.scenarios.cluster import PROJECT, Lab, ready_nodes, wait_until
from tests.scenarios.control import control
from tests.scenarios.convert import addresses_of, changed_hosts, etcd_members, leave_out_inconclusive, new_results
from tests.scenarios.create import fingerprint
from tests.scenarios.playbook import Run, run_playbook

pytestmark = pytest.mark.full

HOSTS = ("cp1", "cp2", "cp3", "w1", "lb1")
NODES, NEW = HOSTS[:-1], HOSTS[1:-1]
VERSION = {"kubeadm_ha_kubernetes_version": "1.34.4"}
#: The groups of the first run, in which only one host is a node.
FIRST = {"kubeadm_ha_control_plane_group": "first_control_planes", "kubeadm_ha_node_group": "first_workers"}


@dataclasses.dataclass
class Story:
    """What was seen, in the order in which it happened."""

    results: ScenarioResults
    without_version: Run
    checked: Run
    changed_by_check: Sequence[str]
    grown: Run
    again: Run
    members: Sequence[Mapping[str, Any]]
    ready: set[str]
    versions: Mapping[str, str]
    held: Mapping[str, str]
    findings: Mapping[str, Sequence[str]]


@pytest.fixture(scope="module")
def story() -> Iterator[Story]:
    """Run the whole story once."""
    with new_results("grow_bare") as results, Lab("create_small", name="growbare") as lab:
        work = PROJECT / "build" / "scenarios" / lab.name
        work.mkdir(parents=True, exist_ok=True)
        addresses = addresses_of(lab, HOSTS)
        groups = work / "first.yml"
        groups.write_text(
            json.dumps({"first_control_planes": {"hosts": {"cp1": {}}}, "first_workers": {"hosts": {}}}), "utf-8"
        )
        inventories = [lab.inventory, groups]
        made = _run(inventories, work / "one.jsonl", **FIRST)
        assert made.status == 0, made.output[-8000:]
        results.add_step("bare to one", made.seconds)
        without_version = _run(inventories, work / "refused.jsonl", kubeadm_ha_kubernetes_version="")
        before = fingerprint(lab, HOSTS)
        checked = _run(inventories, work / "check.jsonl", "--check", "--diff")
        after = fingerprint(lab, HOSTS)
        ca = work / "ca.crt"
        ca.write_text(lab.run("cp1", "cat", "/etc/kubernetes/pki/ca.crt"), encoding="utf-8")
        with (
            control(ca) as untouched,
            Prober(
                targets={
                    "endpoint": f"https://{lab.endpoint}/readyz",
                    "cp1": f"https://{addresses['cp1']}:6443/readyz",
                    CONTROL: untouched.target,
                },
                ca=untouched.ca,
                log=work / "grow-probes.jsonl",
            ) as prober,
        ):
            grown = _run(inventories, work / "grown.jsonl")
            prober.settle()
            log = prober.stop()
        assert grown.status == 0, grown.output[-8000:]
        results.add_step("one to three", grown.seconds)
        results.add_probes(summarize_log(log))
        again = _run(inventories, work / "again.jsonl")
        results.at_most("noop_changed", sum(again.changed_hosts.values()), bound=0)
        wait_until(lambda: ready_nodes(lab) == set(NODES), seconds=120, what="all nodes Ready")
        members = etcd_members(lab)
        results.exactly("members", len(members), bound=3)
        yield Story(
            results=results,
            without_version=without_version,
            checked=checked,
            changed_by_check=[name for name in HOSTS if before[name] != after[name]],
            grown=grown,
            again=again,
            members=members,
            ready=ready_nodes(lab),
            versions={name: lab.run(name, "kubelet", "--version").strip() for name in NODES},
            held={name: lab.run(name, "apt-mark", "showhold") for name in NODES},
            findings=grave_findings(inventories, work, VERSION),
        )
        print(results.table())


def _run(inventories: Sequence[Path], record: Path, *arguments: str, **variables: Any) -> Run:
    given = {**VERSION, **variables}
    return run_playbook("kubeadm.ha.site", inventories=inventories, record=record, variables=given, arguments=arguments)


def test_without_a_version_nothing_is_installed(story: Story) -> None:
    assert story.without_version.status != 0
    assert changed_hosts(story.without_version) == set()
    said = " ".join(" ".join(story.without_version.failures).split())
    for name in NEW:
        assert (
            f"{name} has neither kubeadm nor kubelet: install both 1.34 on it, or set kubeadm_ha_kubernetes_version to 1.34.4"
            in said
        )


def test_check_mode_shows_the_plan_of_the_run_and_changes_nothing(story: Story) -> None:
    assert story.checked.status == 0, story.checked.output[-6000:]
    assert story.changed_by_check == []
    assert story.checked.plan == story.grown.plan
    steps = {name: [entry["step"] for entry in story.grown.plan if entry["host"] == name] for name in NEW}
    assert all({"nodes", "join"} <= set(found) for found in steps.values()), steps


def test_no_probe_failed(story: Story) -> None:
    assert not [one.name for one in story.results.probes if one.verdict() is Verdict.FAILED], story.results.table()
    leave_out_inconclusive(story.results)


def test_the_cluster_has_three_control_planes_and_a_worker(story: Story) -> None:
    assert story.ready == set(NODES)
    assert len(story.members) == 3


def test_every_node_has_the_version_and_keeps_it(story: Story) -> None:
    assert set(story.versions.values()) == {"Kubernetes v1.34.4"}
    assert all({"kubeadm", "kubectl", "kubelet"} <= set(found.split()) for found in story.held.values()), story.held


def test_a_second_run_changes_nothing(story: Story) -> None:
    assert story.again.status == 0, story.again.output[-6000:]
    assert story.again.plan == []
    assert changed_hosts(story.again) == set()


def test_an_audit_finds_only_that_there_is_one_load_balancer(story: Story) -> None:
    assert set(story.findings) == SINGLE_BALANCER, story.findings


def test_the_figures_hold(story: Story) -> None:
    story.results.write()
    assert story.results.failures() == [], story.results.table()
