# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inspection of a host, on this machine and with a Kubernetes directory made for the test."""

from __future__ import annotations

import json
import os
import socket
import types
import typing as t
from pathlib import Path

import pytest

from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.collect import host_inspection
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.collect.host_inspection import HostInspection
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.collect.load_balancer_inspection import (
    LoadBalancerInspection,
)
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host.commands import HostCommands
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host.endpoint_probe import HostEndpointProbe
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.address import Endpoint
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.host.report import HostReport

CANARY = "c4n4ry-s3cr3t"
CERTIFICATE = "-----BEGIN CERTIFICATE-----\nQQ==\n-----END CERTIFICATE-----\n"
KUBECONFIG = f"clusters:\n- name: a\n  cluster:\n    server: https://192.0.2.11:6443\nusers:\n- name: u\n  user:\n    token: {CANARY}\n"
MANIFEST = """
spec:
  containers:
  - command: [kube-apiserver, "--advertise-address=192.0.2.11", --secure-port, "6443"]  # by hand
    image: registry.k8s.io/kube-apiserver:v1
"""


@pytest.fixture(name="kubernetes")
def _kubernetes(tmp_path: Path) -> Path:
    """A directory like /etc/kubernetes."""
    for name, text in {
        "pki/ca.crt": CERTIFICATE,
        "pki/ca.key": CANARY,
        "pki/etcd/server.crt": CERTIFICATE + CANARY,
        "admin.conf": KUBECONFIG,
        "kubelet.conf": json.dumps({"users": [{"name": "u", "user": {"token": CANARY}}], "clusters": []}),
        "manifests/kube-apiserver.yaml": MANIFEST,
        "manifests/agent.yaml": f"spec: {{containers: [{{command: [agent, --token={CANARY}, --password, {CANARY}]}}]}}\n",
    }.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path


def inspect(kubernetes: Path) -> dict[str, t.Any]:
    inspection = HostInspection(HostCommands(timeout=5), kubernetes_dir=str(kubernetes), users=["root", "nobody-here"])
    return inspection.collect().as_dict()


def test_what_is_found(kubernetes: Path) -> None:
    report = inspect(kubernetes)
    assert report["hostname"] == socket.gethostname()
    assert report["has_ca_key"] is True
    assert [item["path"] for item in report["certificates"]][:2] == [
        str(kubernetes / "pki/ca.crt"),
        str(kubernetes / "pki/etcd/server.crt"),
    ]
    manifests = report["manifests"]
    assert manifests["kube-apiserver"]["flags"] == [["advertise-address", "192.0.2.11"], ["secure-port", "6443"]]
    assert manifests["kube-apiserver"]["image"] == "registry.k8s.io/kube-apiserver:v1"
    agent = kubernetes / "manifests/agent.yaml"
    assert manifests["agent"] == {"path": str(agent), "image": "", "flags": []}, "a stranger's arguments stay there"
    assert json.loads(json.dumps(report)) == report
    assert HostReport.from_dict("x", report).as_dict() == report


def test_no_credential_is_in_the_report(kubernetes: Path) -> None:
    assert CANARY not in json.dumps(inspect(kubernetes))


def test_flags_of_the_operator_win_over_kubeadms(
    kubernetes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = {
        "kubeadm-flags.env": 'KUBELET_KUBEADM_ARGS="--node-ip=192.0.2.11 --hostname-override=cp1"\n',
        "sysconfig": "KUBELET_EXTRA_ARGS=--node-ip=192.0.2.99\n",
    }
    for name, text in texts.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    paths = [str(tmp_path / name) for name in ("kubeadm-flags.env", "absent", "sysconfig")]
    monkeypatch.setattr(host_inspection, "_KUBELET_FLAGS", paths)
    assert inspect(kubernetes)["kubelet_flags"] == {"node-ip": "192.0.2.99", "hostname-override": "cp1"}


def test_an_empty_host_is_no_error(tmp_path: Path) -> None:
    report = inspect(tmp_path / "nothing")
    assert (report["certificates"], report["manifests"], report["kubernetes_files"]) == ([], {}, [])


def test_a_listening_socket_and_its_owner_are_reported(kubernetes: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = Path(f"/proc/{os.getpid()}/comm").read_text(encoding="utf-8").strip()
    monkeypatch.setattr(host_inspection, "_CLIENTS", (own,))
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)):
            report = inspect(kubernetes)
    listening = [item for item in report["listening"] if item["port"] == port]
    assert listening == [{"address": "127.0.0.1", "port": port, "process": own}]
    assert {"process": own, "remote": f"127.0.0.1:{port}"} in report["api_clients"]


def test_the_inspection_is_quick(kubernetes: Path) -> None:
    assert inspect(kubernetes)["seconds"] < 3.0


