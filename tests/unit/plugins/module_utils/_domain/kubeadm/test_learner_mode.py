# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The gate by which members of etcd join without a vote, on versions of kubeadm that know it and leave it off."""

from __future__ import annotations

import typing as t

import pytest
import yaml

from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.text.pyyaml import PyYaml
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.errors import ApiConflict
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.kubeadm import learner_mode
from tests.unit.plugins.memory_api import MemoryApi

GATE = "EtcdLearnerMode"


def document(version: str, **more: t.Any) -> dict[str, t.Any]:
    """A ClusterConfiguration."""
    return {
        "apiVersion": "kubeadm.k8s.io/v1beta3",
        "kind": "ClusterConfiguration",
        "kubernetesVersion": version,
        "clusterName": "kubernetes",
        **more,
    }


def cluster(stored: t.Mapping[str, t.Any], **metadata: t.Any) -> MemoryApi:
    """A cluster with this ClusterConfiguration."""
    return MemoryApi(
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"namespace": "kube-system", "name": "kubeadm-config", **metadata},
            "data": {"ClusterConfiguration": yaml.safe_dump(dict(stored)), "other": "kept"},
        }
    )


def configmap(api: MemoryApi) -> dict[str, t.Any]:
    """The ConfigMap that is stored."""
    found = api.get("configmap", "kubeadm-config", namespace="kube-system")
    assert found is not None
    return found


def configuration(api: MemoryApi) -> dict[str, t.Any]:
    """The ClusterConfiguration that is stored."""
    return dict(yaml.safe_load(configmap(api)["data"]["ClusterConfiguration"]))


@pytest.mark.parametrize(
    ("version", "more", "needs", "votes"),
    [
        ("v1.24.17", {}, False, True),
        ("v1.26.15", {}, False, True),
        ("v1.27.0", {}, True, False),
        ("v1.28.15", {}, True, False),
        ("v1.29.0", {}, False, False),
        ("v1.37.1", {}, False, False),
        ("v1.28.15", {"featureGates": {"PublicKeysECDSA": True}}, True, False),
        ("v1.28.15", {"featureGates": {GATE: True}}, False, False),
        ("v1.28.15", {"featureGates": {GATE: False}}, False, True),
        ("v1.30.1", {"featureGates": {GATE: False}}, False, True),
        ("v1.28.15", {"featureGates": None}, True, False),
        ("v1.26.15", {"etcd": {"external": {"endpoints": []}}}, False, False),
        ("v1.28.15", {"etcd": {"external": {"endpoints": []}}}, False, False),
        ("v1.28.15", {"etcd": {"local": {}}}, True, False),
        ("", {}, False, False),
    ],
)
def test_who_needs_the_gate_and_who_votes_at_once(
    version: str, more: dict[str, t.Any], needs: bool, votes: bool
) -> None:
    found = document(version, **more)
    assert (learner_mode.needs_gate(found), learner_mode.votes_at_once(found)) == (needs, votes)


@pytest.mark.parametrize("more", [{}, {"featureGates": {"PublicKeysECDSA": True}}])
def test_what_was_set_is_taken_away_and_nothing_else(more: dict[str, t.Any]) -> None:
    before = document("v1.28.15", **more)
    api = cluster(before, annotations={"an": "operator's"})
    learner_mode.enable(api, PyYaml())
    assert configuration(api) == {**before, "featureGates": {**more.get("featureGates", {}), GATE: True}}
    assert learner_mode.is_marked(configmap(api))
    learner_mode.enable(api, PyYaml())
    assert len(api.writes) == 1, "it is set"
    learner_mode.disable(api, PyYaml())
    assert configuration(api) == before
    assert configmap(api)["metadata"]["annotations"] == {"an": "operator's"}
    assert configmap(api)["data"]["other"] == "kept"
    learner_mode.disable(api, PyYaml())
    assert len(api.writes) == 2, "it is not set"


def test_an_operators_gate_stays() -> None:
    before = document("v1.28.15", featureGates={GATE: True})
    api = cluster(before)
    assert not learner_mode.is_marked(configmap(api))
    learner_mode.disable(api, PyYaml())
    assert (configuration(api), api.writes) == (before, [])


def test_another_writer_is_not_overwritten() -> None:
    api = cluster(document("v1.28.15"))
    left = [1]

    def meanwhile() -> None:
        if left and left.pop():
            changed = {**configmap(api), "data": {"ClusterConfiguration": yaml.safe_dump(document("v1.28.16"))}}
            api.put(changed)

    api.before_replace = meanwhile
    learner_mode.enable(api, PyYaml())
    assert configuration(api) == document("v1.28.16", featureGates={GATE: True})


def test_who_never_gets_through_is_an_error() -> None:
    api = cluster(document("v1.28.15"))

    def meanwhile() -> None:
        api.put(configmap(api))

    api.before_replace = meanwhile
    with pytest.raises(ApiConflict, match="changed by others 10 times"):
        learner_mode.enable(api, PyYaml())
