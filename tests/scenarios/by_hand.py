# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""States in which people leave clusters: a recipe followed half-way, a control plane lost.

A firewall in the way is one, too. Only the tools that an operator has by hand are used.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

import yaml

from tests.scenarios.cluster import Lab, etcdctl, wait_until

_HAPROXY = """\
frontend kubernetes
  mode tcp
  bind *:6443
  timeout client 10m
  default_backend masters
backend masters
  mode tcp
  option tcp-check
  timeout connect 5s
  timeout server 10m
  server master1 {address}:6443 check
"""
_PKI = "/etc/kubernetes/pki"


def follow_a_recipe_half_way(lab: Lab, *, address: str, balancer: str) -> None:
    """haproxy with a TCP check, certificate and ClusterConfiguration with the endpoint; nothing that connects to it yet.

    :param address: the first control plane's.
    :param balancer: the load balancer's.
    """
    install_haproxy(lab, address)
    configuration = _configuration_with_endpoint(lab, balancer)
    lab.write("cp1", "/root/kubeadm.yaml", yaml.safe_dump(configuration))
    lab.shell("cp1", f"mkdir /root/old && mv {_PKI}/apiserver.crt {_PKI}/apiserver.key /root/old/")
    lab.run("cp1", "kubeadm", "init", "phase", "certs", "apiserver", "--config=/root/kubeadm.yaml")
    lab.run("cp1", "kubeadm", "init", "phase", "upload-config", "kubeadm", "--config=/root/kubeadm.yaml")
    restart_api_server(lab)


def install_haproxy(lab: Lab, address: str) -> None:
    """The balancer as the recipes have it."""
    lab.shell("lb1", "apt-get -qq update && apt-get -qq install -y --no-install-recommends haproxy", timeout=300)
    lab.shell("lb1", f"cat >>/etc/haproxy/haproxy.cfg <<'END'\n{_HAPROXY.format(address=address)}END\n")
    lab.run("lb1", "systemctl", "restart", "haproxy")


def restart_api_server(lab: Lab) -> None:
    """Take the static pod away and put it back, as the recipes say."""
    manifest = "/etc/kubernetes/manifests/kube-apiserver.yaml"
    lab.shell("cp1", f"mv {manifest} /root/ && while pgrep -x kube-apiserver >/dev/null; do sleep 0.2; done")
    lab.shell("cp1", f"mv /root/kube-apiserver.yaml {manifest}")
    ready = "curl -sfk https://localhost:6443/readyz >/dev/null && echo ready; true"
    wait_until(lambda: "ready" in lab.shell("cp1", ready), seconds=120, what="the API server is back")


def _configuration_with_endpoint(lab: Lab, balancer: str) -> dict[str, object]:
    data = lab.objects("configmap", "kubeadm-config", "--namespace=kube-system")["data"]
    configuration: dict[str, object] = yaml.safe_load(data["ClusterConfiguration"])
    configuration["controlPlaneEndpoint"] = f"{balancer}:6443"
    configuration["apiServer"] = {"certSANs": [balancer]}
    return configuration


def lose_control_plane(lab: Lab, node: str) -> None:
    """A control plane is taken down for good: reset, and its Node deleted by hand."""
    lab.run(node, "kubeadm", "reset", "--force")
    lab.kubectl("delete", "node", node)
    wait_until(lambda: node not in _members(lab), seconds=60, what=f"etcd without {node}")


@contextmanager
def closed_port(lab: Lab, node: str, port: int) -> Iterator[None]:
    """A firewall of the node drops what comes to a TCP port."""
    rule = ("INPUT", "--protocol=tcp", f"--dport={port}", "--jump=DROP")
    lab.run(node, "iptables", "--wait", "--insert", *rule)
    try:
        yield
    finally:
        lab.run(node, "iptables", "--wait", "--delete", *rule)


def _members(lab: Lab) -> set[str]:
    members = json.loads(etcdctl(lab, "member", "list", "--write-out=json", node="cp1"))["members"]
    return {member["name"] for member in members}


__all__ = ("closed_port", "follow_a_recipe_half_way", "lose_control_plane")
