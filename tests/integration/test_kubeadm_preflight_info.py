# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The real kubeadm objects to a host before it joins, by what cluster_plan computes from real inspections.

There is no container runtime here, which kubeadm itself only minds on control planes, after all checks with a name.
"""

from __future__ import annotations

import dataclasses
import json
import os
import socket
import typing as t
from pathlib import Path

import pytest

if t.TYPE_CHECKING:
    from tests.integration.control_plane import ControlPlane
    from tests.integration.modules import Modules, Result
    from tests.integration.private_host import PrivateHost

PKI = "/etc/kubernetes/pki"
ENDPOINT = "k8s.example.org:6443"
CRI_SOCKET = "unix:///run/containerd/none.sock"


@pytest.fixture(name="wanted")
def _wanted(cluster: ControlPlane, host: PrivateHost, modules_on_host: Modules) -> dict[str, t.Any]:
    """What a bare control plane and a bare worker are asked, beside the only control plane."""
    bare = modules_on_host.run_by_ansible("kubernetes_host_info")["host"]
    bare.update(default_address="192.0.2.12", addresses=["192.0.2.12"], networks=[])
    serving_host = type(host)(host.directory.parent / "serving", cluster)
    serving_host.become_control_plane()
    serving_control_plane = dataclasses.replace(modules_on_host, prefix=serving_host.prefix)
    inspected = serving_control_plane.run_by_ansible("kubernetes_host_info")["host"]
    found = modules_on_host.run(
        "kubernetes_cluster_info", kubeconfig=str(cluster.kubeconfig), server=f"127.0.0.1:{cluster.api_port}"
    )["cluster"]
    # The control plane of the tests runs without a kubelet.
    kubelet = "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n"
    found["configmaps"].setdefault("kube-system/kubelet-config", {"metadata": {}, "data": {"kubelet": kubelet}})
    arguments: dict[str, t.Any] = {
        "hosts": {"old": inspected, "new": bare, "worker": {**bare, "hostname": "worker"}},
        "cluster": found,
        "endpoint": ENDPOINT,
        "control_planes": ["old", "new"],
        "workers": ["worker"],
    }
    reported = [
        modules_on_host.run_by_ansible("cluster_plan", phase="joins", check=check, **arguments)
        for check in (True, False)
    ]
    assert reported[0] == reported[1]
    assert not reported[0].get("failed"), reported[0]
    assert reported[0]["changed"] is False
    assert set(reported[0]["requests"]) == {"new", "worker"}
    assert reported[0]["requests"]["new"]["bind_port"] == cluster.api_port
    return reported[0]


def options(wanted: t.Mapping[str, t.Any], name: str, **more: t.Any) -> dict[str, t.Any]:
    """Options for a host, those that are empty left out, as the role does; its certificates are where kubeadm's default is."""
    request = {key: value for key, value in wanted["requests"][name].items() if value not in ("", None)}
    return {**request, "config_maps": wanted["config_maps"], "cri_socket": CRI_SOCKET, "certificates_dir": PKI, **more}


def names(result: Result) -> list[str]:
    """Names of the checks that failed."""
    assert not result.get("failed"), result
    return [check["name"] for check in result["failed_checks"]]


def state(directory: Path) -> dict[Path, tuple[int, int, int]]:
    """Everything below a directory."""
    seen = {path: path.lstat() for path in directory.rglob("*")}
    return {path: (stat.st_mode, stat.st_size, stat.st_mtime_ns) for path, stat in seen.items()}


