# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan: every change of a run, before it. Private to kubeadm.ha: no stable interface.

Each entry is the very :class:`Change` that the module of that step decides on the host, computed here from what the
audit collected.
"""

from __future__ import annotations

import dataclasses
import functools
import typing as t

from ..base.address import Endpoint, same_server
from ..base.change import KNOWN_AFTER_APPLY, Change
from ..cluster import control_plane_endpoint, control_plane_node, deployment_spread
from ..component import kube_proxy_rollout
from ..etcd import etcd_removal
from ..host import carried_files
from ..kubeadm import cluster_configuration, cluster_info_signature
from ..kubeadm.bootstrap_token import BOOTSTRAP_TOKEN, UPLOADED_CERTIFICATES
from ..kubeadm.join import join_change
from ..kubeconfig import kubeconfig
from ..kubeconfig.kubelet_kubeconfig import KUBELET_KUBECONFIG
from ..pki import certificate
from . import half_joined, left_by_joins, notes, user_kubeconfigs, wanted_sans
from .checks import backup_target, control_plane_parity, join_secrets, node_health, skew
from .checks.preflight import is_joined

if t.TYPE_CHECKING:
    from ..base.address import San
    from ..base.version import KubernetesVersion
    from ..cluster.cluster import Cluster
    from ..host.host import Host
    from .wish import Wish

#: The steps of a run in their order.
STEPS = ("prepare", "repair", "backup", "balance", "certify", "point", "join", "spread", "revoke")
#: Steps that change no file of a host and nothing that a backup could bring back.
_WITHOUT_FILES = ("spread", "revoke")

_ADMIN_KUBECONFIGS = ("/etc/kubernetes/admin.conf", "/etc/kubernetes/super-admin.conf")
#: The kubelet's kubeconfig.
#: Object of the kubelet's restart.
KUBELET = "service kubelet"
#: What modules import on the hosts that they change.
_PYTHON_MODULES = ("yaml", "cryptography")


@dataclasses.dataclass(frozen=True)
class Entry:
    """One change of a plan: on which host (inventory name) and in which step."""

    host: str
    step: str
    change: Change

    def as_dict(self) -> dict[str, t.Any]:
        """Flat and JSON-compatible: host, step, object, before, after, reason."""
        return {"host": self.host, "step": self.step, **self.change.as_dict()}


@dataclasses.dataclass(frozen=True)
class Balancer:
    """The state of a load balancer host.

    Attributes:
        is_installed: whether haproxy is there.
        is_configured: whether its configuration is the wanted one.
        is_running: whether it is enabled and running.
        replaces_foreign: whether the configuration that is replaced is somebody else's.
        needs_cryptography: whether the certificate of its checks is issued or renewed.
        changes: what changes on the host beside haproxy itself (:mod:`load_balancer`).
    """

    is_installed: bool
    is_configured: bool
    is_running: bool
    replaces_foreign: bool = False
    needs_cryptography: bool = False
    changes: tuple[Change, ...] = ()


@dataclasses.dataclass(frozen=True)
class Situation:
    """Everything that the plan is computed from.

    Hosts, cluster and etcd are as they are after ``resets``, which the run makes first.
    """

    wish: Wish
    hosts: t.Mapping[str, Host]
    cluster: Cluster
    serving: Host
    balancers: t.Mapping[str, Balancer]
    backup_directory: str
    files: t.Mapping[str, t.Mapping[str, carried_files.FileFact]] = dataclasses.field(default_factory=dict)
    etcd: t.Mapping[str, t.Any] | None = None
    resets: tuple[half_joined.Reset, ...] = ()

    @property
    def ca_hashes(self) -> frozenset[str]:
        """Hashes of the public keys of the cluster's CAs."""
        return self.serving.cluster_ca_hashes

    @functools.cached_property
    def sans(self) -> frozenset[San]:
        """The SANs that every API server's certificate and the ClusterConfiguration must have."""
        return wanted_sans.of_api_servers(self.wish, self.joined(self.wish.control_planes), self.cluster.configuration)

    @functools.cached_property
    def adoption(self) -> control_plane_parity.Adoption:
        """What of the serving control plane's manifests is taken into the ClusterConfiguration."""
        return control_plane_parity.adoption(self.wish, self.hosts, self.serving, self.cluster)

    @functools.cached_property
    def api_versions(self) -> t.Mapping[str, KubernetesVersion]:
        """Version of each API server by host."""
        return skew.api_versions(self.hosts, self.cluster, self.serving)

    @functools.cached_property
    def old_endpoints(self) -> frozenset[Endpoint]:
        """What a consumer may still dial instead of the endpoint."""
        return notes.old_endpoints(self)

    @functools.cached_property
    def stale_members(self) -> tuple[left_by_joins.Stale, ...]:
        """Members of etcd that joins which did not end have left and the run takes out."""
        found = left_by_joins.stale_members(self.wish.nodes, self.hosts, self.cluster, self.etcd)
        return tuple(item for item in found if item.is_removed)

    @functools.cached_property
    def unmarked(self) -> t.Mapping[str, Change]:
        """Control planes whose Node is not marked as one, with what marks it."""
        joined = (host for host in self.joined(self.wish.control_planes) if host.is_control_plane)
        found = {host.name: control_plane_node.decide(host.node_name, self.cluster.nodes) for host in joined}
        return {name: change for name, change in found.items() if change is not None}

    def joined(self, names: t.Iterable[str]) -> list[Host]:
        """Those of the hosts that are members of the cluster, in their order."""
        found = (self.hosts[name] for name in names if name in self.hosts)
        return [host for host in found if is_joined(host, self.cluster, self.ca_hashes)]

    def joining(self, names: t.Iterable[str]) -> list[Host]:
        """Those of the hosts that are still to join, in their order."""
        found = (self.hosts[name] for name in names if name in self.hosts)
        return [host for host in found if not is_joined(host, self.cluster, self.ca_hashes)]

    @property
    def nodes(self) -> list[t.Mapping[str, t.Any]]:
        """The nodes of the cluster, and those that will join."""
        wish = self.wish
        joining = [
            deployment_spread.joining_node(host.node_name, control_plane=host.name in wish.control_planes)
            for host in self.joining(wish.nodes)
        ]
        return [*self.cluster.nodes.values(), *joining]


