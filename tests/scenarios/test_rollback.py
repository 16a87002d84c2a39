# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A converted cluster goes back to the one control plane that it was, twice: watched by a prober, and killed on the way.

What was there before is compared file by file and object by object, with find, openssl, kubectl, etcdctl and ss. What somebody else has
changed in between stays.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import yaml

from tests.scenarios.audited import SINGLE_CONTROL_PLANE
from tests.scenarios.cluster import ADMIN, Lab, ready_nodes, wait_until
from tests.scenarios.convert import Conversion, changed_hosts, new_results
from tests.scenarios.going_back import ADDED, CERTIFICATE, STAYING, Content, content, seen
from tests.scenarios.kills import Kill, killed
from tests.scenarios.plan_and_run import changed_objects, different_values, planned_objects
from tests.scenarios.playbook import Run
from tests.scenarios.shape import PLAIN

pytestmark = pytest.mark.full

_SCHEDULER = "/etc/kubernetes/manifests/kube-scheduler.yaml"
_ADMINISTRATOR = "/root/.kube/config"
#: What others change between the conversion and the way back.
_NAME_OF_OTHERS = "others.example.org"
_OTHER_CLUSTER = "https://198.51.100.7:6443"
#: In the middle of the way back: one added control plane has left, or is about to.
_KILL = Kill(
    "Added control planes leave, one by one", 1.0, "Its member of etcd is taken out, if the others keep the quorum"
)


@dataclasses.dataclass
class Story:
    """What was seen, in the order in which it happened."""

    conversion: Conversion
    before: Content
    check: Run
    changed_by_check: list[str]
    back: Run
    after: Content
    seen: dict[str, Any]
    again: Run
    renewed: str
    killed: Run
    ended: Run
    after_the_kill: Content
    seen_after_the_kill: dict[str, Any]
    ended_again: Run
    findings: Mapping[str, list[str]]


@pytest.fixture(scope="module")
def story() -> Iterator[Story]:
    """Run the whole story once."""
    with new_results("rollback") as results, Lab("convert", name="rollback") as lab:
        conversion = Conversion(lab, results)
        _give_administrator(lab)
        before = content(lab)
        _convert(conversion, "convert")
        _work_of_others(lab)
        check, changed_by_check = conversion.check(playbook="rollback", label="check-rollback")
        back, _log = conversion.roll_back()
        assert back.status == 0, back.output[-6000:]
        after, seen_after = content(lab), seen(lab)
        again = conversion.run("again", playbook="rollback")
        # The flag of others is taken over, else a joining control plane would be unlike the first one.
        _convert(conversion, "convert-again", "--extra-vars", "kubeadm_ha_adopt_manifest_flags=true")
        lab.run("cp1", "kubeadm", "certs", "renew", "apiserver")
        renewed = lab.run("cp1", "sha256sum", CERTIFICATE)
        inventories = PLAIN.inventories(lab.inventory)
        cut_off = killed(inventories, conversion.work, "killed", _KILL, playbook="rollback")
        ended = conversion.run("ended", playbook="rollback")
        assert ended.status == 0, ended.output[-6000:]
        yield Story(
            conversion=conversion,
            before=before,
            check=check,
            changed_by_check=changed_by_check,
            back=back,
            after=after,
            seen=seen_after,
            again=again,
            renewed=renewed,
            killed=cut_off,
            ended=ended,
            after_the_kill=content(lab),
            seen_after_the_kill=seen(lab),
            ended_again=conversion.run("ended-again", playbook="rollback"),
            findings=conversion.findings({"kubeadm_ha_endpoint": ""}),
        )
        print(results.table())


def _convert(conversion: Conversion, label: str, *arguments: str) -> None:
    run = conversion.run(label, *arguments)
    assert run.status == 0, run.output[-6000:]
    lab = conversion.lab
    wait_until(lambda: ready_nodes(lab) >= set(PLAIN.nodes), seconds=60, what="all nodes Ready")


def _give_administrator(lab: Lab) -> None:
    """root of the control plane has a kubeconfig for this cluster and for another one."""
    document = yaml.safe_load(lab.run("cp1", "cat", ADMIN))
    document["clusters"].append({"name": "elsewhere", "cluster": {"server": _OTHER_CLUSTER}})
    lab.shell("cp1", "mkdir -p -m 700 /root/.kube")
    lab.write("cp1", _ADMINISTRATOR, yaml.safe_dump(document))
    lab.run("cp1", "chmod", "0600", _ADMINISTRATOR)


