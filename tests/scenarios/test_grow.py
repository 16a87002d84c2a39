# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A cluster grows by its inventory alone: from one control plane to three, then to five with one more worker.

The inventory is somebody else's: its groups and hosts have names of their own, the endpoint has another port than the API
servers, and one control plane has a fully qualified node name and an API port of its own. Nothing of it is new to
kubectl, openssl, etcdctl and curl, which say what became of it.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.prober.analysis import CONTROL, summarize_log
from tests.prober.process import Prober
from tests.prober.results import ScenarioResults, Verdict
from tests.scenarios.audited import SINGLE_BALANCER, grave_findings
from tests.scenarios.cluster import PROJECT, Lab, ready_nodes, wait_until
from tests.scenarios.control import control
from tests.scenarios.convert import changed_hosts, etcd_members, leave_out_inconclusive, new_results
from tests.scenarios.playbook import Run, run_playbook

pytestmark = pytest.mark.full

#: Inventory name of each node of the lab.
NAMES = {
    "cp1": "anna",
    "cp2": "bert",
    "cp3": "carl",
    "cp4": "dora",
    "cp5": "emil",
    "w1": "otto",
    "w2": "paul",
    "lb1": "xena",
}
FQDN = "emil.example.org"
OWN_PORT = 7443
#: Names of groups are part of the plays' patterns, which Ansible reads before the inventory's variables.
GROUPS = {
    "kubeadm_ha_control_plane_group": "masters",
    "kubeadm_ha_node_group": "minions",
    "kubeadm_ha_load_balancer_group": "fronts",
}


#: All hosts are this one machine: inspecting five of eight at the same time took the API servers their share of its
#: cores.
FORKS = "--forks=2"


@dataclasses.dataclass
class Story:
    """What was seen, in the order in which it happened."""

    lab: Lab
    results: ScenarioResults
    addresses: Mapping[str, str]
    converted: Run
    tokens_before: str
    grown: Run
    tokens_after: str
    again: Run
    members: list[dict[str, Any]]
    nodes: dict[str, Any]
    answers: dict[str, str]
    server: str
    refused: Run
    findings: Mapping[str, list[str]]


@pytest.fixture(scope="module")
def story() -> Iterator[Story]:
    """Run the whole story once."""
    with new_results("grow") as results, Lab("grow", name="grow") as lab:
        results.add_step("before state", lab.up_seconds)
        work = PROJECT / "build" / "scenarios" / lab.name
        work.mkdir(parents=True, exist_ok=True)
        addresses = {node: _address(lab, node) for node in NAMES}
        ca = work / "ca.crt"
        ca.write_text(lab.run("cp1", "cat", "/etc/kubernetes/pki/ca.crt"), encoding="utf-8")
        three = _inventory(work / "three.yml", lab, addresses, masters=("cp1", "cp2", "cp3"), minions=("w1",))
        five = _inventory(
            work / "five.yml", lab, addresses, masters=("cp1", "cp2", "cp3", "cp4", "cp5"), minions=("w1", "w2")
        )
        converted = _run(work / "three.jsonl", three)
        assert converted.status == 0, converted.output[-6000:]
        results.add_step("one to three", converted.seconds)
        tokens_before = _tokens(lab)
        refused = _run(work / "refused.jsonl", five, kubeadm_ha_token_ttl="24h")
        with (
            control(ca) as untouched,
            Prober(
                targets={
                    "endpoint": f"https://{addresses['lb1']}:8443/readyz",
                    "cp1": f"https://{addresses['cp1']}:6443/readyz",
                    CONTROL: untouched.target,
                },
                ca=untouched.ca,
                log=work / "grow-probes.jsonl",
            ) as prober,
        ):
            grown = _run(work / "five.jsonl", five)
            prober.settle()
            log = prober.stop()
        assert grown.status == 0, grown.output[-6000:]
        results.add_step("three to five", grown.seconds)
        results.add_probes(summarize_log(log))
        tokens_after = _tokens(lab)
        again = _run(work / "again.jsonl", five)
        results.timing("noop_seconds", again.seconds, bound=10.0)
        results.at_most("noop_changed", sum(again.changed_hosts.values()), bound=0)
        wait_until(lambda: len(ready_nodes(lab)) == len(NAMES) - 1, seconds=60, what="all nodes Ready")
        members = etcd_members(lab)
        results.exactly("members", len(members), bound=5)
        service = lab.objects("service", "smoke")["spec"]["clusterIP"]
        yield Story(
            lab=lab,
            results=results,
            addresses=addresses,
            converted=converted,
            tokens_before=tokens_before,
            grown=grown,
            tokens_after=tokens_after,
            again=again,
            members=members,
            nodes={item["metadata"]["name"]: item for item in lab.objects("nodes")["items"]},
            answers={
                node: lab.run(node, "curl", "-sf", "-m", "5", f"http://{service}/") for node in NAMES if node != "lb1"
            },
            server=lab.shell("w2", "grep server: /etc/kubernetes/kubelet.conf").split()[-1],
            refused=refused,
            findings=grave_findings(five, work, GROUPS, arguments=[FORKS]),
        )
        print(results.table())


