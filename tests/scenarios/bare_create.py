# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A new cluster as a plain script would make it: the yardstick of ``create_ratio_to_bare`` in ``make bench``.

It installs the same packages from the same mirror, makes the same files, waits at the same gates and verifies the same things as
kubeadm.ha.site, on the same lab, and decides nothing: it knows beforehand what a run of the collection finds out.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import yaml

from tests.scenarios.bare_script import BareScript, install
from tests.scenarios.cluster import ADMIN, Lab

_CONTROL_PLANES, _WORKERS, _BALANCERS = ("cp1", "cp2", "cp3"), ("w1", "w2"), ("lb1", "lb2")
_NODES = (*_CONTROL_PLANES, *_WORKERS)
_SECONDS = 300.0
_VERSION = "1.34.4"
_TOOLS = "containerd conntrack ethtool iptables socat iproute2"
_PAUSE = "registry.k8s.io/pause:3.10.1"
_HAPROXY = """\
global
  maxconn 4000
  stats socket /run/haproxy/admin.sock mode 600
defaults
  mode tcp
  timeout connect 300ms
  timeout check 500ms
  timeout client 24h
  timeout server 24h
  retries 3
  option redispatch 1
frontend kubernetes
  bind *:6443
  default_backend kubernetes
backend kubernetes
  option httpchk GET /readyz
  http-check expect status 200
  default-server inter 500ms fall 2 rise 2 check check-ssl verify required ca-file /etc/haproxy/kubernetes-ca.crt
  default-server verifyhost kubernetes observe layer4 error-limit 1 on-error mark-down
{servers}
"""
_KEEPALIVED = """\
global_defs {{
  vrrp_version 3
}}
vrrp_script haproxy {{
  script "/usr/bin/pgrep haproxy"
  interval 1
  fall 2
}}
vrrp_instance kubernetes {{
  interface eth0
  state BACKUP
  nopreempt
  virtual_router_id 51
  priority {priority}
  advert_int 0.3
  unicast_src_ip {own}
  unicast_peer {{
    {peer}
  }}
  virtual_ipaddress {{
    {vip}/32 dev eth0
  }}
  track_script {{
    haproxy
  }}
}}
"""
_CONTAINERD = {
    "version": 2,
    "plugins": {
        "io.containerd.grpc.v1.cri": {
            "sandbox_image": _PAUSE,
            "restrict_oom_score_adj": True,
            "disable_apparmor": True,
            "registry": {"config_path": "/etc/containerd/certs.d"},
            "cni": {"bin_dir": "/opt/cni/bin", "conf_dir": "/etc/cni/net.d"},
            "containerd": {"runtimes": {"runc": {"runtime_type": "io.containerd.runc.v2"}}},
        }
    },
}
_SMOKE = """\
apiVersion: apps/v1
kind: Deployment
metadata: {{name: smoke, namespace: default}}
spec:
  replicas: 4
  selector: {{matchLabels: {{app: smoke}}}}
  template:
    metadata: {{labels: {{app: smoke}}}}
    spec:
      topologySpreadConstraints:
      - {{maxSkew: 1, topologyKey: kubernetes.io/hostname, whenUnsatisfiable: ScheduleAnyway, labelSelector: {{matchLabels: {{app: smoke}}}}}}
      tolerations: [{{operator: Exists}}]
      containers:
      - name: smoke
        image: {image}
        args: [-conf, /dev/null, -dns.port, "5353"]
        command: [/coredns]
        ports: [{{containerPort: 5353, protocol: TCP}}]
---
apiVersion: v1
kind: Service
metadata: {{name: smoke, namespace: default}}
spec: {{type: NodePort, selector: {{app: smoke}}, ports: [{{port: 5353, protocol: TCP}}]}}
"""


