# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A control plane of systemd services whose API server answers nobody without a certificate, behind a virtual IP address.

Its scheduler has a configuration file, by which it is an administrator.

What came of it say curl, openssl, ip, systemctl and kubectl.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from tests.scenarios.audited import DNS_ON_ONE_NODE, SINGLE_ETCD, grave_findings
from tests.scenarios.cluster import PROJECT, Lab, wait_until
from tests.scenarios.convert import addresses_of, new_results
from tests.scenarios.playbook import Run, run_playbook
from tests.scenarios.services_cluster import INLINE, Cluster

pytestmark = pytest.mark.full

MASTERS, BALANCERS = ("m1", "m2"), ("lb1", "lb2")
HOSTS = (*MASTERS, "w1", "e1", *BALANCERS)
CERT = "/etc/kubernetes/cert"
PROBE = "/etc/haproxy/kubernetes-probe.crt"
SCHEDULER = "/etc/kubernetes/scheduler.yaml"
SCHEDULER_TEXT = f"""\
# Packs pods together.
apiVersion: kubescheduler.config.k8s.io/v1
kind: KubeSchedulerConfiguration
clientConnection:
  kubeconfig: {INLINE.admin}
leaderElection:
  leaderElect: true
profiles:
- schedulerName: default-scheduler
  pluginConfig:
  - name: NodeResourcesFit
    args:
      scoringStrategy:
        type: MostAllocated
"""


@dataclasses.dataclass
class Story:
    """What was seen, in the order in which it happened."""

    cluster: Cluster
    vip: str
    checked: Run
    extended: Run
    again: Run
    findings: Mapping[str, Sequence[str]]


@pytest.fixture(scope="module")
def story() -> Iterator[Story]:
    """Run the whole story once."""
    with new_results("binary_closed") as results, Lab("binary_vip", name="binaryclosed") as lab:
        work = PROJECT / "build" / "scenarios" / lab.name
        work.mkdir(parents=True, exist_ok=True)
        cluster = Cluster(lab, INLINE, addresses_of(lab, HOSTS))
        _close(cluster)
        run = functools.partial(_run, lab.inventory)
        checked = run(work / "check.jsonl", ["--check", "--diff"])
        extended = run(work / "extended.jsonl")
        results.add_step("one to two behind a virtual IP address", extended.seconds)
        again = run(work / "again.jsonl")
        results.exactly("again_changed", sum(again.changed_hosts.values()), bound=0)
        findings = grave_findings([lab.inventory], work)
        yield Story(cluster, lab.endpoint.rpartition(":")[0], checked, extended, again, findings)
        results.write()


def _run(inventory: Path, record: Path, arguments: Sequence[str] = ()) -> Run:
    return run_playbook("kubeadm.ha.site", inventories=[inventory], record=record, arguments=arguments)


def _close(cluster: Cluster) -> None:
    """What a hardening guide asks for."""
    unit = f"{INLINE.units}/kube-apiserver.service"
    cluster.lab.shell(
        "m1",
        f"sed -i 's|--advertise-address|--anonymous-auth=false --advertise-address|' {unit} && grep -q anonymous-auth {unit} && "
        "systemctl daemon-reload && systemctl restart kube-apiserver",
    )
    cluster.lab.write("m1", SCHEDULER, SCHEDULER_TEXT)
    unit = f"{INLINE.units}/kube-scheduler.service"
    cluster.lab.shell(
        "m1",
        f"sed -i 's|--kubeconfig=[^ ]*|--config={SCHEDULER}|' {unit} && grep -q -e --config= {unit} && systemctl daemon-reload && "
        "systemctl restart kube-scheduler",
    )
    ready = ("kubectl", f"--kubeconfig={INLINE.admin}", "get", "--raw=/readyz")
    wait_until(lambda: cluster.lab.run("m1", *ready, check=False) == "ok", seconds=60, what="the closed API server")


def _answer(story: Story, host: str, path: str = "/readyz", *, known: bool = True) -> str:
    """Body and status of an answer to the worker, as its kubelet or as nobody."""
    pair = ["--cert", f"{CERT}/kubelet.pem", "--key", f"{CERT}/kubelet-key.pem"] if known else []
    options = ["--silent", "--max-time", "3", "--cacert", f"{CERT}/ca.pem", "--write-out", " %{http_code}", *pair]
    return story.cluster.lab.run("w1", "curl", *options, f"https://{host}:6443{path}", check=False)


def _holders(story: Story) -> list[str]:
    script = f"ip -o address show | grep -c ' {story.vip}/' || true"
    return [name for name in BALANCERS if story.cluster.lab.shell(name, script, check=False).strip() == "1"]


def test_check_mode_shows_the_plan_of_the_run(story: Story) -> None:
    assert story.checked.status == 0, story.checked.output[-6000:]
    assert story.checked.plan == story.extended.plan
    steps = {name: {entry["step"] for entry in story.extended.plan if entry["host"] == name} for name in HOSTS}
    assert all({"balance", "virtual_ip"} <= steps[name] for name in BALANCERS)
    assert "extend" in steps["m2"]


