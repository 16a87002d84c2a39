# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A highly available cluster from bare hosts: packages of a signed repository, images of a mirror, flannel, a virtual IP address.

What came of it say kubectl, etcdctl, openssl, curl, ss, dpkg and apt-mark.
"""

from __future__ import annotations

import dataclasses
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from tests.prober.analysis import CONTROL, control_of, counted, failed_after, judged, rto_seconds, summarize
from tests.prober.process import Prober
from tests.prober.results import ScenarioResults
from tests.scenarios.cluster import PROJECT, Lab, ready_nodes, wait_until
from tests.scenarios.control import control
from tests.scenarios.convert import STEPS, addresses_of, etcd_members, new_results
from tests.scenarios.playbook import Run, run_playbook

pytestmark = pytest.mark.full

CONTROL_PLANES = ("cp1", "cp2", "cp3")
WORKERS = ("w1", "w2")
NODES = (*CONTROL_PLANES, *WORKERS)
BALANCERS = ("lb1", "lb2")
VERSION = "1.34.4"
#: The inventory of the documentation; the lab's has addresses, and where packages and images are.
EXAMPLE = PROJECT / "examples" / "create" / "hosts.yml"
#: Units of time that a second run may take.
NOOP_UNITS = 8.0
#: What a run changes on a host: files of the system, packages, enabled units.
_FINGERPRINT = (
    "find /etc /var/lib/kubeadm-ha /usr/local/bin -type f ! -path '/etc/ld.so.cache' -exec sha256sum {} + 2>/dev/null | sort; "
    "dpkg-query --show; apt-mark showhold; systemctl list-unit-files --state=enabled --no-legend"
)


@dataclasses.dataclass
class Story:
    """What was seen, in the order in which it happened."""

    lab: Lab
    results: ScenarioResults
    endpoint: str
    addresses: Mapping[str, str]
    checked: Run
    changed_by_check: Sequence[str]
    created: Run
    again: Run
    certificates: Mapping[str, str]
    pods: Mapping[str, Sequence[str]]
    answers: Mapping[str, str]
    members: Sequence[Mapping[str, object]]
    secrets: str
    held: Mapping[str, str]
    versions: Mapping[str, str]
    holders: Sequence[str]
    holders_after_loss: Sequence[str]
    holders_after_return: Sequence[str]
    ready_after_kill: set[str]


@pytest.fixture(scope="module")
def story() -> Iterator[Story]:
    """Run the whole story once."""
    with new_results("create") as results, Lab("create", name="create") as lab:
        results.add_step("bare hosts", lab.up_seconds)
        work = PROJECT / "build" / "scenarios" / lab.name
        work.mkdir(parents=True, exist_ok=True)
        hosts = (*NODES, *BALANCERS)
        before = _fingerprint(lab, hosts)
        checked = _run(lab, work, "check", "--check", "--diff")
        after = _fingerprint(lab, hosts)
        created = _run(lab, work, "create")
        assert created.status == 0, created.output[-8000:]
        results.add_step("create", created.seconds)
        for play, seconds in created.seconds_by_play():
            results.add_step(STEPS.get(play, play), seconds)
        again = _run(lab, work, "again")
        results.timing("noop_seconds", again.seconds, bound=NOOP_UNITS)
        results.at_most("noop_changed", sum(again.changed_hosts.values()), bound=0)
        wait_until(lambda: len(ready_nodes(lab)) == len(NODES), seconds=120, what="all nodes Ready")
        members = etcd_members(lab)
        results.exactly("etcd_members", len(members), bound=3)
        addresses = addresses_of(lab, hosts)
        pods = _dns_pods(lab)
        seen = Story(
            lab=lab,
            results=results,
            endpoint=lab.endpoint,
            addresses=addresses,
            checked=checked,
            changed_by_check=[name for name in hosts if before[name] != after[name]],
            created=created,
            again=again,
            certificates={name: _certificate(lab, addresses[name]) for name in CONTROL_PLANES},
            pods={node: [_health(lab, node, address) for address in pods] for node in NODES},
            answers={node: _readyz(lab, node, lab.endpoint) for node in NODES},
            members=members,
            secrets=lab.kubectl("get", "secrets", "--all-namespaces", "--output=name"),
            held={node: lab.run(node, "apt-mark", "showhold") for node in NODES},
            versions={node: lab.run(node, "kubelet", "--version").strip() for node in NODES},
            holders=_holders(lab),
            holders_after_loss=(),
            holders_after_return=(),
            ready_after_kill=set(),
        )
        _lose_holder(seen, work)
        _lose_first(seen, work)
        yield seen


def _fingerprint(lab: Lab, hosts: Sequence[str]) -> dict[str, str]:
    return {name: lab.shell(name, _FINGERPRINT) for name in hosts}


def _run(lab: Lab, work: Path, label: str, *arguments: str) -> Run:
    return run_playbook(
        "kubeadm.ha.site",
        inventories=[EXAMPLE, lab.inventory],
        record=work / f"{label}.jsonl",
        arguments=arguments,
    )


def _certificate(lab: Lab, address: str) -> str:
    """Names in the certificate that an API server serves, by openssl."""
    return lab.shell(
        "cp1",
        f"openssl s_client -connect {address}:6443 </dev/null 2>/dev/null | openssl x509 -noout -ext subjectAltName",
    )


def _dns_pods(lab: Lab) -> list[str]:
    """Addresses of the pods of the cluster's DNS, which answer over HTTP, too."""
    pods = lab.objects("pods", "--namespace=kube-system", "--selector=k8s-app=kube-dns")["items"]
    return [pod["status"]["podIP"] for pod in pods]


