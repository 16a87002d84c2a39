# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The scaling out of a control plane of services is killed again and again, at places where something is half done, and reaches the same end."""

from __future__ import annotations

import dataclasses
import functools
import signal
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from tests.scenarios.cluster import PROJECT, Lab
from tests.scenarios.convert import addresses_of, new_results
from tests.scenarios.kills import Kill, killed, once_nobody_is_at_work
from tests.scenarios.playbook import Run, run_playbook
from tests.scenarios.services_cluster import HOSTS, INLINE, Cluster

pytestmark = pytest.mark.full

MASTERS = ("m1", "m2", "m3")
#: The certificate is issued, programs come, services begin, kubeconfigs are pointed.
KILLS = (
    Kill("Certify the API servers of services", 0.2, task="Certify | Ask for the same one with more names"),
    Kill("Begin masters", 1.0, task="Programs | Their directories"),
    Kill("Begin masters", 0.5, task="Service | The API server of this host is ready"),
    Kill("Point the services of workers to the endpoint", 0.2, task="Point | Kubeconfigs name the endpoint"),
)
CERT = "/etc/kubernetes/cert"
#: What must be alike on all masters, and what must not have changed on the first one.
SHARED = [f"{CERT}/{name}.pem" for name in ("ca", "ca-key", "service-account", "service-account-key", "kubernetes-key")]


@dataclasses.dataclass
class Story:
    """What was seen, in the order in which it happened."""

    cluster: Cluster
    before: str
    killed: Sequence[tuple[str, Run]]
    served: Sequence[str]
    ended: Run
    again: Run
    hashes: Mapping[str, str]
    leftovers: Mapping[str, str]


@pytest.fixture(scope="module")
def story() -> Iterator[Story]:
    """Run the whole story once."""
    with new_results("killed_binary") as results, Lab("binary_inline", name="killedbinary") as lab:
        work = PROJECT / "build" / "scenarios" / lab.name
        work.mkdir(parents=True, exist_ok=True)
        cluster = Cluster(lab, INLINE, addresses_of(lab, HOSTS))
        before = lab.run("m1", "sha256sum", *SHARED)
        runs: list[tuple[str, Run]] = []
        served: list[str] = []
        for number, kill in enumerate(KILLS):
            runs.append((kill.play, killed([lab.inventory], work, f"killed-{number}", kill)))
            served.append(_readyz(cluster, "m1"))
        ended = once_nobody_is_at_work(functools.partial(_run, lab.inventory), work, "ended")
        again = _run(lab.inventory, work / "again.jsonl")
        results.exactly("again_changed", sum(again.changed_hosts.values()), bound=0)
        yield Story(
            cluster=cluster,
            before=before,
            killed=runs,
            served=served,
            ended=ended,
            again=again,
            hashes={name: lab.run(name, "sha256sum", *SHARED) for name in MASTERS},
            leftovers={name: lab.shell(name, "ls -A /run/kubeadm-ha 2>/dev/null; true").strip() for name in MASTERS},
        )
        results.write()


def _run(inventory: Path, record: Path) -> Run:
    return run_playbook("kubeadm.ha.site", inventories=[inventory], record=record)


def _readyz(cluster: Cluster, node: str) -> str:
    server = f"https://{cluster.addresses[node]}:6443/readyz"
    return cluster.lab.run(
        "w1", "curl", "--silent", "--max-time", "5", "--cacert", f"{CERT}/ca.pem", server, check=False
    )


def test_each_run_was_killed_where_it_should_be(story: Story) -> None:
    for play, run in story.killed:
        assert (run.status, run.records[-1]["play"]) == (-signal.SIGKILL, play), (play, run.output[-3000:])


def test_the_first_master_serves_after_every_kill(story: Story) -> None:
    assert story.served == ["ok"] * len(KILLS)


def test_the_run_after_them_reaches_the_end(story: Story) -> None:
    assert story.ended.status == 0, story.ended.output[-8000:]
    assert {_readyz(story.cluster, name) for name in MASTERS} == {"ok"}


def test_keys_are_those_of_the_beginning(story: Story) -> None:
    assert story.hashes == dict.fromkeys(MASTERS, story.before)


def test_no_key_of_a_transfer_is_left(story: Story) -> None:
    assert story.leftovers == dict.fromkeys(MASTERS, "")


def test_a_second_run_changes_nothing(story: Story) -> None:
    assert story.again.status == 0, story.again.output[-6000:]
    assert story.again.plan == []
    assert sum(story.again.changed_hosts.values()) == 0
