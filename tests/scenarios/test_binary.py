# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything below one application directory, flags in environment files, a certificate that was issued with addresses in reserve.

In the end the masters that were added go again, which are nodes and run pods, and the first one is as it was. What is left of them say kubectl,
systemctl, pgrep, ss, find and crictl.
"""

from __future__ import annotations

import copy
import dataclasses
import functools
import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from tests.scenarios.binary import (
    APPLICATION_DIRECTORY,
    DEPLOYMENT,
    EXAMPLE,
    Kubectl,
    ScaledOut,
    Story,
    administrator,
    performed,
)
from tests.scenarios.cluster import wait_until
from tests.scenarios.playbook import Run
from tests.scenarios.services_cluster import go_back

STAYING, ADDED = ("m1", "w1", "w2"), ("m2", "m3")
_ENDED = "Remove | Services end, and what was brought goes"
#: A module that asks the API takes some on a busy machine.
SECONDS_FOR_A_NODE = 30.0
#: Of the one that comes first to the files of now: paths that differ.
_SINCE_THE_BACKUP = """
cd "$(ls -d /var/backups/kubeadm-ha/* | sort | head -1)/files" || exit 1
find . -type f | sort | while read -r path; do cmp -s "$path" "/$path" || echo "$path"; done
find . -type f | wc -l
"""
#: Units, processes, ports, files and containers of a master.
_OF_A_MASTER = """
systemctl list-unit-files 'kube*' --no-legend; pgrep --list-name '^kube'
ss -Hltn 'sport = :6443 or sport = :10249 or sport = :10250 or sport = :10257 or sport = :10259'
find /opt/kubernetes -type f ! -path '*/logs/*' 2>/dev/null; crictl ps --quiet; true
"""


@pytest.fixture(scope="module")
def story() -> Iterator[Story]:
    """Run the whole story once."""
    yield from performed(APPLICATION_DIRECTORY)


@pytest.fixture(scope="module")
def kubectl(story: Story) -> Iterator[Kubectl]:
    """As the cluster's administrator."""
    yield from administrator(story)


class TestScaledOut(ScaledOut):
    """One master becomes one of three."""


@dataclasses.dataclass
class Back:
    """What was seen of the way back, in the order in which it happened.

    :param nodes: names of the Nodes of before, by their hosts.
    :param pods: Nodes of pods that a master may run.
    :param master: what :data:`_OF_A_MASTER` says of a master that goes, before and after.
    """

    nodes: Mapping[str, str]
    pods: set[str]
    refused: Run
    nodes_after_refusal: set[str]
    run: Run
    again: Run
    pods_after: set[str]
    master: tuple[str, str]
    others: Mapping[str, str]
    since: Mapping[str, list[str]]
    answers: Mapping[str, str]


