# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``main()`` of the modules for joining, etcd, Leases and backups: options in, result out."""

from __future__ import annotations

import base64
import json
import typing as t

import pytest
import yaml

from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.text import readers
from ansible_collections.kubeadm.ha.plugins.module_utils._ports.commands import CommandResult
from ansible_collections.kubeadm.ha.plugins.modules import (
    etcd_member_info,
    kubeadm_join,
    kubeadm_join_command,
    kubelet_lease_info,
    kubernetes_host_backup,
)
from tests.unit.plugins.certificates import MemoryFiles, make_ca
from tests.unit.plugins.json_server import json_server
from tests.unit.plugins.memory_api import MemoryApi, MemoryCommands

if t.TYPE_CHECKING:
    from pathlib import Path
    from types import ModuleType

    from tests.unit.plugins.modules.conftest import RunModule

TOKEN = "abcdef.0123456789abcdef"
KEY = "c0ffee" * 10 + "beef"
#: What AnsibleModule adds by itself; of a result with a path also the path's facts.
_ADDED = {"changed", "invocation", "diff", "warnings"}
_PATH_FACTS = {"uid", "gid", "owner", "group", "mode", "state", "size"}

JOIN = {
    "endpoint": "k8s.example.org:6443",
    "token": TOKEN,
    "certificate_key": KEY,
    "ca_cert_hashes": ["sha256:" + "a" * 64],
    "api_version": "kubeadm.k8s.io/v1beta4",
    "control_plane": True,
    "node_labels": {"zone": "a"},
}


def documented(module: ModuleType) -> set[str]:
    """The keys of RETURN."""
    return set(yaml.safe_load(module.RETURN))


def assert_documented(module: ModuleType, result: t.Mapping[str, t.Any], *, has_path: bool = False) -> None:
    """Every key of a result is documented, and every documented key is there."""
    added = _ADDED | (_PATH_FACTS if has_path else set())
    assert set(result) - added - {"changes"} == documented(module) - {"changes"}
    assert isinstance(result["changes"], list)


def test_joining_is_predicted(monkeypatch: pytest.MonkeyPatch, run_module: RunModule) -> None:
    monkeypatch.setattr(kubeadm_join, "HostFiles", lambda: MemoryFiles({}))
    result = run_module("kubeadm_join", check=True, diff=True, **JOIN, node_name="cp2", advertise_address="192.0.2.12")
    assert result["changed"]
    assert (result["node_name"], result["api_server"]) == ("cp2", "192.0.2.12:6443")
    assert result["diff"][0]["after"] == "control plane\n"
    assert_documented(kubeadm_join, result)


def test_a_failed_join_puts_no_secret_out(monkeypatch: pytest.MonkeyPatch, run_module: RunModule) -> None:
    def kubeadm(_arguments: t.Sequence[str], stdin: str | None) -> CommandResult:
        return CommandResult(1, stdin or "", f"error: {stdin}\n")

    monkeypatch.setattr(kubeadm_join, "HostFiles", lambda: MemoryFiles({}))
    monkeypatch.setattr(kubeadm_join, "HostCommands", lambda **_options: MemoryCommands(kubeadm=kubeadm))
    result = run_module("kubeadm_join", **JOIN)
    assert result["failed"]
    assert "zone=a" in result["msg"], "kubeadm was given the label"
    for secret in (TOKEN, TOKEN[7:], KEY):
        assert secret not in json.dumps(result)


@pytest.mark.parametrize("option", ["token", "certificate_key"])
def test_a_malformed_secret_is_not_repeated(
    monkeypatch: pytest.MonkeyPatch, option: str, run_module: RunModule
) -> None:
    monkeypatch.setattr(kubeadm_join, "HostFiles", lambda: MemoryFiles({}))
    result = run_module("kubeadm_join", **{**JOIN, option: "Secret-With-A-Typo"})
    assert f"The option {option} is no" in result["msg"]
    assert "Secret-With-A-Typo" not in json.dumps(result)


def cluster() -> MemoryApi:
    """A cluster of kubeadm."""
    data = base64.b64encode(make_ca().certificate).decode()
    kubeconfig = {"clusters": [{"cluster": {"server": "https://192.0.2.10:6443", "certificate-authority-data": data}}]}
    stored = {"apiVersion": "kubeadm.k8s.io/v1beta4", "kind": "ClusterConfiguration"}

    def configmap(namespace: str, name: str, key: str, document: t.Any) -> dict[str, t.Any]:
        metadata = {"namespace": namespace, "name": name}
        return {"kind": "ConfigMap", "metadata": metadata, "data": {key: yaml.safe_dump(document)}}

    return MemoryApi(
        configmap("kube-public", "cluster-info", "kubeconfig", kubeconfig),
        configmap("kube-system", "kubeadm-config", "ClusterConfiguration", stored),
    )


