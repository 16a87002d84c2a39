# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The objects of the cluster that name the endpoint go back to what they named before."""

from __future__ import annotations

import dataclasses
import typing as t

from ....base.address import Endpoint
from ....cluster import control_plane_endpoint
from ....cluster.control_plane_endpoint import KUBE_PROXY
from ....kubeadm import cluster_info_signature
from ....kubeadm.cluster_info_signature import CLUSTER_INFO
from ...entry import Entry
from ...step import Step
from .. import configuration_return

if t.TYPE_CHECKING:
    from ....base.change import Change
    from ....host.host import Host
    from ..rollback import Rollback


@dataclasses.dataclass(frozen=True)
class Record:
    """What the role control_plane_endpoint is given to put the cluster's objects back.

    Attributes:
        server: address and port of the API server of the control plane that stays.
        patch: of the ClusterConfiguration.
        extra_args: flags of the ClusterConfiguration, ``None`` for those that go.
        cluster_info: address and port that cluster-info names; empty when it stays as it is.
        kube_proxy: address and port that kube-proxy's kubeconfig names; likewise.
    """

    server: str
    patch: t.Mapping[str, object]
    extra_args: t.Mapping[str, object]
    cluster_info: str
    kube_proxy: str


class Cluster(Step["Rollback"]):
    """ClusterConfiguration, cluster-info and kube-proxy."""

    name = "return_cluster"

    def entries(self, situation: Rollback, others: t.Sequence[Entry]) -> t.Iterator[Entry]:
        """On the control plane that stays."""
        del others
        for change in _changes(situation):
            yield Entry(situation.first.name, self.name, change)

    def record(self, situation: Rollback, host: Host) -> Record:
        """What each object is to say."""
        del host
        found = configuration_return.decide(situation)
        cluster_info, kube_proxy = _servers(situation)
        return Record(str(situation.server), found.patch, found.extra_args, _text(cluster_info), _text(kube_proxy))


def _changes(situation: Rollback) -> t.Iterator[Change]:
    """The same that the modules decide."""
    cluster = situation.cluster
    cluster_info, kube_proxy = _servers(situation)
    proxy_change = control_plane_endpoint.decide_kube_proxy(cluster.kube_proxy, kube_proxy) if kube_proxy else None
    found = [
        configuration_return.decide(situation).change,
        (control_plane_endpoint.decide_cluster_info(cluster.cluster_info, cluster_info) if cluster_info else None)
        or cluster_info_signature.decide(cluster.outdated_signatures, CLUSTER_INFO),
        proxy_change,
    ]
    yield from (change for change in found if change is not None)
    if cluster.report.has_kube_proxy and cluster.kube_proxy:
        restart = control_plane_endpoint.decide_kube_proxy_restart(
            cluster.report.config_maps["kube-system/kube-proxy"],
            (pod for pod in cluster.report.kube_proxy_pods if pod.is_of_daemonset),
            ready_nodes=cluster.ready_nodes - situation.desired.unmanaged_nodes,
            will_change=proxy_change is not None,
        )
        if restart is not None:
            yield restart


def _servers(situation: Rollback) -> tuple[Endpoint | None, Endpoint | None]:
    """Of cluster-info and of kube-proxy: what stood there before, or, where nothing changes, what stands there."""
    before = {name: server for name, _now, server in situation.config_maps}
    return (
        _endpoint(before.get(CLUSTER_INFO) or (situation.cluster.joining_server or "")),
        _endpoint(
            before.get(KUBE_PROXY) or (situation.cluster.kube_proxy.server if situation.cluster.kube_proxy else "")
        ),
    )


def _endpoint(text: str | None) -> Endpoint | None:
    return Endpoint.parse(text) if text else None


def _text(endpoint: Endpoint | None) -> str:
    return "" if endpoint is None else str(endpoint)


__all__ = ("Cluster", "Record")