def asking_processes() -> list[str]:
    """Every kubeadm that is being asked."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            words = (entry / "cmdline").read_bytes().split(b"\0") if entry.name.isdigit() else []
        except OSError:
            continue
        if b"preflight" in words and b"join" in words:
            found.append(entry.name)
    return found


def test_a_worker_without_objections_and_one_with(
    wanted: dict[str, t.Any], host: PrivateHost, modules_on_host: Modules
) -> None:
    before = state(host.directory)
    for check in (True, False):
        clean = modules_on_host.run("kubeadm_preflight_info", check=check, **options(wanted, "worker"))
        assert (clean["changed"], names(clean), clean["failure"]) == (False, [], "")
    assert state(host.directory) == before, "a file was left"
    assert asking_processes() == []
    with socket.create_server(("", 10250)):
        found = modules_on_host.run("kubeadm_preflight_info", **options(wanted, "worker"))
        assert found["failed_checks"] == [{"name": "Port-10250", "text": "Port 10250 is in use"}]
        ignored = modules_on_host.run(
            "kubeadm_preflight_info", **options(wanted, "worker", ignore_preflight_errors=["Port-10250"])
        )
    assert names(ignored) == []
    assert {"name": "Port-10250", "text": "Port 10250 is in use"} in ignored["warned_checks"]


def test_a_control_plane_is_asked_all_its_checks(
    wanted: dict[str, t.Any], host: PrivateHost, modules_on_host: Modules
) -> None:
    """One CPU, an etcd that was there before, a port in use, a kubelet's kubeconfig: of both groups of checks."""
    (host.lib / "etcd" / "member").mkdir(parents=True)
    host.kubernetes.mkdir()
    (host.kubernetes / "kubelet.conf").write_text("{}", encoding="utf-8")
    cpu = str(min(os.sched_getaffinity(0)))
    one_cpu = dataclasses.replace(modules_on_host, prefix=(*host.prefix, "taskset", "-c", cpu))
    before = state(host.directory)
    with socket.create_server(("", 0)) as taken:
        port = taken.getsockname()[1]
        asked = options(wanted, "new", bind_port=port, kubelet_extra_args={"v": 2}, patches_directory="/not/there/yet")
        # The oldest version has no patches.
        oldest = {**asked, "patches_directory": None}
        reported = {
            version: one_cpu.run(
                "kubeadm_preflight_info",
                **{**(oldest if version == "v1beta2" else asked), "api_version": f"kubeadm.k8s.io/{version}"},
            )
            for version in ("v1beta2", "v1beta3", "v1beta4")
        }
        ignored = ["numcpu", "DirAvailable--var-lib-etcd"]
        left_out = one_cpu.run("kubeadm_preflight_info", **asked, ignore_preflight_errors=ignored)
    for found in reported.values():
        texts = {check["name"]: check["text"] for check in found["failed_checks"]}
        assert texts.pop("FileAvailable--etc-kubernetes-kubelet.conf").endswith("already exists"), found
        assert texts.pop("NumCPU") == "the number of available CPUs 1 is less than the required 2"
        assert texts.pop("DirAvailable--var-lib-etcd") == "/var/lib/etcd is not empty"
        assert texts.pop(f"Port-{port}") == f"Port {port} is in use"
        assert "CRI runtime" in found["failure"], "images were asked for at last, and there is no container runtime"
    assert set(names(left_out)) == set(names(reported["v1beta4"])) - {"NumCPU", "DirAvailable--var-lib-etcd"}
    assert state(host.directory) == before


def test_a_cluster_without_an_endpoint_is_why_the_requests_put_it_there(
    wanted: dict[str, t.Any], modules_on_host: Modules
) -> None:
    """kubeadm lets no control plane join it; the run gives it the endpoint before."""
    config_maps = json.loads(json.dumps(wanted["config_maps"]))
    stored = json.loads(config_maps[0]["data"]["ClusterConfiguration"])
    assert stored.pop("controlPlaneEndpoint") == ENDPOINT
    config_maps[0]["data"]["ClusterConfiguration"] = json.dumps(stored)
    found = modules_on_host.run("kubeadm_preflight_info", **{**options(wanted, "new"), "config_maps": config_maps})
    assert "controlPlaneEndpoint" in found["failure"]
    whole = modules_on_host.run("kubeadm_preflight_info", **options(wanted, "new"))
    assert "controlPlaneEndpoint" not in whole["failure"]


def test_a_host_without_kubeadm(wanted: dict[str, t.Any], plane: ControlPlane, modules_on_host: Modules) -> None:
    parts = plane.environment["PATH"].split(os.pathsep)
    path = os.pathsep.join(part for part in parts if not (Path(part) / "kubeadm").exists())
    without = dataclasses.replace(modules_on_host, environment={**plane.environment, "PATH": path})
    found = without.run("kubeadm_preflight_info", **options(wanted, "worker"))
    assert found["msg"] == "This host has no kubeadm: install it, or name its directory in PATH."
