# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A new cluster behind nginx on one host, whose etcd has hosts of its own.

What came of etcd say etcdctl and the files themselves.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.scenarios.audited import SINGLE_NGINX
from tests.scenarios.cluster import ready_nodes
from tests.scenarios.create import CONTROL_PLANES, Checks, NewCluster, Story, ids, performed

pytestmark = pytest.mark.full

ETCD = ("etcd1", "etcd2", "etcd3")
KEYS = ("/etc/etcd/pki/ca.key", "/etc/kubernetes/pki/etcd/ca.key")


class TestCreateExternalEtcd(Checks):
    """Three control planes, a worker, a load balancer, three members of etcd."""

    # nginx gives a connection to the next server at once; the prober's host is the only thing in between.
    cluster = NewCluster(
        name="create_external_etcd", others=("lb1",), etcd=ETCD, freeze_seconds=3.0, finds=SINGLE_NGINX
    )

    @pytest.fixture(scope="class")
    @classmethod
    def story(cls) -> Iterator[Story]:
        """The story, and then a member of etcd dies, too."""
        with performed(cls.cluster) as story:
            story.lab.event("kill", ETCD[0])
            # A write, which needs a quorum of the members that are left.
            story.lab.kubectl("create", "configmap", "proof", "--namespace=default", node="cp2")
            yield story

    def test_the_plan_names_every_member_and_the_client_s_certificate(self, story: Story) -> None:
        wanted = {f"{name}/etcd/etcd member {name}" for name in ETCD}
        assert wanted | {"cp1/etcd/certificate kube-apiserver-etcd-client"} <= set(ids(story.created))

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
