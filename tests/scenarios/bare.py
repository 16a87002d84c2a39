# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The conversion as a plain script would do it: the yardstick of ``ratio_to_bare`` in ``make bench``.

It installs the same packages, backs up the same files, waits at the same gates and verifies the same things as
kubeadm.ha.site, on the same lab, and decides nothing: it knows beforehand what a run of the collection finds out.
"""

from __future__ import annotations

import os
import re
import subprocess
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from tests.lab import paths
from tests.lab.podman import container_name
from tests.scenarios.cluster import ADMIN, Lab

_NODES = ("cp1", "cp2", "cp3", "w1", "w2")
_JOINED = ("cp1", "w1", "w2")
_KUBE = "/etc/kubernetes"
_SECONDS = 180.0
_ETCDCTL = (
    "etcdctl --cacert=/etc/kubernetes/pki/etcd/ca.crt --cert=/etc/kubernetes/pki/etcd/server.crt "
    "--key=/etc/kubernetes/pki/etcd/server.key --endpoints=https://127.0.0.1:2379"
)
_HAPROXY = """\
global
  maxconn 4000
defaults
  mode tcp
  timeout connect 300ms
  timeout check 500ms
  timeout client 24h
  timeout server 24h
  retries 3
  option redispatch 1
frontend kubernetes
  bind *:{port}
  default_backend kubernetes