def make_plan(situation: Situation) -> list[Entry]:
    """Every change in the order of the run; empty when the cluster is as wanted."""
    entries = [
        *_repair(situation),
        *_balance(situation),
        *_certify(situation),
        *_point(situation),
        *_join(situation),
        *_leftovers(situation),
    ]
    entries += _spread(situation, mended_nodes(situation, entries))
    entries = [*_prepare(situation, entries), *_backup(situation, entries), *entries]
    return sorted(entries, key=lambda entry: STEPS.index(entry.step))


def _repair(situation: Situation) -> t.Iterator[Entry]:
    """What an interrupted run left: etcd between key and certificate, and joins that did not end."""
    for host in situation.joined(situation.wish.control_planes):
        for name in host.interrupted_certificates:
            change = Change(
                object=certificate.object_name(name),
                before="interrupted",
                after=KNOWN_AFTER_APPLY,
                reason="an interrupted run has begun to replace it, which is completed or undone",
            )
            yield Entry(host.name, "repair", change)
    for reset in situation.resets:
        yield from (Entry(reset.host.name, "repair", change) for change in reset.changes())
    for item in situation.stale_members:
        yield Entry(situation.serving.name, "repair", etcd_removal.removal_change(item.member))
    for name, change in situation.unmarked.items():
        yield Entry(name, "repair", change)


def _balance(situation: Situation) -> t.Iterator[Entry]:
    wanted = {"package": "installed", "configuration": "as wanted", "service": "enabled, running"}
    for name, balancer in situation.balancers.items():
        now = {
            "package": "installed" if balancer.is_installed else "absent",
            "configuration": "as wanted" if balancer.is_configured else _other_configuration(balancer),
            "service": "enabled, running" if balancer.is_running else "other",
        }
        before = {key: value for key, value in now.items() if value != wanted[key]}
        if before:
            change = Change(
                object="load balancer haproxy",
                before=before,
                after={key: wanted[key] for key in before},
                reason=f"{situation.wish.endpoint} leads to {len(situation.wish.control_planes)} API servers through it",
            )
            yield Entry(name, "balance", change)
        for change in balancer.changes:
            yield Entry(name, "balance", change)