@pytest.mark.full
class TestGoneBack:
    """The three become one again."""

    @pytest.fixture(scope="class")
    @classmethod
    def back(cls, story: Story, kubectl: Kubectl) -> Back:
        """The first master is there again; others run pods, and are drained only when that was asked for."""
        cluster, lab = story.cluster, story.cluster.lab
        lab.event("start", "m1")
        everybody = set(story.layout.nodes.values())
        wait_until(lambda: cluster.readyz("m1", ca=story.layout.worker_ca) == "ok", seconds=120, what="m1 serves again")
        wait_until(lambda: kubectl.ready() == everybody, seconds=120, what="all nodes Ready")
        _schedule_on_masters(kubectl)
        pods, before = _nodes_of_pods(kubectl), lab.shell("m3", _OF_A_MASTER)
        refused = _go_back(story, "back-refused", "--limit=m3")
        after_refusal = kubectl.ready()
        cluster.kubectl("drain", *ADDED, "--ignore-daemonsets", "--delete-emptydir-data", "--timeout=90s")
        run = _go_back(story, "back")
        story.results.add_step("three to one", run.seconds)
        again = _go_back(story, "back-again", "--limit=m3")
        wait_until(lambda: len(_nodes_of_pods(kubectl)) > 0, seconds=60, what="the pods elsewhere")
        return Back(
            nodes=story.layout.expected.nodes,
            pods=pods,
            refused=refused,
            nodes_after_refusal=after_refusal,
            run=run,
            again=again,
            pods_after=_nodes_of_pods(kubectl),
            master=(before, lab.shell("m3", _OF_A_MASTER)),
            others={name: lab.shell(name, _OF_A_MASTER) for name in ADDED},
            since={name: lab.shell(name, _SINCE_THE_BACKUP).split() for name in STAYING},
            answers={name: cluster.readyz(name, ca=story.layout.worker_ca) for name in ("m1", *ADDED)},
        )

    def test_a_master_with_pods_does_not_go(self, back: Back) -> None:
        assert back.pods <= {"m2", "m3"}
        assert "m3" in back.pods
        assert back.refused.status != 0
        said = " ".join(" ".join(back.refused.failures).split())
        assert "The node m3 is not drained: it runs default/tolerant-" in said
        assert sum(back.refused.changed_hosts.values()) == 0
        assert "m3" in back.nodes_after_refusal

    def test_nodes_of_masters_that_went_are_gone(self, back: Back, kubectl: Kubectl) -> None:
        assert back.run.status == 0, back.run.output[-8000:]
        found = {line.split()[0] for line in kubectl.run("get", "nodes", "--no-headers").splitlines()}
        assert found == set(back.nodes.values())
        wait_until(lambda: kubectl.ready() == found, seconds=60, what="the others Ready")

    def test_a_node_goes_with_its_kubelet(self, back: Back) -> None:
        """Nobody waits until the cluster finds that it is down, which takes it 40 seconds at least."""
        for name in ADDED:
            ended, gone = (
                result["time"]
                for result in back.run.results
                if result["host"] == name and result["task"].endswith((_ENDED, "Remove | Its node goes"))
            )
            assert gone - ended < SECONDS_FOR_A_NODE, name

    def test_pods_moved_to_nodes_that_stay(self, back: Back) -> None:
        assert back.pods_after
        assert back.pods_after <= set(back.nodes.values())

    def test_nothing_of_a_master_is_left(self, back: Back) -> None:
        before, _after = back.master
        for name in ("kubelet.service", "kube-proxy.service", "kube-apiserver", ":6443", ":10250", "/opt/kubernetes/"):
            assert name in before, before
        assert back.others == dict.fromkeys(ADDED, "")

    def test_who_stays_has_the_files_of_before(self, back: Back) -> None:
        """Those of the backup that the first run made."""
        assert {name: lines[:-1] for name, lines in back.since.items()} == {name: [] for name in STAYING}
        assert all(int(lines[-1]) > 3 for lines in back.since.values())

    def test_the_first_master_alone_serves(self, back: Back, story: Story) -> None:
        assert back.answers == {"m1": "ok", "m2": "", "m3": ""}
        server = f"{story.cluster.addresses['m1']}:6443"

        def is_connected(worker: str) -> bool:
            return server in story.cluster.peers(worker)

        for name in ("w1", "w2"):
            wait_until(functools.partial(is_connected, name), seconds=30, what=f"{name} is connected to {server}")

    def test_going_twice_changes_nothing(self, back: Back) -> None:
        assert back.again.status == 0, back.again.output[-4000:]
        assert sum(back.again.changed_hosts.values()) == 0


def _schedule_on_masters(kubectl: Kubectl) -> None:
    """A pod on each of the masters that go, as long as that can be."""
    image = kubectl.run("get", "deployment", "smoke", "--output=jsonpath={.spec.template.spec.containers[0].image}")
    manifest: dict[str, Any] = copy.deepcopy(DEPLOYMENT)
    labels = {"app": "tolerant"}
    manifest["metadata"]["name"] = "tolerant"
    manifest["spec"]["selector"] = {"matchLabels": labels}
    here = [{"key": "kubernetes.io/hostname", "operator": "In", "values": [*ADDED]}]
    apart = {"labelSelector": {"matchLabels": labels}, "topologyKey": "kubernetes.io/hostname"}
    manifest["spec"]["template"] = {
        "metadata": {"labels": labels},
        "spec": {
            "terminationGracePeriodSeconds": 1,
            # Nothing else: a node that is drained has a taint, too.
            "tolerations": [{"key": "node-role.kubernetes.io/master", "operator": "Exists"}],
            "containers": [{"name": "smoke", "image": image, "imagePullPolicy": "Never"}],
            "affinity": {
                "nodeAffinity": {
                    "preferredDuringSchedulingIgnoredDuringExecution": [
                        {"weight": 100, "preference": {"matchExpressions": here}}
                    ]
                },
                "podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [apart]},
            },
        },
    }
    kubectl.run("apply", "--filename=-", stdin=json.dumps(manifest))
    wait_until(lambda: _nodes_of_pods(kubectl) == set(ADDED), seconds=60, what=f"a pod on each of {', '.join(ADDED)}")


def _nodes_of_pods(kubectl: Kubectl) -> set[str]:
    """Where they run and are to stay."""
    found = json.loads(kubectl.run("get", "pods", "--selector=app=tolerant", "--output=json") or '{"items": []}')
    return {
        item["spec"]["nodeName"]
        for item in found["items"]
        if item["status"]["phase"] == "Running" and not item["metadata"].get("deletionTimestamp")
    }


def _go_back(story: Story, label: str, *arguments: str) -> Run:
    return go_back([EXAMPLE, story.cluster.lab.inventory], story.work / f"{label}.jsonl", *arguments)
