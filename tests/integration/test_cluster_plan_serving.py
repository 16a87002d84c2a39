# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""cluster_plan finds the real control plane among inspected hosts, whatever its place in the group."""

from __future__ import annotations

import typing as t

from tests.integration.control_plane import ADVERTISED_ADDRESS

if t.TYPE_CHECKING:
    from tests.integration.control_plane import ControlPlane
    from tests.integration.modules import Modules
    from tests.integration.private_host import PrivateHost


def test_check_inspect_check_inspect(plane: ControlPlane, host: PrivateHost, modules_on_host: Modules) -> None:
    bare = modules_on_host.run_by_ansible("kubernetes_host_info")["host"]
    host.become_control_plane()
    serving_control_plane = modules_on_host.run_by_ansible("kubernetes_host_info")["host"]
    arguments: dict[str, t.Any] = {
        "hosts": {"new": bare, "old": serving_control_plane},
        "control_planes": ["new", "old"],
    }
    results = [
        modules_on_host.run_by_ansible("cluster_plan", phase="serving", check=check, **arguments)
        for check in (True, False, True, False)
    ]
    assert results.count(results[0]) == len(results)
    found = results[0]
    server = f"{ADVERTISED_ADDRESS}:{plane.api_port}"
    assert (found["changed"], found["serving"], found["server"]) == (False, "old", server)
    first, second = found["control_planes"]
    assert first["name"] != "cp1"
    assert second == {"name": "cp1", "address": ADVERTISED_ADDRESS, "port": plane.api_port}
    assert server in found["api_servers"]
    assert found["ca_certificate"].strip() == (plane.pki / "ca.crt").read_text(encoding="ascii").strip()
    assert (found["refuses_anonymous"], found["files"]) == (False, {})


def test_nobody_serves(host: PrivateHost, modules_on_host: Modules) -> None:
    bare = modules_on_host.run_by_ansible("kubernetes_host_info")["host"]
    found = modules_on_host.run_by_ansible("cluster_plan", phase="serving", hosts={"new": bare}, control_planes=["new"])
    assert (found["serving"], found["server"], found["ca_certificate"]) == (None, None, "")


def test_what_was_not_inspected_is_no_host(modules: Modules) -> None:
    refused = modules.run_by_ansible("cluster_plan", phase="serving", hosts="none", control_planes=["cp1"])
    assert refused["failed"] is True
    assert "hosts" in refused["msg"]
