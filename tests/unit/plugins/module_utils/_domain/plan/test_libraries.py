# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""On which hosts a plan installs Python packages: as few as can be."""

from __future__ import annotations

import typing as t

import pytest

from .test_planning import Arguments, after, before, kubeconfig_file, plan_of

OLD = "https://192.0.2.11:6443"


def _nothing(arguments: Arguments) -> None:
    del arguments


def _without_openssl(*names: str) -> t.Callable[[Arguments], None]:
    def change(arguments: Arguments) -> None:
        for name in names:
            arguments["hosts"][name]["programs"] = {"openssl": False}

    return change


def _in_another_layout(name: str) -> t.Callable[[Arguments], None]:
    def change(arguments: Arguments) -> None:
        for item in arguments["hosts"][name]["kubeconfigs"]:
            item["plain"] = False

    return change


def _with(name: str, *libraries: str) -> t.Callable[[Arguments], None]:
    def change(arguments: Arguments) -> None:
        arguments["hosts"][name]["python"] = {
            "modules": {library: library in libraries for library in ("yaml", "cryptography")}
        }

    return change


def _with_files_to_carry(arguments: Arguments) -> None:
    fact = {
        "path": "/etc/kubernetes/audit.yaml",
        "kind": "file",
        "use": "carried",
        "owner": "root",
        "group": "root",
        "uid": 0,
        "gid": 0,
        "mode": "0600",
        "size": 3,
        "sha256": "aa" * 32,
    }
    arguments["hosts"]["cp1"]["control_plane_files"] = {"files": [fact], "refusals": [], "missing": []}


@pytest.mark.parametrize(
    ("changes", "installed"),
    [
        ([_nothing], {"cp1"}),
        ([_without_openssl("w1")], {"cp1", "w1"}),
        ([_without_openssl("cp2", "lb1")], {"cp1", "cp2"}),
        ([_in_another_layout("w1")], {"cp1", "w1"}),
        ([_in_another_layout("w1"), _with("w1", "yaml")], {"cp1"}),
        ([_without_openssl("w1"), _with("w1", "cryptography")], {"cp1"}),
        ([_with("cp1", "yaml", "cryptography")], set()),
        ([_with("cp1", "yaml")], {"cp1"}),
        ([_with_files_to_carry], {"cp1", "cp2", "cp3"}),
    ],
)
def test_hosts_of_a_conversion(changes: list[t.Callable[[Arguments], None]], installed: set[str]) -> None:
    arguments = before()
    for change in changes:
        change(arguments)
    plan = plan_of(arguments)
    assert plan.problems == ()
    assert {entry.host for entry in plan.entries if entry.step == "prepare"} == installed & set(arguments["hosts"])


def test_a_worker_that_is_repointed_alone_needs_nothing_anywhere() -> None:
    arguments = after()
    for item in arguments["hosts"]["w1"]["kubeconfigs"]:
        item["text"] = item["text"].replace("server: https://192.0.2.10", "server: https://192.0.2.11")
    steps = {(entry.host, entry.step) for entry in plan_of(arguments).entries}
    assert steps == {("w1", "backup"), ("w1", "point")}


def _administered(name: str, path: str = "/etc/kubernetes/admin.conf") -> t.Callable[[Arguments], None]:
    """An administrator's kubeconfig is all that names another server."""

    def change(arguments: Arguments) -> None:
        files = arguments["hosts"][name]["kubeconfigs"]
        files[:] = [item for item in files if item["path"] != path] + [kubeconfig_file(path, OLD)]

    return change


def _with_an_odd_kubelet_conf(name: str) -> t.Callable[[Arguments], None]:
    def change(arguments: Arguments) -> None:
        for item in arguments["hosts"][name]["kubeconfigs"]:
            item["plain"] = item["plain"] and not item["path"].endswith("/kubelet.conf")

    return change


@pytest.mark.parametrize(
    ("changes", "installed"),
    [
        ([_administered("cp2")], set()),
        ([_administered("w1", "/root/.kube/config")], set()),
        # Every node whose kubeconfigs change has to show that its kubelet renews its Lease: kubelet_lease_info reads
        # kubelet.conf and its certificate.
        ([_administered("cp2"), _without_openssl("cp2")], {"cp2"}),
        ([_administered("cp2"), _with_an_odd_kubelet_conf("cp2")], {"cp2"}),
        ([_administered("w1", "/root/.kube/config"), _without_openssl("w1")], {"w1"}),
        # No kubelet is asked there.
        ([_administered("lb1", "/root/.kube/config"), _without_openssl("lb1")], set()),
    ],
)
def test_hosts_of_a_converted_cluster(changes: list[t.Callable[[Arguments], None]], installed: set[str]) -> None:
    arguments = after()
    for change in changes:
        change(arguments)
    plan = plan_of(arguments)
    assert plan.problems == ()
    assert {entry.host for entry in plan.entries if entry.step == "prepare"} == installed


def test_modules_that_need_yaml_do_not_run_for_a_kubeconfig_of_the_serving_control_plane() -> None:
    arguments = after()
    _administered("cp1")(arguments)
    plan = plan_of(arguments)
    groups = {host.name: host.groups for host in plan.hosts}
    assert "kubeadm_ha_point_control_planes" in groups["cp1"]
    assert "kubeadm_ha_point_cluster" not in groups["cp1"]
    assert not [entry for entry in plan.entries if entry.step == "prepare"]


def test_a_restart_of_kube_proxy_alone_needs_yaml() -> None:
    arguments = after()
    arguments["cluster"]["configmaps"]["kube-system/kube-proxy"]["metadata"] = {
        "managedFields": [
            {
                "manager": "kubeadm-ha",
                "operation": "Update",
                "time": "2026-06-01T00:00:00Z",
                "fieldsV1": {"f:data": {"f:kubeconfig.conf": {}}},
            }
        ]
    }
    plan = plan_of(arguments)
    assert [entry.change.object for entry in plan.entries if entry.step == "point"] == [
        "DaemonSet kube-system/kube-proxy"
    ]
    assert [entry.host for entry in plan.entries if entry.step == "prepare"] == ["cp1"]
