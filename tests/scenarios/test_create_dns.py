# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A new cluster whose endpoint is a name: two hosts answer it with the API servers that are ready.

What clients make of the loss of a control plane is measured from a worker, which resolves the name each time and goes to the one that is
lost as long as it finds it there. Where a kubelet connects says ss.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.scenarios.by_name import KUBELET_SECONDS, connections
from tests.scenarios.cluster import ready_nodes, wait_until
from tests.scenarios.create import CONTROL_PLANES, Checks, NewCluster, Story, ids, performed

pytestmark = pytest.mark.full

SERVERS = ("dns1", "dns2")
NAME = "one.kube.test"
#: What resolvers answer, by the system's own.
_RESOLVE = f"getent ahostsv4 {NAME} | awk '{{print $1}}' | sort -u"


class TestCreateDns(Checks):
    """Three control planes, a worker, and two hosts that answer."""

    # An answer within 3 s, and the name's TTL more.
    cluster = NewCluster(name="create_dns", others=SERVERS, rto_seconds=5.0, freeze_seconds=5.0, asked_from="w1")

    @pytest.fixture(scope="class")
    @classmethod
    def story(cls) -> Iterator[Story]:
        """The story, and then one of the servers of the name dies, too."""
        with performed(cls.cluster) as story:
            lab = story.lab
            left = next(name for name in CONTROL_PLANES if name != story.lost)
            wait_until(lambda: story.lost not in _connected(story), seconds=KUBELET_SECONDS, what="w1's kubelet moved")
            wait_until(lambda: "w1" in ready_nodes(lab, node=left), seconds=60, what="w1 is Ready")
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

    def test_what_the_loss_costs_is_measured_where_it_is_felt(self, story: Story) -> None:
        measured = {figure.name for figure in story.results.figures}
        assert {f"{what}_{label}_seconds" for what in ("answer", "kubelet") for label in ("freeze", "kill")} <= measured

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
    return set(connections(story.lab, "w1", story.addresses))
