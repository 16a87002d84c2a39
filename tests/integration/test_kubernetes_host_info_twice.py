# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""kubernetes_host_info on a host that kubeadm made a control plane; openssl and PyYAML are the second opinion."""

from __future__ import annotations

import re
import typing as t

import yaml

from tests.integration.control_plane import ADVERTISED_ADDRESS, run
from tests.integration.modules import Modules

if t.TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.control_plane import ControlPlane
    from tests.integration.private_host import PrivateHost

SECONDS = 1.0
ALL_LIBRARIES = ("yaml", "cryptography", "kubernetes")


def sans(path: Path) -> set[str]:
    """SANs of a certificate by openssl, without their kinds."""
    text = run(["openssl", "x509", "-noout", "-ext", "subjectAltName", "-in", str(path)])
    return set(re.findall(r"(?:DNS|IP Address):([^,\s]+)", text))


def test_check_inspect_check_inspect_through_ansible(
    plane: ControlPlane, host: PrivateHost, modules_on_host: Modules
) -> None:
    host.become_control_plane()
    results = [modules_on_host.run_by_ansible("kubernetes_host_info", check=check) for check in (True, False)]
    assert [result["changed"] for result in results] == [False, False]
    for result in results:
        found = result["host"]
        assert (found["node_name"], found["is_control_plane"]) == ("cp1", True)
        assert found["api_server"] == f"{ADVERTISED_ADDRESS}:{plane.api_port}"
        assert set(found["sans"]) == sans(plane.pki / "apiserver.crt")
        assert found["servers"]["/etc/kubernetes/admin.conf"] == f"https://127.0.0.1:{plane.api_port}"
        pod = yaml.safe_load((host.kubernetes / "manifests" / "kube-apiserver.yaml").read_text(encoding="utf-8"))
        flags = [f"--{name}={value}" for name, value in found["manifests"]["kube-apiserver"]["flags"]]
        assert flags == pod["spec"]["containers"][0]["command"][1:]
        port = {"address": "127.0.0.1", "port": plane.api_port, "process": "kube-apiserver"}
        assert port in found["listening"]


def test_a_host_without_kubernetes(modules_on_host: Modules) -> None:
    found = modules_on_host.run_by_ansible("kubernetes_host_info")["host"]
    assert (found["is_control_plane"], found["api_server"]) == (False, None)
    assert (found["certificates"], found["kubeconfigs"], found["manifests"]) == ([], [], {})
