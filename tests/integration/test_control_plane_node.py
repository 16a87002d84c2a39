# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""control_plane_node against a real API server, which keeps what kubelet and operator wrote."""

from __future__ import annotations

import typing as t

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.cluster.control_plane_node import ROLE

if t.TYPE_CHECKING:
    from tests.integration.control_plane import ControlPlane
    from tests.integration.modules import Modules

TAINT = {"key": ROLE, "effect": "NoSchedule"}
OWN = {"key": "dedicated", "value": "storage", "effect": "NoExecute"}


def node(name: str, *taints: dict[str, str], **labels: str) -> dict[str, t.Any]:
    """A Node as its kubelet makes it."""
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": labels},
        "spec": {"taints": list(taints)},
    }


def test_a_node_is_marked_as_kubeadm_would(cluster: ControlPlane, modules_with_each_adapter: Modules) -> None:
    modules = modules_with_each_adapter
    cluster.apply(node("cp1", TAINT, **{ROLE: ""}))
    cluster.apply(node("cp3", OWN, zone="a"))
    options: dict[str, t.Any] = {"node_name": "cp3", "kubeconfig": str(cluster.kubeconfig)}
    try:
        for check, changed in ((True, True), (False, True), (True, False), (False, False)):
            result = modules.run("control_plane_node", check=check, **options)
            assert not result.get("failed"), result
            assert result["changed"] is changed
        found = cluster.get("node", "cp3")
        assert found["metadata"]["labels"] == {"zone": "a", ROLE: ""}
        # The API server itself adds a taint to a Node that is not Ready.
        taints = [
            {key: item[key] for key in ("key", "value", "effect") if key in item}
            for item in found["spec"]["taints"]
            if item["key"] != "node.kubernetes.io/not-ready"
        ]
        assert taints == [OWN, TAINT]
        missing = modules.run("control_plane_node", node_name="cp9", kubeconfig=str(cluster.kubeconfig))
        assert "The cluster has no node cp9" in missing["msg"]
    finally:
        cluster.delete("node/cp1", "node/cp3")