def _other_configuration(balancer: Balancer) -> str:
    return "somebody else's (a backup is kept)" if balancer.replaces_foreign else "other"


def _certify(situation: Situation) -> t.Iterator[Entry]:
    joined = situation.joined(situation.wish.control_planes)
    for host in joined:
        for name, current, sans in wanted_sans.certificates(
            situation.wish, host, joined, situation.cluster.configuration
        ):
            change = certificate.decide_sans(name, current, sans)
            if change is not None:
                yield Entry(host.name, "certify", change)


def _point(situation: Situation) -> t.Iterator[Entry]:
    """The least important first, as the playbook has it: one worker, the cluster-wide objects, the others, control planes."""
    wish = situation.wish
    every = dict.fromkeys((*wish.nodes, *wish.load_balancers))
    by_host = {name: list(_point_host(situation, name)) for name in every if name in situation.hosts}
    workers = [name for name in wish.workers if by_host.get(name)]
    for name in workers[:1]:
        yield from by_host[name]
    for change in cluster_objects(situation):
        yield Entry(situation.serving.name, "point", change)
    for name in dict.fromkeys((*workers[1:], *wish.control_planes, *wish.load_balancers)):
        yield from by_host.get(name, ())


def _point_host(situation: Situation, name: str) -> t.Iterator[Entry]:
    """The kubelet's kubeconfig and its restart, then those of administrators."""
    host = situation.hosts[name]
    changes = [edit.change for edit in kubeconfig_edits(situation, host)]
    restart = _kubelet_restart(situation, host, changes) if situation.joined([name]) else None
    own = [change for change in changes if change.object == f"kubeconfig {KUBELET_KUBECONFIG}"]
    for change in (*own, restart, *(change for change in changes if change not in own)):
        if change is not None:
            yield Entry(name, "point", change)


def cluster_objects(situation: Situation) -> t.Iterator[Change]:
    """The changes of the cluster-wide objects that name the endpoint."""
    wish, cluster = situation.wish, situation.cluster
    adoption = situation.adoption
    wanted = cluster_configuration.Wanted(
        control_plane_endpoint=wish.endpoint,
        cert_sans=tuple(sorted(san.value for san in situation.sans)),
        extra_args=adoption.extra_args,
        extra_volumes=adoption.extra_volumes,
    )
    config_maps = cluster.report["configmaps"]
    found = [
        cluster_configuration.decide(cluster.configuration, wanted),
        control_plane_endpoint.decide_cluster_info(cluster.cluster_info, wish.endpoint)
        or cluster_info_signature.decide(cluster.outdated_signatures, cluster_info_signature.CLUSTER_INFO),
        control_plane_endpoint.decide_kube_proxy(cluster.kube_proxy, wish.endpoint) if cluster.kube_proxy else None,
    ]
    yield from (change for change in found if change is not None)
    if cluster.report["has_kube_proxy"] and cluster.kube_proxy:
        restart = control_plane_endpoint.decide_kube_proxy_restart(
            config_maps["kube-system/kube-proxy"],
            kube_proxy_rollout.pods_of_kube_proxy(cluster.report["kube_proxy_pods"]),
            ready_nodes=cluster.ready_nodes - wish.unmanaged_nodes,
            will_change=found[2] is not None,
        )
        if restart is not None:
            yield restart


def kubeconfig_edits(situation: Situation, host: Host) -> t.Iterator[user_kubeconfigs.Edit]:
    """The kubeconfigs of a host that must name another server: Kubernetes' own on a node, administrators' on every host."""
    for path, server in wanted_servers(situation, host).items() if situation.joined([host.name]) else ():
        document = host.kubeconfigs.get(path)
        if document is not None:
            change = kubeconfig.decide_server(document, path=path, server=server)
            if change is not None:
                yield user_kubeconfigs.Edit(path, server, None, change)
    yield from user_kubeconfigs.user_edits(host, situation.wish.endpoint, situation.old_endpoints)


