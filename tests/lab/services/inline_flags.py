# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Flags in the units, certificates in /etc/kubernetes/cert, kubeconfigs beside them: how the later guides by hand do it.

Every client has a certificate of its own, kubelets one that was issued for them. Service account tokens have a key pair of their
own, Secrets are encrypted, requests audited. The cluster's CA issues etcd's certificates too. The control plane is no Node, and
Nodes are called like their machines.
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network

from tests.lab.nodefiles import NodeFile
from tests.lab.services import manifests, text
from tests.lab.services.pki import Authorities, Authority, Pair
from tests.lab.services.site import CONTROL_PLANE, ETCD, Files, Site, components, public, secret
from tests.lab.topology import Node

SERVICE_SUBNET = IPv4Network("10.32.0.0/24")
ETC, CERT, ETCD_CERT = "/etc/kubernetes", "/etc/kubernetes/cert", "/etc/etcd/cert"
_BIN, _UNITS = "/usr/local/bin", "etc/systemd/system"
_LOCAL = "https://127.0.0.1:6443"
_API_USER = "kubernetes"
_AFTER_NETWORK = {"After": "network-online.target", "Wants": "network-online.target"}
_AUDIT_POLICY: Mapping[str, object] = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "omitStages": ["RequestReceived"],
    "rules": [
        {"level": "None", "users": ["system:kube-proxy"], "verbs": ["watch"]},
        {"level": "None", "nonResourceURLs": ["/healthz*", "/livez*", "/readyz*", "/version"]},
        {"level": "Metadata"},
    ],
}


