# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files, flags and patches in the plan of a whole run."""

from __future__ import annotations

import copy
import typing as t

import pytest

from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.text.pyyaml import PyYaml
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.file_fact import FileFact
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.kubeadm.cluster_configuration import (
    ClusterConfiguration,
)
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.kubeadm.manifest_flags import _defaults
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.plan.checks import control_plane_parity
from tests.unit.plugins.module_utils._domain.plan.test_planning import (
    after,
    before,
    facts_of,
    objects,
    plan_of,
    record,
    record_of,
    situation_of,
)

POLICY = FileFact("/etc/kubernetes/audit/policy.yaml", "file", "carried", "root", "root", 0, 0, "0644", 10, "aa" * 32)
FOLDER = FileFact("/etc/kubernetes/audit", "directory", "parent", "root", "root", 0, 0, "0755")
Arguments = dict[str, t.Any]


def with_files(arguments: Arguments, *hosts: str) -> Arguments:
    """The control planes need the audit policy."""
    report = {"files": [FOLDER.as_dict(), POLICY.as_dict()], "refusals": [], "missing": []}
    for host in hosts:
        arguments["hosts"][host]["control_plane_files"] = copy.deepcopy(report)
    return arguments


def with_pods(arguments: Arguments, **flags: str) -> Arguments:
    """The manifests of cp1 are kubeadm's own, the API server's with flags besides."""
    text = arguments["cluster"]["configmaps"]["kube-system/kubeadm-config"]["data"]["ClusterConfiguration"]
    configuration = ClusterConfiguration.parse(PyYaml().load(text))
    own = _defaults("kube-apiserver", configuration, {})
    extra = {name.replace("_", "-"): value for name, value in flags.items()}
    arguments["hosts"]["cp1"]["static_pods"] = {
        "kube-apiserver": {"arguments": [list(item) for item in {**own, **extra}.items()], "mounts": []}
    }
    return arguments


def problems(arguments: Arguments) -> list[str]:
    return [problem.message for problem in plan_of(arguments).problems]


def test_files_come_before_the_join() -> None:
    arguments = with_files(before(), "cp1")
    arguments["files"] = {"cp3": [FOLDER.as_dict(), POLICY.as_dict()]}
    plan = plan_of(arguments)
    assert plan.problems == ()
    joins = [name for step, name in objects(plan, "cp2") if step == "join"]
    assert joins[:3] == [f"directory {FOLDER.path}", f"file {POLICY.path}", "node cp2"]
    assert next(name for step, name in objects(plan, "cp3") if step == "join") == "node cp3", "it has them already"
    assert not [name for _step, name in objects(plan, "w1") if POLICY.path in name]
    carried = control_plane_parity.files_of(situation_of(arguments).serving_control_plane)
    assert [fact.path for fact in carried] == [FOLDER.path, POLICY.path]
    assert record(plan, "cp2", "join").has_files is True
    assert record(plan_of(before()), "cp2", "join").has_files is False


def test_which_files_are_searched_for_on_which_host() -> None:
    arguments = with_files(before(), "cp1")
    facts = facts_of(arguments, "cp1", "cp2", "cp3")
    assert set(facts["files"]) == {"cp2", "cp3"}
    assert [item["path"] for item in facts["files"]["cp2"]] == [FOLDER.path, POLICY.path]
    nothing = facts_of(before(), "cp1", "cp2")
    assert nothing["files"] == {}


def test_a_file_that_differs_stops_the_run() -> None:
    arguments = with_files(before(), "cp1")
    arguments["files"] = {"cp2": [{**POLICY.as_dict(), "sha256": "bb" * 32}]}
    expected = problems(arguments)
    assert len(expected) == 1
    assert expected[0].startswith(f"cp2: {POLICY.path} differs from the one of the serving control plane")


def test_what_cannot_be_carried_stops_only_a_join() -> None:
    for arguments, count in ((before(), 1), (after(), 0)):
        with_files(arguments, "cp1")
        arguments["hosts"]["cp1"]["control_plane_files"]["refusals"] = ["/big is too big."]
        assert problems(arguments) == ["/big is too big."] * count


