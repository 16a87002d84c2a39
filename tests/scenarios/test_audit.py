# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An audit of a cluster that kubeadm made highly available, with two load balancers: nothing is found. Then faults are made, and found.

What each audit is given is kept in ``build/recordings``; of one of them ``python3 -m tests.tools.audit_recording`` makes the recording into
which unit tests seed their faults.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.scenarios.cluster import Lab, fingerprint, wait_until
from tests.scenarios.playbook import run_playbook
from tests.scenarios.secret_scan import JoinSecrets, Scan
from tests.scenarios.secret_values import certificate_keys, searched_for
from tests.tools.audit_recording import MADE

pytestmark = pytest.mark.full

NAME = "k8s.audit.example.org"
NODES = ("cp1", "cp2", "cp3", "w1")
HOSTS = (*NODES, "lb1", "lb2")
HAPROXY = "/etc/haproxy/haproxy.cfg"
MANIFEST = "/etc/kubernetes/manifests/etcd.yaml"
KUBELET = "/etc/kubernetes/kubelet.conf"
#: What the lab's load balancer lacks, of which an audit warns: it is as guides have it.
MENDED = (
    (
        "defaults\n",
        "    hard-stop-after 10m\ndefaults\n    option redispatch 1\n    option clitcpka\n    option srvtcpka\n",
    ),
    ("timeout connect 5s", "timeout connect 500ms"),
    ("GET /healthz", "GET /readyz"),
    ("check-ssl verify none", "check-ssl verify none on-marked-down shutdown-sessions"),
)


class Cluster:
    """The lab, and audits of it."""

    def __init__(self, lab: Lab, directory: Path) -> None:
        self.lab = lab
        self.directory = directory

    def balancers(self) -> None:
        """Two load balancers without a fault, and the endpoint's name leads to both."""
        lab = self.lab
        lab.shell("lb2", "DEBIAN_FRONTEND=noninteractive apt-get install --yes --quiet --no-install-recommends haproxy")
        configuration = lab.run("lb1", "cat", HAPROXY)
        for old, new in MENDED:
            assert old in configuration, configuration
            configuration = configuration.replace(old, new)
        for host in ("lb1", "lb2"):
            lab.write(host, HAPROXY, configuration)
            lab.shell(host, "systemctl restart haproxy")
        address = lab.shell("lb2", "hostname -I").split()[0]
        for host in HOSTS:
            lab.shell(host, f"echo '{address} {NAME}' >> /etc/hosts")

    def spread_dns(self) -> None:
        """kubeadm starts both pods of CoreDNS where it begins, which an audit would rightly find."""
        for action in ("restart", "status"):
            self.lab.kubectl("--namespace=kube-system", "rollout", action, "deployment/coredns")

    def unreachable_taints(self, name: str) -> int:
        """How many taints a Node has because it is not heard of; in the end there is one that also drives pods away."""
        taints = self.lab.objects("node", name)["spec"].get("taints") or []
        return sum(item["key"] == "node.kubernetes.io/unreachable" for item in taints)

    def back_up(self) -> None:
        """A backup, as an operator makes it."""
        run = run_playbook(
            "kubeadm.ha.backup", inventories=[self.lab.inventory], record=self.directory / "backup.jsonl"
        )
        assert run.status == 0, run.output

    def audit(self, name: str) -> Mapping[str, Any]:
        """The report of an audit, which changed nothing. What it is made from is recorded under a name."""
        target, recording = self.directory / name, MADE.with_name(f"audit-{name}.json")
        recording.parent.mkdir(parents=True, exist_ok=True)
        before = fingerprint(self.lab, HOSTS)
        run = run_playbook(
            "kubeadm.ha.audit",
            inventories=[self.lab.inventory],
            record=self.directory / f"{name}.jsonl",
            variables={"kubeadm_ha_audit_directory": str(target)},
            environment={
                "ANSIBLE_CALLBACKS_ENABLED": "kubeadm_ha_recorder,kubeadm_ha_audit_arguments",
                "KUBEADM_HA_AUDIT_ARGUMENTS": str(recording),
            },
        )
        assert run.status == 0, run.output
        assert fingerprint(self.lab, HOSTS) == before
        report: Mapping[str, Any] = json.loads((target / "report.json").read_text(encoding="utf-8"))
        return report

    def secrets(self) -> tuple[dict[str, str], list[bytes]]:
        """Every private key and bootstrap token by name, and what kubeadm has sealed with a certificate key."""
        seen = JoinSecrets()
        for item in self.lab.objects("secrets", "--namespace=kube-system")["items"]:
            seen.add(item)
        return {**Scan(self.lab, HOSTS, self.directory / "scan").secrets(), **seen.tokens}, seen.sealed


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A cluster in which nothing is wrong."""
    with Lab("audit", name="audit") as lab:
        made = Cluster(lab, tmp_path_factory.mktemp("audits"))
        made.balancers()
        made.spread_dns()
        yield made


@pytest.fixture(scope="module")
def healthy(cluster: Cluster) -> Mapping[str, Any]:
    """The audit before anything happened."""
    return cluster.audit("healthy")


def grave(report: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Id, object and summary of findings of severity warning or worse."""
    return [(item["id"], item["object"], item["summary"]) for item in report["findings"] if item["severity"] != "info"]