backend kubernetes
  option httpchk GET /readyz
  http-check expect status 200
  default-server inter 500ms fall 2 rise 2 check check-ssl verify required ca-file /etc/haproxy/kubernetes-ca.crt
  default-server verifyhost kubernetes observe layer4 error-limit 1 on-error mark-down
{servers}
"""


class Bare:
    """The script on one lab of the topology ``convert``.

    :param lab: the lab, as it was made.
    :param addresses: address of each node.
    """

    def __init__(self, lab: Lab, addresses: dict[str, str]) -> None:
        self._lab = lab
        self._addresses = addresses
        self._endpoint = lab.endpoint
        self._old = f"{addresses['cp1']}:6443"
        self._environment = {**os.environ, "CONTAINERS_CONF": str(paths.cache().containers_conf)}

    def convert(self) -> list[tuple[str, float]]:
        """Do it; names and seconds of the steps.

        :raises RuntimeError: a command failed, or a gate did not open within three minutes.
        """
        steps: list[tuple[str, Callable[[], None]]] = [
            ("prepare", self._prepare),
            ("backup", self._back_up),
            ("balance", self._balance),
            ("certify", self._certify),
            ("point control planes", self._point_cluster),
            ("point workers", self._point_workers),
            ("join control planes", self._join),
            ("spread", self._spread),
            ("verify", self._verify),
        ]
        seconds = []
        for name, step in steps:
            began = time.monotonic()
            step()
            seconds.append((name, time.monotonic() - began))
        return seconds

    def _prepare(self) -> None:
        self._run("cp1", _install("python3-yaml python3-cryptography"))

    def _back_up(self) -> None:
        files = f"{_KUBE} /var/lib/kubelet/config.yaml /var/lib/kubelet/pki"
        self._everywhere(
            _JOINED, f"umask 077; mkdir -p /var/backups/bare; tar -czf /var/backups/bare/files.tgz {files} 2>/dev/null"
        )
        for name in ("kube-system/kubeadm-config", "kube-system/kube-proxy", "kube-public/cluster-info"):
            namespace, _slash, config_map = name.partition("/")
            self._kubectl(f"-n {namespace} get configmap {config_map} -o yaml > /var/backups/bare/{config_map}.yaml")
        self._kubectl(f"-n kube-system exec etcd-cp1 -- {_ETCDCTL} snapshot save /var/lib/etcd/bare.db")

    def _balance(self) -> None:
        self._run("lb1", _install("haproxy"))
        self._run("lb1", "cat > /etc/haproxy/kubernetes-ca.crt", stdin=self._run("cp1", f"cat {_KUBE}/pki/ca.crt"))
        servers = "\n".join(f"  server {name} {self._addresses[name]}:6443" for name in ("cp1", "cp2", "cp3"))
        configuration = _HAPROXY.format(port=self._endpoint.rpartition(":")[2], servers=servers)
        self._run("lb1", "cat > /etc/haproxy/haproxy.cfg", stdin=configuration)
        self._run(
            "lb1",
            "haproxy -q -c -f /etc/haproxy/haproxy.cfg && systemctl enable -q haproxy && systemctl restart haproxy",
        )
        self._until("lb1", f"curl -sfk -m 2 https://{self._endpoint}/readyz")

    def _certify(self) -> None:
        configuration = self._kubectl(
            "-n kube-system get configmap kubeadm-config -o jsonpath={.data.ClusterConfiguration}"
        )
        host = self._endpoint.rpartition(":")[0]
        wanted = re.sub(r"(?m)^apiServer:.*$", f"apiServer:\n  certSANs: [{host}]", configuration, count=1)
        self._run("cp1", "cat > /root/bare.yaml", stdin=f"{wanted.rstrip()}\ncontrolPlaneEndpoint: {self._endpoint}\n")
        self._run(
            "cp1",
            f"mkdir -p /root/bare && mv {_KUBE}/pki/apiserver.crt {_KUBE}/pki/apiserver.key /root/bare/ && "
            "kubeadm init phase certs apiserver --config=/root/bare.yaml",
        )
        self._ready("cp1", self._endpoint)

    def _point_cluster(self) -> None:
        self._run("cp1", "kubeadm init phase upload-config kubeadm --config=/root/bare.yaml")
        for namespace, name in (("kube-public", "cluster-info"), ("kube-system", "kube-proxy")):
            self._kubectl(
                f"-n {namespace} get configmap {name} -o yaml | sed 's#https://{self._old}#https://{self._endpoint}#' | "
                f"kubectl --kubeconfig={ADMIN} replace -f -"
            )
        self._kubectl("-n kube-system rollout restart daemonset/kube-proxy")
        self._kubectl("-n kube-system rollout status daemonset/kube-proxy --timeout=120s")
        self._run("cp1", f"sed -i 's#https://{self._old}#https://{self._endpoint}#' {ADMIN} {_KUBE}/super-admin.conf")

    def _point_workers(self) -> None:
        for name in ("w1", "w2"):
            self._run(
                name,
                f"sed -i 's#https://{self._old}#https://{self._endpoint}#' {_KUBE}/kubelet.conf && systemctl restart kubelet",
            )
            self._await_renewal(name, self._renewal(name))

    def _join(self) -> None:
        for name in ("cp2", "cp3"):
            self._kubectl(f"-n kube-system exec etcd-cp1 -- {_ETCDCTL} endpoint health --cluster")
            key = self._run(
                "cp1", "kubeadm init phase upload-certs --upload-certs --config=/root/bare.yaml | tail -n 1"
            ).strip()
            command = self._run("cp1", "kubeadm token create --ttl 15m --print-join-command").strip()
            self._run(name, f"{command} --control-plane --certificate-key {key}")
            self._ready(name, f"{self._addresses[name]}:6443")
            self._kubectl(f"wait --for=condition=Ready node/{name} --timeout=120s")
            self._until(
                "cp1",
                f"KUBECONFIG={ADMIN} kubectl -n kube-system exec etcd-{name} -- {_ETCDCTL} endpoint health --cluster",
            )
            self._kubectl("-n kube-system delete secret kubeadm-certs")
            (token,) = re.findall(r"--token ([a-z0-9]{6})\.", command)
            self._run("cp1", f"kubeadm token delete {token}")

    def _spread(self) -> None:
        self._kubectl("-n kube-system rollout restart deployment/coredns")
        self._kubectl("-n kube-system rollout status deployment/coredns --timeout=120s")

    def _verify(self) -> None:
        self._kubectl("wait --for=condition=Ready node --all --timeout=60s")
        for name in _NODES:
            self._ready(name, self._endpoint)
        self._kubectl(f"-n kube-system exec etcd-cp2 -- {_ETCDCTL} endpoint status --cluster")

    def _ready(self, node: str, server: str) -> None:
        self._until(node, f"curl -sf -m 2 --cacert {_KUBE}/pki/ca.crt https://{server}/readyz")

    def _await_renewal(self, node: str, before: str) -> None:
        self._wait(lambda: self._renewal(node) != before, f"the Lease of {node}")

    def _renewal(self, node: str) -> str:
        return self._kubectl(f"-n kube-node-lease get lease {node} -o jsonpath={{.spec.renewTime}}")

    def _kubectl(self, arguments: str) -> str:
        return self._run("cp1", f"kubectl --kubeconfig={ADMIN} {arguments}")

    def _everywhere(self, nodes: Sequence[str], script: str) -> None:
        with ThreadPoolExecutor(max_workers=len(nodes)) as pool:
            list(pool.map(lambda node: self._run(node, script), nodes))

    def _until(self, node: str, script: str) -> None:
        self._wait(lambda: self._call(node, script).returncode == 0, f"{script} on {node}")

    def _wait(self, condition: Callable[[], bool], what: str) -> None:
        end = time.monotonic() + _SECONDS
        while not condition():
            if time.monotonic() > end:
                raise RuntimeError(f"{what}: not within {_SECONDS:.0f} s")
            time.sleep(0.1)

    def _run(self, node: str, script: str, *, stdin: str = "") -> str:
        ended = self._call(node, script, stdin=stdin)
        if ended.returncode != 0:
            raise RuntimeError(f"{node}: {script}: status {ended.returncode}: {ended.stderr[-2000:]}")
        return ended.stdout

    def _call(self, node: str, script: str, *, stdin: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["podman", "exec", "-i", container_name(self._lab.name, node), "sh", "-c", script],
            input=stdin,
            capture_output=True,
            text=True,
            env=self._environment,
            timeout=_SECONDS,
            check=False,
        )


def _install(packages: str) -> str:
    return f"DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends {packages}"


__all__ = ("Bare",)
