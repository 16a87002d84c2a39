# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The creation of a cluster is killed again and again, at places where something is half done, and reaches the same end."""

from __future__ import annotations

import dataclasses
import signal
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from tests.scenarios.audited import SINGLE_BALANCER, grave_findings
from tests.scenarios.cluster import PROJECT, Lab, ready_nodes, wait_until
from tests.scenarios.convert import etcd_members, new_results
from tests.scenarios.kills import Kill, killed
from tests.scenarios.playbook import Run, run_playbook

pytestmark = pytest.mark.full

CONTROL_PLANES = ("cp1", "cp2", "cp3")
NODES = (*CONTROL_PLANES, "w1")
#: Packages are being installed, authorities made, kubeadm init runs, a control plane joins.
KILLS = (
    Kill("Prepare the nodes", 3.0, task="Packages | Read the lists of the new repository"),
    Kill("Make the certificate authorities", 0.5, task="Authorities | Stop before anything is changed"),
    Kill("Create the cluster", 6.0, task="Stop before anything is changed"),
    Kill("Join control planes", 4.0, task="Join | Make a token and upload the certificates"),
)
_CA = "sha256sum /etc/kubernetes/pki/ca.crt /etc/kubernetes/pki/sa.pub 2>/dev/null; true"


@dataclasses.dataclass
class Story:
    """What was seen, in the order in which it happened."""

    killed: Mapping[str, Run]
    authorities: Mapping[str, str]
    ended: Run
    again: Run
    last_authorities: Mapping[str, str]
    members: Sequence[Mapping[str, object]]
    ready: set[str]
    secrets: str
    findings: Mapping[str, Sequence[str]]


@pytest.fixture(scope="module")
def story() -> Iterator[Story]:
    """Run the whole story once."""
    with new_results("killed_create") as results, Lab("create_small", name="killedcreate") as lab:
        work = PROJECT / "build" / "scenarios" / lab.name
        work.mkdir(parents=True, exist_ok=True)
        inventory = _inventory(lab, work)
        runs: dict[str, Run] = {}
        authorities: dict[str, str] = {}
        for number, kill in enumerate(KILLS):
            runs[kill.play] = killed(inventory, work, f"killed-{number}", kill)
            authorities[kill.play] = lab.shell("cp1", _CA)
        ended = _run(inventory, work / "ended.jsonl")
        again = _run(inventory, work / "again.jsonl")
        results.exactly("again_changed", sum(again.changed_hosts.values()), bound=0)
        if ended.status == 0:
            wait_until(lambda: ready_nodes(lab) == set(NODES), seconds=120, what="all nodes Ready")
        yield Story(
            killed=runs,
            authorities=authorities,
            ended=ended,
            again=again,
            last_authorities={name: lab.shell(name, _CA) for name in CONTROL_PLANES},
            members=etcd_members(lab),
            ready=ready_nodes(lab),
            secrets=lab.kubectl("get", "secrets", "--all-namespaces", "--output=name"),
            findings=grave_findings(inventory, work),
        )


def _inventory(lab: Lab, work: Path) -> list[Path]:
    version = work / "version.yml"
    version.write_text('all: {vars: {kubeadm_ha_kubernetes_version: "1.34.4"}}\n', encoding="utf-8")
    return [lab.inventory, version]


def _run(inventory: Sequence[Path], record: Path) -> Run:
    return run_playbook("kubeadm.ha.site", inventories=inventory, record=record)


def test_each_run_was_killed_where_it_should_be(story: Story) -> None:
    for play, run in story.killed.items():
        assert (run.status, run.records[-1]["play"]) == (-signal.SIGKILL, play), (play, run.output[-3000:])


def test_there_is_one_ca_from_beginning_to_end(story: Story) -> None:
    made = story.authorities["Create the cluster"]
    assert made.count("\n") == 2
    assert story.authorities["Join control planes"] == made
    assert story.last_authorities == dict.fromkeys(CONTROL_PLANES, made)
    assert made.startswith(story.authorities["Make the certificate authorities"].partition("\n")[0])


def test_the_run_after_them_reaches_the_end(story: Story) -> None:
    assert story.ended.status == 0, story.ended.output[-8000:]
    assert story.ready == set(NODES)
    assert len(story.members) == len(CONTROL_PLANES)


def test_a_second_run_changes_nothing(story: Story) -> None:
    assert story.again.status == 0, story.again.output[-6000:]
    assert sum(story.again.changed_hosts.values()) == 0


def test_no_secret_of_the_joins_is_left(story: Story) -> None:
    assert "bootstrap-token" not in story.secrets
    assert "kubeadm-certs" not in story.secrets


def test_an_audit_finds_only_that_there_is_one_load_balancer(story: Story) -> None:
    assert set(story.findings) == SINGLE_BALANCER, story.findings
