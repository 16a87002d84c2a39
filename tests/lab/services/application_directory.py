# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything below one application directory, flags in environment files: how the first guides for Kubernetes by hand did it.

One server certificate serves the API, is the client certificate to kubelets and aggregated API servers, and the CA's key signs
service account tokens. kube-controller-manager and kube-scheduler use the administrator's kubeconfig. Kubelets get their
certificate by TLS bootstrap with a token that never expires, and have names of their own (``--hostname-override``).
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network

from tests.lab import kubeadm
from tests.lab.nodefiles import NodeFile
from tests.lab.services import manifests, text
from tests.lab.services.pki import Authorities, Pair
from tests.lab.services.site import CONTROL_PLANE, ETCD, Files, Site, components, public, secret
from tests.lab.topology import Node

ROOT = "/opt/kubernetes"
ETCD_ROOT = "/opt/etcd"
SERVICE_SUBNET = IPv4Network("10.254.0.0/16")
_BIN, _CFG, _SSL, _LOGS = (f"{ROOT}/{name}" for name in ("bin", "cfg", "ssl", "logs"))
_UNITS = "usr/lib/systemd/system"
_VARIABLES = {
    "kube-apiserver": "KUBE_APISERVER_OPTS",
    "kube-controller-manager": "KUBE_CONTROLLER_MANAGER_OPTS",
    "kube-scheduler": "KUBE_SCHEDULER_OPTS",
    "kubelet": "KUBELET_OPTS",
    "kube-proxy": "KUBE_PROXY_OPTS",
}
_DESCRIPTIONS = {
    "kube-apiserver": "Kubernetes API Server",
    "kube-controller-manager": "Kubernetes Controller Manager",
    "kube-scheduler": "Kubernetes Scheduler",
    "kubelet": "Kubernetes Kubelet",
    "kube-proxy": "Kubernetes Proxy",
}
_BOOTSTRAP_USER = "kubelet-bootstrap"
_API_USER = "kubernetes"
_TAINT = "node-role.kubernetes.io/master=:NoSchedule"


