# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ``kubernetes_services_info`` reports of masters and workers in the layout with one application directory."""

from __future__ import annotations

import hashlib
import json
import typing as t

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.file_fact import CARRIED, MADE, PARENT, FileFact
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.binary.report import ServiceReport, ServicesReport
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.host.report import CertificateFile, KubeconfigFile

CFG, SSL, BIN, UNITS = "/opt/kubernetes/cfg", "/opt/kubernetes/ssl", "/opt/kubernetes/bin", "/usr/lib/systemd/system"
SERVED = "CN=kubernetes|api|192.0.2.11 192.0.2.12 192.0.2.13 192.0.2.10 kubernetes"


def kubeconfig(path: str, server: str, *, plain: bool = True) -> KubeconfigFile:
    """A kubeconfig without credentials."""
    document = {
        "kind": "Config",
        "clusters": [{"name": "kubernetes", "cluster": {"server": server}}],
        "users": [{"name": "u", "user": {}}],
        "contexts": [{"name": "c", "context": {"cluster": "kubernetes", "user": "u"}}],
        "current-context": "c",
    }
    return KubeconfigFile(path, json.dumps(document), "0600", plain)


def fact(
    path: str, use: str = CARRIED, *, kind: str = "file", mode: str = "0644", size: int = 100, content: str = ""
) -> FileFact:
    """Something that is there. Its hash is that of its path, where no content is given."""
    sha256 = (
        hashlib.sha256((content or path).encode()).hexdigest()
        if use == CARRIED and kind == "file" and size <= 1 << 20
        else None
    )
    return FileFact(path, kind, use, "root", "root", 0, 0, mode, size, sha256)


def arguments(address: str, node_name: str) -> dict[str, dict[str, tuple[str, ...]]]:
    """The arguments of each component of a master."""
    return {
        "kube-apiserver": {
            "etcd-servers": ("https://192.0.2.51:2379,https://192.0.2.52:2379,https://192.0.2.53:2379",),
            "bind-address": (address,),
            "advertise-address": (address,),
            "secure-port": ("6443",),
            "client-ca-file": (f"{SSL}/ca.pem",),
            "tls-cert-file": (f"{SSL}/server.pem",),
            "tls-private-key-file": (f"{SSL}/server-key.pem",),
            "service-account-key-file": (f"{SSL}/ca-key.pem",),
            "audit-log-path": ("/opt/kubernetes/logs/audit.log",),
        },
        "kube-controller-manager": {
            "kubeconfig": (f"{CFG}/admin.kubeconfig",),
            "root-ca-file": (f"{SSL}/ca.pem",),
            "bind-address": ("127.0.0.1",),
        },
        "kube-scheduler": {"kubeconfig": (f"{CFG}/admin.kubeconfig",)},
        "kubelet": {
            "hostname-override": (node_name,),
            "kubeconfig": (f"{CFG}/kubelet.kubeconfig",),
            "bootstrap-kubeconfig": (f"{CFG}/bootstrap.kubeconfig",),
            "config": (f"{CFG}/kubelet-config.yml",),
            "cert-dir": (SSL,),
        },
        "kube-proxy": {"config": (f"{CFG}/kube-proxy-config.yml",)},
    }


def configurations(node_name: str) -> dict[str, dict[str, str]]:
    """The fields of configuration files."""
    return {
        f"{CFG}/kubelet-config.yml": {"address": "0.0.0.0", "authentication.x509.clientCAFile": f"{SSL}/ca.pem"},
        f"{CFG}/kube-proxy-config.yml": {
            "bindAddress": "0.0.0.0",
            "hostnameOverride": node_name,
            "clientConnection.kubeconfig": f"{CFG}/kube-proxy.kubeconfig",
        },
    }


def master(
    address: str = "192.0.2.11",
    node_name: str = "k8s-master1",
    *,
    server: str = "https://192.0.2.11:6443",
    components: t.Sequence[str] = (),
    **flags: t.Any,
) -> ServicesReport:
    """A master.

    Args:
        address: its own.
        node_name: of its kubelet.
        server: what its kubeconfigs name.
        components: those that it runs, by default all.
        flags: further arguments of its API server, with underscores; ``None`` takes one away.
    """
    given = arguments(address, node_name)
    for flag, value in flags.items():
        given["kube-apiserver"][flag.replace("_", "-")] = (value,)
        if value is None:
            del given["kube-apiserver"][flag.replace("_", "-")]
    names = components or tuple(given)
    own = [f"{CFG}/{name}.conf" for name in names]
    certificates = [CertificateFile(f"{SSL}/ca.pem", "CN=ca|ca|"), CertificateFile(f"{SSL}/server.pem", SERVED)]
    paths = [f"{SSL}/{name}" for name in ("ca.pem", "ca-key.pem", "server.pem", "server-key.pem")]
    paths += [
        f"{CFG}/{name}"
        for name in ("admin.kubeconfig", "kubelet-config.yml", "kube-proxy-config.yml", "kube-proxy.kubeconfig")
    ]
    paths += [
        f"{CFG}/bootstrap.kubeconfig",
        f"{CFG}/kubelet.kubeconfig",
        *own,
        *(f"{UNITS}/{name}.service" for name in names),
    ]
    kubeconfigs = [f"{CFG}/{name}.kubeconfig" for name in ("admin", "bootstrap", "kube-proxy", "kubelet")]
    everything = (*paths, *(f"{BIN}/{name}" for name in names))
    return ServicesReport(
        services={
            name: ServiceReport(
                unit=f"{name}.service",
                active="active",
                enabled="enabled",
                program=f"{BIN}/{name}",
                build="5eed",
                arguments=given[name],
                files=(f"{UNITS}/{name}.service", f"{CFG}/{name}.conf"),
            )
            for name in names
        },
        facts=(
            *(fact(path, mode="0600" if "key" in path else "0644") for path in paths),
            *(fact(f"{BIN}/{name}", size=80 << 20, mode="0755") for name in names),
            fact("/opt/kubernetes/logs", MADE, kind="directory", mode="0755"),
            fact(SSL, MADE, kind="directory", mode="0755"),
            *(
                fact(path, PARENT, kind="directory", mode="0755")
                for path in ("/opt", "/opt/kubernetes", CFG, BIN, "/usr/lib", UNITS)
            ),
        ),
        # Whatever files name in turn, the API server's do.
        named={name: everything if name == "kube-apiserver" else () for name in names},
        configurations=configurations(node_name),
        certificates=certificates,
        kubeconfigs=[kubeconfig(path, server) for path in kubeconfigs],
    )


def worker(node_name: str, server: str = "https://192.0.2.11:6443") -> ServicesReport:
    """A worker."""
    given = arguments("", node_name)
    names = ("kubelet", "kube-proxy")
    return ServicesReport(
        services={
            name: ServiceReport(
                f"{name}.service",
                "active",
                "enabled",
                program=f"{BIN}/{name}",
                build="5eed",
                arguments=given[name],
            )
            for name in names
        },
        facts=tuple(fact(f"{CFG}/{name}.kubeconfig") for name in ("kubelet", "bootstrap", "kube-proxy")),
        configurations=configurations(node_name),
        kubeconfigs=[kubeconfig(f"{CFG}/{name}.kubeconfig", server) for name in ("bootstrap", "kube-proxy", "kubelet")],
    )
