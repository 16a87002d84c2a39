# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The main job on other versions of Kubernetes: the oldest and the newest that the lab can run, and what lies between.

kubeadm's configuration is v1beta3 before 1.31 and v1beta4 since. The end is verified by kubectl, etcdctl, openssl and ss.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence

import pytest

from tests.scenarios.audited import SINGLE_BALANCER
from tests.scenarios.cluster import Lab, ready_nodes, wait_until
from tests.scenarios.convert import Conversion, changed_hosts, etcd_members, new_results, old_endpoint_traces
from tests.scenarios.plan_and_run import changed_objects, planned_objects
from tests.scenarios.playbook import Run
from tests.scenarios.shape import VERSIONS as SHAPE

pytestmark = pytest.mark.full

NODES = {*SHAPE.nodes, "w3"}
#: With the version of kubeadm's configuration that each stores.
VERSIONS = {"v1.24.17": "v1beta3", "v1.28.15": "v1beta3", "v1.31.12": "v1beta4", "v1.37.1": "v1beta4"}

#: The first minor release whose kubeadm can add a member of etcd that has no vote yet.
_FIRST_WITH_LEARNERS = 27
#: Before, the API is away while the second member starts: three times the 248 probes that failed then on 1.28 (docs/adr/0107).
_FAILED_WITHOUT_LEARNERS = 744


@dataclasses.dataclass
class Story:
    """What was seen, in the order in which it happened."""

    version: str
    conversion: Conversion
    kubelets: Sequence[str]
    check: Run
    changed_by_check: Sequence[str]
    converted: Run
    again: Run
    worker: Run
    traces: Sequence[str]
    members: Sequence[object]
    stored: str
    sans: str
    ready: set[str]
    findings: Mapping[str, Sequence[str]]
    ready_after_loss: set[str]


@pytest.fixture(scope="module", params=VERSIONS)
def story(request: pytest.FixtureRequest) -> Iterator[Story]:
    """Run the whole story once for each version."""
    version = str(request.param)
    name = f"versions-{version.removeprefix('v').rpartition('.')[0]}"
    with (
        new_results(name.replace(".", "_").replace("-", "_"), kubernetes=version) as results,
        Lab(SHAPE.topology, name=name.replace(".", "-"), kubernetes=version) as lab,
    ):
        results.add_step("before state", lab.up_seconds)
        conversion = Conversion(lab, results, SHAPE)
        nodes = lab.objects("nodes")["items"]
        check, changed_by_check = conversion.check()
        converted, _log = conversion.convert(max_failed=0 if _has_learners(version) else _FAILED_WITHOUT_LEARNERS)
        assert converted.status == 0, converted.output[-8000:]
        again = conversion.again()
        worker, _secrets = conversion.add_worker()
        wait_until(lambda: ready_nodes(lab) == NODES, seconds=120, what="all nodes Ready")
        members = etcd_members(lab, shape=SHAPE)
        traces = old_endpoint_traces(conversion)
        stored = lab.kubectl("get", "configmap", "kubeadm-config", "--namespace=kube-system", "--output=yaml")
        certificate = "/etc/kubernetes/pki/apiserver.crt"
        sans = lab.run("cp3", "openssl", "x509", "-in", certificate, "-noout", "-ext", "subjectAltName")
        ready = ready_nodes(lab)
        findings = conversion.findings(inventories=[conversion.work / "worker.yml"])
        conversion.lose_first_control_plane()
        yield Story(
            version=version,
            conversion=conversion,
            kubelets=[node["status"]["nodeInfo"]["kubeletVersion"] for node in nodes],
            check=check,
            changed_by_check=changed_by_check,
            converted=converted,
            again=again,
            worker=worker,
            traces=traces,
            members=members,
            stored=stored,
            sans=sans,
            ready=ready,
            findings=findings,
            ready_after_loss=ready_nodes(lab, node="cp2"),
        )
        results.write()


def _has_learners(version: str) -> bool:
    return int(version.split(".")[1]) >= _FIRST_WITH_LEARNERS


def test_the_cluster_before_is_of_that_version(story: Story) -> None:
    assert set(story.kubelets) == {story.version}
    assert f"apiVersion: kubeadm.k8s.io/{VERSIONS[story.version]}" in story.stored


def test_check_mode_shows_the_plan_and_changes_nothing(story: Story) -> None:
    assert story.check.status == 0, story.check.output[-6000:]
    assert story.changed_by_check == []
    assert story.check.plan == story.converted.plan
    assert changed_objects(story.converted) == planned_objects(story.converted)


def test_three_control_planes_are_ready_and_in_etcd(story: Story) -> None:
    assert story.ready == NODES
    assert len(story.members) == 3


def test_the_endpoint_is_everywhere(story: Story) -> None:
    assert f"controlPlaneEndpoint: {story.conversion.endpoint}" in story.stored
    assert f"IP Address:{story.conversion.endpoint.rpartition(':')[0]}" in story.sans
    assert story.traces == []


def test_no_probe_failed_but_while_a_member_voted_that_did_not_run(story: Story) -> None:
    """The plan says so of the versions of kubeadm that cannot do without, and of no other."""
    story.conversion.assert_no_probe_failed()
    plans = [record["plan"] for record in story.check.results if record["plan"] and "notes" in record["plan"]]
    announced = [note for plan in plans for note in plan["notes"] if "a vote before it runs" in str(note)]
    assert bool(announced) is not _has_learners(story.version), plans


def test_the_second_run_changes_nothing(story: Story) -> None:
    assert story.again.status == 0, story.again.output[-4000:]
    assert changed_hosts(story.again) == set()


def test_one_more_worker_changes_only_that_worker(story: Story) -> None:
    assert story.worker.status == 0, story.worker.output[-4000:]
    assert changed_hosts(story.worker) == {"w3"}


def test_an_audit_finds_only_that_there_is_one_load_balancer(story: Story) -> None:
    assert set(story.findings) == SINGLE_BALANCER, story.findings


def test_the_rest_stands_after_the_loss_of_the_first_control_plane(story: Story) -> None:
    assert story.ready_after_loss == NODES - {"cp1"}
    assert story.conversion.results.failures() == [], story.conversion.results.table()