@dataclass(frozen=True, kw_only=True)
class ApplicationDirectory:
    """The files of such a cluster."""

    site: Site
    admin: str = "/root/.kube/config"

    def files(self, authorities: Authorities) -> dict[str, Files]:
        """Files of each node, with new certificates."""
        cluster, etcd = authorities.create("kubernetes"), authorities.create("etcd")
        site = self.site
        server = cluster.issue(_API_USER, organization="k8s", addresses=site.api_addresses, names=site.api_names)
        etcd_server = etcd.issue("etcd", addresses=[IPv4Address("127.0.0.1"), *site.members.values()])
        authority = {"certificate-authority-data": text.encoded(cluster.pair.certificate)}

        def kubeconfig(user: str, credentials: Mapping[str, str]) -> str:
            return text.kubeconfig(site.server, user, authority=authority, credentials=credentials)

        admin = kubeconfig("cluster-admin", text.embedded(cluster.issue("admin", organization="system:masters")))
        proxy = kubeconfig("kube-proxy", text.embedded(cluster.issue("system:kube-proxy", organization="k8s")))
        token = secrets.token_hex(16)
        files = {name: self._member(name, etcd.pair.certificate, etcd_server) for name in site.members}
        for node in (site.master, *site.workers):
            files[node.name] = {
                **files.get(node.name, {}),
                **self._units(node),
                **self._node(node, cluster.pair.certificate),
                f"{_CFG[1:]}/bootstrap.kubeconfig": secret(kubeconfig(_BOOTSTRAP_USER, {"token": token})),
                f"{_CFG[1:]}/kube-proxy.kubeconfig": secret(proxy),
            }
        files[site.master.name] |= {
            **self._control_plane(),
            **_pair(_SSL, "ca", cluster.pair),
            **_pair(_SSL, "server", server),
            f"{_SSL[1:]}/etcd/ca.pem": public(etcd.pair.certificate),
            **_pair(f"{_SSL}/etcd", "server", etcd_server),
            f"{_CFG[1:]}/token.csv": secret(f'{token},{_BOOTSTRAP_USER},10001,"system:node-bootstrapper"\n'),
            f"{_CFG[1:]}/admin.kubeconfig": secret(admin),
            self.admin[1:]: secret(admin),
        }
        return files

    def programs(self, node: Node) -> dict[str, str]:
        """Path of each program that a node has, and its name."""
        names = [name for name in components(self.site.topology, node) if name not in ETCD]
        programs = {f"{_BIN}/{name}": name for name in names}
        if node in self.site.topology.etcd:
            programs |= {f"{ETCD_ROOT}/bin/{name}": name for name in ETCD}
        return {**programs, "/usr/bin/kubectl": "kubectl"} if node == self.site.master else programs

    def manifests(self) -> list[object]:
        """Kubelets may ask for a certificate and get it at once; the API server may use kubelets."""
        signing = "system:certificates.k8s.io:certificatesigningrequests"
        bind = manifests.cluster_role_binding
        return [
            bind("kubelet-bootstrap", "system:node-bootstrapper", manifests.user(_BOOTSTRAP_USER)),
            bind("node-client-auto-approve-csr", f"{signing}:nodeclient", manifests.user(_BOOTSTRAP_USER)),
            bind("node-client-auto-renew-crt", f"{signing}:selfnodeclient", manifests.group("system:nodes")),
            bind("apiserver-to-kubelet", "system:kubelet-api-admin", manifests.user(_API_USER)),
        ]

    def _units(self, node: Node) -> Files:
        names = [name for name in components(self.site.topology, node) if name not in ETCD]
        return {f"{_UNITS}/{name}.service": public(self._unit(name)) for name in names}

    def _unit(self, name: str) -> str:
        section = {"Documentation": "https://github.com/kubernetes/kubernetes"}
        if name == "kubelet":
            section = {"After": "containerd.service"}
        elif name == "kube-proxy":
            section = {"After": "network.target"}
        elif name == "kube-apiserver" and self.site.master.is_etcd_member:
            section["After"] = "etcd.service"
        more = {"LimitNOFILE": "65536"} if name in ("kubelet", "kube-proxy") else {}
        return text.unit(
            _DESCRIPTIONS[name],
            f"{_BIN}/{name} ${_VARIABLES[name]}",
            section=section,
            EnvironmentFile=f"{_CFG}/{name}.conf",
            Restart="on-failure",
            RestartSec="5",
            **more,
        )

    def _control_plane(self) -> Files:
        flags = {
            "kube-apiserver": self.api_server_flags(),
            "kube-controller-manager": self.controller_manager_flags(),
            "kube-scheduler": self.scheduler_flags(),
        }
        return {f"{_CFG[1:]}/{name}.conf": _conf(name, flags[name]) for name in CONTROL_PLANE}

    def api_server_flags(self) -> list[tuple[str, str]]:
        """Flags of kube-apiserver."""
        site = self.site
        return [
            ("v", "2"),
            ("etcd-servers", site.etcd_servers),
            ("bind-address", str(site.address)),
            ("secure-port", "6443"),
            ("advertise-address", str(site.address)),
            ("allow-privileged", "true"),
            ("service-cluster-ip-range", str(site.service_subnet)),
            ("enable-admission-plugins", "NodeRestriction"),
            ("authorization-mode", "RBAC,Node"),
            ("enable-bootstrap-token-auth", "true"),
            ("token-auth-file", f"{_CFG}/token.csv"),
            ("service-node-port-range", "30000-32767"),
            ("kubelet-client-certificate", f"{_SSL}/server.pem"),
            ("kubelet-client-key", f"{_SSL}/server-key.pem"),
            ("tls-cert-file", f"{_SSL}/server.pem"),
            ("tls-private-key-file", f"{_SSL}/server-key.pem"),
            ("client-ca-file", f"{_SSL}/ca.pem"),
            ("service-account-key-file", f"{_SSL}/ca-key.pem"),
            ("service-account-issuer", "https://kubernetes.default.svc.cluster.local"),
            ("service-account-signing-key-file", f"{_SSL}/ca-key.pem"),
            ("etcd-cafile", f"{_SSL}/etcd/ca.pem"),
            ("etcd-certfile", f"{_SSL}/etcd/server.pem"),
            ("etcd-keyfile", f"{_SSL}/etcd/server-key.pem"),
            ("requestheader-client-ca-file", f"{_SSL}/ca.pem"),
            ("proxy-client-cert-file", f"{_SSL}/server.pem"),
            ("proxy-client-key-file", f"{_SSL}/server-key.pem"),
            ("requestheader-allowed-names", _API_USER),
            ("requestheader-extra-headers-prefix", "X-Remote-Extra-"),
            ("requestheader-group-headers", "X-Remote-Group"),
            ("requestheader-username-headers", "X-Remote-User"),
            ("enable-aggregator-routing", "true"),
            ("audit-log-maxage", "30"),
            ("audit-log-maxbackup", "3"),
            ("audit-log-maxsize", "100"),
            ("audit-log-path", f"{_LOGS}/k8s-audit.log"),
        ]

    def controller_manager_flags(self) -> list[tuple[str, str]]:
        """Flags of kube-controller-manager."""
        return [
            ("v", "2"),
            ("leader-elect", "true"),
            ("kubeconfig", f"{_CFG}/admin.kubeconfig"),
            ("bind-address", "127.0.0.1"),
            ("allocate-node-cidrs", "true"),
            ("cluster-cidr", self.site.topology.pod_subnet),
            ("service-cluster-ip-range", str(self.site.service_subnet)),
            ("cluster-signing-cert-file", f"{_SSL}/ca.pem"),
            ("cluster-signing-key-file", f"{_SSL}/ca-key.pem"),
            ("root-ca-file", f"{_SSL}/ca.pem"),
            ("service-account-private-key-file", f"{_SSL}/ca-key.pem"),
            ("cluster-signing-duration", "87600h0m0s"),
        ]

    def scheduler_flags(self) -> list[tuple[str, str]]:
        """Flags of kube-scheduler."""
        return [
            ("v", "2"),
            ("leader-elect", "true"),
            ("kubeconfig", f"{_CFG}/admin.kubeconfig"),
            ("bind-address", "127.0.0.1"),
        ]

    def kubelet_flags(self, node: Node) -> list[tuple[str, str]]:
        """Flags of a kubelet."""
        flags = [
            ("v", "2"),
            ("hostname-override", node.registered),
            ("kubeconfig", f"{_CFG}/kubelet.kubeconfig"),
            ("bootstrap-kubeconfig", f"{_CFG}/bootstrap.kubeconfig"),
            ("config", f"{_CFG}/kubelet-config.yml"),
            ("cert-dir", _SSL),
        ]
        return [*flags, ("register-with-taints", _TAINT)] if node == self.site.master else flags

    def _node(self, node: Node, authority: str) -> Files:
        site = self.site
        configuration = text.kubelet_configuration(
            site.kubernetes, authority=f"{_SSL}/ca.pem", dns=str(site.dns), failSwapOn=False, maxPods=110
        )
        proxy = {
            "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
            "kind": "KubeProxyConfiguration",
            "bindAddress": "0.0.0.0",
            "metricsBindAddress": "0.0.0.0:10249",
            "clientConnection": {"kubeconfig": f"{_CFG}/kube-proxy.kubeconfig"},
            "hostnameOverride": node.registered,
            "clusterCIDR": site.topology.pod_subnet,
            **kubeadm.KUBE_PROXY,
        }
        return {
            f"{_SSL[1:]}/ca.pem": public(authority),
            f"{_CFG[1:]}/kubelet.conf": _conf("kubelet", self.kubelet_flags(node)),
            f"{_CFG[1:]}/kubelet-config.yml": public(configuration),
            f"{_CFG[1:]}/kube-proxy.conf": _conf(
                "kube-proxy", [("v", "2"), ("config", f"{_CFG}/kube-proxy-config.yml")]
            ),
            f"{_CFG[1:]}/kube-proxy-config.yml": public(text.block_yaml(proxy)),
        }

    def _member(self, name: str, authority: str, server: Pair) -> Files:
        ssl = f"{ETCD_ROOT}/ssl"
        return {
            f"{ETCD_ROOT[1:]}/cfg/etcd.conf": public(self._etcd_conf(name)),
            f"{ssl[1:]}/ca.pem": public(authority),
            **_pair(ssl, "server", server),
            f"{_UNITS}/etcd.service": public(_etcd_unit(ssl)),
        }

    def _etcd_conf(self, name: str) -> str:
        address = self.site.members[name]
        names = {member: f"etcd-{number}" for number, member in enumerate(self.site.members, 1)}
        member = {
            "NAME": names[name],
            "DATA_DIR": "/var/lib/etcd/default.etcd",
            "LISTEN_PEER_URLS": f"https://{address}:2380",
            "LISTEN_CLIENT_URLS": f"https://{address}:2379,https://127.0.0.1:2379",
        }
        clustering = {
            "INITIAL_ADVERTISE_PEER_URLS": f"https://{address}:2380",
            "ADVERTISE_CLIENT_URLS": f"https://{address}:2379",
            "INITIAL_CLUSTER": self.site.initial_cluster(names),
            "INITIAL_CLUSTER_TOKEN": "etcd-cluster",
            "INITIAL_CLUSTER_STATE": "new",
        }
        lines = ["#[Member]", *(f'ETCD_{key}="{value}"' for key, value in member.items()), ""]
        lines += ["#[Clustering]", *(f'ETCD_{key}="{value}"' for key, value in clustering.items())]
        return "".join(f"{line}\n" for line in lines)


