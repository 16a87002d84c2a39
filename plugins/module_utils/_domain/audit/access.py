# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Findings about who may do what: tokens, anonymous requests, open ports, readable files."""

from __future__ import annotations

import posixpath
import typing as t

from ..kubeadm import bootstrap_token
from . import kinds
from .audit_finding import found
from .audit_input import API_SERVER

if t.TYPE_CHECKING:
    from ..cluster.cluster import Cluster
    from .audit_finding import AuditFinding
    from .audit_input import AuditInput

#: kubelet.conf names its certificate only, which is a file of its own.
_WITHOUT_CREDENTIALS = ("kubelet.conf",)
_OTHERS = 0o044


def find(audit: AuditInput) -> t.Iterator[AuditFinding]:
    """Every finding about access."""
    if audit.cluster is not None:
        yield from _tokens(audit.cluster)
        yield from _anonymous(audit.cluster)
    yield from _api_servers(audit)
    yield from _kubelets(audit)
    yield from _files(audit)


def _tokens(cluster: Cluster) -> t.Iterator[AuditFinding]:
    left = bootstrap_token.left_over(cluster.report.bootstrap_tokens)
    for token in cluster.report.bootstrap_tokens:
        remedy = f"kubeadm token delete {token.name.rpartition('-')[2]}, when nobody joins with it."
        evidence = f"Secret kube-system/{token.name}: {token.description or 'no description'}"
        if not token.expiration:
            yield found(
                kinds.ACCESS_TOKEN,
                f"Secret kube-system/{token.name}",
                f"The bootstrap token {token.name} has no end.",
                evidence,
                remedy=remedy,
            )
        elif token.name in left:
            yield found(
                kinds.ACCESS_TOKEN_LEFT,
                f"Secret kube-system/{token.name}",
                f"The bootstrap token {token.name} is left from a join until {token.expiration}.",
                evidence,
                remedy=f"Run kubeadm.ha.site, which revokes it, or {remedy}",
            )
    if cluster.report.has_uploaded_certificates:
        yield found(
            kinds.ACCESS_UPLOADED,
            bootstrap_token.UPLOADED_CERTIFICATES,
            "The certificates and keys of the control plane are uploaded.",
            "Secret kube-system/kubeadm-certs",
            remedy="kubectl -n kube-system delete secret kubeadm-certs, when no control plane joins.",
        )


def _anonymous(cluster: Cluster) -> t.Iterator[AuditFinding]:
    for binding in cluster.report.audit.anonymous if cluster.report.audit is not None else ():
        subject = binding.partition(":")[0]
        kind, _space, place = subject.partition(" ")
        namespace, _slash, name = place.rpartition("/")
        where = f"-n {namespace} " if namespace else ""
        yield found(
            kinds.ACCESS_ANONYMOUS_RIGHTS,
            subject,
            f"{binding.partition(': ')[2]} is given to requests without a user.",
            binding,
            remedy=f"kubectl {where}delete {kind.lower()} {name}, or take system:anonymous and system:unauthenticated out of it.",
        )


def _api_servers(audit: AuditInput) -> t.Iterator[AuditFinding]:
    unencrypted = []
    for name, item in audit.control_planes.items():
        flags = item.flags_of(API_SERVER)
        modes = flags.get("authorization-mode", "AlwaysAllow" if flags else "")
        if "AlwaysAllow" in modes.split(",") and "authorization-config" not in flags:
            yield found(
                kinds.ACCESS_ALWAYS_ALLOW,
                name,
                f"The API server of {name} authorizes every request.",
                f"--authorization-mode={flags.get('authorization-mode', 'not set, so AlwaysAllow')}",
                remedy="Give it --authorization-mode=Node,RBAC, after the roles that clients need were made.",
            )
        if flags.get("insecure-port", "0") != "0":
            yield found(
                kinds.ACCESS_INSECURE_PORT,
                name,
                f"The API server of {name} listens without TLS on port {flags['insecure-port']}.",
                f"--insecure-port={flags['insecure-port']}",
                f"--insecure-bind-address={flags.get('insecure-bind-address', 'not set')}",
                remedy="Let what connects there use the secure port, then set --insecure-port=0.",
            )
        if flags and "encryption-provider-config" not in flags:
            unencrypted.append(name)
    if unencrypted:
        yield found(
            kinds.ACCESS_UNENCRYPTED,
            API_SERVER,
            f"The API {'server' if len(unencrypted) == 1 else 'servers'} of {', '.join(unencrypted)} "
            f"{'writes' if len(unencrypted) == 1 else 'write'} Secrets as they are.",
            "--encryption-provider-config: not set",
            remedy="https://kubernetes.io/docs/tasks/administer-cluster/encrypt-data/, on every control plane.",
        )


def _kubelets(audit: AuditInput) -> t.Iterator[AuditFinding]:
    configuration = audit.cluster.kubelet_configuration if audit.cluster is not None else None
    authentication = configuration.get("authentication") if isinstance(configuration, dict) else None
    anonymous = authentication.get("anonymous") if isinstance(authentication, dict) else None
    if isinstance(anonymous, dict) and anonymous.get("enabled") is True:
        yield found(
            kinds.ACCESS_ANONYMOUS_KUBELET,
            f"ConfigMap {audit.cluster.kubelet_config_map}" if audit.cluster is not None else "kubelet",
            "Kubelets that get this configuration answer anonymous requests.",
            "authentication.anonymous.enabled: true",
            remedy="Set it to false there and in /var/lib/kubelet/config.yaml of each node, and restart the kubelets.",
        )
    for name, host in audit.hosts.items():
        if host.report.kubelet_arguments.get("anonymous-auth") == "true":
            yield found(
                kinds.ACCESS_ANONYMOUS_KUBELET,
                name,
                f"The kubelet of {name} answers anonymous requests.",
                "--anonymous-auth=true",
                remedy="Take the flag out of what starts the kubelet, and restart it.",
            )


def _files(audit: AuditInput) -> t.Iterator[AuditFinding]:
    for name, host in audit.hosts.items():
        for item in host.report.kubeconfigs:
            if posixpath.basename(item.path) in _WITHOUT_CREDENTIALS:
                continue
            try:
                mode = int(item.mode, 8)
            except ValueError:
                continue
            if mode & _OTHERS:
                yield found(
                    kinds.ACCESS_KUBECONFIG_MODE,
                    name,
                    f"{item.path} on {name} can be read by other users.",
                    f"{item.path}: mode {item.mode}",
                    remedy=f"chmod 600 {item.path} on {name}.",
                )


__all__ = ("find",)
