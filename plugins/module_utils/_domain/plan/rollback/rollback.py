# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that the plan of a rollback is computed from: a converted cluster, and what was there before."""

from __future__ import annotations

import dataclasses
import functools
import typing as t

from ...base.address import Endpoint, endpoint_or_none, same_server
from ...cluster.control_plane_endpoint import KUBE_PROXY
from ...host import previous_state
from ...kubeadm.cluster_info_signature import CLUSTER_INFO
from ...kubeconfig import kubeconfig
from ...kubeconfig.kubelet_kubeconfig import KUBELET_KUBECONFIG
from .. import left_by_joins
from ..checks import node_health
from ..checks.membership import is_joined
from ..user_kubeconfigs import Edit

if t.TYPE_CHECKING:
    from ...base.change import Change
    from ...cluster.cluster import Cluster
    from ...etcd.etcd import Member
    from ...etcd.report import EtcdReport
    from ...host.host import Host
    from ...host.previous_state import Previous, PreviousState
    from ..desired import Desired


@dataclasses.dataclass(frozen=True)
class Drain:
    """What the drain of a node would change, and why it would fail; empty when nothing is against it."""

    change: Change | None = None
    objection: str = ""


@dataclasses.dataclass(frozen=True)
class Rollback:
    """Everything that the plan is computed from.

    Attributes:
        desired: what the inventory describes.
        hosts: every host that was inspected, by inventory name.
        cluster: what the API reported.
        etcd: what etcd reported; ``None`` when it could not be asked.
        first: the control plane that there was before.
        previous: what each host was before.
        given: address and port that everybody connected to before, as the operator gives it; ``None`` when only records say it.
        drains: what the drain of each host that leaves would change, by inventory name.
        removed: inventory name of the only host that leaves, in a cluster that otherwise stays as it is; empty for a rollback.
    """

    desired: Desired
    hosts: t.Mapping[str, Host]
    cluster: Cluster
    etcd: EtcdReport | None
    first: Host
    previous: t.Mapping[str, PreviousState]
    given: Endpoint | None = None
    drains: t.Mapping[str, Drain] = dataclasses.field(default_factory=dict)
    removed: str = ""

    @property
    def server(self) -> Endpoint:
        """The API server of the control plane that stays."""
        return self.first.api_server or Endpoint("")

    @functools.cached_property
    def leaving(self) -> tuple[Host, ...]:
        """The control planes that were added, as far as anything of them is left, the latest first; or the host that is removed."""
        if self.removed:
            return (self.hosts[self.removed],) if self._is_left(self.hosts[self.removed]) else ()
        names = (name for name in reversed(self.desired.control_planes) if name != self.first.name)
        return tuple(self.hosts[name] for name in names if name in self.hosts and self._is_there(self.hosts[name]))

    @functools.cached_property
    def staying(self) -> tuple[Host, ...]:
        """The nodes that stay."""
        leaving = {host.name for host in self.leaving}
        found = (self.hosts[name] for name in self.desired.nodes if name in self.hosts and name not in leaving)
        return tuple(host for host in found if self.is_node(host))

    @functools.cached_property
    def of_cluster(self) -> t.Mapping[str, list[Previous]]:
        """What the objects of the cluster were before. Runs have written that down on whichever control plane they worked."""
        names = (name for name in self.desired.control_planes if name in self.previous)
        made = sorted((item for name in names for item in self.previous[name].made), key=lambda item: item.at)
        return previous_state.previous(made)

    @functools.cached_property
    def kubeconfig_edits(self) -> t.Mapping[str, tuple[Edit, ...]]:
        """The kubeconfigs of each host that stays, or is no node, that name what a run has pointed them to."""
        leaving = {host.name for host in self.leaving}
        return {name: tuple(self._edits(host)) for name, host in self.hosts.items() if name not in leaving}

    @functools.cached_property
    def targets(self) -> tuple[str, ...]:
        """Address and port of everything that somebody is pointed to."""
        servers = [edit.server for edits in self.kubeconfig_edits.values() for edit in edits]
        servers += [server for _object, _now, server in self.config_maps if server]
        return tuple(dict.fromkeys(str(Endpoint.parse(server)) for server in servers))

    @functools.cached_property
    def config_maps(self) -> tuple[tuple[str, str, str], ...]:
        """Each ConfigMap with a server that a run has put there: the object, the server now, and the one before."""
        found = []
        for name, document in ((CLUSTER_INFO, self.cluster.cluster_info), (KUBE_PROXY, self.cluster.kube_proxy)):
            now = document.server if document is not None else None
            before = self.before(self.of_cluster.get(name, ()), now)
            if now and before is not None:
                found.append((name, now, before))
        return tuple(found)

    @functools.cached_property
    def unexplained(self) -> tuple[str, ...]:
        """What names the inventory's endpoint although no record says what it named before."""
        if not self.desired.endpoint.host or self.desired.endpoint == self.server:
            return ()
        named = [
            (name, document.server)
            for name, document in ((CLUSTER_INFO, self.cluster.cluster_info), (KUBE_PROXY, self.cluster.kube_proxy))
            if document is not None
        ]
        for host in self.staying:
            named += [(f"{path} of {host.name}", server) for path, server in host.servers.items()]
        url = self.desired.endpoint.url
        return tuple(what for what, server in named if server and same_server(server, url) and not self.known(server))

    def known(self, server: str) -> bool:
        """Whether it is known what named this server before a run pointed it there."""
        return self.before(self.of_cluster.get(CLUSTER_INFO, ()), server) is not None

    def before(self, known: t.Iterable[Previous], now: str | None) -> str | None:
        """The server that was named before a run has put the one of now there; ``None`` when no run has, or it is back.

        Args:
            known: what the records say of the object.
            now: the server that it names.
        """
        if not now:
            return None
        found = list(known)
        item = previous_state.of_state(found, now, same=_same)
        if item is not None and isinstance(item.before, str):
            return item.before
        if any(_same(now, each.before) for each in found):
            return None
        if self.given is not None and self.desired.endpoint.host and same_server(now, self.desired.endpoint.url):
            return self.given.url
        return None

    def is_node(self, host: Host) -> bool:
        """Whether a host is a node of this cluster."""
        return is_joined(host, self.cluster, self.first.cluster_ca_hashes)

    def member_of(self, host: Host) -> Member | None:
        """The host's member of stacked etcd."""
        if self.etcd is None or self.cluster.uses_external_etcd:
            return None
        return next((member for member in self.etcd.members if left_by_joins.is_of(member, host)), None)

    def restarts_kubelet(self, host: Host) -> bool:
        """Whether a kubelet whose kubeconfig is right already still works with the server that stood there before."""
        node = self.cluster.nodes.get(host.node_name)
        if not self.is_node(host) or any(edit.path == KUBELET_KUBECONFIG for edit in self.kubeconfig_edits[host.name]):
            return False
        if node_health.has_not_read(host, node):
            return True
        view, server = host.report.endpoint_view, host.servers.get(KUBELET_KUBECONFIG)
        if view is None or not server or same_server(server, view.endpoint.url):
            return False
        left = {str(Endpoint(address, view.endpoint.port)) for address in view.addresses}
        return bool(node_health.connects_to_another(host, left))

    def _is_there(self, host: Host) -> bool:
        """Whether anything of a control plane that a run has added is left: on its host, in the API, or in etcd."""
        if host.name not in self.previous or not self.previous[host.name].was_joined:
            return False
        return self._is_left(host)

    def _is_left(self, host: Host) -> bool:
        node = self.cluster.nodes.get(host.node_name)
        is_own = node is not None and any(host.has_address(address) for address in node.addresses)
        return bool(host.is_member or host.manifests or host.certificates or is_own or self.member_of(host))

    def _edits(self, host: Host) -> t.Iterator[Edit]:
        known = previous_state.previous(self.previous[host.name].made) if host.name in self.previous else {}
        for path, found in host.kubeconfigs.items():
            names = [entry.name for entry in found.clusters] if found is not None else []
            for entry in found.clusters if found is not None else ():
                if names.count(entry.name) != 1:
                    continue
                now = entry.text("server")
                own = known.get(f"kubeconfig {path}", [])
                server = self.before(own, now)
                if server is None and not any(_same(now, item.before) for item in own):
                    # Who came later was made with the endpoint, and has no state of before: the cluster's holds.
                    server = self.before(self.of_cluster.get(CLUSTER_INFO, ()), now)
                if server is None or found is None:
                    continue
                name = None if entry is found.current_cluster else entry.name
                url = Endpoint.parse(server).url
                change = kubeconfig.decide_server(found, path=path, server=url, cluster=name)
                if change is not None:
                    yield Edit(path, url, name, change)


def parse_given(text: object) -> Endpoint | None:
    """The address of before as the operator gives it; ``None`` when it is not given, or cannot be read, which the inputs report."""
    return endpoint_or_none(str(text or ""))


def _same(one: t.Any, other: t.Any) -> bool:
    return isinstance(one, str) and isinstance(other, str) and same_server(one, other)


__all__ = ("Drain", "Rollback", "parse_given")
