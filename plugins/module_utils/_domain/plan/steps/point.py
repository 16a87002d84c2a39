# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who connects to an API server is pointed to the endpoint."""

from __future__ import annotations

import dataclasses
import typing as t

from ...base.address import same_server
from ...cluster import control_plane_endpoint
from ...kubeadm import cluster_configuration, cluster_info_signature
from ...kubeconfig.kubelet_kubeconfig import KUBELET_KUBECONFIG
from ..checks import node_health, proxies
from ..entry import Entry
from ..kubeconfig_edits import KUBELET, is_of_a_host, kubelet_restart
from ..step import Step, hosts_of

if t.TYPE_CHECKING:
    from ...base.change import Change
    from ...base.problem import Problem
    from ...host.host import Host
    from ..situation import Situation


@dataclasses.dataclass(frozen=True)
class Record:
    """What the role control_plane_endpoint is given.

    Attributes:
        server: address and port of the serving control plane's API server.
        sans: SANs that the ClusterConfiguration must have.
        extra_args: arguments of components that it must have, by component.
        extra_volumes: volumes likewise.
        kubeconfigs: ``path``, ``server`` and, where the current context does not decide, ``cluster`` of each that changes.
        restart_kubelet: whether the kubelet is restarted although its kubeconfig does not change.
        is_node: whether the host is a node of the cluster already.
        batches: how many workers are changed at the same time, batch by batch.
    """

    server: str
    sans: tuple[str, ...]
    extra_args: t.Mapping[str, object]
    extra_volumes: t.Mapping[str, object]
    kubeconfigs: tuple[t.Mapping[str, str], ...]
    restart_kubelet: bool
    is_node: bool
    batches: tuple[int | str, ...]


class Point(Step["Situation"]):
    """Kubeconfigs and kubelets of hosts, and the objects of the cluster that name the endpoint."""

    name = "point"

    def entries(self, situation: Situation, others: t.Sequence[Entry]) -> t.Iterator[Entry]:
        """The least important first: one worker, the cluster-wide objects, the others, control planes."""
        del others
        desired = situation.desired
        every = dict.fromkeys((*desired.nodes, *desired.load_balancers))
        by_host = {name: list(_of_host(situation, name)) for name in every if name in situation.hosts}
        workers = [name for name in desired.workers if by_host.get(name)]
        for name in workers[:1]:
            yield from by_host[name]
        for change in _cluster_objects(situation):
            yield Entry(situation.serving_control_plane.name, self.name, change)
        for name in dict.fromkeys((*workers[1:], *desired.control_planes, *desired.load_balancers)):
            yield from by_host.get(name, ())

    def problems(self, situation: Situation, entries: t.Sequence[Entry]) -> t.Iterator[Problem]:
        """Nodes whose kubelets do not work and are not mended by this, and proxies that would be asked for the endpoint."""
        yield from node_health.problems(
            situation.desired.nodes,
            situation.hosts,
            situation.cluster,
            mended=mended_nodes(situation, entries),
            is_networked=any(entry.step == "network" for entry in entries),
        )
        yield from proxies.problems(situation, entries)

    def groups(self, situation: Situation, entries: t.Sequence[Entry]) -> t.Mapping[str, t.Sequence[str]]:
        """One for each play, in the order of :meth:`entries`."""
        desired = situation.desired
        pointed = set(hosts_of(entries, self.name))
        workers = [name for name in desired.workers if name in pointed]
        has_cluster = any(entry.step == self.name and not is_of_a_host(entry.change) for entry in entries)
        balancers = (name for name in desired.load_balancers if name not in desired.control_planes)
        return {
            "point_one_worker": workers[:1],
            "point_cluster": [situation.serving_control_plane.name] if has_cluster else [],
            "point_workers": workers[1:],
            "point_control_planes": [name for name in desired.control_planes if name in pointed],
            "point_load_balancers": [name for name in balancers if name in pointed],
        }

    def record(self, situation: Situation, host: Host) -> Record:
        """The cluster's part is the same for every host."""
        edits = situation.kubeconfig_edits[host.name]
        restart = bool(
            situation.joined([host.name]) and kubelet_restart(situation, host, [edit.change for edit in edits])
        )
        return Record(
            server=str(situation.server),
            sans=tuple(sorted(san.value for san in situation.sans)),
            **situation.adoption.as_options(),
            kubeconfigs=tuple(edit.as_dict() for edit in edits),
            restart_kubelet=restart and not any(edit.path == KUBELET_KUBECONFIG for edit in edits),
            is_node=bool(situation.joined([host.name])),
            batches=situation.desired.worker_batches,
        )


def _of_host(situation: Situation, name: str) -> t.Iterator[Entry]:
    """The kubelet's kubeconfig and its restart, then those of administrators."""
    host = situation.hosts[name]
    changes = [edit.change for edit in situation.kubeconfig_edits[name]]
    restart = kubelet_restart(situation, host, changes) if situation.joined([name]) else None
    own = [change for change in changes if change.object == f"kubeconfig {KUBELET_KUBECONFIG}"]
    for change in (*own, restart, *(change for change in changes if change not in own)):
        if change is not None:
            yield Entry(name, "point", change)


def _cluster_objects(situation: Situation) -> t.Iterator[Change]:
    """The changes of the cluster-wide objects that name the endpoint."""
    desired, cluster = situation.desired, situation.cluster
    adoption = situation.adoption
    wanted = cluster_configuration.Wanted(
        control_plane_endpoint=desired.endpoint,
        cert_sans=tuple(sorted(san.value for san in situation.sans)),
        extra_args=adoption.extra_args,
        extra_volumes=adoption.extra_volumes,
    )
    config_maps = cluster.report.config_maps
    found = [
        cluster_configuration.decide(cluster.configuration, wanted),
        control_plane_endpoint.decide_cluster_info(cluster.cluster_info, desired.endpoint)
        or cluster_info_signature.decide(cluster.outdated_signatures, cluster_info_signature.CLUSTER_INFO),
        control_plane_endpoint.decide_kube_proxy(cluster.kube_proxy, desired.endpoint) if cluster.kube_proxy else None,
    ]
    yield from (change for change in found if change is not None)
    if cluster.report.has_kube_proxy and cluster.kube_proxy:
        restart = control_plane_endpoint.decide_kube_proxy_restart(
            config_maps["kube-system/kube-proxy"],
            (pod for pod in cluster.report.kube_proxy_pods if pod.is_of_daemonset),
            ready_nodes=cluster.ready_nodes - desired.unmanaged_nodes,
            will_change=found[2] is not None,
        )
        if restart is not None:
            yield restart


def mended_nodes(situation: Situation, entries: t.Iterable[Entry]) -> frozenset[str]:
    """Hosts whose kubelet the plan repoints or restarts, or to whose kubelet it brings what it waits for.

    That is its server, by the load balancer, or the pod network.
    """
    done = list(entries)
    objects = (f"kubeconfig {KUBELET_KUBECONFIG}", KUBELET)
    found = {entry.host for entry in done if entry.step == "point" and entry.change.object in objects}
    if any(entry.step == "balance" for entry in done):
        endpoint = situation.desired.endpoint.url
        for host in situation.joined(situation.desired.nodes):
            if same_server(host.servers.get(KUBELET_KUBECONFIG) or "", endpoint):
                found.add(host.name)
    if any(entry.step == "network" for entry in done):
        found.update(host.name for host in situation.joined(situation.desired.nodes))
    return frozenset(found)


__all__ = ("Point", "Record", "mended_nodes")
