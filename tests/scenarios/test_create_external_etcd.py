# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A cluster from bare hosts whose etcd has hosts of its own, by the role external_etcd.

What came of it say kubectl, etcdctl, curl and the files themselves.
"""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence

import pytest

from tests.scenarios.cluster import LAB, PROJECT, Lab, ready_nodes, wait_until
from tests.scenarios.convert import STEPS, addresses_of, new_results
from tests.scenarios.playbook import Run, run_playbook

pytestmark = pytest.mark.full

CONTROL_PLANES = ("cp1", "cp2", "cp3")
NODES = (*CONTROL_PLANES, "w1")
ETCD = ("etcd1", "etcd2", "etcd3")
VERSION = "1.34.4"
PKI = "/etc/etcd/pki"
_ACCESS = f"--endpoints=https://127.0.0.1:2379 --cacert={PKI}/ca.crt --cert={PKI}/server.crt --key={PKI}/server.key"


@dataclasses.dataclass
class Story:
    """What was seen, in the order in which it happened."""

    lab: Lab
    checked: Run
    created: Run
    again: Run
    renewed: Run
    refused: Run
    members: Sequence[Mapping[str, object]]
    keys: Mapping[str, int]
    manifests: Mapping[str, str]
    servers: Mapping[str, str]
    addresses: Mapping[str, str]
    ca_keys: Sequence[str]
    ready_without_a_member: set[str]


@pytest.fixture(scope="module")
def story() -> Iterator[Story]:
    """Run the whole story once."""
    build = [sys.executable, str(LAB), "build", "--print-bin"]
    binaries = subprocess.run(build, check=True, capture_output=True, text=True, timeout=1800).stdout.split()[-1]
    with new_results("create_external_etcd") as results, Lab("create_external_etcd", name="create-etcd") as lab:
        results.add_step("bare hosts", lab.up_seconds)
        work = PROJECT / "build" / "scenarios" / lab.name
        work.mkdir(parents=True, exist_ok=True)

        def run(label: str, *arguments: str, name: str = "kubeadm.ha.site") -> Run:
            variables = {"kubeadm_ha_kubernetes_version": VERSION, "kubeadm_ha_etcd_binaries": binaries}
            record = work / f"{label}.jsonl"
            return run_playbook(
                name, inventories=[lab.inventory], record=record, arguments=arguments, variables=variables
            )

        refused = _beside_another_etcd(lab, run)
        checked = run("check", "--check", "--diff")
        created = run("create")
        assert created.status == 0, created.output[-8000:]
        results.add_step("create", created.seconds)
        for play, seconds in created.seconds_by_play():
            results.add_step(STEPS.get(play, play), seconds)
        again = run("again")
        results.at_most("noop_changed", sum(again.changed_hosts.values()), bound=0)
        renewed = run("etcd", name="kubeadm.ha.etcd")
        wait_until(lambda: len(ready_nodes(lab)) == len(NODES), seconds=120, what="all nodes Ready")
        members = json.loads(lab.shell("etcd1", f"etcdctl {_ACCESS} endpoint status --cluster --write-out=json"))
        results.exactly("etcd_members", len(members), bound=3)
        seen = Story(
            lab=lab,
            checked=checked,
            created=created,
            again=again,
            renewed=renewed,
            refused=refused,
            members=members,
            keys={name: _keys(lab, name) for name in ETCD},
            manifests={name: lab.run(name, "ls", "/etc/kubernetes/manifests") for name in CONTROL_PLANES},
            servers={
                name: lab.run(name, "grep", "etcd-servers", "/etc/kubernetes/manifests/kube-apiserver.yaml")
                for name in CONTROL_PLANES
            },
            addresses=addresses_of(lab, ETCD),
            ca_keys=[
                f"{name}:{path}"
                for name in (*ETCD, *CONTROL_PLANES)
                for path in (f"{PKI}/ca.key", "/etc/kubernetes/pki/etcd/ca.key")
                if lab.shell(name, f"test -e {path} && echo there", check=False).strip()
            ],
            ready_without_a_member=set(),
        )
        lab.event("kill", "etcd1")
        # A write, which needs a quorum of the members that are left.
        lab.kubectl("create", "configmap", "proof", "--namespace=default", node="cp2")
        seen.ready_without_a_member = ready_nodes(lab, node="cp2")
        yield seen


def _beside_another_etcd(lab: Lab, run: Callable[[str], Run]) -> Run:
    """A run while one of the hosts has somebody's etcd."""
    lab.run("etcd2", "mkdir", "-p", "/var/lib/etcd/member")
    try:
        return run("refused")
    finally:
        lab.run("etcd2", "rmdir", "/var/lib/etcd/member")


def _keys(lab: Lab, name: str) -> int:
    """How many keys of Kubernetes a member has."""
    return len(lab.shell(name, f"etcdctl {_ACCESS} get /registry/ --prefix --keys-only").split())


def _ids(run: Run) -> list[str]:
    return [f"{entry['host']}/{entry['step']}/{entry['object']}" for entry in run.plan]


def test_somebodys_etcd_is_a_reason_to_stop(story: Story) -> None:
    assert story.refused.status != 0
    assert "etcd2 has an etcd that this role did not make (/var/lib/etcd/member)" in story.refused.output
    assert sum(story.refused.changed_hosts.values()) == 0


def test_check_mode_shows_the_plan_of_the_run(story: Story) -> None:
    assert story.checked.status == 0, story.checked.output[-6000:]
    assert story.checked.plan == story.created.plan
    wanted = {f"{name}/etcd/etcd member {name}" for name in ETCD}
    assert wanted | {"cp1/etcd/certificate kube-apiserver-etcd-client"} <= set(_ids(story.created))


def test_further_runs_change_nothing(story: Story) -> None:
    for run in (story.again, story.renewed):
        assert run.status == 0, run.output[-6000:]
        assert sum(run.changed_hosts.values()) == 0


def test_etcd_has_its_members_on_its_hosts_and_nowhere_else(story: Story) -> None:
    assert len(story.members) == len(ETCD)
    assert not any("etcd.yaml" in names for names in story.manifests.values())
    assert min(story.keys.values()) > 100


def test_every_api_server_asks_all_members(story: Story) -> None:
    wanted = ",".join(f"https://{story.addresses[name]}:2379" for name in ETCD)
    assert all(wanted in text for text in story.servers.values()), story.servers


def test_the_key_of_the_ca_is_on_one_host(story: Story) -> None:
    assert story.ca_keys == [f"etcd1:{PKI}/ca.key"]


def test_the_cluster_goes_on_without_a_member(story: Story) -> None:
    assert story.ready_without_a_member == set(NODES)