def test_files_of_others_are_reported_by_their_endpoints_only(
    kubernetes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cni = tmp_path / "cni"
    homes = {name: tmp_path / "home" / name for name in ("root", "ann", "eve", "ops")}
    for path, text in {
        cni / "10-calico.conflist": '{"plugins": [{"etcd_endpoints": "https://192.0.2.31:2379"}]}',
        cni / "net.d" / "calico-kubeconfig": KUBECONFIG,
        cni / "20-bridge.conf": '{"ipam": {"subnet": "10.244.0.0/24"}}',
        homes["root"] / ".kube" / "config": KUBECONFIG,
        homes["ann"] / ".kube" / "config": KUBECONFIG,
        homes["eve"] / ".kube" / "config": KUBECONFIG.replace("server:", "server: &old"),
    }.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    (homes["ops"] / ".kube").mkdir(parents=True)
    (homes["ops"] / ".kube" / "config").symlink_to(kubernetes / "admin.conf")
    monkeypatch.setattr(host_inspection, "_CNI_DIRECTORY", str(cni))
    entries = [types.SimpleNamespace(pw_name=name, pw_dir=str(homes[name])) for name in ("root", "ann", "eve", "ops")]
    entries.append(types.SimpleNamespace(pw_name="toor", pw_dir=str(homes["root"])))
    monkeypatch.setattr(host_inspection.pwd, "getpwall", lambda: entries)
    users = ["root", "eve", "ops", "nobody-here"]
    report = HostInspection(HostCommands(timeout=5), kubernetes_dir=str(kubernetes), users=users).collect().as_dict()
    assert report["users"] == ["root", "eve", "ops"]
    assert [(item["path"], item["user"], item["endpoints"]) for item in report["references"]] == [
        (str(cni / "10-calico.conflist"), None, ["192.0.2.31:2379"]),
        (str(cni / "net.d" / "calico-kubeconfig"), None, ["192.0.2.11:6443"]),
        (str(homes["ann"] / ".kube" / "config"), "ann", ["192.0.2.11:6443"]),
        (str(homes["eve"] / ".kube" / "config"), "eve", ["192.0.2.11:6443"]),
    ]
    read = [item["path"] for item in report["kubeconfigs"]]
    assert str(homes["root"] / ".kube" / "config") in read
    assert str(homes["ops"] / ".kube" / "config") not in read, "it is admin.conf itself"
    assert CANARY not in json.dumps(report)


@pytest.mark.parametrize(("host", "addresses"), [("no-such-host.invalid", []), ("127.0.0.1", ["127.0.0.1"])])
def test_the_endpoint_is_inspected_beside_the_rest(kubernetes: Path, host: str, addresses: list[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        endpoint = Endpoint(host, silent.getsockname()[1])
        report = (
            HostInspection(
                HostCommands(timeout=5),
                pki_dir=str(kubernetes / "pki"),
                users=[],
                endpoint=endpoint,
                endpoint_probe=HostEndpointProbe(connect_seconds=0.2),
            )
            .collect()
            .as_dict()
        )
    assert report["endpoint_view"]["endpoint"] == str(endpoint)
    assert report["endpoint_view"]["addresses"] == addresses
    assert [item["outcome"] for item in report["endpoint_view"]["attempts"]] == ["silent"] * len(addresses)
    assert json.loads(json.dumps(report)) == report
    assert inspect(kubernetes)["endpoint_view"] is None


def test_a_manifest_that_cannot_be_read_is_there_with_the_reason(kubernetes: Path) -> None:
    (kubernetes / "manifests/etcd.yaml").write_text("spec: &all\n  containers: []\n", encoding="utf-8")
    etcd = inspect(kubernetes)["manifests"]["etcd"]
    assert etcd["flags"] == []
    assert "cannot be read" in etcd["unreadable"]


@pytest.mark.parametrize(
    "text",
    [
        (
            "{apiVersion: v1, kind: Config, clusters: [{name: a, cluster: {server: 'https://192.0.2.11:6443'}}],"
            f" users: [{{name: u, user: {{token: {CANARY}}}}}]}}"
        ),
        f"clusters: [{{name: a, cluster: {{server: https://192.0.2.11:6443}}}}]\nusers:\n- name: u\n  user: {{token: {CANARY}}}\n",
        f"clusters:\n- {{cluster: {{server: https://192.0.2.11:6443}}, name: a}}\nusers: [{{user: {{client-key-data: {CANARY}}}}}]\n",
    ],
    ids=["flow", "users in flow", "clusters in flow"],
)
def test_a_kubeconfig_in_flow_style_is_read_without_its_credentials(kubernetes: Path, text: str) -> None:
    (kubernetes / "kubelet.conf").write_text(text, encoding="utf-8")
    (found,) = (item for item in inspect(kubernetes)["kubeconfigs"] if item["path"].endswith("kubelet.conf"))
    assert found["text"] is not None
    assert CANARY not in found["text"]
    assert json.loads(found["text"])["clusters"] == [{"name": "a", "cluster": {"server": "https://192.0.2.11:6443"}}]


def test_only_a_load_balancer_host_is_inspected_as_one(kubernetes: Path) -> None:
    def report(options: dict[str, str] | None) -> dict[str, t.Any]:
        commands = HostCommands(timeout=5)
        inspection = HostInspection(commands, kubernetes_dir=str(kubernetes), users=["root"], load_balancer=options)
        return inspection.collect().as_dict()

    assert report(None)["load_balancer"] is None
    for provider in ("haproxy", "nginx"):
        seen = report({"provider": provider, "firewalld_zone": ""})["load_balancer"]
        found = LoadBalancerInspection(HostCommands(timeout=5), provider=provider).collect()
        assert seen == {**found, "clock": seen["clock"]}
