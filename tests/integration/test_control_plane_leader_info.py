# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""control_plane_leader_info against a real kube-controller-manager's Lease, and older locks as objects."""

from __future__ import annotations

import json
import socket
import time
import typing as t

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.component.leader_election import ANNOTATION

if t.TYPE_CHECKING:
    from tests.integration.control_plane import ControlPlane
    from tests.integration.modules import Modules

OLDER = "an-older-component"


def lease(plane: ControlPlane) -> dict[str, t.Any]:
    """The Lease of kube-controller-manager by kubectl, as soon as it is held."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        name = plane.kubectl("-n", "kube-system", "get", "lease", "--output=name")
        if "lease.coordination.k8s.io/kube-controller-manager" in name.split():
            return t.cast("dict[str, t.Any]", plane.get("lease", "kube-controller-manager")["spec"])
        time.sleep(0.2)
    raise AssertionError("kube-controller-manager took no Lease within 30 s")


def test_the_leader_is_the_running_controller_manager(plane: ControlPlane, modules_with_each_adapter: Modules) -> None:
    # One of another test that was ended by force has left its own.
    plane.kubectl("-n", "kube-system", "delete", "lease", "kube-scheduler", "--ignore-not-found")
    before = lease(plane)
    server = f"127.0.0.1:{plane.api_port}"
    result = modules_with_each_adapter.run(
        "control_plane_leader_info", kubeconfig=str(plane.kubeconfig), server=server, check=True
    )
    assert not result.get("failed"), result
    assert result["changed"] is False
    manager, scheduler = result["leaders"]
    assert manager["component"] == "kube-controller-manager"
    assert (manager["lock"], manager["is_held"]) == ("lease", True)
    assert manager["holder"] == before["holderIdentity"]
    assert manager["node"] == socket.gethostname()
    assert manager["acquire_time"] == before["acquireTime"]
    assert manager["renew_time"] >= before["renewTime"]
    assert manager["transitions"] == before["leaseTransitions"]
    assert -1 < manager["renewed_ago"] < before["leaseDurationSeconds"]
    assert manager["age"] >= manager["renewed_ago"]
    # No kube-scheduler runs here.
    assert (scheduler["component"], scheduler["lock"], scheduler["is_held"]) == ("kube-scheduler", None, False)


def test_an_older_lock_is_parsed(plane: ControlPlane, modules_with_each_adapter: Modules) -> None:
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    record = {
        "holderIdentity": "cp2_6b0d",
        "leaseDurationSeconds": 60,
        "acquireTime": "2026-01-01T00:00:00Z",
        "renewTime": now,
        "leaderTransitions": 4,
    }
    metadata = {"namespace": "kube-system", "name": OLDER, "annotations": {ANNOTATION: json.dumps(record)}}
    for kind in ("Endpoints", "ConfigMap"):
        plane.apply({"apiVersion": "v1", "kind": kind, "metadata": metadata})
        result = modules_with_each_adapter.run(
            "control_plane_leader_info", kubeconfig=str(plane.kubeconfig), components=[OLDER]
        )
        plane.delete(f"{kind.lower()}/{OLDER}")
        (leader,) = result["leaders"]
        assert (leader["lock"], leader["node"], leader["is_held"]) == (kind.lower(), "cp2", True)
        assert (leader["renew_time"], leader["transitions"]) == (now, 4)
