# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every module that asks the API works with an admin.conf whose server nobody can reach: the option server decides."""

from __future__ import annotations

import typing as t

import pytest

from tests.integration.control_plane import ADVERTISED_ADDRESS
from tests.integration.test_control_plane_endpoint import await_signature

if t.TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.control_plane import ControlPlane
    from tests.integration.modules import Modules

DEAD = "https://nowhere.invalid:6443"


@pytest.fixture
def dead(cluster: ControlPlane, tmp_path: Path) -> str:
    """An admin.conf that an earlier run has pointed to a name that nobody resolves."""
    text = cluster.kubeconfig.read_text(encoding="utf-8")
    assert f"server: https://127.0.0.1:{cluster.api_port}" in text
    path = tmp_path / "admin.conf"
    path.write_text(text.replace(f"https://127.0.0.1:{cluster.api_port}", DEAD), encoding="utf-8")
    path.chmod(0o600)
    return str(path)


MODULES: dict[str, dict[str, t.Any]] = {
    "kubeadm_cluster_config_info": {},
    "kubeadm_cluster_config": {"control_plane_endpoint": "k8s.example.org:8443"},
    "control_plane_endpoint": {"endpoint": "k8s.example.org:8443"},
    "deployment_spread": {},
    "kubernetes_cluster_info": {},
    "kubeadm_join_command": {"state": "absent"},
    "control_plane_leader_info": {},
}


@pytest.mark.parametrize("name", MODULES)
def test_a_dead_admin_conf_stops_no_step(
    cluster: ControlPlane, modules_with_each_adapter: Modules, dead: str, name: str
) -> None:
    options = {**MODULES[name], "kubeconfig": dead}
    refused = modules_with_each_adapter.run(name, check=True, **options)
    assert refused.get("failed") is True, refused
    assert "nowhere.invalid" in refused["msg"]
    asked = modules_with_each_adapter.run(name, check=True, server=f"127.0.0.1:{cluster.api_port}", **options)
    assert not asked.get("failed"), asked


@pytest.mark.parametrize("control_plane", [False, True])
def test_kubeadm_itself_asks_the_server(
    cluster: ControlPlane, modules: Modules, dead: str, control_plane: bool
) -> None:
    await_signature(cluster)
    server = f"127.0.0.1:{cluster.api_port}"
    made = modules.run(
        "kubeadm_join_command",
        kubeconfig=dead,
        server=server,
        control_plane=control_plane,
        advertise_address=ADVERTISED_ADDRESS,
        bind_port=cluster.api_port,
    )
    assert not made.get("failed"), made
    assert cluster.get("secret", f"bootstrap-token-{made['token_id']}")
    found = cluster.kubectl("-n", "kube-system", "get", "secret", "kubeadm-certs", "--ignore-not-found", "-o", "name")
    assert bool(found.strip()) is control_plane
    gone = modules.run("kubeadm_join_command", kubeconfig=dead, server=server, state="absent")
    assert not gone.get("failed"), gone
    assert "token" in gone["changes"][0]["object"]
