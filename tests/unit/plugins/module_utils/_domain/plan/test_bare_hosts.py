# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts without kubeadm join a cluster that is there: they are prepared, inspected again, and joined."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest

from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.text.pyyaml import PyYaml
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.plan.planning import before_joins
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.plan.request import PlanRequest
from tests.unit.plugins.module_utils._domain.plan.create.test_creation import decision
from tests.unit.plugins.module_utils._domain.plan.test_planning import NamedCertificates, after, bare_host, plan_of

Arguments = dict[str, t.Any]


def without_programs(name: str) -> dict[str, t.Any]:
    """A host on which nothing of Kubernetes is, and which swaps and does not forward."""
    return {
        **bare_host(name),
        "versions": {},
        "services": {},
        "cri_sockets": [],
        "swap": True,
        "forwarding": {"net.ipv4.ip_forward": "0", "net.ipv6.conf.default.forwarding": "0"},
    }


def growing(name: str = "w3", group: str = "workers", **changes: t.Any) -> Arguments:
    """A cluster to which such a host shall be added."""
    given = after()
    given[group] = [*given[group], name]
    given["hosts"][name] = without_programs(name)
    return {
        **given,
        "kubernetes_version": given["hosts"]["cp1"]["versions"]["kubeadm"].lstrip("v"),
        "decisions": {"node_prepare": {name: decision("package kubeadm", "swap")}},
        **changes,
    }


def messages(given: Arguments) -> list[str]:
    """Every reason to stop."""
    return [problem.message for problem in plan_of(given).problems]


def test_a_bare_host_is_prepared_and_its_join_announced() -> None:
    plan = plan_of(growing())
    assert messages(growing()) == []
    found = [entry.id for entry in plan.entries if entry.host == "w3"]
    assert found[:3] == ["w3/nodes/package kubeadm", "w3/nodes/swap", "w3/join/node w3"]
    hosts = {host.name: host for host in plan.hosts}
    assert set(hosts["w3"].groups) >= {"kubeadm_ha_nodes", "kubeadm_ha_again"}
    assert all("kubeadm_ha_again" in host.groups for host in plan.hosts)
    assert "kubeadm_ha_join_workers" not in hosts["w3"].groups
    assert hosts["w3"].as_dict()["plan"]["nodes"]["node_type"] == "worker"  # type: ignore[index]


def test_it_joins_by_the_plan_that_is_built_once_it_is_prepared() -> None:
    announced = [entry.as_dict() for entry in plan_of(growing()).entries]
    later = growing(announced=announced, decisions={})
    later["hosts"]["w3"] = bare_host("w3")
    plan = plan_of(later)
    assert messages(later) == []
    assert {entry.step for entry in plan.entries if entry.host == "w3"} == {"join", "revoke"}
    groups = {host.name: host.groups for host in plan.hosts}["w3"]
    assert "kubeadm_ha_join_workers" in groups
    assert "kubeadm_ha_nodes" not in groups


def test_what_the_role_needs_is_known_before_the_plan() -> None:
    given = growing("cp4", "control_planes")
    facts = before_joins(PlanRequest.from_options(given), yaml=PyYaml(), x509=NamedCertificates())
    nodes = t.cast("dict[str, t.Any]", facts["nodes"])
    assert list(nodes) == ["cp4"]
    assert nodes["cp4"]["node_type"] == "control_plane"
    assert nodes["cp4"]["stacked_etcd"] is True
    assert len(nodes["cp4"]["control_planes"]) == 4


@pytest.mark.parametrize(("creation", "cni"), [("complete", "flannel"), ("", "none")])
def test_a_node_becomes_like_the_others(creation: str, cni: str) -> None:
    given = growing()
    given["hosts"]["cp1"]["creation"] = creation
    maps = given["cluster"]["configmaps"]
    kubelet = "apiVersion: kubelet.config.k8s.io/v1beta1\ncgroupDriver: cgroupfs\nfailCgroupV1: false\nfailSwapOn: false\nmaxPods: 9\n"
    maps["kube-system/kubelet-config"] = {"metadata": {}, "data": {"kubelet": kubelet}}
    maps["kube-system/kubeadm-config"]["data"]["ClusterConfiguration"] += "networking:\n  podSubnet: 10.1.0.0/16\n"
    (record,) = t.cast(
        "dict[str, t.Any]",
        before_joins(PlanRequest.from_options(given), yaml=PyYaml(), x509=NamedCertificates())["nodes"],
    ).values()
    assert record["kubelet_configuration"] == {
        "cgroupDriver": "cgroupfs",
        "failCgroupV1": False,
        "failSwapOn": False,
    }
    assert (record["pod_subnet"], record["cni"]) == ("10.1.0.0/16", cni)
    planned = {host.name: host.records for host in plan_of(given).hosts}["w3"]["nodes"]
    assert dataclasses.asdict(t.cast("t.Any", planned)) == record


def test_what_the_role_objects_to_is_a_reason_to_stop() -> None:
    problem = {"subject": "w3", "message": "w3 runs a distribution that is not known."}
    decided = {"changes": [], "problems": [problem]}
    assert messages(growing(decisions={"node_prepare": {"w3": decided}})) == [problem["message"]]


@pytest.mark.parametrize("version", ["", "1.33.2"])
def test_without_the_cluster_s_version_nothing_is_installed(version: str) -> None:
    given = growing(kubernetes_version=version)
    said = " ".join(messages(given))
    assert (
        "w3 has neither kubeadm nor kubelet: install both 1.34 on it, or set kubeadm_ha_kubernetes_version to 1.34."
        in said
    )
    assert "and this run prepares the host" in said
    assert not [entry for entry in plan_of(given).entries if entry.step == "nodes"]


def test_a_host_with_a_part_of_it_is_its_owner_s() -> None:
    given = growing()
    given["hosts"]["w3"]["versions"] = {"kubelet": "v1.34.4"}
    assert [message for message in messages(given) if "has no kubeadm: install kubeadm 1.34 on it." in message]