def test_files_brought_before_do_not_count_as_half_joined() -> None:
    arguments = with_files(before(), "cp1")
    arguments["hosts"]["cp2"]["kubernetes_files"] = [POLICY.path, "/etc/kubernetes/audit/other.yaml"]
    assert problems(arguments) == []
    arguments["hosts"]["cp2"]["kubernetes_files"].append("/etc/kubernetes/pki/ca.crt")
    assert "half joined: it has no kubelet.conf, but /etc/kubernetes/pki/ca.crt;" in problems(arguments)[0]


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ([], ["Port 2379 is already in use on cp2"]),
        ([POLICY.path], ["Port 2379 is already in use on cp2"]),
        ([POLICY.path, "/etc/kubernetes/manifests/.kubelet-keep"], ["Port 2379 is already in use on cp2"]),
        (["/etc/kubernetes/manifests/etcd.yaml"], ["cp2 is half joined"]),
        ([POLICY.path, "/etc/kubernetes/manifests/etcd.yaml"], ["cp2 is half joined"]),
    ],
    ids=["clean", "brought before", "of the package", "half joined", "half joined with files"],
)
def test_ports_are_inspected_unless_a_half_joined_host_is_reported(files: list[str], expected: list[str]) -> None:
    arguments = with_files(before(), "cp1")
    arguments["hosts"]["cp2"]["kubernetes_files"] = files
    arguments["hosts"]["cp2"]["listening"] = [{"address": "0.0.0.0", "port": 2379, "process": ""}]
    found = problems(arguments)
    assert [message.startswith(text) for message, text in zip(found, expected, strict=True)] == [True]


@pytest.mark.parametrize("change", ["differs", "is missing"])
def test_members_must_agree(change: str) -> None:
    arguments = with_files(after(), "cp1", "cp2", "cp3")
    assert (plan_of(arguments).entries, problems(arguments)) == ((), [])
    report = arguments["hosts"]["cp3"]["control_plane_files"]
    if change == "differs":
        report["files"][1]["sha256"] = "bb" * 32
    else:
        report["missing"] = [report["files"].pop()["path"]]
    expected = problems(arguments)
    assert len(expected) == 1
    assert f"{POLICY.path} " in expected[0]
    assert change in expected[0]


def test_a_manual_flag_stops_the_run() -> None:
    assert problems(with_pods(before())) == []
    expected = problems(with_pods(before(), profiling="false"))
    assert len(expected) == 1
    assert "--profiling=false (not set there)" in expected[0]
    assert "kubeadm_ha_adopt_manifest_flags: true" in expected[0]
    assert problems(with_pods(after(), profiling="false")) == [], "nobody joins"


def test_a_manual_flag_is_adopted() -> None:
    arguments = with_pods(before(), profiling="false")
    arguments["adopt_manifest_flags"] = True
    plan = plan_of(arguments)
    assert plan.problems == ()
    change = next(entry.change for entry in plan.entries if entry.change.object.endswith("/kubeadm-config"))
    assert change.after["apiServer.extraArgs.profiling"] == "false"
    assert record(plan, "cp1", "point").extra_args == {"api_server": {"profiling": "false"}}
    assert record(plan, "cp1", "point").extra_volumes == {}
    assert record_of(with_pods(before(), profiling="false"), "cp1", "point").extra_args == {}


def test_patches_make_the_difference_go_away() -> None:
    arguments = with_pods(before(), profiling="false")
    arguments["patches_dir"] = "/etc/kubernetes/patches"
    patch = {"flags": [["profiling", "false"]], "host_paths": [], "has_command": False}
    arguments["hosts"]["cp1"]["kubeadm_patches"] = {"kube-apiserver": patch}
    assert problems(arguments) == []
    arguments["hosts"]["cp1"]["kubeadm_patches"] = None
    assert "has no such directory" in problems(arguments)[1]


def test_a_manifest_that_cannot_be_read_stops_the_run() -> None:
    arguments = before()
    arguments["hosts"]["cp1"]["static_pods"] = {"kube-scheduler": None}
    assert "manifest of kube-scheduler on cp1 is laid out" in problems(arguments)[0]


def test_a_version_without_patches() -> None:
    arguments = before()
    arguments["patches_dir"] = "/p"
    arguments["hosts"]["cp1"]["kubeadm_patches"] = {}
    data = arguments["cluster"]["configmaps"]["kube-system/kubeadm-config"]["data"]
    data["ClusterConfiguration"] = data["ClusterConfiguration"].replace("v1beta4", "v1beta2")
    assert "knows no patches" in problems(arguments)[0]