def ids(report: Mapping[str, Any]) -> set[str]:
    """Ids of the same."""
    return {found[0] for found in grave(report)}


def test_nothing_is_found_and_every_loss_is_survived(healthy: Mapping[str, Any]) -> None:
    assert grave(healthy) == []
    assert {part["name"]: part["verdict"] for part in healthy["parts"]} == dict.fromkeys(HOSTS, "survives")


def test_what_an_audit_is_given_is_recorded_and_holds_no_secret(cluster: Cluster, healthy: Mapping[str, Any]) -> None:
    """Of a cluster that has a backup, too, from which unit tests go on."""
    assert {item["id"] for item in healthy["findings"]} >= {"backup.none"}
    cluster.back_up()
    report = cluster.audit("recorded")
    assert grave(report) == []
    assert "backup.none" not in {item["id"] for item in report["findings"]}
    text = MADE.read_text(encoding="utf-8")
    given = json.loads(text)
    assert set(given["hosts"]) == set(HOSTS)
    assert given["cluster"] is not None
    assert given["etcd"] is not None
    secrets, sealed = cluster.secrets()
    assert len(secrets) > len(NODES)
    assert [name for part, name in searched_for(secrets).items() if part in text] == []
    assert certificate_keys(text.encode(), sealed) == set()


def test_a_load_balancer_that_stopped(cluster: Cluster, healthy: Mapping[str, Any]) -> None:
    assert grave(healthy) == []
    cluster.lab.shell("lb2", "systemctl stop haproxy")
    try:
        assert ids(cluster.audit("stopped")) == {"endpoint.balancer-stopped"}
    finally:
        cluster.lab.shell("lb2", "systemctl start haproxy")


def test_a_kubelet_that_names_one_api_server(cluster: Cluster, healthy: Mapping[str, Any]) -> None:
    assert grave(healthy) == []
    address = cluster.lab.shell("cp1", "hostname -I").split()[0]
    cluster.lab.shell(
        "w1", f"cp {KUBELET} /root/ && sed -i 's/{NAME}/{address}/' {KUBELET} && systemctl restart kubelet"
    )
    try:
        report = cluster.audit("bound")
    finally:
        cluster.lab.shell("w1", f"cp /root/kubelet.conf {KUBELET} && systemctl restart kubelet")
    assert ids(report) == {"client.kubelet"}
    assert {part["name"]: part["verdict"] for part in report["parts"]}["cp1"] == "lost"


def test_a_member_of_etcd_that_is_lost(cluster: Cluster, healthy: Mapping[str, Any]) -> None:
    assert grave(healthy) == []
    cluster.lab.shell("cp3", f"mv {MANIFEST} /root/")
    running = "ps -eo args= | grep -c '^etcd ' || true"
    try:
        wait_until(lambda: cluster.lab.shell("cp3", running).strip() == "0", seconds=60, what="etcd of cp3 has ended")
        # The API server beside it, which its kubelet uses, is lost, too. That changes the Node after a while, which the audit must not.
        wait_until(lambda: cluster.unreachable_taints("cp3") == 2, seconds=180, what="cp3 is found to be unreachable")
        report = cluster.audit("lost")
    finally:
        cluster.lab.shell("cp3", f"mv /root/etcd.yaml {MANIFEST}")
    assert {"etcd.no-tolerance", "etcd.member-unhealthy"} <= ids(report)
    lost = {part["name"] for part in report["parts"] if part["verdict"] == "lost"}
    assert lost >= {"cp1", "cp2"}
