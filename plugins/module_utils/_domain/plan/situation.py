# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that a plan is computed from."""

from __future__ import annotations

import dataclasses
import functools
import typing as t

from ..base.address import Endpoint, endpoint_or_none
from ..cluster import control_plane_node, deployment_spread
from ..component import anonymous_access
from ..kubeadm import bootstrap_kubeconfig
from . import half_joined, left_by_joins, wanted_sans
from .checks import container_runtime, control_plane_parity, join_readiness, skew
from .checks.preflight import is_joined

if t.TYPE_CHECKING:
    from ..base.address import San
    from ..base.change import Change
    from ..base.connection_attempt import ConnectionAttempt
    from ..base.endpoint_view import View
    from ..base.file_fact import FileFact
    from ..base.role_decision import RoleDecision
    from ..base.version import KubernetesVersion
    from ..cluster.cluster import Cluster
    from ..cluster.node import Node
    from ..etcd.report import EtcdReport
    from ..host.host import Host
    from ..kubeadm.kubeadm_preflight import KubeadmObjections
    from .desired import Desired
    from .lost_nodes import Loss
    from .user_kubeconfigs import Edit


@dataclasses.dataclass(frozen=True)
class Balancer:
    """The state of a load balancer host.

    Attributes:
        is_installed: whether its program is there.
        is_configured: whether its configuration is the wanted one.
        is_running: whether it is enabled and running.
        replaces_foreign: whether the configuration that is replaced is somebody else's.
        needs_cryptography: whether the certificate of its checks is issued or renewed.
        changes: what changes on the host beside the load balancer itself (:mod:`load_balancer`).
    """

    is_installed: bool
    is_configured: bool
    is_running: bool
    replaces_foreign: bool = False
    needs_cryptography: bool = False
    changes: tuple[Change, ...] = ()


@dataclasses.dataclass(frozen=True)
class ApiServer:
    """An API server that a load balancer leads to: the name of its Node, its address and its port."""

    name: str
    address: str
    port: int


