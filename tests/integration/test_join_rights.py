# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What joining nodes may do, as a real API server answers with kubeadm's bindings, and with those that hardening deletes."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.kubeadm import join_rights

if t.TYPE_CHECKING:
    from tests.integration.control_plane import ControlPlane
    from tests.integration.modules import Modules, Result

RIGHTS = ("discovery", "request", "approval", "nodes", "kubeadm_config", "kubelet_config")


@pytest.fixture
def joinable(cluster: ControlPlane) -> ControlPlane:
    """The cluster with everything that kubeadm makes for joins."""
    options = [f"--config={cluster.config}", f"--kubeconfig={cluster.kubeconfig}"]
    cluster.kubeadm("init", "phase", "upload-config", "all", *options)
    cluster.kubeadm("init", "phase", "bootstrap-token", *options)
    return cluster


def cluster_info(modules: Modules, plane: ControlPlane, *, joining: bool = True) -> dict[str, t.Any]:
    """What the module finds."""
    server = f"127.0.0.1:{plane.api_port}"
    result: Result = modules.run(
        "kubernetes_cluster_info", kubeconfig=str(plane.kubeconfig), server=server, joining=joining
    )
    assert not result.get("failed"), result
    assert result["changed"] is False
    return t.cast("dict[str, t.Any]", result["cluster"])


def test_kubeadms_own_cluster_gives_every_right(joinable: ControlPlane, modules_with_each_adapter: Modules) -> None:
    found = cluster_info(modules_with_each_adapter, joinable)
    assert found["join_rights"] == dict.fromkeys(RIGHTS, True)
    assert "kubelet" in found["configmaps"]["kube-system/kubelet-config"]["data"]
    assert "join_rights" not in cluster_info(modules_with_each_adapter, joinable, joining=False)


@pytest.mark.parametrize(
    ("right", "kind", "name", "namespace"),
    [
        ("discovery", "rolebinding", "kubeadm:bootstrap-signer-clusterinfo", "kube-public"),
        ("approval", "clusterrolebinding", "kubeadm:node-autoapprove-bootstrap", None),
        ("request", "clusterrolebinding", "kubeadm:kubelet-bootstrap", None),
        ("nodes", "clusterrolebinding", "kubeadm:get-nodes", None),
        ("kubeadm_config", "rolebinding", "kubeadm:nodes-kubeadm-config", "kube-system"),
        ("kubelet_config", "rolebinding", "kubeadm:kubelet-config", "kube-system"),
    ],
)
def test_a_right_that_was_taken_away(
    joinable: ControlPlane, modules: Modules, right: str, kind: str, name: str, namespace: str | None
) -> None:
    namespaced = ("-n", namespace) if namespace else ()
    joinable.kubectl(*namespaced, "delete", kind, name)
    assert cluster_info(modules, joinable)["join_rights"] == {**dict.fromkeys(RIGHTS, True), right: False}


def test_the_remedies_give_the_rights_back(joinable: ControlPlane, modules: Modules) -> None:
    """The very commands of the messages, on a cluster that has none of the bindings."""
    for name in ("kubelet-bootstrap", "node-autoapprove-bootstrap", "get-nodes"):
        joinable.kubectl("delete", "clusterrolebinding", f"kubeadm:{name}")
    joinable.kubectl("delete", "clusterrole", "kubeadm:get-nodes")
    for name in ("nodes-kubeadm-config", "kubelet-config"):
        joinable.kubectl("-n", "kube-system", "delete", "role,rolebinding", f"kubeadm:{name}")
    lost = cluster_info(modules, joinable)["join_rights"]
    assert [name for name, given in lost.items() if given] == ["discovery"]
    for right in join_rights.rights("kubelet-config"):
        for command in right.remedy.split(", and "):
            joinable.kubectl(*command.split()[1:])
    assert cluster_info(modules, joinable)["join_rights"] == dict.fromkeys(RIGHTS, True)
