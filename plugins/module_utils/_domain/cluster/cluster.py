# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The cluster as the audit sees it."""

from __future__ import annotations

import dataclasses
import functools
import typing as t

from ..base import configuration_shape
from ..base.errors import InvalidInput
from ..base.version import KubernetesVersion
from ..kubeconfig.document import Kubeconfig
from .report import ClusterReport

if t.TYPE_CHECKING:
    from ..._ports.yaml import Yaml
    from .node import Node

KUBEADM_CONFIG = "kube-system/kubeadm-config"
CLUSTER_INFO = "kube-public/cluster-info"
KUBE_PROXY = "kube-system/kube-proxy"


#: What each embedded document must be, by its key.
_SHAPES: t.Mapping[str, t.Callable[[t.Any], str | None]] = {
    "ClusterConfiguration": configuration_shape.of_cluster_configuration,
    "kubeconfig": configuration_shape.of_kubeconfig,
    "kubeconfig.conf": configuration_shape.of_kubeconfig,
}


@dataclasses.dataclass(frozen=True)
class Cluster:
    """What ``kubernetes_cluster_info`` found, with the documents inside its ConfigMaps parsed.

    ``unreadable`` has a sentence for each ConfigMap whose document cannot be used; the document is empty then.
    """

    report: ClusterReport
    configuration: t.Mapping[str, t.Any]
    cluster_info: Kubeconfig | None
    kube_proxy: Kubeconfig | None
    kubelet_configuration: t.Any = None
    kube_proxy_configuration: t.Any = None
    unreadable: t.Mapping[str, str] = dataclasses.field(default_factory=dict)

    @classmethod
    def from_report(cls, report: ClusterReport, *, yaml: Yaml) -> Cluster:
        """Parse a report. What of its ConfigMaps cannot be understood is named in ``unreadable``, beside the rest."""
        unreadable: dict[str, str] = {}
        return cls(
            report=report,
            configuration=_embedded(report, KUBEADM_CONFIG, "ClusterConfiguration", yaml, unreadable) or {},
            cluster_info=_kubeconfig(_embedded(report, CLUSTER_INFO, "kubeconfig", yaml, unreadable)),
            kube_proxy=_kubeconfig(_embedded(report, KUBE_PROXY, "kubeconfig.conf", yaml, unreadable) or None),
            kubelet_configuration=_embedded(report, report.kubelet_config_map, "kubelet", yaml, unreadable),
            kube_proxy_configuration=_embedded(report, KUBE_PROXY, "config.conf", yaml, unreadable),
            unreadable=unreadable,
        )

    @property
    def kubelet_config_map(self) -> str:
        """The ConfigMap with the configuration that joining kubelets get, by namespace and name."""
        return self.report.kubelet_config_map

    @property
    def kubelet_config_name(self) -> str:
        """Name of that ConfigMap."""
        return self.kubelet_config_map.partition("/")[2]

    @property
    def version(self) -> KubernetesVersion:
        """Version of the API server that answered."""
        return KubernetesVersion.parse(self.report.version)

    @property
    def configured_version(self) -> KubernetesVersion | None:
        """``kubernetesVersion`` of the ClusterConfiguration, which joining control planes get; ``None`` if it does not say."""
        try:
            return KubernetesVersion.parse(str(self.configuration.get("kubernetesVersion") or ""))
        except InvalidInput:
            return None

    @functools.cached_property
    def nodes(self) -> t.Mapping[str, Node]:
        """Nodes by name."""
        return {node.name: node for node in self.report.nodes}

    @functools.cached_property
    def ready_nodes(self) -> frozenset[str]:
        """Names of the nodes that are Ready."""
        return frozenset(node.name for node in self.report.nodes if node.is_ready)

    @property
    def outdated_signatures(self) -> int:
        """How many signatures of cluster-info are not of its present content."""
        return self.report.outdated_signatures

    @property
    def join_rights(self) -> t.Mapping[str, bool]:
        """What a joining node may do, by :mod:`join_rights`, as far as it was asked."""
        return self.report.join_rights or {}

    @property
    def endpoint(self) -> str:
        """The ``controlPlaneEndpoint`` of the ClusterConfiguration, empty without one."""
        return str(self.configuration.get("controlPlaneEndpoint") or "")

    @property
    def joining_server(self) -> str | None:
        """The server that ``kubeadm join`` takes: cluster-info's, whatever address it was given (kubeadm issue 1955)."""
        return None if self.cluster_info is None else self.cluster_info.server

    @property
    def uses_external_etcd(self) -> bool:
        """Whether etcd runs outside the control planes."""
        return "external" in (self.configuration.get("etcd") or {})


def _kubeconfig(document: t.Any) -> Kubeconfig | None:
    return None if document is None else Kubeconfig.parse(document)


def _embedded(report: ClusterReport, config_map: str, key: str, yaml: Yaml, unreadable: dict[str, str]) -> t.Any:
    """The document under a key of a ConfigMap; ``None`` when it is not there, or cannot be used, which is reported then."""
    data = report.data_of(config_map)
    if data.get(key) is None:
        if data and config_map in (KUBEADM_CONFIG, CLUSTER_INFO):
            _note_unreadable(unreadable, config_map, f"has no key {key}")
        return None
    try:
        document = yaml.load(data[key])
    except InvalidInput as error:
        _note_unreadable(
            unreadable, config_map, f"holds no YAML under the key {key} ({' '.join(error.message.split())})"
        )
        return None
    fault = _SHAPES.get(key, configuration_shape.of_map)(document)
    if fault is None:
        return document
    _note_unreadable(unreadable, config_map, f"cannot be used: its {key} {fault}")
    return None


def _note_unreadable(unreadable: dict[str, str], config_map: str, fault: str) -> None:
    namespace, _slash, name = config_map.partition("/")
    unreadable[config_map] = (
        f"The ConfigMap {config_map} {fault}: repair it (kubectl --namespace {namespace} edit configmap {name})."
    )


__all__ = ("CLUSTER_INFO", "KUBEADM_CONFIG", "KUBE_PROXY", "Cluster")