@dataclasses.dataclass(frozen=True)
class Situation:
    """Everything that the plan is computed from.

    Hosts, cluster and etcd are as they are after ``losses`` and ``resets``, which the run makes first; ``bare`` hosts are as they are when they have
    been prepared.

    Attributes:
        desired: what the inventory describes.
        hosts: every host that was inspected, by inventory name.
        cluster: what the API reported.
        serving_control_plane: a control plane that serves the API.
        balancers: the load balancer hosts by inventory name.
        decisions: what each role that inspects its hosts before the plan would change there.
        files: by inventory name of a joining control plane what it has of the serving one's files, by path.
        etcd: what etcd reported; ``None`` when it could not be asked.
        resets: hosts that the run resets first.
        losses: what it takes out first of machines that are gone for good.
        bare: inventory names of hosts that the run makes nodes of, see :mod:`bare_hosts`.
        attempts: what became of connections, by the host that tried.
        kubeadm: what the kubeadm of joining hosts objects to, by inventory name.
        kubeadm_failures: why it could not be asked, by inventory name.
        endpoint_views: what hosts see of the endpoint, the served certificates judged; see :mod:`endpoint_checks`.
        kubeconfig_edits: the kubeconfigs of each host that must name another server; see :mod:`kubeconfig_edits`.
    """

    desired: Desired
    hosts: t.Mapping[str, Host]
    cluster: Cluster
    serving_control_plane: Host
    balancers: t.Mapping[str, Balancer]
    decisions: t.Mapping[str, t.Mapping[str, RoleDecision]] = dataclasses.field(default_factory=dict)
    files: t.Mapping[str, t.Mapping[str, FileFact]] = dataclasses.field(default_factory=dict)
    etcd: EtcdReport | None = None
    resets: tuple[half_joined.Reset, ...] = ()
    losses: tuple[Loss, ...] = ()
    bare: tuple[str, ...] = ()
    attempts: t.Mapping[str, tuple[ConnectionAttempt, ...]] = dataclasses.field(default_factory=dict)
    kubeadm: t.Mapping[str, KubeadmObjections] = dataclasses.field(default_factory=dict)
    kubeadm_failures: t.Mapping[str, str] = dataclasses.field(default_factory=dict)
    endpoint_views: t.Mapping[str, View] = dataclasses.field(default_factory=dict)
    kubeconfig_edits: t.Mapping[str, tuple[Edit, ...]] = dataclasses.field(default_factory=dict)

    @property
    def server(self) -> Endpoint:
        """The API server of the serving control plane."""
        return self.serving_control_plane.api_server or Endpoint("")

    @functools.cached_property
    def api_servers(self) -> tuple[ApiServer, ...]:
        """Every API server that exists or is wanted, see :func:`api_servers`."""
        return api_servers(self.desired.control_planes, self.hosts, self.server)

    @property
    def refuses_anonymous(self) -> bool:
        """Whether an API server does not answer an anonymous ``GET /readyz``."""
        return is_closed(anonymous_access.READYZ, self.hosts)

    @property
    def hides_cluster_info(self) -> bool:
        """Whether an API server refuses the anonymous request by which ``kubeadm join`` discovers the cluster."""
        return is_closed(anonymous_access.CLUSTER_INFO, self.hosts) or join_readiness.needs_discovery_file(
            self.hosts, self.cluster
        )

    @property
    def ca_hashes(self) -> frozenset[str]:
        """Hashes of the public keys of the cluster's CAs."""
        return self.serving_control_plane.cluster_ca_hashes

    @functools.cached_property
    def sans(self) -> frozenset[San]:
        """The SANs that every API server's certificate and the ClusterConfiguration must have."""
        return wanted_sans.of_api_servers(
            self.desired, self.joined(self.desired.control_planes), self.cluster.configuration
        )

    @functools.cached_property
    def adoption(self) -> control_plane_parity.Adoption:
        """What of the serving control plane's manifests is taken into the ClusterConfiguration."""
        return control_plane_parity.adoption(self.desired, self.hosts, self.serving_control_plane, self.cluster)

    @functools.cached_property
    def api_versions(self) -> t.Mapping[str, KubernetesVersion]:
        """Version of each API server by host."""
        return skew.api_versions(self.hosts, self.cluster, self.serving_control_plane)

    @functools.cached_property
    def cri_sockets(self) -> t.AbstractSet[str]:
        """The container runtimes' sockets of the cluster's nodes."""
        return container_runtime.sockets_of_cluster(self.hosts, self.cluster)

    @functools.cached_property
    def old_endpoints(self) -> frozenset[Endpoint]:
        """What a consumer may still use instead of the endpoint: the API servers' own addresses and what the cluster names."""
        found = {host.api_server for host in self.hosts.values() if host.api_server is not None}
        found |= {loss.api_server for loss in self.losses if loss.api_server is not None}
        named = (endpoint_or_none(text or "") for text in (self.cluster.joining_server, self.cluster.endpoint))
        found |= {endpoint for endpoint in named if endpoint is not None}
        return frozenset(found - {self.desired.endpoint})

    @functools.cached_property
    def stale_members(self) -> tuple[left_by_joins.Stale, ...]:
        """Members of etcd that joins which did not end have left and the run takes out."""
        found = left_by_joins.stale_members(self.desired.nodes, self.hosts, self.cluster, self.etcd)
        return tuple(item for item in found if item.is_removed)

    @functools.cached_property
    def unmarked(self) -> t.Mapping[str, Change]:
        """Control planes whose Node is not marked as one, with what marks it."""
        joined = (host for host in self.joined(self.desired.control_planes) if host.is_control_plane)
        found = {host.name: control_plane_node.decide(host.node_name, self.cluster.nodes) for host in joined}
        return {name: change for name, change in found.items() if change is not None}

    @functools.cached_property
    def left_bootstrap_kubeconfigs(self) -> t.Mapping[str, Change]:
        """Members whose join ended before it deleted the kubeconfig with its token, with what removes that."""
        tokens = self.cluster.report.bootstrap_tokens
        joined = self.joined(self.desired.nodes)
        found = {host.name: bootstrap_kubeconfig.decide_removal(host.report.bootstrap_token, tokens) for host in joined}
        return {name: change for name, change in found.items() if change is not None}

    @functools.cached_property
    def joining_control_planes(self) -> tuple[Host, ...]:
        """The control planes that are still to join, in their order."""
        return tuple(self.joining(self.desired.control_planes))

    @functools.cached_property
    def joining_workers(self) -> tuple[Host, ...]:
        """The workers that are still to join, in their order."""
        return tuple(self.joining(self.desired.workers))

    def joined(self, names: t.Iterable[str]) -> list[Host]:
        """Those of the hosts that are members of the cluster, in their order."""
        found = (self.hosts[name] for name in names if name in self.hosts)
        return [host for host in found if is_joined(host, self.cluster, self.ca_hashes)]

    def joining(self, names: t.Iterable[str]) -> list[Host]:
        """Those of the hosts that are still to join, in their order."""
        found = (self.hosts[name] for name in names if name in self.hosts)
        return [host for host in found if not is_joined(host, self.cluster, self.ca_hashes)]

    @property
    def nodes(self) -> list[Node]:
        """The nodes of the cluster, and those that will join."""
        desired = self.desired
        joining = [
            deployment_spread.joining_node(host.node_name, control_plane=host.name in desired.control_planes)
            for host in (*self.joining_control_planes, *self.joining_workers)
        ]
        return [*self.cluster.nodes.values(), *joining]


def api_servers(
    desired_control_planes: t.Iterable[str], hosts: t.Mapping[str, Host], like: Endpoint
) -> tuple[ApiServer, ...]:
    """The API servers that run and those that will, like the one given, in the order of the group.

    Hosts that were not inspected have none.
    """
    found = [hosts[name] for name in desired_control_planes if name in hosts]
    servers = [host.future_api_server(like) for host in found]
    return tuple(ApiServer(host.node_name, server.host, server.port) for host, server in zip(found, servers))


def is_closed(path: str, hosts: t.Mapping[str, Host]) -> bool:
    """Whether one of the API servers refuses anonymous requests to this path."""
    return any(path in host.closed_to_anonymous for host in hosts.values())


__all__ = ("ApiServer", "Balancer", "Situation", "api_servers", "is_closed")