def test_a_join_command_returns_secrets_and_its_diff_does_not(
    monkeypatch: pytest.MonkeyPatch, run_module: RunModule
) -> None:
    api = cluster()
    commands = MemoryCommands(kubeadm=lambda _arguments, _stdin: CommandResult(0, f"{TOKEN}\n", ""))
    monkeypatch.setattr(kubeadm_join_command, "HostCommands", lambda **_options: commands)
    monkeypatch.setattr(kubeadm_join_command, "open_api", lambda _commands, **_options: api)
    predicted = run_module("kubeadm_join_command", check=True, diff=True)
    assert commands.asked == []
    made = run_module("kubeadm_join_command", diff=True)
    assert made["token"] == TOKEN
    assert TOKEN not in json.dumps([made["diff"], made["changes"]])
    for result in (predicted, made, run_module("kubeadm_join_command", state="absent")):
        assert_documented(kubeadm_join_command, result)


def test_revoking_needs_no_library(monkeypatch: pytest.MonkeyPatch, run_module: RunModule) -> None:
    monkeypatch.setattr(kubeadm_join_command, "YAML_IMPORT_ERROR", "no yaml")
    monkeypatch.setattr(kubeadm_join_command, "open_api", lambda _commands, **_options: cluster())
    assert not run_module("kubeadm_join_command", state="absent")["changed"]
    assert "python_requirements" in run_module("kubeadm_join_command")["msg"]


def test_an_etcd_cluster(tmp_path: Path, run_module: RunModule) -> None:
    with json_server(tmp_path) as server:
        member = {"ID": "10", "name": "cp1", "peerURLs": ["https://192.0.2.11:2380"], "clientURLs": [server.url]}
        answers = {
            "/v3/cluster/member/list": {"members": [member]},
            "/v3/maintenance/status": {"version": "3.6.5", "dbSize": "4096", "leader": "10", "raftTerm": "2"},
            "/v3/maintenance/alarm": {},
            "/v3/kv/range": {"header": {"revision": "5"}},
        }
        server.answers = {path: (200, json.dumps(answer).encode()) for path, answer in answers.items()}
        options = {
            "endpoint": server.url,
            "ca_certificate": server.paths["ca.crt"],
            "client_certificate": server.paths["client.crt"],
            "client_key": server.paths["client.key"],
        }
        result = run_module("etcd_member_info", **options, wait_timeout=5, expected_voters=1)
    assert result["healthy"]
    assert (result["leader"], result["members"][0]["is_leader"]) == ("a", True)
    assert_documented(etcd_member_info, result)
    contained = yaml.safe_load(etcd_member_info.RETURN)["members"]["contains"]
    assert set(contained) == set(result["members"][0])
    alone = run_module("etcd_member_info", client_key="/x")
    assert "required together" in alone["msg"]


def test_a_host_that_has_not_joined_has_no_lease(tmp_path: Path, run_module: RunModule) -> None:
    result = run_module("kubelet_lease_info", kubeconfig=str(tmp_path / "kubelet.conf"))
    assert "has not joined a cluster" in result["msg"]
    assert {"server", "node_name", "renew_time", "kubelet_started", "renewed_after_start"} == documented(
        kubelet_lease_info
    )


def test_a_backup(tmp_path: Path, run_module: RunModule) -> None:
    (tmp_path / "kubernetes").mkdir()
    (tmp_path / "kubernetes" / "ca.key").write_text("private")
    options = {"directory": str(tmp_path / "backups"), "paths": [str(tmp_path / "kubernetes")], "name": "one"}
    predicted = run_module("kubernetes_host_backup", check=True, **options)
    assert not (tmp_path / "backups").exists()
    made = run_module("kubernetes_host_backup", diff=True, **options)
    assert predicted["changes"] == made["changes"]
    assert (made["files"], made["bytes"], made["diff"][0]["after"]) == (1, 7, f"{tmp_path}/backups/one\n")
    assert_documented(kubernetes_host_backup, made, has_path=True)
    assert "private" not in json.dumps(made)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("kubeadm_join", JOIN),
        ("kubeadm_reset", {"node_name": "cp2", "ca_cert_hashes": ["sha256:00"]}),
        ("kubelet_lease_info", {}),
    ],
)
def test_where_nothing_reads_certificates_the_library_is_named(
    monkeypatch: pytest.MonkeyPatch, name: str, options: dict[str, t.Any], run_module: RunModule
) -> None:
    monkeypatch.setattr(readers.x509, "IMPORT_ERROR", "Traceback: no such module")
    monkeypatch.setattr(readers.openssl, "PROGRAM", "a-program-that-no-host-has")
    refused = run_module(name, **options)
    assert refused["failed"] is True
    assert "cryptography" in refused["msg"]
    assert "kubeadm.ha.python_requirements" in refused["msg"]
    predicted = run_module(name, check=True, **options)
    assert (predicted["changed"], predicted["msg"].partition(":")[0]) == (
        not name.endswith("_info"),
        "known after apply",
    )
