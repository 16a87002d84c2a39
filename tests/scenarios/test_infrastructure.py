# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The sample infrastructure repository, with the built archive installed, on real clusters.

Its staging inventory, a control plane and a load balancer, is what `make test` has time for; the production one with
three control planes and two workers is a part of `make full`.
"""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Iterator

import pytest

from tests.scenarios.audited import SINGLE_BALANCER, SINGLE_BEHIND_BALANCER, grave_in
from tests.scenarios.cluster import PROJECT, Lab, ready_nodes
from tests.scenarios.infrastructure import Repository
from tests.scenarios.playbook import Run


@dataclasses.dataclass
class Story:
    """What each run of the repository's playbooks did, by its label."""

    lab: Lab
    endpoint: str
    runs: dict[str, Run]
    findings: dict[str, list[str]] = dataclasses.field(default_factory=dict)


def run_story(topology: str, inventory: str, *playbooks: str) -> Iterator[Story]:
    """Run each playbook in check mode, for real, and again."""
    directory = PROJECT / "build" / "scenarios" / f"infrastructure-{inventory}"
    shutil.rmtree(directory, ignore_errors=True)
    repository = Repository(directory)
    with Lab(topology, name=f"infrastructure-{inventory}") as lab:
        address = lab.shell("lb1", "ip -4 -o addr show dev eth0 | awk '{split($4,a,\"/\"); print a[1]}'").strip()
        story = Story(lab, f"{address}:6443", {})
        repository.add_inventory("lab", lab.inventory, endpoint=story.endpoint)
        for playbook in playbooks:
            for label, arguments in (("check", ("--check", "--diff")), ("run", ()), ("again", ())):
                name = f"{playbook} {label}"
                story.runs[name] = repository.run(name, playbook, *arguments, inventories=[inventory, "lab"])
                assert story.runs[name].status == 0, story.runs[name].output[-6000:]
        report = directory / "audit"
        audited = repository.run(
            "audit",
            "kubeadm.ha.audit",
            "--extra-vars",
            f"kubeadm_ha_audit_directory={report}",
            inventories=[inventory, "lab"],
        )
        assert audited.status == 0, audited.output[-6000:]
        story.findings = grave_in(report)
        yield story


@pytest.fixture(scope="module")
def staging() -> Iterator[Story]:
    """The staging inventory: first the load balancer by roles, then the cluster by the imported playbook."""
    yield from run_story("single", "staging", "balancer", "kubernetes")


@pytest.fixture(scope="module")
def production() -> Iterator[Story]:
    """The production inventory: the whole conversion by the imported playbook, then the roles."""
    yield from run_story("convert", "production", "kubernetes", "balancer")


def changed(run: Run) -> set[tuple[str, str]]:
    """Host and role, or task, of what a run changed."""
    return {(record["host"], (record["role"] or record["task"]).rpartition(".")[2]) for record in run.changed}


def plan(run: Run) -> set[tuple[str, str]]:
    """Host and object of each entry of a run's plan."""
    return {(entry["host"], entry["object"]) for entry in run.plan}


def readyz(story: Story) -> str:
    """What the API server says through the endpoint, with the cluster's CA verified."""
    url = f"https://{story.endpoint}/readyz"
    return story.lab.run("cp1", "curl", "-sS", "--fail", "--cacert", "/etc/kubernetes/pki/ca.crt", url)


def test_roles_by_name_between_own_tasks(staging: Story) -> None:
    roles = {("lb1", "company_banner"), ("lb1", "python_requirements"), ("lb1", "apiserver_haproxy")}
    assert changed(staging.runs["balancer check"]) == changed(staging.runs["balancer run"]) == roles
    assert changed(staging.runs["balancer again"]) == set()
    assert "maxconn 2000" in staging.lab.run("lb1", "cat", "/etc/haproxy/haproxy.cfg")
    assert staging.lab.run("lb1", "cat", "/etc/motd").startswith("This host balances the Kubernetes API.")


def test_the_imported_playbook_between_own_plays(staging: Story) -> None:
    check, run = staging.runs["kubernetes check"], staging.runs["kubernetes run"]
    assert plan(check) == plan(run) >= {("cp1", "certificate apiserver"), ("cp1", "backup /var/backups/kubernetes")}
    # What the roles did is no part of the plan any more: both ways have the same variables.
    assert {host for host, _object in plan(run)} == {"cp1"}
    assert ("cp1", "company_banner") in changed(run)
    assert "node/cp1" in run.output
    assert changed(staging.runs["kubernetes again"]) == set()


def test_the_cluster_uses_the_endpoint(staging: Story) -> None:
    assert readyz(staging) == "ok"
    lab = staging.lab
    kubeconfig = lab.run("cp1", "cat", "/etc/kubernetes/admin.conf")
    assert f"server: https://{staging.endpoint}\n" in kubeconfig
    configuration = lab.objects("configmap", "kubeadm-config", "--namespace=kube-system")["data"]
    assert f"controlPlaneEndpoint: {staging.endpoint}\n" in configuration["ClusterConfiguration"]
    assert lab.run("cp1", "ls", "/var/backups/kubernetes").strip()


def test_an_audit_finds_one_control_plane_behind_one_load_balancer(staging: Story) -> None:
    assert set(staging.findings) == SINGLE_BEHIND_BALANCER, staging.findings


@pytest.mark.full
def test_the_whole_conversion_by_an_imported_playbook(production: Story) -> None:
    check, run = production.runs["kubernetes check"], production.runs["kubernetes run"]
    assert plan(check) == plan(run) >= {("cp2", "node cp2"), ("cp3", "node cp3"), ("lb1", "load balancer haproxy")}
    assert changed(production.runs["kubernetes again"]) == set()
    assert ready_nodes(production.lab) == {"cp1", "cp2", "cp3", "w1", "w2"}
    assert readyz(production) == "ok"


@pytest.mark.full
def test_the_roles_find_what_the_imported_playbook_made(production: Story) -> None:
    # PyYAML and cryptography were not needed on the load balancer before.
    roles = {("lb1", "company_banner"), ("lb1", "python_requirements")}
    assert changed(production.runs["balancer run"]) == roles
    assert changed(production.runs["balancer again"]) == set()


@pytest.mark.full
def test_an_audit_finds_only_that_there_is_one_load_balancer(production: Story) -> None:
    assert set(production.findings) == SINGLE_BALANCER, production.findings
