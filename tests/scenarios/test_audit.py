# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An audit of a cluster that kubeadm made highly available, with two load balancers: nothing is found. Then faults are made, and found.

What each audit is given is kept in ``build/recordings``; of one of them ``python3 -m tests.tools.audit_recording`` makes the recording into
which unit tests seed their faults.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.scenarios.cluster import PROJECT, Lab, fingerprint, wait_until
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
#: What lets the lab's user become root; see ``tests/lab/node/host``.
SUDOERS = "/etc/sudoers.d/ops"
GUIDE = PROJECT / "docs" / "docsite" / "rst" / "guide_audit.rst"
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

    def connection(self) -> Mapping[str, Any]:
        """What the lab's inventory has for connections, and an operator in their configuration of ssh: addresses by name among it."""
        inventory = yaml.safe_load(self.lab.inventory.read_text(encoding="utf-8"))
        hosts = {name: item for group in inventory.values() for name, item in (group.get("hosts") or {}).items()}
        given = {
            name: value
            for name, value in inventory["all"]["vars"].items()
            if name.startswith("ansible_") and name != "ansible_become"
        }
        configuration = self.directory / "ssh_config"
        lines = [f"Host {name}\n  HostName {hosts[name]['ansible_host']}\n" for name in HOSTS]
        configuration.write_text("".join(lines), encoding="utf-8")
        arguments = f"{given.pop('ansible_ssh_common_args', '')} -F {configuration}".strip()
        return {**given, "ansible_ssh_common_args": arguments}

    def audit(
        self,
        name: str,
        *,
        inventories: Sequence[Path] | None = None,
        arguments: Sequence[str] = (),
        connection: Mapping[str, Any] | None = None,
    ) -> Mapping[str, Any]:
        """The report of an audit, which changed nothing. What it is made from is recorded under a name.

        :param inventories: the lab's, if none is given.
        :param arguments: further ones of the command.
        :param connection: variables by which hosts of another inventory are reached.
        """
        target, recording = self.directory / name, MADE.with_name(f"audit-{name}.json")
        recording.parent.mkdir(parents=True, exist_ok=True)
        before = fingerprint(self.lab, HOSTS)
        run = run_playbook(
            "kubeadm.ha.audit",
            inventories=inventories or [self.lab.inventory],
            record=self.directory / f"{name}.jsonl",
            arguments=arguments,
            variables={**(connection or {}), "kubeadm_ha_audit_directory": str(target)},
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


def test_the_command_of_the_guide_needs_nothing_but_the_control_planes(
    cluster: Cluster, healthy: Mapping[str, Any]
) -> None:
    """In that form, beside the lab's connections: no file of an inventory, no group, no variable of the cluster."""
    assert grave(healthy) == []
    inventory, group = "cp1,cp2,cp3,", "kubeadm_ha_control_plane_group=all"
    assert f"ansible-playbook -i {inventory} kubeadm.ha.audit -e {group} -e " in GUIDE.read_text(encoding="utf-8")
    report = cluster.audit(
        "guide", inventories=[Path(inventory)], arguments=["-e", group], connection=cluster.connection()
    )
    assert grave(report) == []
    assert report["endpoint"] == f"{NAME}:6443"
    verdicts = {part["name"]: part["verdict"] for part in report["parts"]}
    # Nobody can say what stands before the API servers.
    assert verdicts == {**dict.fromkeys(("cp1", "cp2", "cp3"), "survives"), f"{NAME}:6443": "unknown"}
    found = {(item["id"], item["object"]) for item in report["findings"]}
    assert {("unseen.balancer", f"{NAME}:6443"), ("node.not-in-inventory", "w1")} <= found


def test_where_sudo_is_refused_an_audit_says_what_it_did_not_see(cluster: Cluster, healthy: Mapping[str, Any]) -> None:
    """The user of Ansible has no rights on one control plane any more. The others are seen as before."""
    assert grave(healthy) == []
    cluster.lab.run("cp3", "mv", SUDOERS, "/root/sudoers-of-ops")
    try:
        refused = cluster.lab.shell("cp3", "su ops -c 'sudo -n true' 2>&1 || echo refused")
        report = cluster.audit("unprivileged")
    finally:
        cluster.lab.run("cp3", "mv", "/root/sudoers-of-ops", SUDOERS)
    assert refused.split()[-1] == "refused", refused
    assert [(name, where) for name, where, _summary in grave(report)] == [("unseen.unprivileged", "cp3")]
    (found,) = (item for item in report["findings"] if item["id"] == "unseen.unprivileged")
    assert [line for line in found["evidence"] if line.startswith("not readable: /etc/kubernetes")], found
    parts = {part["name"]: part for part in report["parts"]}
    assert {name: part["verdict"] for name, part in parts.items()} == {
        **dict.fromkeys(HOSTS, "survives"),
        "cp3": "unknown",
    }
    assert "cp3 was inspected without the rights of root." in parts["cp3"]["reasons"]
    assert grave(cluster.audit("privileged")) == [], "it may again"


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
