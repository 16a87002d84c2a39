# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two masters of one cluster, each with its own address, name and identity: systemctl, curl, openssl and kubectl."""

from __future__ import annotations

import json

import pytest
from testinfra.host import Host

SSL, CFG = "/opt/kubernetes/ssl", "/opt/kubernetes/cfg"
COMPONENTS = ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubelet", "kube-proxy")


@pytest.mark.parametrize("component", COMPONENTS)
def test_services_run_and_start_at_boot(host: Host, component: str) -> None:
    service = host.service(component)
    assert service.is_running
    assert service.is_enabled


def test_the_api_server_is_the_hosts_own(host: Host) -> None:
    (address,) = host.interface("eth0").addresses[:1]
    process = host.process.get(comm="kube-apiserver")
    assert f"--advertise-address={address}" in process.args
    answer = host.run(f"curl --silent --cacert {SSL}/ca.pem https://{address}:6443/readyz")
    assert answer.stdout == "ok"


def test_the_kubelet_is_the_hosts_own(host: Host) -> None:
    name = {"m1": "k8s-master1"}.get(host.check_output("hostname"), host.check_output("hostname"))
    subject = host.check_output(f"openssl x509 -in {SSL}/kubelet-client-current.pem -noout -subject -nameopt RFC2253")
    assert f"CN=system:node:{name}" in subject


def test_keys_are_the_same_and_private(host: Host) -> None:
    for name in ("ca-key.pem", "server-key.pem"):
        key = host.file(f"{SSL}/{name}")
        assert (key.user, key.mode) == ("root", 0o600)
    assert not host.file("/run/kubeadm-ha/transfer.key").exists


def test_both_nodes_are_ready(host: Host) -> None:
    if not host.exists("kubectl"):
        return
    nodes = json.loads(host.check_output(f"kubectl --kubeconfig {CFG}/admin.kubeconfig get nodes --output json"))[
        "items"
    ]
    ready = {
        node["metadata"]["name"]
        for node in nodes
        for condition in node["status"]["conditions"]
        if (condition["type"], condition["status"]) == ("Ready", "True")
    }
    assert ready == {"k8s-master1", "m2", "k8s-node1"}
