# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Findings about what kubeadm has written down of the cluster against what there is."""

from __future__ import annotations

import typing as t

from ..base.address import same_server
from ..etcd import external_fields
from ..plan.checks import control_plane_parity
from . import kinds
from .audit_finding import found
from .audit_input import API_SERVER

if t.TYPE_CHECKING:
    from ..cluster.cluster import Cluster
    from .audit_finding import AuditFinding
    from .audit_input import AuditInput

_CONFIGURATION = "ConfigMap kube-system/kubeadm-config"
_EDIT = "kubectl -n kube-system edit configmap kubeadm-config"


def find(audit: AuditInput) -> t.Iterator[AuditFinding]:
    """Every finding about kubeadm's configuration."""
    cluster = audit.cluster
    if cluster is None:
        return
    for config_map, message in cluster.unreadable.items():
        yield found(
            kinds.KUBEADM_UNREADABLE,
            f"ConfigMap {config_map}",
            f"The ConfigMap {config_map} cannot be used.",
            message,
            remedy="Repair it, or make kubeadm write it anew (kubeadm init phase upload-config).",
        )
    if cluster.configuration:
        yield from _endpoint(cluster)
        yield from _version(cluster)
        yield from _manifests(audit, cluster)
        yield from _etcd(audit, cluster)
    if cluster.outdated_signatures:
        yield found(
            kinds.KUBEADM_SIGNATURE,
            "ConfigMap kube-public/cluster-info",
            f"{cluster.outdated_signatures} signatures of cluster-info are not of its present content.",
            f"{cluster.outdated_signatures} outdated",
            remedy="The controller bootstrapsigner signs it anew within seconds: see whether kube-controller-manager leads.",
        )


def _endpoint(cluster: Cluster) -> t.Iterator[AuditFinding]:
    server = cluster.joining_server
    if cluster.endpoint and server and not same_server(server, f"https://{cluster.endpoint}"):
        yield found(
            kinds.KUBEADM_ENDPOINT,
            _CONFIGURATION,
            f"kubeadm-config names {cluster.endpoint}, cluster-info {server}.",
            f"controlPlaneEndpoint: {cluster.endpoint}",
            f"cluster-info: server {server}",
            remedy="Run kubeadm.ha.site (step point), which makes all of them agree.",
        )


def _version(cluster: Cluster) -> t.Iterator[AuditFinding]:
    stored = cluster.configured_version
    if stored is not None and str(stored) != cluster.report.version and stored != cluster.version:
        yield found(
            kinds.KUBEADM_VERSION,
            _CONFIGURATION,
            f"kubeadm-config says {stored}, the API server is {cluster.report.version}.",
            f"kubernetesVersion: {stored}",
            remedy=f"End the upgrade (kubeadm upgrade apply), or correct kubernetesVersion ({_EDIT}).",
        )


def _manifests(audit: AuditInput, cluster: Cluster) -> t.Iterator[AuditFinding]:
    for name, item in audit.control_planes.items():
        is_of_etcd = item.host.etcd_access is not None and _external(cluster) is not None
        for differences in control_plane_parity.differences(item.host, cluster):
            flags = differences.flags
            if is_of_etcd and differences.component == API_SERVER:
                # How it reaches etcd is a finding of its own.
                flags = tuple(flag for flag in flags if flag.name not in external_fields.FLAGS)
            if not (flags or differences.volumes):
                continue
            yield found(
                kinds.KUBEADM_FLAGS,
                name,
                f"The manifest of {differences.component} on {name} differs from what kubeadm-config says.",
                *map(str, (*flags, *differences.volumes)),
                remedy=f"Write it into kubeadm-config ({_EDIT}), or set kubeadm_ha_adopt_manifest_flags: true and run kubeadm.ha.site.",
            )


def _etcd(audit: AuditInput, cluster: Cluster) -> t.Iterator[AuditFinding]:
    external = _external(cluster)
    if external is None:
        return
    for name, item in audit.control_planes.items():
        access = item.host.etcd_access
        differing = external_fields.differences(access, external) if access is not None else {}
        if differing:
            yield found(
                kinds.KUBEADM_ETCD,
                name,
                f"The API server of {name} reaches etcd otherwise than etcd.external of kubeadm-config says.",
                *(
                    f"--{flag}={used}, in kubeadm-config {stored or 'empty'}"
                    for flag, (used, stored) in differing.items()
                ),
                remedy=f"Make the two agree ({_EDIT}).",
            )


def _external(cluster: Cluster) -> t.Mapping[str, t.Any] | None:
    """``etcd.external`` of the ClusterConfiguration; ``None`` without."""
    external: t.Mapping[str, t.Any] | None = (cluster.configuration.get("etcd") or {}).get("external")
    return external


__all__ = ("find",)