def _work_of_others(lab: Lab) -> None:
    """A Deployment, a flag of a manifest, a name in the ClusterConfiguration, a renewed certificate."""
    image = lab.objects("deployment", "smoke")["spec"]["template"]["spec"]["containers"][0]["image"]
    lab.kubectl("create", "deployment", "since", f"--image={image}", "--replicas=3")
    lab.shell("cp1", f"sed -i 's/^    - --leader-elect=true$/&\\n    - --v=1/' {_SCHEDULER}")
    data = lab.objects("configmap", "kubeadm-config", "--namespace=kube-system")["data"]
    document = yaml.safe_load(data["ClusterConfiguration"])
    document["apiServer"]["certSANs"].append(_NAME_OF_OTHERS)
    patch = {"data": {"ClusterConfiguration": yaml.safe_dump(document)}}
    lab.kubectl("patch", "configmap", "kubeadm-config", "--namespace=kube-system", "--patch", json.dumps(patch))
    lab.run("cp1", "kubeadm", "certs", "renew", "admin.conf")
    lab.kubectl("rollout", "status", "deployment/since", "--timeout=100s")


def test_check_mode_changes_nothing_and_shows_the_plan_of_the_run(story: Story) -> None:
    assert story.check.status == 0, story.check.output[-6000:]
    assert story.changed_by_check == []
    assert story.check.plan
    assert story.check.plan == story.back.plan


def test_plan_and_run_agree(story: Story) -> None:
    for run in (story.check, story.back):
        assert changed_objects(run) == planned_objects(run)
        assert different_values(run) == []


def test_files_are_as_before_but_for_the_work_of_others(story: Story) -> None:
    before, after = dict(story.before.files), dict(story.after.files)
    edited = {f"cp1:{path}" for path in (_SCHEDULER, ADMIN)}
    assert {path for path in {*before, *after} if before.get(path) != after.get(path)} == edited
    assert {after[path].split()[0] for path in edited} == {"600"}


def test_a_renewed_credential_stays_with_the_server_of_before(story: Story) -> None:
    lab, old = story.conversion.lab, story.conversion.old
    assert lab.shell("cp1", f"grep server: {ADMIN}").split() == ["server:", f"https://{old}"]
    assert lab.shell("cp1", f"grep -e --v=1 {_SCHEDULER}").split() == ["-", "--v=1"]


def test_objects_are_as_before_but_for_the_work_of_others(story: Story) -> None:
    expected = json.loads(json.dumps(story.before.objects))
    expected["kube-system/kubeadm-config"]["ClusterConfiguration"]["apiServer"]["certSANs"] = [_NAME_OF_OTHERS]
    assert story.after.objects == expected


def test_the_certificate_is_that_of_before(story: Story) -> None:
    assert story.after.sans == story.before.sans
    assert story.seen["served"] == story.before.sans
    assert story.conversion.endpoint.rpartition(":")[0] not in story.seen["served"]


@pytest.mark.parametrize("when", ["seen", "seen_after_the_kill"])
def test_the_cluster_is_the_one_control_plane_with_its_workers(story: Story, when: str) -> None:
    found = getattr(story, when)
    assert found["nodes"] == found["ready"] == set(STAYING)
    assert found["members"] == 1
    assert found["proxies"] >= set(STAYING)
    assert found["since"] == 3
    assert found["left"] == dict.fromkeys(ADDED, "")
    assert found["balancer"] == ["inactive", "disabled"]
    assert found["locks"] == []


def test_no_probe_of_the_first_control_plane_failed(story: Story) -> None:
    story.conversion.assert_no_probe_failed(("cp1",))


@pytest.mark.parametrize("run", ["again", "ended_again"])
def test_a_second_run_changes_nothing(story: Story, run: str) -> None:
    found = getattr(story, run)
    assert found.status == 0, found.output[-6000:]
    assert changed_hosts(found) == set()
    assert found.plan == []


def test_a_killed_run_comes_to_the_same_end(story: Story) -> None:
    assert story.killed.status != 0
    assert any(_KILL.begins(line) for line in story.killed.records)
    assert not any(record["play"] == "Load balancers end" for record in story.killed.results)
    before, after = dict(story.after.files), dict(story.after_the_kill.files)
    renewed = {f"cp1:/etc/kubernetes/pki/apiserver.{suffix}" for suffix in ("crt", "key")}
    assert {path for path in {*before, *after} if before.get(path) != after.get(path)} == renewed
    assert story.after_the_kill.objects == story.after.objects


def test_a_certificate_that_somebody_else_has_renewed_stays(story: Story) -> None:
    assert story.conversion.lab.run("cp1", "sha256sum", CERTIFICATE) == story.renewed
    assert any("renewed or replaced by somebody else" in line for line in story.ended.output.splitlines())


def test_an_audit_finds_one_control_plane_and_the_work_of_others(story: Story) -> None:
    """Their flag of the scheduler is in its manifest alone. The inventory's endpoint is not the cluster's any more."""
    assert set(story.findings) == SINGLE_CONTROL_PLANE | {"kubeadm.configuration-differs"}, story.findings


def test_no_key_is_in_any_output(story: Story) -> None:
    for run in (story.check, story.back, story.again, story.ended):
        assert "PRIVATE KEY" not in run.output
        assert "PRIVATE KEY" not in json.dumps(run.results)