def _address(lab: Lab, node: str) -> str:
    return lab.shell(node, "ip -4 -o addr show dev eth0 | awk '{split($4,a,\"/\"); print a[1]}'").strip()


def _inventory(
    path: Path, lab: Lab, addresses: Mapping[str, str], *, masters: tuple[str, ...], minions: tuple[str, ...]
) -> list[Path]:
    """The operator's own inventory; of the lab's it needs the way in only."""
    own = {"cp5": {"kubeadm_ha_node_name": "Emil.Example.ORG", "kubeadm_ha_api_port": OWN_PORT}}
    groups = {"masters": masters, "minions": minions, "fronts": ("lb1",)}
    document = {
        group: {"hosts": {NAMES[node]: {"ansible_host": addresses[node], **own.get(node, {})} for node in nodes}}
        for group, nodes in groups.items()
    }
    # JSON is YAML.
    path.write_text(json.dumps(document, indent=2), encoding="utf-8")
    return [lab.inventory, path]


def _run(record: Path, inventories: list[Path], **variables: Any) -> Run:
    return run_playbook(
        "kubeadm.ha.site", inventories=inventories, record=record, variables={**GROUPS, **variables}, arguments=[FORKS]
    )


def _tokens(lab: Lab) -> str:
    """Bootstrap tokens that a joining host could use."""
    return lab.run("cp1", "kubeadm", "token", "list").strip()


def test_a_long_lived_token_is_refused_before_any_change(story: Story) -> None:
    assert story.refused.status != 0
    assert not story.refused.changed
    assert any("kubeadm_ha_token_ttl: The option ttl is 24h" in message for message in story.refused.failures)


def test_it_grows_when_every_token_has_expired(story: Story) -> None:
    assert (story.tokens_before, story.tokens_after) == ("", "")


def test_only_the_balancer_and_the_newcomers_change(story: Story) -> None:
    expected = {NAMES[node] for node in ("cp4", "cp5", "w2", "lb1")}
    assert changed_hosts(story.grown) == expected
    assert {entry["host"] for entry in story.grown.plan} == expected


def test_no_probe_failed(story: Story) -> None:
    assert {one.name for one in story.results.probes} == {"endpoint", "cp1", CONTROL}
    assert not [one.name for one in story.results.probes if one.verdict() is Verdict.FAILED], story.results.table()
    leave_out_inconclusive(story.results)


def test_five_control_planes_and_two_workers_are_there(story: Story) -> None:
    label = "node-role.kubernetes.io/control-plane"
    assert set(story.nodes) == {"cp1", "cp2", "cp3", "cp4", FQDN, "w1", "w2"}
    found = {name for name, node in story.nodes.items() if label in node["metadata"]["labels"]}
    assert found == {"cp1", "cp2", "cp3", "cp4", FQDN}
    assert all(story.answers.values())


def test_five_voters_have_one_leader(story: Story) -> None:
    statuses = [member["Status"] for member in story.members]
    assert len(statuses) == 5
    assert not any(status.get("isLearner") for status in statuses)
    assert len({status["leader"] for status in statuses}) == 1


def test_the_api_server_with_a_port_of_its_own_serves_behind_the_balancer(story: Story) -> None:
    address = story.addresses["cp5"]
    assert story.lab.kubectl("get", "--raw=/readyz", server=f"https://{address}:{OWN_PORT}") == "ok"
    backends = story.lab.run("lb1", "grep", "server ", "/etc/haproxy/haproxy.cfg")
    assert f"server {FQDN} {address}:{OWN_PORT}" in backends
    served = story.lab.shell(
        "w1",
        f"openssl s_client -connect {address}:{OWN_PORT} -CAfile /etc/kubernetes/pki/ca.crt -verify_return_error "
        f"-verify_hostname {FQDN} </dev/null 2>&1",
    )
    assert "Verify return code: 0 (ok)" in served
    kubelet = story.lab.shell("cp5", "grep server: /etc/kubernetes/kubelet.conf").split()[-1]
    assert kubelet == f"https://{address}:{OWN_PORT}"


def test_the_new_worker_dials_the_endpoint(story: Story) -> None:
    assert story.server == f"https://{story.addresses['lb1']}:8443"


def test_the_second_run_changes_nothing(story: Story) -> None:
    assert story.again.status == 0, story.again.output[-4000:]
    assert changed_hosts(story.again) == set()
    assert story.again.plan == []


def test_an_audit_finds_only_that_there_is_one_load_balancer(story: Story) -> None:
    assert set(story.findings) == SINGLE_BALANCER, story.findings


def test_the_figures_hold(story: Story) -> None:
    story.results.write()
    assert story.results.failures() == [], story.results.table()
