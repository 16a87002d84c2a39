# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An audit of a cluster that kubeadm made highly available, with two load balancers: nothing is found. Then faults are made, and found."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.scenarios.cluster import Lab, fingerprint, wait_until
from tests.scenarios.playbook import run_playbook

pytestmark = pytest.mark.full

NAME = "k8s.audit.example.org"
NODES = ("cp1", "cp2", "cp3", "w1")
HOSTS = (*NODES, "lb1", "lb2")
HAPROXY = "/etc/haproxy/haproxy.cfg"
MANIFEST = "/etc/kubernetes/manifests/etcd.yaml"
KUBELET = "/etc/kubernetes/kubelet.conf"


class Cluster:
    """The lab, and audits of it."""

    def __init__(self, lab: Lab, directory: Path) -> None:
        self.lab = lab
        self._directory = directory
        self._audits = 0

    def second_balancer(self) -> None:
        """The other load balancer is like the first one, and the endpoint's name leads to both."""
        lab = self.lab
        lab.shell("lb2", "DEBIAN_FRONTEND=noninteractive apt-get install --yes --quiet --no-install-recommends haproxy")
        lab.write("lb2", HAPROXY, lab.run("lb1", "cat", HAPROXY))
        lab.shell("lb2", "systemctl restart haproxy")
        address = lab.shell("lb2", "hostname -I").split()[0]
        for host in HOSTS:
            lab.shell(host, f"echo '{address} {NAME}' >> /etc/hosts")

    def spread_dns(self) -> None:
        """kubeadm starts both pods of CoreDNS where it begins, which an audit would rightly find."""
        for action in ("restart", "status"):
            self.lab.kubectl("--namespace=kube-system", "rollout", action, "deployment/coredns")

    def audit(self, **variables: Any) -> Mapping[str, Any]:
        """The report of an audit, which changed nothing."""
        self._audits += 1
        target = self._directory / f"audit{self._audits}"
        before = fingerprint(self.lab, HOSTS)
        run = run_playbook(
            "kubeadm.ha.audit",
            inventories=[self.lab.inventory],
            record=self._directory / f"audit{self._audits}.jsonl",
            variables={"kubeadm_ha_audit_directory": str(target), **variables},
        )
        assert run.status == 0, run.output
        assert fingerprint(self.lab, HOSTS) == before
        report: Mapping[str, Any] = json.loads((target / "report.json").read_text(encoding="utf-8"))
        return report


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A cluster in which nothing is wrong."""
    with Lab("audit", name="audit") as lab:
        made = Cluster(lab, tmp_path_factory.mktemp("audits"))
        made.second_balancer()
        made.spread_dns()
        yield made


@pytest.fixture(scope="module")
def healthy(cluster: Cluster) -> Mapping[str, Any]:
    """The audit before anything happened."""
    return cluster.audit()


def grave(report: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Id, object and summary of findings of severity warning or worse."""
    return [(item["id"], item["object"], item["summary"]) for item in report["findings"] if item["severity"] != "info"]


def ids(report: Mapping[str, Any]) -> set[str]:
    """Ids of the same."""
    return {found[0] for found in grave(report)}


def test_nothing_is_found_and_every_loss_is_survived(healthy: Mapping[str, Any]) -> None:
    assert grave(healthy) == []
    assert {part["name"]: part["verdict"] for part in healthy["parts"]} == dict.fromkeys(HOSTS, "survives")


def test_a_load_balancer_that_stopped(cluster: Cluster, healthy: Mapping[str, Any]) -> None:
    assert grave(healthy) == []
    cluster.lab.shell("lb2", "systemctl stop haproxy")
    try:
        assert "endpoint.balancer-stopped" in ids(cluster.audit())
    finally:
        cluster.lab.shell("lb2", "systemctl start haproxy")


def test_a_kubelet_that_names_one_api_server(cluster: Cluster, healthy: Mapping[str, Any]) -> None:
    assert grave(healthy) == []
    address = cluster.lab.shell("cp1", "hostname -I").split()[0]
    cluster.lab.shell(
        "w1", f"cp {KUBELET} /root/ && sed -i 's/{NAME}/{address}/' {KUBELET} && systemctl restart kubelet"
    )
    try:
        report = cluster.audit()
    finally:
        cluster.lab.shell("w1", f"cp /root/kubelet.conf {KUBELET} && systemctl restart kubelet")
    assert "client.kubelet" in ids(report)
    assert {part["name"]: part["verdict"] for part in report["parts"]}["cp1"] == "lost"


def test_a_member_of_etcd_that_is_lost(cluster: Cluster, healthy: Mapping[str, Any]) -> None:
    assert grave(healthy) == []
    cluster.lab.shell("cp3", f"mv {MANIFEST} /root/")
    running = "ps -eo args= | grep -c '^etcd ' || true"
    wait_until(lambda: cluster.lab.shell("cp3", running).strip() == "0", seconds=60, what="etcd of cp3 has ended")
    try:
        report = cluster.audit()
    finally:
        cluster.lab.shell("cp3", f"mv /root/etcd.yaml {MANIFEST}")
    assert {"etcd.no-tolerance", "etcd.member-unhealthy"} <= ids(report)
    lost = {part["name"] for part in report["parts"] if part["verdict"] == "lost"}
    assert lost >= {"cp1", "cp2"}
