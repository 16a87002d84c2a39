# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A new cluster of other versions of Kubernetes than the examples', with a virtual IP address on the control planes alone.

Nothing answers at the endpoint before the first API server does, and kubeadm before 1.33 lets even a control plane's kubelet ask there.
Which images a version is made of is asked of its own kubeadm, which images run, of kubectl and containerd.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Mapping

import pytest

from tests.scenarios.create import CONTROL_PLANES, Checks, NewCluster, Story, performed

pytestmark = pytest.mark.full

#: With the version of kubeadm's configuration that each stores (SchemeGroupVersion in uploadconfig.go).
VERSIONS = {"1.31.12": "v1beta4", "1.37.1": "v1beta4"}
#: The first minor release whose kubeadm lets the kubelet of a control plane ask its own API server.
_FIRST_LOCAL = 33
_SERVER = re.compile(r"^\s*server: https://(\S+)$", re.MULTILINE)
_PAUSE = "grep -rhoE 'pause:[0-9.]+' /etc/containerd"


class TestCreateVersions(Checks):
    """Three control planes and a worker of each version."""

    cluster = NewCluster(
        name="create_bare_vip", holders=CONTROL_PLANES, rto_seconds=2.0, freeze_seconds=3.0, moves_when_frozen=True
    )

    @pytest.fixture(scope="class", params=VERSIONS)
    @classmethod
    def story(cls, request: pytest.FixtureRequest) -> Iterator[Story]:
        """The story, once for each version."""
        with performed(dataclasses.replace(cls.cluster, kubernetes=str(request.param))) as story:
            yield story

    def test_every_component_is_of_that_version(self, story: Story) -> None:
        wanted = _wanted_images(story)
        found = _running_images(story)
        names = ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kube-proxy", "etcd", "coredns")
        assert found == {wanted[name] for name in names}
        assert {image.rpartition(":")[2] for image in found if "/kube-" in image} == {f"v{story.cluster.kubernetes}"}

    def test_the_container_runtime_starts_pods_with_the_pause_image_of_that_version(self, story: Story) -> None:
        wanted = _wanted_images(story)["pause"].rpartition("/")[2]
        nodes = [name for name in story.cluster.nodes if name != story.lost]
        assert {node: story.lab.shell(node, _PAUSE).split() for node in nodes} == {node: [wanted] for node in nodes}

    def test_the_configuration_is_stored_as_that_version_stores_it(self, story: Story) -> None:
        stored = story.lab.kubectl(
            "get", "configmap", "kubeadm-config", "--namespace=kube-system", "--output=yaml", node=_asked(story)
        )
        assert f"apiVersion: kubeadm.k8s.io/{VERSIONS[story.cluster.kubernetes]}" in stored
        assert f"kubernetesVersion: v{story.cluster.kubernetes}" in stored
        assert f"controlPlaneEndpoint: {story.endpoint}" in stored

    def test_the_kubelet_of_a_control_plane_asks_whom_that_version_lets_it_ask(self, story: Story) -> None:
        is_local = int(story.cluster.kubernetes.split(".")[1]) >= _FIRST_LOCAL
        for name in (name for name in CONTROL_PLANES if name != story.lost):
            found = _SERVER.findall(story.lab.run(name, "cat", "/etc/kubernetes/kubelet.conf"))
            assert found == [f"{story.addresses[name]}:6443" if is_local else story.endpoint]


def _asked(story: Story) -> str:
    """A control plane that is left."""
    return next(name for name in CONTROL_PLANES if name != story.lost)


def _wanted_images(story: Story) -> Mapping[str, str]:
    """The images of the version by their last name, as its kubeadm lists them."""
    version = f"--kubernetes-version=v{story.cluster.kubernetes}"
    listed = story.lab.run(_asked(story), "kubeadm", "config", "images", "list", version).split()
    return {image.rpartition("/")[2].partition(":")[0]: image for image in listed}


def _running_images(story: Story) -> set[str]:
    """Images of Kubernetes' own pods."""
    pods = story.lab.objects("pods", "--namespace=kube-system", node=_asked(story))["items"]
    return {container["image"] for pod in pods for container in pod["spec"]["containers"]}