def _etcd_unit(ssl: str) -> str:
    pair = {"cert-file": f"{ssl}/server.pem", "key-file": f"{ssl}/server-key.pem"}
    flags = [
        *pair.items(),
        ("trusted-ca-file", f"{ssl}/ca.pem"),
        ("client-cert-auth", "true"),
        *((f"peer-{name}", value) for name, value in pair.items()),
        ("peer-trusted-ca-file", f"{ssl}/ca.pem"),
        ("peer-client-cert-auth", "true"),
        ("logger", "zap"),
    ]
    return text.unit(
        "Etcd Server",
        text.command(f"{ETCD_ROOT}/bin/etcd", flags),
        section={"After": "network.target network-online.target", "Wants": "network-online.target"},
        Type="notify",
        EnvironmentFile=f"{ETCD_ROOT}/cfg/etcd.conf",
        Restart="on-failure",
        LimitNOFILE="65536",
    )


def _conf(name: str, flags: text.Flags) -> NodeFile:
    return public(text.environment_file(_VARIABLES[name], flags))


def _pair(directory: str, name: str, pair: Pair) -> Files:
    return {
        f"{directory[1:]}/{name}.pem": public(pair.certificate),
        f"{directory[1:]}/{name}-key.pem": secret(pair.key),
    }
