# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The cluster as the audit understands it. Private to kubeadm.ha: no stable interface."""

from __future__ import annotations

import dataclasses
import typing as t

from .errors import InvalidInput
from .host import current_server
from .version import KubernetesVersion

if t.TYPE_CHECKING:
    from .._ports import Yaml

KUBEADM_CONFIG = "kube-system/kubeadm-config"
CLUSTER_INFO = "kube-public/cluster-info"
KUBE_PROXY = "kube-system/kube-proxy"
KUBELET_CONFIG = "kube-system/kubelet-config"


@dataclasses.dataclass(frozen=True)
class Cluster:
    """What ``kubernetes_cluster_info`` found, with the documents inside its ConfigMaps parsed."""

    report: t.Mapping[str, t.Any]
    configuration: t.Mapping[str, t.Any]
    cluster_info: t.Any
    kube_proxy: t.Any
    kubelet_configuration: t.Any = None
    kube_proxy_configuration: t.Any = None

    @classmethod
    def from_report(cls, report: t.Mapping[str, t.Any], *, yaml: Yaml) -> Cluster:
        """Understand a report.

        Raises:
            InvalidInput: when a ConfigMap holds no YAML.
        """
        return cls(
            report=report,
            configuration=_embedded(report, KUBEADM_CONFIG, "ClusterConfiguration", yaml) or {},
            cluster_info=_embedded(report, CLUSTER_INFO, "kubeconfig", yaml),
            kube_proxy=_embedded(report, KUBE_PROXY, "kubeconfig.conf", yaml),
            kubelet_configuration=_embedded(report, kubelet_config_map(report), "kubelet", yaml),
            kube_proxy_configuration=_embedded(report, KUBE_PROXY, "config.conf", yaml),
        )

    @property
    def kubelet_config_map(self) -> str:
        """The ConfigMap with the configuration that joining kubelets get, by namespace and name."""
        return kubelet_config_map(self.report)

    @property
    def version(self) -> KubernetesVersion:
        """Version of the API server that answered."""
        return KubernetesVersion.parse(self.report["version"])

    @property
    def configured_version(self) -> KubernetesVersion | None:
        """``kubernetesVersion`` of the ClusterConfiguration, which joining control planes get; ``None`` if it does not tell."""
        try:
            return KubernetesVersion.parse(str(self.configuration.get("kubernetesVersion") or ""))
        except InvalidInput:
            return None

    @property
    def nodes(self) -> t.Mapping[str, t.Mapping[str, t.Any]]:
        """Nodes by name."""
        return {node["name"]: node for node in self.report["nodes"]}

    @property
    def ready_nodes(self) -> frozenset[str]:
        """Names of the nodes that are Ready."""
        return frozenset(node["name"] for node in self.report["nodes"] if node["ready"])

    @property
    def outdated_signatures(self) -> int:
        """How many signatures of cluster-info are not of its present content."""
        return int(self.report.get("outdated_signatures") or 0)

    @property
    def endpoint(self) -> str:
        """The ``controlPlaneEndpoint`` of the ClusterConfiguration, empty without one."""
        return str(self.configuration.get("controlPlaneEndpoint") or "")

    @property
    def joining_server(self) -> str | None:
        """The server that ``kubeadm join`` takes: cluster-info's, whatever address it was given (kubeadm issue 1955)."""
        return current_server(self.cluster_info)

    @property
    def uses_external_etcd(self) -> bool:
        """Whether etcd runs outside the control planes."""
        return "external" in (self.configuration.get("etcd") or {})


def kubelet_config_map(report: t.Mapping[str, t.Any]) -> str:
    """``kubelet-config`` or, up to 1.23, ``kubelet-config-1.NN`` of the cluster's version."""
    minor = ".".join(str(report["version"]).lstrip("v").split(".")[:2])
    old = f"{KUBELET_CONFIG}-{minor}"
    return old if old in report["configmaps"] else KUBELET_CONFIG


def _embedded(report: t.Mapping[str, t.Any], config_map: str, key: str, yaml: Yaml) -> t.Any:
    text = ((report["configmaps"].get(config_map) or {}).get("data") or {}).get(key)
    if text is None:
        return None
    try:
        return yaml.load(text)
    except InvalidInput as error:
        raise InvalidInput(
            f"{key} in the ConfigMap {config_map} is no YAML document: repair it with kubectl edit. {error.message}"
        ) from error


__all__ = ("CLUSTER_INFO", "KUBEADM_CONFIG", "KUBE_PROXY", "Cluster")