def wanted_servers(situation: Situation, host: Host) -> dict[str, str]:
    """The server that each of Kubernetes' own kubeconfigs on a joined host must name, by path.

    A control plane's kubelet.conf names its own API server from 1.33 on (ControlPlaneKubeletLocalMode, see
    :func:`skew.is_local_mode`); one that names the endpoint already is left alone, unless its kubelet is newer than
    another API server, which it must never reach. Before, and on workers, it is the endpoint.
    controller-manager.conf and scheduler.conf name the local API server since 1.20 (kubernetes/kubernetes#94398) and are
    not touched.
    """
    endpoint = situation.wish.endpoint.url
    wanted = {path: endpoint for path in _ADMIN_KUBECONFIGS if path in host.kubeconfigs}
    if KUBELET_KUBECONFIG in host.kubeconfigs:
        server = host.api_server
        is_cut_off = bool(node_health.cannot_reach(host, situation.cluster.nodes.get(host.node_name)))
        if server is not None and skew.must_stay_local(host, situation.api_versions):
            wanted[KUBELET_KUBECONFIG] = server.url
        elif server is None or not skew.is_local_mode(host, situation.cluster):
            wanted[KUBELET_KUBECONFIG] = endpoint
        elif is_cut_off or not same_server(host.servers[KUBELET_KUBECONFIG] or "", endpoint):
            wanted[KUBELET_KUBECONFIG] = server.url
    return wanted


def _kubelet_restart(situation: Situation, host: Host, changes: t.Sequence[Change]) -> Change | None:
    """The kubelet reads its kubeconfig at start: it is restarted after a change, and when it still dials another."""
    node = situation.cluster.nodes.get(host.node_name)
    if any(change.object == f"kubeconfig {KUBELET_KUBECONFIG}" for change in changes):
        refused = node_health.cannot_reach(host, node)
        told = f"it is cut off ({refused}); " if refused else ""
        return restart_change(f"{told}its kubeconfig changes, and it reads it only at start")
    if node_health.has_not_read(host, node):
        return restart_change("it is not connected to the server that its kubeconfig names, which answers")
    if wanted_servers(situation, host).get(KUBELET_KUBECONFIG) != situation.wish.endpoint.url:
        return None
    own = host.api_server
    direct = {str(item.api_server) for item in situation.hosts.values() if item.api_server not in (None, own)}
    dialled = {item["remote"] for item in host.report["api_clients"] if item["process"] == "kubelet"}
    if situation.wish.load_balancer == "haproxy" and dialled & direct and str(situation.wish.endpoint) not in dialled:
        return restart_change(f"it still dials {min(dialled & direct)}, not the endpoint in its kubeconfig")
    another = node_health.dials_another(host, direct)
    if another:
        return restart_change(f"it still dials {another}, not the endpoint in its kubeconfig")
    return None


def mended_nodes(situation: Situation, entries: t.Iterable[Entry]) -> frozenset[str]:
    """Hosts whose kubelet the plan repoints or restarts, or whose kubelet's server it brings up by the load balancer."""
    done = list(entries)
    objects = (f"kubeconfig {KUBELET_KUBECONFIG}", KUBELET)
    found = {entry.host for entry in done if entry.step == "point" and entry.change.object in objects}
    if any(entry.step == "balance" for entry in done):
        endpoint = situation.wish.endpoint.url
        for host in situation.joined(situation.wish.nodes):
            if same_server(host.servers.get(KUBELET_KUBECONFIG) or "", endpoint):
                found.add(host.name)
    return frozenset(found)


def restart_change(reason: str) -> Change:
    """A restart of the kubelet as a change."""
    return Change(object=KUBELET, before="running", after="restarted", reason=reason)


def _join(situation: Situation) -> t.Iterator[Entry]:
    for is_control_plane, names in ((True, situation.wish.control_planes), (False, situation.wish.workers)):
        secrets = [BOOTSTRAP_TOKEN, UPLOADED_CERTIFICATES] if is_control_plane else [BOOTSTRAP_TOKEN]
        for host in situation.joining(names):
            if is_control_plane:
                comparison = control_plane_parity.compare(situation.serving, situation.files.get(host.name, {}))
                yield from (Entry(host.name, "join", change) for change in comparison.changes)
            yield Entry(host.name, "join", join_change(host.node_name, control_plane=is_control_plane))
            for name in secrets:
                there = join_secrets.before_a_join(situation.cluster.report) if name == UPLOADED_CERTIFICATES else None
                made = Change(name, there, KNOWN_AFTER_APPLY, f"{host.node_name} joins with it")
                gone = Change(name, KNOWN_AFTER_APPLY, None, f"{host.node_name} has joined or failed to")
                yield Entry(host.name, "join", made)
                yield Entry(host.name, "revoke", gone)


