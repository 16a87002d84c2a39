# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ``kubernetes_cluster_info`` reports of a cluster: the one place that knows how it is written."""

from __future__ import annotations

import dataclasses
import typing as t

from ..base.malformed_report import of_another_kind
from ..base.report_reader import Fields
from ..component.control_plane_health import Health
from ..component.kube_proxy_rollout import KubeProxyPod
from ..kubeadm.bootstrap_token import BootstrapToken
from ..kubeadm.kubelet_config_map import kubelet_config_map
from .consumer_inspection import Consumers
from .deployment_spread import Placement
from .node import Node

#: The version of what :meth:`ClusterReport.as_dict` writes. A report without one is of the first.
SCHEMA = 1

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
    """

    version: str
    config_maps: t.Mapping[str, t.Mapping[str, t.Any]]
    nodes: tuple[Node, ...]
    kube_proxy_pods: tuple[KubeProxyPod, ...]
    has_kube_proxy: bool
    bootstrap_tokens: tuple[BootstrapToken, ...]
    has_uploaded_certificates: bool
    cluster_dns: Placement
    consumers: Consumers
    outdated_signatures: int
    health: Health | None
    join_rights: t.Mapping[str, bool] | None

    @classmethod
    def from_dict(cls, document: t.Mapping[str, t.Any]) -> ClusterReport:
        """From what :meth:`as_dict` gave.

        Raises:
            MalformedReport: naming the key and what was found there.
        """
        fields = Fields.of(_WHOSE, document)
        schema = fields.whole("schema", SCHEMA)
        if schema != SCHEMA:
            raise of_another_kind(_WHOSE, "schema", schema, str(SCHEMA))
        config_maps = fields.fields("configmaps")
        rights = fields.optional_fields("join_rights")
        return cls(
            version=fields.text("version"),
            config_maps={name: config_maps.mapping(name) for name in config_maps.document},
            nodes=tuple(Node.from_fields(item) for item in fields.each("nodes")),
            kube_proxy_pods=tuple(map(KubeProxyPod.from_fields, fields.each("kube_proxy_pods", optional=True))),
            has_kube_proxy=fields.flag("has_kube_proxy"),
            bootstrap_tokens=tuple(BootstrapToken.from_fields(item) for item in fields.each("bootstrap_tokens")),
            has_uploaded_certificates=fields.flag("has_uploaded_certificates"),
            cluster_dns=Placement.from_fields(fields.fields("cluster_dns")),
            consumers=Consumers.from_fields(fields.fields("consumers")),
            outdated_signatures=fields.whole("outdated_signatures", 0),
            health=Health.from_fields(fields),
            join_rights=None if rights is None else {name: rights.flag(name) for name in rights.document},
        )

    @property
    def kubelet_config_map(self) -> str:
        """The ConfigMap with the configuration that joining kubelets get, by namespace and name."""
        return kubelet_config_map(self.version, self.config_maps)

    def data_of(self, config_map: str) -> t.Mapping[str, t.Any]:
        """What is in a ConfigMap, by namespace and name; empty when it does not exist."""
        return (self.config_maps.get(config_map) or {}).get("data") or {}

    def as_dict(self) -> dict[str, t.Any]:
        """JSON-compatible."""
        return {
            "configmaps": dict(self.config_maps),
            "nodes": [node.as_dict() for node in self.nodes],
            "kube_proxy_pods": [pod.as_dict() for pod in self.kube_proxy_pods],
            "has_kube_proxy": self.has_kube_proxy,
            "bootstrap_tokens": [token.as_dict() for token in self.bootstrap_tokens],
            "has_uploaded_certificates": self.has_uploaded_certificates,
            "outdated_signatures": self.outdated_signatures,
            **(self.health.as_dict() if self.health is not None else {}),
            "cluster_dns": self.cluster_dns.as_dict(),
            "consumers": self.consumers.as_dict(),
            "version": self.version,
            **({"join_rights": dict(self.join_rights)} if self.join_rights is not None else {}),
        }


__all__ = ("SCHEMA", "ClusterReport")