def test_the_run_reaches_its_end(story: Story) -> None:
    assert story.extended.status == 0, story.extended.output[-8000:]


def test_api_servers_answer_whom_they_know_and_nobody_else(story: Story) -> None:
    for host in (*(story.cluster.addresses[name] for name in MASTERS), story.vip):
        assert _answer(story, host) == "ok 200", host
        assert _answer(story, host, known=False).endswith(" 401"), host
    for name in MASTERS:
        assert story.cluster.flags(name, "kube-apiserver")["anonymous-auth"] == "false"


def test_one_of_the_balancers_has_the_address(story: Story) -> None:
    assert len(_holders(story)) == 1


def test_the_checks_of_the_balancers_have_a_certificate_of_little_use(story: Story) -> None:
    lab = story.cluster.lab
    lab.write("w1", "/tmp/ca.pem", lab.run("m1", "cat", f"{CERT}/ca.pem"))
    for name in BALANCERS:
        subject = lab.shell(name, f"openssl x509 -in {PROBE} -noout -subject -ext extendedKeyUsage -nameopt RFC2253")
        assert "CN=kubeadm-ha:apiserver-probe" in subject
        assert "O=" not in subject
        assert "TLS Web Client Authentication" in subject
        assert lab.run(name, "stat", "--format=%a %U", f"{PROBE}.key").split() == ["600", "root"]
        lab.write("w1", "/tmp/probe.pem", lab.run(name, "cat", PROBE))
        assert lab.run("w1", "openssl", "verify", "-CAfile", "/tmp/ca.pem", "/tmp/probe.pem").endswith("OK\n")


def test_schedulers_are_themselves_by_their_configuration_file(story: Story) -> None:
    lab, own = story.cluster.lab, "/etc/kubernetes/kube-scheduler.kubeconfig"
    for name in MASTERS:
        text = lab.run(name, "cat", SCHEDULER)
        assert text == SCHEDULER_TEXT.replace(f"kubeconfig: {INLINE.admin}", f'kubeconfig: "{own}"')
        flags = story.cluster.flags(name, "kube-scheduler")
        assert (flags["config"], flags["leader-elect"], flags["authentication-kubeconfig"]) == (SCHEDULER, "true", own)
        assert "kubeconfig" not in flags
        said = lab.shell(
            name,
            f"awk '$1 == \"client-certificate-data:\" {{print $2}}' {own} | base64 -d | openssl x509 -noout -subject",
        )
        assert said.replace(" ", "").strip() == "subject=CN=system:kube-scheduler"
    lease = ("get", "lease", "--namespace=kube-system", "kube-scheduler", "--output=jsonpath={.spec.holderIdentity}")
    assert story.cluster.kubectl(*lease).rpartition("_")[0] in MASTERS


def test_a_second_run_changes_nothing(story: Story) -> None:
    assert story.again.status == 0, story.again.output[-6000:]
    assert story.again.plan == []
    assert sum(story.again.changed_hosts.values()) == 0


def test_an_audit_finds_one_member_of_etcd_and_one_replica_of_the_cluster_dns(story: Story) -> None:
    assert set(story.findings) == SINGLE_ETCD | DNS_ON_ONE_NODE, story.findings


def test_a_master_that_is_not_ready_gets_no_connections(story: Story) -> None:
    """The checks know, though an API server without etcd still answers 401 to nobody in particular."""
    lab = story.cluster.lab
    lab.run("m1", "ip", "route", "add", "unreachable", f"{story.cluster.addresses['e1']}/32")
    try:
        wait_until(
            lambda: "etcd failed" in _answer(story, story.cluster.addresses["m1"], "/readyz?verbose"),
            seconds=60,
            what="m1 unready",
        )
        wait_until(lambda: _answer(story, story.vip) == "ok 200", seconds=20, what="only m2 behind the endpoint")
        assert {_answer(story, story.vip) for _ in range(20)} == {"ok 200"}
    finally:
        lab.run("m1", "ip", "route", "del", "unreachable", f"{story.cluster.addresses['e1']}/32")
    wait_until(lambda: _answer(story, story.cluster.addresses["m1"]) == "ok 200", seconds=60, what="m1 ready again")


def test_the_address_moves_when_its_holder_dies(story: Story) -> None:
    (holder,) = _holders(story)
    story.cluster.lab.event("kill", holder)
    wait_until(lambda: _answer(story, story.vip) == "ok 200", seconds=20, what="the endpoint on the other balancer")
    nodes = ("kubectl", f"--kubeconfig={INLINE.admin}", "get", "nodes", "--no-headers")
    wait_until(
        lambda: " Ready " in story.cluster.lab.run("m1", *nodes, check=False), seconds=90, what="the worker Ready"
    )
