# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""kubelet_lease_info with a real API server and no kubelet. With a real kubelet it runs in every scenario with nodes."""

from __future__ import annotations

import typing as t

import pytest

from tests.integration.modules import Modules

if t.TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.control_plane import ControlPlane
    from tests.integration.private_host import PrivateHost

NODE = "lease-of-tests"


def test_a_host_that_has_not_joined(modules_on_host: Modules) -> None:
    for check in (True, False):
        refused = modules_on_host.run("kubelet_lease_info", check=check, wait_timeout=0)
        assert refused["failed"] is True
        assert refused["msg"] == "This host has no /etc/kubernetes/kubelet.conf: it has not joined a cluster."


@pytest.mark.parametrize("missing", [(), ("yaml", "cryptography")], ids=["libraries", "kubeadm's layout and openssl"])
def test_a_lease_without_a_running_kubelet_proves_nothing(
    plane: ControlPlane, host: PrivateHost, tmp_path: Path, missing: tuple[str, ...]
) -> None:
    host.become_worker(NODE)
    modules_on_host = Modules(plane.environment, tmp_path, missing, host.prefix)
    plane.apply(
        {
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": {"name": NODE, "namespace": "kube-node-lease"},
            "spec": {"holderIdentity": NODE, "renewTime": "2999-01-01T00:00:00.000000Z"},
        }
    )
    try:
        for check in (True, False):
            refused = modules_on_host.run("kubelet_lease_info", check=check, wait_timeout=0)
            assert refused["failed"] is True
            assert f"The kubelet of {NODE} was not running within 0 s" in refused["msg"]
    finally:
        plane.delete(f"lease/{NODE}", namespace="kube-node-lease")


def test_a_kubeconfig_of_no_node(plane: ControlPlane, modules_on_host: Modules) -> None:
    refused = modules_on_host.run("kubelet_lease_info", kubeconfig=str(plane.kubeconfig), wait_timeout=0)
    assert "names no server or no client certificate of a node" in refused["msg"]