@dataclass(frozen=True, kw_only=True)
class InlineFlags:
    """The files of such a cluster."""

    site: Site
    admin: str = f"{ETC}/admin.kubeconfig"

    def files(self, authorities: Authorities) -> dict[str, Files]:
        """Files of each node, with new certificates."""
        cluster, site = authorities.create("kubernetes-ca"), self.site
        proxy = self._embedded("system:kube-proxy", site.server, cluster, organization="system:node-proxier")
        files = {name: self._member(name, cluster) for name in site.members}
        for node in site.workers:
            files[node.name] = {
                **files.get(node.name, {}),
                **self._worker(node, cluster),
                f"{ETC[1:]}/kube-proxy.kubeconfig": secret(proxy),
                f"{_UNITS}/kube-proxy.service": self._unit("kube-proxy", self.proxy_flags()),
            }
        files[site.master.name] = {**files.get(site.master.name, {}), **self._control_plane(cluster)}
        return files

    def programs(self, node: Node) -> dict[str, str]:
        """Path of each program that a node has, and its name."""
        names = list(components(self.site.topology, node))
        if node in self.site.topology.etcd:
            names += ETCD
        if node == self.site.master:
            names.append("kubectl")
        return {f"{_BIN}/{name}": name for name in names}

    def manifests(self) -> list[object]:
        """The API server may use kubelets."""
        role = "system:kube-apiserver-to-kubelet"
        resources = [f"nodes/{name}" for name in ("proxy", "stats", "log", "spec", "metrics")]
        rule: Mapping[str, list[str]] = {"apiGroups": [""], "resources": resources, "verbs": ["*"]}
        return [
            manifests.cluster_role(role, [rule]),
            manifests.cluster_role_binding("system:kube-apiserver", role, manifests.user(_API_USER)),
        ]

    def api_server_flags(self) -> list[tuple[str, str]]:
        """Flags of kube-apiserver."""
        site = self.site
        return [
            ("advertise-address", str(site.address)),
            ("allow-privileged", "true"),
            ("apiserver-count", "1"),
            ("audit-log-maxage", "30"),
            ("audit-log-maxbackup", "3"),
            ("audit-log-maxsize", "100"),
            ("audit-log-path", "/var/log/kubernetes/audit.log"),
            ("audit-policy-file", f"{ETC}/audit-policy.yaml"),
            ("authorization-mode", "Node,RBAC"),
            ("bind-address", "0.0.0.0"),
            ("client-ca-file", f"{CERT}/ca.pem"),
            ("enable-admission-plugins", "NamespaceLifecycle,NodeRestriction,LimitRanger,ServiceAccount,ResourceQuota"),
            ("etcd-cafile", f"{CERT}/ca.pem"),
            ("etcd-certfile", f"{CERT}/etcd-client.pem"),
            ("etcd-keyfile", f"{CERT}/etcd-client-key.pem"),
            ("etcd-servers", site.etcd_servers),
            ("event-ttl", "1h"),
            ("encryption-provider-config", f"{ETC}/encryption-config.yaml"),
            ("kubelet-certificate-authority", f"{CERT}/ca.pem"),
            ("kubelet-client-certificate", f"{CERT}/kubernetes.pem"),
            ("kubelet-client-key", f"{CERT}/kubernetes-key.pem"),
            ("kubelet-preferred-address-types", "InternalIP,ExternalIP,Hostname"),
            ("runtime-config", "'api/all=true'"),
            ("service-account-key-file", f"{CERT}/service-account.pem"),
            ("service-account-signing-key-file", f"{CERT}/service-account-key.pem"),
            ("service-account-issuer", site.server),
            ("service-cluster-ip-range", str(site.service_subnet)),
            ("service-node-port-range", "30000-32767"),
            ("tls-cert-file", f"{CERT}/kubernetes.pem"),
            ("tls-private-key-file", f"{CERT}/kubernetes-key.pem"),
            ("v", "2"),
        ]

    def controller_manager_flags(self) -> list[tuple[str, str]]:
        """Flags of kube-controller-manager."""
        return [
            ("bind-address", "0.0.0.0"),
            ("cluster-cidr", self.site.topology.pod_subnet),
            ("cluster-name", "kubernetes"),
            ("cluster-signing-cert-file", f"{CERT}/ca.pem"),
            ("cluster-signing-key-file", f"{CERT}/ca-key.pem"),
            ("kubeconfig", f"{ETC}/kube-controller-manager.kubeconfig"),
            ("leader-elect", "true"),
            ("root-ca-file", f"{CERT}/ca.pem"),
            ("service-account-private-key-file", f"{CERT}/service-account-key.pem"),
            ("service-cluster-ip-range", str(self.site.service_subnet)),
            ("use-service-account-credentials", "true"),
            ("v", "2"),
        ]

    def scheduler_flags(self) -> list[tuple[str, str]]:
        """Flags of kube-scheduler."""
        return [("kubeconfig", f"{ETC}/kube-scheduler.kubeconfig"), ("leader-elect", "true"), ("v", "2")]

    def kubelet_flags(self, node: Node) -> list[tuple[str, str]]:
        """Flags of a kubelet."""
        override = [("hostname-override", node.node_name)] if node.node_name else []
        return [
            ("config", f"{ETC}/kubelet-config.yaml"),
            ("kubeconfig", f"{ETC}/kubelet.kubeconfig"),
            *override,
            ("register-node", "true"),
            ("v", "2"),
        ]

    def proxy_flags(self) -> list[tuple[str, str]]:
        """Flags of kube-proxy."""
        return [
            ("kubeconfig", f"{ETC}/kube-proxy.kubeconfig"),
            ("cluster-cidr", self.site.topology.pod_subnet),
            ("proxy-mode", "iptables"),
            # The table's size is the machine's; a container may not set it.
            ("conntrack-max-per-core", "0"),
            ("v", "2"),
        ]

    def _control_plane(self, cluster: Authority) -> Files:
        site = self.site
        pairs = {
            "ca": cluster.pair,
            "kubernetes": cluster.issue(
                _API_USER, organization="Kubernetes", addresses=site.api_addresses, names=site.api_names
            ),
            "etcd-client": cluster.issue("kube-apiserver-etcd-client"),
            "service-account": cluster.issue("service-accounts", organization="Kubernetes"),
        }
        kubeconfigs = {
            "admin": self._embedded("admin", site.server, cluster, organization="system:masters"),
            **{
                name: self._embedded(f"system:{name}", _LOCAL, cluster, organization=f"system:{name}")
                for name in ("kube-controller-manager", "kube-scheduler")
            },
        }
        flags = {
            "kube-apiserver": self.api_server_flags(),
            "kube-controller-manager": self.controller_manager_flags(),
            "kube-scheduler": self.scheduler_flags(),
        }
        files = {f"{_UNITS}/{name}.service": self._unit(name, flags[name]) for name in CONTROL_PLANE}
        for name, pair in pairs.items():
            files |= _pair(CERT, name, pair)
        files |= {f"{ETC[1:]}/{name}.kubeconfig": secret(content) for name, content in kubeconfigs.items()}
        files[f"{ETC[1:]}/encryption-config.yaml"] = secret(text.block_yaml(_encryption()))
        files[f"{ETC[1:]}/audit-policy.yaml"] = public(text.block_yaml(_AUDIT_POLICY))
        return files

    def _worker(self, node: Node, cluster: Authority) -> Files:
        site = self.site
        user = f"system:node:{node.registered}"
        own = cluster.issue(
            user, organization="system:nodes", addresses=[site.addresses[node.name]], names=[node.registered]
        )
        kubeconfig = text.kubeconfig(
            site.server,
            user,
            authority={"certificate-authority": f"{CERT}/ca.pem"},
            credentials={"client-certificate": f"{CERT}/kubelet.pem", "client-key": f"{CERT}/kubelet-key.pem"},
        )
        configuration = text.kubelet_configuration(
            site.kubernetes,
            authority=f"{CERT}/ca.pem",
            dns=str(site.dns),
            tlsCertFile=f"{CERT}/kubelet.pem",
            tlsPrivateKeyFile=f"{CERT}/kubelet-key.pem",
        )
        return {
            f"{CERT[1:]}/ca.pem": public(cluster.pair.certificate),
            **_pair(CERT, "kubelet", own),
            f"{ETC[1:]}/kubelet.kubeconfig": secret(kubeconfig),
            f"{ETC[1:]}/kubelet-config.yaml": public(configuration),
            f"{_UNITS}/kubelet.service": self._unit("kubelet", self.kubelet_flags(node)),
        }

    def _member(self, name: str, cluster: Authority) -> Files:
        address = self.site.members[name]
        own = cluster.issue(
            name, organization="Kubernetes", addresses=[IPv4Address("127.0.0.1"), address], names=[name, "localhost"]
        )
        return {
            f"{ETCD_CERT[1:]}/ca.pem": public(cluster.pair.certificate),
            **_pair(ETCD_CERT, "etcd", own),
            f"{_UNITS}/etcd.service": public(self._etcd_unit(name, address)),
        }

    def _etcd_unit(self, name: str, address: IPv4Address) -> str:
        pair = {"cert-file": f"{ETCD_CERT}/etcd.pem", "key-file": f"{ETCD_CERT}/etcd-key.pem"}
        flags = [
            ("name", name),
            *pair.items(),
            *((f"peer-{flag}", value) for flag, value in pair.items()),
            ("trusted-ca-file", f"{ETCD_CERT}/ca.pem"),
            ("peer-trusted-ca-file", f"{ETCD_CERT}/ca.pem"),
            ("initial-advertise-peer-urls", f"https://{address}:2380"),
            ("listen-peer-urls", f"https://{address}:2380"),
            ("listen-client-urls", f"https://{address}:2379,https://127.0.0.1:2379"),
            ("advertise-client-urls", f"https://{address}:2379"),
            ("initial-cluster-token", "etcd-cluster-0"),
            ("initial-cluster", self.site.initial_cluster({member: member for member in self.site.members})),
            ("initial-cluster-state", "new"),
            ("data-dir", "/var/lib/etcd/data"),
        ]
        # Values that are not booleans may stand behind a space; etcd's guides write them so.
        command = text.command(f"{_BIN}/etcd", flags, separator=" ")
        command += " \\\n  --client-cert-auth \\\n  --peer-client-cert-auth"
        service = {"Type": "notify", "Restart": "on-failure", "RestartSec": "5"}
        return text.unit("etcd", command, section={"Documentation": "https://etcd.io", **_AFTER_NETWORK}, **service)

    def _unit(self, name: str, flags: text.Flags) -> NodeFile:
        section = {"Documentation": "https://kubernetes.io/docs/"}
        if name == "kubelet":
            section |= {"After": "containerd.service", "Requires": "containerd.service"}
        elif name == "kube-apiserver":
            section |= _AFTER_NETWORK
            if self.site.master.is_etcd_member:
                section["After"] += " etcd.service"
        service = {"Type": "notify"} if name == "kube-apiserver" else {}
        service |= {"Restart": "on-failure", "RestartSec": "5"}
        return public(text.unit(name, text.command(f"{_BIN}/{name}", flags), section=section, **service))

    @staticmethod
    def _embedded(user: str, server: str, cluster: Authority, *, organization: str) -> str:
        pair = cluster.issue(user, organization=organization)
        authority = {"certificate-authority-data": text.encoded(cluster.pair.certificate)}
        return text.kubeconfig(server, user, authority=authority, credentials=text.embedded(pair))


def _encryption() -> Mapping[str, object]:
    key = base64.b64encode(secrets.token_bytes(32)).decode()
    providers = [{"aescbc": {"keys": [{"name": "key1", "secret": key}]}}, {"identity": {}}]
    return {
        "apiVersion": "apiserver.config.k8s.io/v1",
        "kind": "EncryptionConfiguration",
        "resources": [{"resources": ["secrets"], "providers": providers}],
    }


def _pair(directory: str, name: str, pair: Pair) -> Files:
    return {
        f"{directory[1:]}/{name}.pem": public(pair.certificate),
        f"{directory[1:]}/{name}-key.pem": secret(pair.key),
    }
