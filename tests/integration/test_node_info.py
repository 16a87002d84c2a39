# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""node_info and node_decision as they run on this machine: nothing is changed, and one parses what the other reports."""

from __future__ import annotations

import typing as t

import pytest
import yaml

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.node.report import NodeReport
from tests.integration import processes
from tests.integration.control_plane import REPOSITORY
from tests.integration.modules import Modules

if t.TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(name="modules")
def _modules(binaries: Path, tmp_path: Path) -> Modules:
    """A host that has the standard library only."""
    return Modules(processes.environment(binaries), tmp_path, ("yaml", "cryptography", "kubernetes"))


def test_check_inspect_check_inspect(modules: Modules, binaries: Path) -> None:
    for check in (True, False, True, False):
        found = modules.run("node_info", check=check)
        assert found["changed"] is False
        report = NodeReport.from_dict("this", found["node"])
        assert report.programs["kubeadm"].path == str(binaries / "kubeadm")
        assert report.programs["kubeadm"].version.startswith("v1.")
        assert set(report.modules) == {"overlay", "br_netfilter"}
        assert report.sysctls["net.ipv4.ip_forward"].now in ("0", "1")
        assert report.identity.clock > 0


def test_a_decision_by_what_was_found(modules: Modules, tmp_path: Path) -> None:
    document = yaml.safe_load((REPOSITORY / "roles/node_prepare/vars/main.yml").read_text())
    key = tmp_path / "kubernetes.asc"
    key.write_text("-----BEGIN PGP PUBLIC KEY BLOCK-----\n")
    inputs: dict[str, t.Any] = {
        **dict.fromkeys(("binaries", "cni", "pause_image"), ""),
        **{name: {} for name in ("containerd_settings", "kubelet_configuration", "registry_mirrors")},
        **dict.fromkeys(("manage_containerd", "manage_firewall", "manage_time"), True),
        "api_server_port": 6443,
        "control_planes": [],
        "ignore_preflight_errors": [],
        "stacked_etcd": True,
        "image_repository": "registry.k8s.io",
        "kubernetes_version": "1.34.4",
        "node_type": "worker",
        "package_repository": {"url": "http://mirror.invalid", "key": str(key)},
        "platforms": document["__node_prepare_platforms"],
        "pod_subnet": "10.244.0.0/16",
    }
    found = modules.run("node_info")["node"]
    for check in (True, False):
        result = modules.run_by_ansible("node_decision", check=check, node=found, name="this", inputs=inputs)
        assert result["changed"] is False
        assert result["decision"]["version"] == "1.34.4"
    inputs["package_repository"] = {"url": "http://mirror.invalid", "key": str(tmp_path / "nope")}
    refused = modules.run_by_ansible("node_decision", node=found, name="this", inputs=inputs)
    assert refused["failed"] is True
    assert "cannot be read on the controller" in refused["msg"]
