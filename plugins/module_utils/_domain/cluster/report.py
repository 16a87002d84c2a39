# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ``kubernetes_cluster_info`` reports of a cluster: the one place that knows how it is written."""

from __future__ import annotations

import dataclasses
import typing as t

from ..base.report_fields import absent, as_dict, at, read
from ..component.control_plane_health import Health
from ..component.kube_proxy_rollout import KubeProxyPod
from ..kubeadm.bootstrap_token import BootstrapToken
from ..kubeadm.kubelet_config_map import kubelet_config_map
from .cluster_audit import ClusterAudit
from .consumer_inspection import Consumers
from .deployment_spread import Placement
from .life_signs import LifeSigns
from .node import Node

_WHOSE = "The report of the cluster"


@dataclasses.dataclass(frozen=True)
class ClusterReport:
    """What the API reported of a cluster, without secrets.

    Attributes:
        version: of the API server that answered.
        config_maps: the ConfigMaps that decide how nodes find and join the cluster, whole, by namespace and name.
        nodes: every Node.
        kube_proxy_pods: every pod with kube-proxy's label.
        has_kube_proxy: whether there is the DaemonSet kube-system/kube-proxy.
        bootstrap_tokens: every one, without its secret.
        has_uploaded_certificates: whether there is the Secret kube-system/kubeadm-certs.
        cluster_dns: where the cluster's DNS runs.
        consumers: what names an old endpoint.
        outdated_signatures: how many signatures of cluster-info are not of its present content.
        health: what runs of the control planes; ``None`` when it was not asked.
        join_rights: what a joining node may do, by :mod:`join_rights`; ``None`` when it was not asked.
        audit: what only an audit asks for; ``None`` when it was not asked.
        life_signs: what was seen of machines that are said to be gone for good.
    """

    #: Of what :meth:`as_dict` writes. A report without one is of the first.
    SCHEMA: t.ClassVar[int] = 1

    version: str
    config_maps: t.Mapping[str, t.Mapping[str, t.Any]] = dataclasses.field(metadata=at("configmaps"))
    nodes: tuple[Node, ...]
    kube_proxy_pods: tuple[KubeProxyPod, ...] = dataclasses.field(metadata=absent(()))
    has_kube_proxy: bool
    bootstrap_tokens: tuple[BootstrapToken, ...]
    has_uploaded_certificates: bool
    cluster_dns: Placement
    consumers: Consumers
    outdated_signatures: int = dataclasses.field(metadata=absent(0))
    health: Health | None = dataclasses.field(metadata=at())
    join_rights: t.Mapping[str, bool] | None = dataclasses.field(metadata=absent(None, is_written=False))
    audit: ClusterAudit | None = dataclasses.field(default=None, metadata=absent(None, is_written=False))
    life_signs: tuple[LifeSigns, ...] = dataclasses.field(default=(), metadata=absent((), is_written=False))

    @classmethod
    def from_dict(cls, document: t.Mapping[str, t.Any]) -> ClusterReport:
        """From what :meth:`as_dict` gave.

        Raises:
            MalformedReport: naming the key and what was found there.
        """
        return read(cls, document, where=_WHOSE)

    @property
    def kubelet_config_map(self) -> str:
        """The ConfigMap with the configuration that joining kubelets get, by namespace and name."""
        return kubelet_config_map(self.version, self.config_maps)

    def data_of(self, config_map: str) -> t.Mapping[str, t.Any]:
        """What is in a ConfigMap, by namespace and name; empty when it does not exist."""
        return (self.config_maps.get(config_map) or {}).get("data") or {}

    def as_dict(self) -> dict[str, t.Any]:
        """JSON-compatible."""
        return as_dict(self)


__all__ = ("ClusterReport",)
