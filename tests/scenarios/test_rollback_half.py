# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A conversion that was killed goes back; after it was made again, single nodes are removed.

Everything is proved with find, openssl, kubectl, etcdctl and ss.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from tests.scenarios.audited import DNS_ON_ONE_NODE, SINGLE_BALANCER, SINGLE_CONTROL_PLANE
from tests.scenarios.cluster import Lab, ready_nodes, wait_until
from tests.scenarios.convert import Conversion, changed_hosts, etcd_members, new_results
from tests.scenarios.going_back import ADDED, STAYING, Content, content, seen
from tests.scenarios.kills import Kill, killed
from tests.scenarios.plan_and_run import changed_objects, different_values, planned_objects
from tests.scenarios.playbook import Run
from tests.scenarios.shape import PLAIN

pytestmark = pytest.mark.full

#: Clients and the cluster's objects name the endpoint, kubeadm has begun to join cp2.
_KILL = Kill("Join control planes", 8.0, "Make a token and upload the certificates")
_REMOVED = ("w2", "cp3")


@dataclasses.dataclass
class Story:
    """What was seen, in the order in which it happened."""

    conversion: Conversion
    before: Content
    killed: Run
    back: Run
    after: Content
    seen: dict[str, Any]
    again: Run
    findings: Mapping[str, list[str]]
    unnamed: Run
    removals: dict[str, Run]
    removed_again: Run
    left: dict[str, str]
    nodes: set[str]
    members: int
    findings_of_two: Mapping[str, list[str]]
    refused: Run


@pytest.fixture(scope="module")
def story() -> Iterator[Story]:
    """Run the whole story once."""
    with new_results("rollback_half") as results, Lab("convert", name="rollback-half") as lab:
        conversion = Conversion(lab, results)
        before = content(lab)
        inventories = PLAIN.inventories(lab.inventory)
        cut_off = killed(inventories, conversion.work, "killed", _KILL)
        lab.kubectl(
            "create",
            "deployment",
            "since",
            f"--image={_image(lab)}",
            "--replicas=3",
            server=f"https://{conversion.old}",
        )
        back = conversion.run("back", playbook="rollback")
        assert back.status == 0, back.output[-6000:]
        lab.kubectl("rollout", "status", "deployment/since", "--timeout=100s")
        after, seen_after = content(lab), seen(lab)
        again = conversion.run("again", playbook="rollback")
        results.exactly("again_changed", sum(again.changed_hosts.values()), bound=0)
        findings = conversion.findings({"kubeadm_ha_endpoint": ""}, label="audit-of-the-way-back")
        converted = conversion.run("converted")
        assert converted.status == 0, converted.output[-6000:]
        wait_until(lambda: ready_nodes(lab) >= set(PLAIN.nodes), seconds=60, what="all nodes Ready")
        unnamed = conversion.run("unnamed", playbook="remove_node")
        removals = {name: _remove(conversion, name) for name in _REMOVED}
        removed_again = _remove(conversion, "cp3", label="cp3-again")
        nodes = {item["metadata"]["name"] for item in lab.objects("nodes")["items"]}
        members = len(etcd_members(lab, node="cp1"))
        left = {
            host: lab.shell(
                host, "find /etc/kubernetes /var/lib/etcd /var/lib/kubelet -type f; crictl ps --quiet 2>/dev/null; true"
            )
            for host in _REMOVED
        }
        findings_of_two = conversion.findings()
        lab.event("kill", "cp2")
        yield Story(
            conversion=conversion,
            before=before,
            killed=cut_off,
            back=back,
            after=after,
            seen=seen_after,
            again=again,
            findings=findings,
            unnamed=unnamed,
            removals=removals,
            removed_again=removed_again,
            left=left,
            nodes=nodes,
            members=members,
            findings_of_two=findings_of_two,
            refused=conversion.run("refused", playbook="rollback"),
        )
        print(results.table())


def _image(lab: Lab) -> str:
    return str(lab.objects("deployment", "smoke")["spec"]["template"]["spec"]["containers"][0]["image"])


def _remove(conversion: Conversion, name: str, *, label: str = "") -> Run:
    return conversion.run(
        f"remove-{label or name}", "--extra-vars", f"kubeadm_ha_remove_node={name}", playbook="remove_node"
    )


def test_the_conversion_was_killed_in_its_middle(story: Story) -> None:
    assert story.killed.status != 0
    plays = {record["play"] for record in story.killed.results}
    assert "Point the control planes to the endpoint" in plays
    assert "Verify" not in plays


def test_a_half_converted_cluster_is_as_before(story: Story) -> None:
    assert story.after == story.before
    assert story.seen["nodes"] == story.seen["ready"] == set(STAYING)
    assert story.seen["members"] == 1
    assert story.seen["served"] == story.before.sans
    assert story.seen["left"] == dict.fromkeys(ADDED, "")
    assert story.seen["balancer"] == ["inactive", "disabled"]
    assert story.seen["since"] == 3
    assert story.seen["locks"] == []
    assert story.seen["uploaded"] == []


def test_an_audit_finds_one_control_plane_where_the_cluster_dns_never_left(story: Story) -> None:
    assert set(story.findings) == SINGLE_CONTROL_PLANE | DNS_ON_ONE_NODE, story.findings


def test_a_second_run_changes_nothing(story: Story) -> None:
    for run in (story.again, story.removed_again):
        assert run.status == 0, run.output[-6000:]
        assert changed_hosts(run) == set()


def test_nobody_is_removed_who_was_not_named(story: Story) -> None:
    assert story.unnamed.status != 0
    assert not story.unnamed.changed
    assert any("set kubeadm_ha_remove_node to the name of a host" in message for message in story.unnamed.failures)


def test_a_worker_and_a_control_plane_are_removed(story: Story) -> None:
    for name, run in story.removals.items():
        assert run.status == 0, (name, run.output[-6000:])
        assert changed_objects(run) == planned_objects(run)
        assert different_values(run) == []
    assert story.nodes == {"cp1", "cp2", "w1"}
    assert story.members == 2
    assert story.left == dict.fromkeys(_REMOVED, "")


def test_an_audit_finds_that_two_members_of_etcd_bear_no_loss(story: Story) -> None:
    assert set(story.findings_of_two) == SINGLE_BALANCER | {"etcd.no-tolerance"}, story.findings_of_two


def test_a_way_back_is_refused_that_cannot_see_a_control_plane(story: Story) -> None:
    """Two members, one of them dead: without a quorum the API does not answer, and whose host is away is named before anything is counted."""
    assert story.refused.status != 0
    assert not story.refused.changed
    assert any("cp2 could not be inspected" in message for message in story.refused.failures), story.refused.failures