def _health(lab: Lab, node: str, address: str) -> str:
    return lab.shell(node, f"curl -s -m 5 http://{address}:8080/health", check=False).strip()


def _readyz(lab: Lab, node: str, endpoint: str) -> str:
    return lab.shell(node, f"curl -s -m 5 --cacert /etc/kubernetes/pki/ca.crt https://{endpoint}/readyz", check=False)


def _holders(lab: Lab) -> list[str]:
    """The load balancers that have the virtual IP address, by the kernel's list of addresses."""
    address = lab.endpoint.rpartition(":")[0]
    shown = {name: lab.shell(name, "ip -4 -o address show", check=False) for name in BALANCERS}
    return [name for name, text in shown.items() if f" {address}/" in text]


def _kill(story: Story, work: Path, node: str, label: str, *, bound: float) -> None:
    """A host dies while a prober asks through the endpoint."""
    ca = work / "ca.crt"
    ca.write_text(story.lab.run("cp1", "cat", "/etc/kubernetes/pki/ca.crt"), encoding="utf-8")
    with (
        control(ca) as untouched,
        Prober(
            targets={"endpoint": f"https://{story.endpoint}/readyz", CONTROL: untouched.target},
            ca=untouched.ca,
            log=work / f"{label}-probes.jsonl",
        ) as prober,
    ):
        time.sleep(5)
        event = prober.mark(f"kill {node}")
        story.lab.event("kill", node)
        time.sleep(20)
        log = prober.stop()
    is_spoilt = story.results.is_spoilt_by(summarize(control_of(log)), f"the probes after the kill of {node}")
    probes = judged(counted(log, "endpoint"), control_of(log))
    rto = rto_seconds(probes, event.monotonic)
    story.results.timing(f"rto_{label}_seconds", rto, bound=bound, is_spoilt=is_spoilt)
    failed = len(failed_after(probes, event.monotonic))
    story.results.at_most(f"failed_probes_{label}", failed, bound=int(20 * bound), is_spoilt=is_spoilt)


def _lose_holder(story: Story, work: Path) -> None:
    """The load balancer with the virtual IP address dies, and comes back: the address stays where it went."""
    (holder,) = story.holders
    _kill(story, work, holder, "kill_balancer", bound=2.0)
    story.holders_after_loss = _holders(story.lab)
    story.lab.event("start", holder)
    wait_until(
        lambda: "active" in story.lab.run(holder, "systemctl", "is-active", "keepalived", check=False).split(),
        seconds=60,
        what="keepalived runs again",
    )
    time.sleep(10)
    story.holders_after_return = _holders(story.lab)


def _lose_first(story: Story, work: Path) -> None:
    """The first control plane dies; the endpoint goes on answering."""
    _kill(story, work, "cp1", "kill", bound=1.0)
    wait_until(lambda: "cp1" not in ready_nodes(story.lab, node="cp2"), seconds=120, what="cp1 is seen to be lost")
    story.ready_after_kill = ready_nodes(story.lab, node="cp2")


def _ids(run: Run) -> list[str]:
    return [f"{entry['host']}/{entry['step']}/{entry['object']}" for entry in run.plan]


def test_check_mode_shows_the_plan_of_the_run_and_changes_nothing(story: Story) -> None:
    assert story.checked.status == 0, story.checked.output[-6000:]
    assert story.changed_by_check == []
    assert story.checked.plan == story.created.plan
    assert "cp1/init/certificate authorities" in _ids(story.created)
    assert [entry for entry in story.created.plan if entry["step"] == "join" and entry["object"] == "node w1"]


def test_a_second_run_changes_nothing(story: Story) -> None:
    assert story.again.status == 0, story.again.output[-6000:]
    assert sum(story.again.changed_hosts.values()) == 0
    assert story.again.plan == []


def test_every_node_has_the_version_and_keeps_it(story: Story) -> None:
    assert set(story.versions.values()) == {f"Kubernetes v{VERSION}"}
    assert all({"kubeadm", "kubectl", "kubelet"} <= set(found.split()) for found in story.held.values()), story.held


def test_etcd_has_a_member_on_each_control_plane(story: Story) -> None:
    assert len(story.members) == len(CONTROL_PLANES)


def test_every_api_server_is_valid_for_the_endpoint_and_all_control_planes(story: Story) -> None:
    host = story.endpoint.rpartition(":")[0]
    wanted = {host, *(story.addresses[name] for name in CONTROL_PLANES)}
    for name, text in story.certificates.items():
        found = set(re.findall(r"IP Address:([0-9a-fA-F.:]+)", text))
        assert wanted <= found, (name, text)
        assert set(CONTROL_PLANES) <= set(re.findall(r"DNS:([^,\s]+)", text))


def test_everybody_reaches_the_api_through_the_endpoint(story: Story) -> None:
    assert story.answers == dict.fromkeys(NODES, "ok")


def test_pods_answer_on_every_node(story: Story) -> None:
    assert all(found and set(found) == {"OK"} for found in story.pods.values()), story.pods


def test_no_secret_of_the_joins_is_left(story: Story) -> None:
    assert "bootstrap-token" not in story.secrets
    assert "kubeadm-certs" not in story.secrets


def test_one_load_balancer_has_the_virtual_ip_address(story: Story) -> None:
    assert len(story.holders) == 1
    assert story.holders_after_loss == [name for name in BALANCERS if name not in story.holders]
    assert story.holders_after_return == story.holders_after_loss


def test_the_cluster_goes_on_without_its_first_control_plane(story: Story) -> None:
    assert story.ready_after_kill == set(NODES) - {"cp1"}
    assert [figure.value for figure in story.results.figures if figure.name == "rto_kill_seconds"] != [None]
