# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the cluster has its certificates where its ClusterConfiguration sends joining ones."""

from __future__ import annotations

import posixpath
import typing as t

from ...base.problem import Problem
from ...pki.certificates_dir import DEFAULT

if t.TYPE_CHECKING:
    from ...cluster.cluster import Cluster
    from ...host.host import Host


def problems(control_planes: t.Iterable[Host], cluster: Cluster) -> t.Iterator[Problem]:
    """Control planes whose certificates are elsewhere than where the ClusterConfiguration sends joining ones."""
    wanted = of_cluster(cluster)
    for host in control_planes:
        if not host.is_same_place(wanted, host.pki_dir):
            yield Problem(
                host.name,
                f"certificatesDir of ConfigMap kube-system/kubeadm-config is {wanted}, but the API server of {host.name} "
                f"runs with the certificates of {host.pki_dir}: joining control planes would get the former; correct "
                f"certificatesDir (kubectl -n kube-system edit configmap kubeadm-config), or make {wanted} on {host.name} "
                f"a link to {host.pki_dir}.",
            )


def of_cluster(cluster: Cluster) -> str:
    """``certificatesDir`` of the ClusterConfiguration, or kubeadm's default."""
    value = cluster.configuration.get("certificatesDir")
    return posixpath.normpath(value) if isinstance(value, str) and value.startswith("/") else DEFAULT


__all__ = ("of_cluster", "problems")
