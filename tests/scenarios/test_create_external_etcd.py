# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A new cluster behind nginx on one host, whose etcd has hosts of its own. The first run is killed while etcd starts.

What came of etcd say etcdctl and the files themselves.
"""

from __future__ import annotations

import dataclasses
import json
import signal
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.scenarios.audited import SINGLE_NGINX
from tests.scenarios.cluster import CommandError, Lab, ready_nodes, wait_until
from tests.scenarios.create import (
    CONTROL_PLANES,
    Checks,
    NewCluster,
    Story,
    ids,
    inventories_of,
    performed,
    variables_of,
)
from tests.scenarios.kills import Kill, killed
from tests.scenarios.playbook import Run

pytestmark = pytest.mark.full

ETCD = ("etcd1", "etcd2", "etcd3")
KEYS = ("/etc/etcd/pki/ca.key", "/etc/kubernetes/pki/etcd/ca.key")
#: Hosts start two at a time: one of the members is not started yet.
KILL = Kill("Begin etcd on hosts of its own", 0.0, task="Begin | Start those that begin, and those that have begun")
_RECORD = "/var/lib/kubeadm-ha/external-etcd.json"
_CA = "sha256sum </etc/etcd/pki/ca.crt"


@dataclasses.dataclass(frozen=True)
class Killed:
    """The first run, and what it left on the hosts of etcd.

    :param services: whether systemd runs etcd.
    :param records: how far each was, by its own record.
    :param authorities: hashes of the CA.
    """

    run: Run
    services: Mapping[str, str]
    records: Mapping[str, str]
    authorities: Mapping[str, str]


class TestCreateExternalEtcd(Checks):
    """Three control planes, a worker, a load balancer, three members of etcd."""

    # nginx gives a connection to the next server at once; the prober's host is the only thing in between.
    cluster = NewCluster(
        name="create_external_etcd", others=("lb1",), etcd=ETCD, freeze_seconds=3.0, finds=SINGLE_NGINX
    )

    @pytest.fixture(scope="class")
    @classmethod
    def acts(cls) -> Iterator[tuple[Killed, Story]]:
        """The run that is killed, the story, and then a member of etcd dies, too."""
        seen: list[Killed] = []
        with performed(cls.cluster, at_first=lambda lab, work: seen.append(_killed(cls.cluster, lab, work))) as story:
            story.lab.event("kill", ETCD[0])
            wait_until(lambda: _writes(story.lab), seconds=30, what="the members that are left take a write")
            yield seen[0], story

    @pytest.fixture(scope="class")
    @classmethod
    def story(cls, acts: tuple[Killed, Story]) -> Story:
        """All but the first run."""
        return acts[1]

    @pytest.fixture(scope="class")
    @classmethod
    def first(cls, acts: tuple[Killed, Story]) -> Killed:
        """The first run."""
        return acts[0]

    def test_the_first_run_was_killed_while_etcd_started(self, first: Killed) -> None:
        assert (first.run.status, first.run.records[-1]["play"]) == (-signal.SIGKILL, KILL.play), first.run.output[
            -3000:
        ]
        assert {"active", "activating"} & set(first.services.values()), first.services
        assert first.records == dict.fromkeys(ETCD, "founding")

    def test_the_run_after_it_goes_on_with_the_same_ca(self, first: Killed, story: Story) -> None:
        assert story.created.status == 0
        assert [entry for entry in ids(story.created) if "/etcd/etcd member " in entry]
        (made,) = set(first.authorities.values())
        assert {name: story.lab.shell(name, _CA) for name in ETCD[1:]} == dict.fromkeys(ETCD[1:], made)

    def test_the_plan_names_every_member_and_the_client_s_certificate(self, first: Killed, story: Story) -> None:
        client = "cp1/etcd/certificate kube-apiserver-etcd-client"
        assert {client, *(f"{name}/etcd/etcd member {name}" for name in ETCD)} <= set(ids(first.run))
        assert client in ids(story.created)

    def test_every_api_server_asks_all_members(self, story: Story) -> None:
        wanted = ",".join(f"https://{story.addresses[name]}:2379" for name in ETCD)
        for name in CONTROL_PLANES[1:]:
            text = story.lab.run(name, "grep", "etcd-servers", "/etc/kubernetes/manifests/kube-apiserver.yaml")
            assert wanted in text

    def test_the_key_of_the_ca_is_on_one_host(self, story: Story) -> None:
        hosts = (*ETCD[1:], *CONTROL_PLANES[1:])
        script = f"ls {' '.join(KEYS)} 2>/dev/null; true"
        assert {name: story.lab.shell(name, script) for name in hosts} == dict.fromkeys(hosts, "")

    def test_the_cluster_goes_on_without_a_member(self, story: Story) -> None:
        assert ready_nodes(story.lab, node="cp2") == set(story.cluster.nodes) - {story.lost}


def _writes(lab: Lab) -> bool:
    """Whether a write, which needs a quorum, is taken; one may time out while a leader is elected."""
    try:
        lab.kubectl("annotate", "--overwrite", "namespace", "default", "proof=written", node="cp2")
    except CommandError:
        return False
    return True


def _killed(cluster: NewCluster, lab: Lab, work: Path) -> Killed:
    inventories = inventories_of(cluster, lab.inventory, work)
    run = killed(inventories, work, "killed", KILL, variables=variables_of(cluster))
    return Killed(
        run=run,
        services={name: lab.run(name, "systemctl", "is-active", "etcd", check=False).strip() for name in ETCD},
        records={name: json.loads(lab.run(name, "cat", _RECORD))["state"] for name in ETCD},
        authorities={name: lab.shell(name, _CA) for name in ETCD},
    )
