# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ConfigMap kubeadm-config: read, validated and written against concurrent writers."""

from __future__ import annotations

import typing as t

import pytest
import yaml

from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.text.pyyaml import PyYaml
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.address import Endpoint
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.errors import (
    ApiConflict,
    InvalidInput,
    UnsupportedState,
)
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.kubeadm import kubeadm_config
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.kubeadm.cluster_configuration import Wanted
from ansible_collections.kubeadm.ha.plugins.module_utils._ports.commands import CommandResult
from tests.unit.plugins.memory_api import MemoryApi, MemoryCommands

YAML = PyYaml()
WANTED = Wanted(control_plane_endpoint=Endpoint("k8s.example.org"))
DOCUMENT = {"apiVersion": "kubeadm.k8s.io/v1beta4", "kind": "ClusterConfiguration", "kubernetesVersion": "v1.34.4"}


def configmap(text: str | None = None) -> dict[str, t.Any]:
    """The ConfigMap with a key of an older kubeadm."""
    text = yaml.safe_dump(DOCUMENT) if text is None else text
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "kubeadm-config", "namespace": "kube-system"},
        "data": {"ClusterConfiguration": text, "ClusterStatus": "kept"},
    }


def stored(api: MemoryApi) -> dict[str, t.Any]:
    """The stored document."""
    found = api.get("configmap", "kubeadm-config", namespace="kube-system")
    assert found is not None
    return t.cast("dict[str, t.Any]", yaml.safe_load(found["data"]["ClusterConfiguration"]))


def edit(api: MemoryApi, **fields: t.Any) -> None:
    """Somebody else's write."""
    api.put(configmap(yaml.safe_dump({**stored(api), **fields})))


def test_writes_what_is_wanted_and_keeps_the_rest() -> None:
    api = MemoryApi(configmap())
    decision = kubeadm_config.ensure(api, YAML, MemoryCommands(), WANTED)
    assert [change.object for change in decision.changes] == ["ConfigMap kube-system/kubeadm-config"]
    assert decision.values["control_plane_endpoint"] == "k8s.example.org:6443"
    assert decision.values["validated"] is False
    assert api.writes == []
    assert decision.act()["resource_version"] == "102"
    assert stored(api) == {**DOCUMENT, "controlPlaneEndpoint": "k8s.example.org:6443"}
    found = api.get("configmap", "kubeadm-config", namespace="kube-system")
    assert found is not None
    assert found["data"]["ClusterStatus"] == "kept"
    assert kubeadm_config.ensure(api, YAML, MemoryCommands(), WANTED).changes == ()


def test_reads_without_a_change() -> None:
    decision = kubeadm_config.inspect(MemoryApi(configmap()), YAML)
    assert decision.changes == ()
    assert decision.values == {
        "api_version": "kubeadm.k8s.io/v1beta4",
        "cert_sans": [],
        "cluster_configuration": DOCUMENT,
        "control_plane_endpoint": None,
        "etcd": "local",
        "extra_args": {"api_server": [], "controller_manager": [], "scheduler": [], "etcd": []},
        "kubernetes_version": "v1.34.4",
        "resource_version": "101",
    }


@pytest.mark.parametrize(
    ("objects", "message"),
    [
        ([], "was not made by kubeadm"),
        ([configmap("a: [")], "is no YAML"),
        ([configmap("")], "holds no ClusterConfiguration"),
        ([{**configmap(), "data": None}], "holds no ClusterConfiguration"),
    ],
)
def test_explains_what_cannot_be_read(objects: list[dict[str, t.Any]], message: str) -> None:
    with pytest.raises(UnsupportedState, match=message):
        kubeadm_config.inspect(MemoryApi(*objects), YAML)


def test_decides_again_after_a_conflict() -> None:
    api = MemoryApi(configmap())
    decision = kubeadm_config.ensure(api, YAML, MemoryCommands(), WANTED)
    edits: list[dict[str, t.Any]] = [{"clusterName": "one"}, {"featureGates": {"Two": True}}]

    def somebody_else() -> None:
        if edits:
            edit(api, **edits.pop(0))

    api.before_replace = somebody_else
    decision.act()
    assert stored(api) == {
        **DOCUMENT,
        "clusterName": "one",
        "featureGates": {"Two": True},
        "controlPlaneEndpoint": "k8s.example.org:6443",
    }


def test_writes_nothing_when_somebody_else_did_it() -> None:
    api = MemoryApi(configmap())
    decision = kubeadm_config.ensure(api, YAML, MemoryCommands(), WANTED)
    api.before_replace = lambda: edit(api, controlPlaneEndpoint="k8s.example.org:6443")
    decision.act()
    assert api.writes == []


def test_gives_up_against_a_writer_that_never_stops() -> None:
    api = MemoryApi(configmap())
    decision = kubeadm_config.ensure(api, YAML, MemoryCommands(), WANTED)
    api.before_replace = lambda: edit(api, clusterName="again")
    with pytest.raises(ApiConflict, match="changed by others 10 times"):
        decision.act()


def kubeadm(verdict: t.Callable[[dict[str, t.Any]], str | None]) -> MemoryCommands:
    """A kubeadm with this verdict on a document: ``None`` or what it complains about."""

    def answer(arguments: t.Sequence[str], stdin: str | None) -> CommandResult:
        assert list(arguments) == ["kubeadm", "config", "validate", "--config", "/dev/stdin"]
        complaint = verdict(yaml.safe_load(stdin or ""))
        return CommandResult(0, "ok\n", "") if complaint is None else CommandResult(1, "", complaint)

    return MemoryCommands(kubeadm=answer)


@pytest.mark.parametrize(
    ("verdict", "validated"),
    [
        (lambda _document: None, True),
        (lambda _document: "unknown flag: --config", False),
        (lambda _document: 'your configuration file uses an old API spec: "kubeadm.k8s.io/v1beta2"', False),
        (lambda _document: "error: unrecognized feature gate name: Old", False),
    ],
)
def test_asks_a_kubeadm_that_can_judge(verdict: t.Callable[[dict[str, t.Any]], str | None], validated: bool) -> None:
    decision = kubeadm_config.ensure(MemoryApi(configmap()), YAML, kubeadm(verdict), WANTED)
    assert decision.values["validated"] is validated


def test_refuses_what_kubeadm_refuses() -> None:
    api = MemoryApi(configmap())
    with pytest.raises(InvalidInput, match="kubeadm refuses .* bad endpoint"):
        kubeadm_config.ensure(
            api, YAML, kubeadm(lambda found: "bad endpoint" if "controlPlaneEndpoint" in found else None), WANTED
        )
    assert api.writes == []


def test_asks_kubeadm_only_about_changes() -> None:
    commands = kubeadm(lambda _document: "never asked")
    api = MemoryApi(configmap(yaml.safe_dump({**DOCUMENT, "controlPlaneEndpoint": "k8s.example.org:6443"})))
    assert kubeadm_config.ensure(api, YAML, commands, WANTED).changes == ()
    assert commands.asked == []
