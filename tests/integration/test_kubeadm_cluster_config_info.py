# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""kubeadm_cluster_config_info against what a real kubeadm stored; its errors are held with kubeadm_cluster_config's."""

from __future__ import annotations

import typing as t

import yaml

if t.TYPE_CHECKING:
    from tests.integration.control_plane import ControlPlane
    from tests.integration.modules import Modules


def test_check_read_check_read(cluster: ControlPlane, modules_with_each_adapter: Modules) -> None:
    stored = cluster.get("configmap", "kubeadm-config")
    document = yaml.safe_load(stored["data"]["ClusterConfiguration"])
    for check in (True, False, True, False):
        found = modules_with_each_adapter.run(
            "kubeadm_cluster_config_info", check=check, kubeconfig=str(cluster.kubeconfig)
        )
        assert (found["changed"], found["changes"]) == (False, [])
        assert found["cluster_configuration"] == document
        assert found["cert_sans"] == document["apiServer"]["certSANs"]
        assert found["resource_version"] == stored["metadata"]["resourceVersion"]
    assert cluster.get("configmap", "kubeadm-config") == stored
