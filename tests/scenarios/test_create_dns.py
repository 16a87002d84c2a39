# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A new cluster whose endpoint is a name: two hosts answer it with the API servers that are ready.

What clients make of the loss of a control plane is measured from a worker, which resolves the name each time. When a kubelet comes back
say its Node's conditions, where it connects says ss.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from tests.scenarios.cluster import ready_nodes, wait_until
from tests.scenarios.create import CONTROL_PLANES, Checks, NewCluster, Story, ids, performed

pytestmark = pytest.mark.full

SERVERS = ("dns1", "dns2")
NAME = "one.kube.test"
#: Seconds within which a kubelet leaves an API server that is gone: it pings its connection after 30 s, and waits 15 s for the answer.
KUBELET_SECONDS = 60.0
#: What resolvers answer, by the system's own.
_RESOLVE = f"getent ahostsv4 {NAME} | awk '{{print $1}}' | sort -u"
_CONNECTED = "ss -Htnp state established '( dport = :6443 )' | grep kubelet"


class TestCreateDns(Checks):
    """Three control planes, a worker, and two hosts that answer."""

    cluster = NewCluster(name="create_dns", others=SERVERS, rto_seconds=5.0, freeze_seconds=7.0, asked_from="w1")

    @pytest.fixture(scope="class")
    @classmethod
    def story(cls) -> Iterator[Story]:
        """The story, and then one of the servers of the name dies, too."""
        with performed(cls.cluster) as story:
            lab = story.lab
            wait_until(lambda: story.lost not in _connected(story), seconds=KUBELET_SECONDS, what="w1's kubelet moved")
            wait_until(lambda: "w1" in ready_nodes(lab, node="cp2"), seconds=60, what="w1 is Ready")
            lab.event("kill", SERVERS[0])
            wait_until(lambda: _resolved(story) == _left(story), seconds=30, what="the other server answers alone")
            yield story

    def test_every_node_resolves_the_name_before_the_cluster_is_made(self, story: Story) -> None:
        entries = ids(story.created)
        assert [f"{server}/balance/load balancer dns" for server in SERVERS] == [
            item for item in entries if "/balance/" in item
        ]
        plays = [play for play, _seconds in story.created.seconds_by_play()]
        resolve = plays.index("Resolve the endpoint's name on every node of a new cluster")
        assert plays.index("Answer the endpoint's name") < resolve < plays.index("Create the cluster")

    def test_the_answer_has_the_control_planes_that_are_left(self, story: Story) -> None:
        assert _resolved(story) == _left(story)

    def test_the_kubelet_of_a_worker_is_connected_to_one_of_them(self, story: Story) -> None:
        assert _connected(story) & set(CONTROL_PLANES) - {story.lost}

    def test_gdnsd_listens_on_one_address_only(self, story: Story) -> None:
        shown = story.lab.run(SERVERS[1], "ss", "-Hlntup", "sport = :53")
        assert {line.split()[4] for line in shown.splitlines() if "gdnsd" in line} == {
            f"{story.addresses[SERVERS[1]]}:53"
        }


def _resolved(story: Story) -> set[str]:
    return set(story.lab.shell("w1", _RESOLVE, check=False).split())


def _left(story: Story) -> set[str]:
    return {story.addresses[name] for name in CONTROL_PLANES if name != story.lost}


def _connected(story: Story) -> set[str]:
    """The control planes to which w1's kubelet is connected."""
    remote = set(re.findall(r" ([0-9.]+):6443 ", story.lab.shell("w1", _CONNECTED, check=False)))
    return {name for name in CONTROL_PLANES if story.addresses[name] in remote}
