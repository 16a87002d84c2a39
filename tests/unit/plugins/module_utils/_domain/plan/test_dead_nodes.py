# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A node that is down for good, or for weeks: the plan goes past it and reports what stays."""

from __future__ import annotations

import pytest

from tests.unit.plugins.module_utils._domain.plan.test_planning import (
    ENDPOINT,
    after,
    before,
    node_report,
    objects,
    plan_of,
)


def with_dead_node(arguments: dict[str, object], *, name: str = "w9") -> None:
    """A node that is not Ready, that no host is, and that the operator keeps."""
    cluster = arguments["cluster"]
    assert isinstance(cluster, dict)
    cluster["nodes"].append(node_report(name, ready=False))
    pod = {**cluster["kube_proxy_pods"][0], "spec": {"nodeName": name}}
    pod["metadata"] = {**pod["metadata"], "name": f"kube-proxy-{name}"}
    cluster["kube_proxy_pods"].append(pod)
    arguments["unmanaged_nodes"] = [name]


def test_it_is_noted_and_counted_nowhere() -> None:
    arguments = before()
    with_dead_node(arguments)
    plan = plan_of(arguments)
    assert plan.problems == ()
    restarts = [entry.change for entry in plan.entries if entry.change.object == "DaemonSet kube-system/kube-proxy"]
    assert [change.before for change in restarts] == [{"outdated_pods": 3}]
    assert "w9" in [note.subject for note in plan.notes]


def test_after_the_conversion_it_is_noted_and_nothing_is_left_to_change() -> None:
    arguments = after()
    with_dead_node(arguments)
    cluster = arguments["cluster"]
    # The DaemonSet's controller cannot replace its pod, which is older than the ConfigMap.
    field = {"time": "2026-06-01T00:00:00Z", "fieldsV1": {"f:data": {"f:kubeconfig.conf": {}}}}
    cluster["configmaps"]["kube-system/kube-proxy"]["metadata"]["managedFields"] = [field]
    for pod in cluster["kube_proxy_pods"][:-1]:
        pod["metadata"]["creationTimestamp"] = "2026-06-02T00:00:00Z"
    cluster["kube_proxy_pods"][-1]["metadata"]["creationTimestamp"] = "2026-01-01T00:00:00Z"
    plan = plan_of(arguments)
    assert (plan.entries, plan.problems) == ((), ())
    (note,) = plan.notes
    assert note.message == (
        "The node w9 is not Ready and no host of the inventory, so its kubelet keeps the server that its kubelet.conf names, "
        "and its kube-proxy the one with which it was started: when it comes back, let its kubelet.conf name "
        f"{ENDPOINT} and restart its kubelet; kube-proxy follows by itself. If it is gone for good, name it in "
        "kubeadm_ha_lost_nodes instead of kubeadm_ha_unmanaged_nodes."
    )
    # Of the same pod on a node that lives the restart is planned.
    cluster["nodes"][-1]["ready"] = True
    arguments["unmanaged_nodes"] = []
    assert ("point", "DaemonSet kube-system/kube-proxy") in objects(plan_of(arguments), "cp1")


def test_a_signature_that_a_killed_run_did_not_wait_for_is_an_entry() -> None:
    arguments = after()
    arguments["cluster"]["outdated_signatures"] = 2
    plan = plan_of(arguments)
    assert [(entry.host, entry.step, entry.change.object) for entry in plan.entries] == [
        ("cp1", "prepare", "Python libraries"),
        ("cp1", "backup", "backup /var/backups/kubeadm-ha"),
        ("cp1", "point", "ConfigMap kube-public/cluster-info"),
    ]
    assert plan.entries[-1].change.before == {"outdated_signatures": 2}


@pytest.mark.parametrize("node_name", ["w2", "worker-2.example.org"])
def test_the_node_of_a_host_that_is_off_is_not_taken_for_a_strangers(node_name: str) -> None:
    arguments = before()
    for node in arguments["cluster"]["nodes"]:
        if node["name"] == "w2":
            node.update(name=node_name, ready=False)
    del arguments["hosts"]["w2"]
    arguments["failures"] = {"hosts": {"w2": "Connection refused."}}
    plan = plan_of(arguments)
    assert [problem.message for problem in plan.problems] == ["w2 could not be inspected: Connection refused."]
    assert [note.subject for note in plan.notes] == []


def test_the_node_of_a_stranger_is_named_once_all_hosts_were_inspected() -> None:
    arguments = before()
    with_dead_node(arguments)
    arguments["unmanaged_nodes"] = []
    assert [problem.subject for problem in plan_of(arguments).problems] == ["w9"]


@pytest.mark.parametrize("message", ["", None])
def test_a_host_that_was_not_inspected_is_a_reason_also_when_nothing_says_why(message: str | None) -> None:
    arguments = after()
    del arguments["hosts"]["w2"]
    arguments["failures"] = {"hosts": {"w2": message}}
    assert [problem.subject for problem in plan_of(arguments).problems] == ["w2"]


@pytest.mark.parametrize("message", ["", None])
def test_a_cluster_that_was_not_inspected_is_a_reason_also_when_nothing_says_why(message: str | None) -> None:
    arguments = after()
    arguments["cluster"] = None
    arguments["failures"] = {"cluster": message}
    plan = plan_of(arguments)
    assert plan.entries == ()
    assert [problem.subject for problem in plan.problems] == ["cluster"]
