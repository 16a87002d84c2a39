# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The conversion as a plain script would do it: the yardstick of ``ratio_to_bare`` in ``make bench``.

It installs the same packages, backs up the same files, waits at the same gates and verifies the same things as
kubeadm.ha.site, on the same lab, and decides nothing: it knows beforehand what a run of the collection finds out.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from tests.scenarios.bare_script import BareScript, install
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


class Bare(BareScript):
    """The script on one lab of the topology ``convert``.

    :param lab: the lab, as it was made.
    :param addresses: address of each node.
    """

    def __init__(self, lab: Lab, addresses: dict[str, str]) -> None:
        super().__init__(lab, addresses, seconds=_SECONDS)
        self._endpoint = lab.endpoint
        self._old = f"{addresses['cp1']}:6443"

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
        return self.timed(steps)

    def _prepare(self) -> None:
        self.run("cp1", install("python3-yaml python3-cryptography"))

    def _back_up(self) -> None:
        files = f"{_KUBE} /var/lib/kubelet/config.yaml /var/lib/kubelet/pki"
        script = f"umask 077; mkdir -p /var/backups/bare; tar -czf /var/backups/bare/files.tgz {files} 2>/dev/null"
        self.everywhere(_JOINED, lambda node: self.run(node, script))
        for name in ("kube-system/kubeadm-config", "kube-system/kube-proxy", "kube-public/cluster-info"):
            namespace, _slash, config_map = name.partition("/")
            self.kubectl(f"-n {namespace} get configmap {config_map} -o yaml > /var/backups/bare/{config_map}.yaml")
        self.kubectl(f"-n kube-system exec etcd-cp1 -- {_ETCDCTL} snapshot save /var/lib/etcd/bare.db")

    def _balance(self) -> None:
        self.run("lb1", install("haproxy"))
        self.run("lb1", "cat > /etc/haproxy/kubernetes-ca.crt", stdin=self.run("cp1", f"cat {_KUBE}/pki/ca.crt"))
        servers = "\n".join(f"  server {name} {self._addresses[name]}:6443" for name in ("cp1", "cp2", "cp3"))
        configuration = _HAPROXY.format(port=self._endpoint.rpartition(":")[2], servers=servers)
        self.run("lb1", "cat > /etc/haproxy/haproxy.cfg", stdin=configuration)
        self.run(
            "lb1",
            "haproxy -q -c -f /etc/haproxy/haproxy.cfg && systemctl enable -q haproxy && systemctl restart haproxy",
        )
        self.until("lb1", f"curl -sfk -m 2 https://{self._endpoint}/readyz")

    def _certify(self) -> None:
        configuration = self.kubectl(
            "-n kube-system get configmap kubeadm-config -o jsonpath={.data.ClusterConfiguration}"
        )
        host = self._endpoint.rpartition(":")[0]
        wanted = re.sub(r"(?m)^apiServer:.*$", f"apiServer:\n  certSANs: [{host}]", configuration, count=1)
        self.run("cp1", "cat > /root/bare.yaml", stdin=f"{wanted.rstrip()}\ncontrolPlaneEndpoint: {self._endpoint}\n")
        self.run(
            "cp1",
            f"mkdir -p /root/bare && mv {_KUBE}/pki/apiserver.crt {_KUBE}/pki/apiserver.key /root/bare/ && "
            "kubeadm init phase certs apiserver --config=/root/bare.yaml",
        )
        self.ready("cp1", self._endpoint)

    def _point_cluster(self) -> None:
        self.run("cp1", "kubeadm init phase upload-config kubeadm --config=/root/bare.yaml")
        for namespace, name in (("kube-public", "cluster-info"), ("kube-system", "kube-proxy")):
            self.kubectl(
                f"-n {namespace} get configmap {name} -o yaml | sed 's#https://{self._old}#https://{self._endpoint}#' | "
                f"kubectl --kubeconfig={ADMIN} replace -f -"
            )
        self.kubectl("-n kube-system rollout restart daemonset/kube-proxy")
        self.kubectl("-n kube-system rollout status daemonset/kube-proxy --timeout=120s")
        self.run("cp1", f"sed -i 's#https://{self._old}#https://{self._endpoint}#' {ADMIN} {_KUBE}/super-admin.conf")

    def _point_workers(self) -> None:
        for name in ("w1", "w2"):
            self.run(
                name,
                f"sed -i 's#https://{self._old}#https://{self._endpoint}#' {_KUBE}/kubelet.conf && systemctl restart kubelet",
            )
            self._await_renewal(name, self._renewal(name))

    def _join(self) -> None:
        for name in ("cp2", "cp3"):
            self.kubectl(f"-n kube-system exec etcd-cp1 -- {_ETCDCTL} endpoint health --cluster")
            key = self.run(
                "cp1", "kubeadm init phase upload-certs --upload-certs --config=/root/bare.yaml | tail -n 1"
            ).strip()
            command = self.run("cp1", "kubeadm token create --ttl 15m --print-join-command").strip()
            self.run(name, f"{command} --control-plane --certificate-key {key}")
            self.ready(name, f"{self._addresses[name]}:6443")
            self.kubectl(f"wait --for=condition=Ready node/{name} --timeout=120s")
            self.until(
                "cp1",
                f"KUBECONFIG={ADMIN} kubectl -n kube-system exec etcd-{name} -- {_ETCDCTL} endpoint health --cluster",
            )
            self.kubectl("-n kube-system delete secret kubeadm-certs")
            (token,) = re.findall(r"--token ([a-z0-9]{6})\.", command)
            self.run("cp1", f"kubeadm token delete {token}")

    def _spread(self) -> None:
        self.kubectl("-n kube-system rollout restart deployment/coredns")
        self.kubectl("-n kube-system rollout status deployment/coredns --timeout=120s")

    def _verify(self) -> None:
        self.kubectl("wait --for=condition=Ready node --all --timeout=60s")
        for name in _NODES:
            self.ready(name, self._endpoint)
        self.kubectl(f"-n kube-system exec etcd-cp2 -- {_ETCDCTL} endpoint status --cluster")

    def _await_renewal(self, node: str, before: str) -> None:
        self.wait(lambda: self._renewal(node) != before, f"the Lease of {node}")

    def _renewal(self, node: str) -> str:
        return self.kubectl(f"-n kube-node-lease get lease {node} -o jsonpath={{.spec.renewTime}}")


__all__ = ("Bare",)