def _spread(situation: Situation, mended: t.Container[str]) -> t.Iterator[Entry]:
    """What the nodes will be Ready for when the run comes to this step, those among them whose kubelets it mends."""
    will_be_ready = {host.node_name for host in situation.joined(situation.wish.nodes) if host.name in mended}
    nodes = [{**node, "ready": node["ready"] or node["name"] in will_be_ready} for node in situation.nodes]
    change = deployment_spread.decide(situation.cluster.report["cluster_dns"], nodes)
    if change is not None:
        yield Entry(situation.serving.name, "spread", change)


def _leftovers(situation: Situation) -> t.Iterator[Entry]:
    """What a killed run left. A control plane that joins takes it away together with its own, so it has no entry then."""
    if situation.joining(situation.wish.control_planes):
        return
    for change in join_secrets.revocation(situation.cluster.report):
        yield Entry(situation.serving.name, "revoke", change)


def _prepare(situation: Situation, entries: t.Sequence[Entry]) -> t.Iterator[Entry]:
    needed: dict[str, set[str]] = {
        name: {"cryptography"} for name, balancer in situation.balancers.items() if balancer.needs_cryptography
    }
    if needed:
        # It signs the certificates of the load balancers' checks.
        needed.setdefault(situation.serving.name, set()).add("cryptography")
    touched = {entry.host for entry in entries if entry.step not in ("balance", *_WITHOUT_FILES)}
    for name in touched | {situation.serving.name} if touched else ():
        needed.setdefault(name, set()).update(_PYTHON_MODULES)
    names = dict.fromkeys((*situation.wish.nodes, *situation.wish.load_balancers))
    for name in (name for name in names if name in needed):
        host = situation.hosts[name]
        missing = [module for module in _PYTHON_MODULES if not host.has_python_module(module)]
        # The role python_requirements installs both where one is missing.
        if needed[name].intersection(missing):
            change = Change(
                object="Python libraries",
                before=dict.fromkeys(missing, "absent"),
                after=dict.fromkeys(missing, "installed"),
                reason="the modules that change this host import them",
            )
            yield Entry(name, "prepare", change)


def _backup(situation: Situation, entries: t.Sequence[Entry]) -> t.Iterator[Entry]:
    touched = {entry.host for entry in entries if entry.step not in _WITHOUT_FILES}
    pointed = {entry.host for entry in entries if entry.step == "point"}
    for name in dict.fromkeys((*situation.wish.nodes, *situation.wish.load_balancers)):
        if name in pointed or (name in touched and situation.joined([name])):
            change = Change(
                object=f"backup {backup_target.directory_of(situation.hosts[name], situation.backup_directory)}",
                before=None,
                after=KNOWN_AFTER_APPLY,
                reason="everything that the run changes here can be put back",
            )
            yield Entry(name, "backup", change)


def api_servers(
    wish_control_planes: t.Sequence[str], hosts: t.Mapping[str, Host], like: Endpoint
) -> list[dict[str, t.Any]]:
    """The API servers that a load balancer leads to: those that run and those that will, like the one given.

    Returns:
        ``name`` (node name), ``address`` and ``port`` of each control plane in the order of the group, without hosts that were
        not inspected.
    """
    found = []
    for name in (name for name in wish_control_planes if name in hosts):
        server = hosts[name].future_api_server(like)
        found.append({"name": hosts[name].node_name, "address": server.host, "port": server.port})
    return found


__all__ = (
    "KUBELET",
    "STEPS",
    "Balancer",
    "Entry",
    "Situation",
    "api_servers",
    "cluster_objects",
    "kubeconfig_edits",
    "make_plan",
    "mended_nodes",
    "restart_change",
    "wanted_servers",
)