class BareCreate(BareScript):
    """The script on one lab of the topology ``create``.

    :param lab: the lab, as it was made: bare hosts.
    :param addresses: address of each host.
    """

    def __init__(self, lab: Lab, addresses: Mapping[str, str]) -> None:
        super().__init__(lab, addresses, seconds=_SECONDS)
        self._vip = lab.endpoint.rpartition(":")[0]
        self._inputs: dict[str, Any] = yaml.safe_load(
            (lab.inventory.parent / "group_vars" / "all" / "lab.yml").read_text(encoding="utf-8")
        )

    def create(self) -> list[tuple[str, float]]:
        """Do it; names and seconds of the steps.

        :raises RuntimeError: a command failed, or a gate did not open in time.
        """
        steps: list[tuple[str, Callable[[], None]]] = [
            ("nodes", self._prepare),
            ("authorities", self._authorities),
            ("balance", self._balance),
            ("init", self._init),
            ("network", self._network),
            ("join control planes", self._join_control_planes),
            ("join workers", self._join_workers),
            ("spread", self._spread),
            ("verify", self._verify),
        ]
        return self.timed(steps)

    def _prepare(self) -> None:
        repository = self._inputs["kubeadm_ha_package_repository"]
        containerd = "".join(_toml(_CONTAINERD))
        hosts = {
            registry: f'server = "{mirror["url"]}"\n[host."{mirror["url"]}"]\n'
            for registry, mirror in self._inputs["kubeadm_ha_registry_mirrors"].items()
        }
        packages = " ".join(f"{name}={_VERSION}-1.1" for name in ("kubeadm", "kubelet", "kubectl"))

        def prepare(node: str) -> None:
            self.run(node, "cat >/etc/apt/keyrings/kubernetes.asc", stdin=repository["key"])
            source = f"deb [signed-by=/etc/apt/keyrings/kubernetes.asc] {repository['url']} /"
            self.run(node, f"echo '{source}' >/etc/apt/sources.list.d/kubernetes.list")
            self.run(
                node,
                "printf 'net.bridge.bridge-nf-call-iptables = 1\\nnet.ipv4.ip_forward = 1\\n' >/etc/sysctl.d/k8s.conf",
            )
            self.run(node, "mkdir -p /etc/containerd && cat >/etc/containerd/config.toml", stdin=containerd)
            for registry, text in hosts.items():
                directory = f"/etc/containerd/certs.d/{registry}"
                self.run(node, f"mkdir -p {directory} && cat >{directory}/hosts.toml", stdin=text)
            self.run(
                node,
                f"apt-get -qq update && {install(f'{_TOOLS} {packages}')} && apt-mark hold kubeadm kubelet kubectl",
            )
            self.run(node, "systemctl restart containerd && systemctl enable -q containerd kubelet")

        self.everywhere(_NODES, prepare)

    def _configuration(self) -> str:
        names = [self._vip, *self._addresses.values(), *_CONTROL_PLANES]
        documents: list[dict[str, Any]] = [
            {
                "apiVersion": "kubeadm.k8s.io/v1beta4",
                "kind": "InitConfiguration",
                "localAPIEndpoint": {"advertiseAddress": self._addresses["cp1"]},
            },
            {
                "apiVersion": "kubeadm.k8s.io/v1beta4",
                "kind": "ClusterConfiguration",
                "kubernetesVersion": f"v{_VERSION}",
                "controlPlaneEndpoint": self._lab.endpoint,
                "networking": {"podSubnet": "10.244.0.0/16"},
                "apiServer": {"certSANs": names},
            },
            {
                "apiVersion": "kubelet.config.k8s.io/v1beta1",
                "kind": "KubeletConfiguration",
                **self._inputs["kubeadm_ha_kubelet_configuration"],
            },
            {
                "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
                "kind": "KubeProxyConfiguration",
                **self._inputs["kubeadm_ha_kube_proxy_configuration"],
            },
        ]
        return "\n---\n".join(json.dumps(document) for document in documents)

    def _authorities(self) -> None:
        self.run("cp1", "cat >/root/init.yaml", stdin=self._configuration())
        for name in ("ca", "front-proxy-ca", "etcd-ca", "sa"):
            option = "" if name == "sa" else " --config=/root/init.yaml"
            self.run("cp1", f"kubeadm init phase certs {name}{option}")

    def _balance(self) -> None:
        ca = self.run("cp1", "cat /etc/kubernetes/pki/ca.crt")
        servers = "\n".join(f"  server {name} {self._addresses[name]}:6443" for name in _CONTROL_PLANES)
        for number, name in enumerate(_BALANCERS):
            other = self._addresses[_BALANCERS[1 - number]]
            keepalived = _KEEPALIVED.format(
                priority=150 - 50 * number, own=self._addresses[name], peer=other, vip=self._vip
            )
            self.run(name, f"apt-get -qq update; {install('haproxy keepalived')}")
            self.run(name, "cat >/etc/haproxy/kubernetes-ca.crt", stdin=ca)
            self.run(name, "cat >/etc/haproxy/haproxy.cfg", stdin=_HAPROXY.format(servers=servers))
            self.run(name, "haproxy -q -c -f /etc/haproxy/haproxy.cfg && systemctl restart haproxy")
            self.run(name, "cat >/etc/keepalived/keepalived.conf", stdin=keepalived)
            self.run(name, "systemctl enable -q haproxy keepalived && systemctl restart keepalived")
        self.until("lb1", f"ip -o address show | grep -q ' {self._vip}/'")

    def _init(self) -> None:
        self.run("cp1", "kubeadm config images pull --config=/root/init.yaml")
        self.run("cp1", "kubeadm init --config=/root/init.yaml --skip-token-print")
        self.ready("cp1", self._lab.endpoint)
        self.run("cp1", f"mkdir -p /root/.kube && cp {ADMIN} /root/.kube/config")

    def _network(self) -> None:
        base = self._inputs["kubeadm_ha_package_repository"]["url"].removesuffix("/deb/")
        self.run("cp1", f"curl -sf {base}/kube-flannel.yml | kubectl --kubeconfig={ADMIN} apply --server-side -f -")
        self.kubectl("wait --for=condition=Ready node/cp1 --timeout=180s")

    def _join_control_planes(self) -> None:
        for name in ("cp2", "cp3"):
            key = self.run(
                "cp1", "kubeadm init phase upload-certs --upload-certs --config=/root/init.yaml | tail -n 1"
            ).strip()
            command = self.run("cp1", "kubeadm token create --ttl 15m --print-join-command").strip()
            self.run(name, f"{command} --control-plane --certificate-key {key}")
            self.ready(name, f"{self._addresses[name]}:6443")
            self.kubectl(f"wait --for=condition=Ready node/{name} --timeout=180s")
            self.kubectl("-n kube-system delete secret kubeadm-certs")

    def _join_workers(self) -> None:
        def join(name: str) -> None:
            command = self.run("cp1", "kubeadm token create --ttl 15m --print-join-command").strip()
            self.run(name, command)
            self.kubectl(f"wait --for=condition=Ready node/{name} --timeout=180s")

        # In batches as the collection has them: a quarter of two workers is one.
        for name in _WORKERS:
            join(name)

    def _spread(self) -> None:
        self.kubectl("-n kube-system rollout restart deployment/coredns")
        self.kubectl("-n kube-system rollout status deployment/coredns --timeout=120s")

    def _verify(self) -> None:
        image = self.kubectl(
            "-n kube-system get deployment coredns -o jsonpath={.spec.template.spec.containers[0].image}"
        )
        self.run("cp1", f"kubectl --kubeconfig={ADMIN} apply -f -", stdin=_SMOKE.format(image=image))
        self.kubectl("rollout status deployment/smoke --timeout=180s")
        address = self.kubectl("get service smoke -o jsonpath={.spec.clusterIP}")
        port = self.kubectl("get service smoke -o jsonpath={.spec.ports[0].nodePort}")
        for name in _NODES:
            self.ready(name, self._lab.endpoint)
            for place in (
                f"{address}/5353",
                f"127.0.0.1/{port}" if name == "cp1" else f"{self._addresses[name]}/{port}",
            ):
                self.until(name, f"timeout 2 bash -c '</dev/tcp/{place}'")
        self.kubectl("delete deployment/smoke service/smoke")


def _toml(table: Mapping[str, Any], path: tuple[str, ...] = ()) -> list[str]:
    """Lines of TOML: plain values of a table, then the tables below it."""
    lines = [f"{name} = {json.dumps(value)}\n" for name, value in table.items() if not isinstance(value, dict)]
    for name, value in table.items():
        if isinstance(value, dict):
            below = (*path, json.dumps(name))
            lines += [f"[{'.'.join(below)}]\n", *_toml(value, below)]
    return lines


__all__ = ("BareCreate",)
