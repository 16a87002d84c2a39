# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which server each kubeconfig of a host must name, and when its kubelet has to read its own again."""

from __future__ import annotations

import typing as t

from ..base.address import same_server
from ..base.change import Change
from ..kubeconfig import kubeconfig
from ..kubeconfig.kubelet_kubeconfig import KUBELET_KUBECONFIG
from . import user_kubeconfigs
from .checks import node_health, skew

if t.TYPE_CHECKING:
    from ..host.host import Host
    from .situation import Situation

_ADMIN_KUBECONFIGS = ("/etc/kubernetes/admin.conf", "/etc/kubernetes/super-admin.conf")
#: Object of the kubelet's restart.
KUBELET = "service kubelet"


def kubeconfig_edits(situation: Situation, host: Host) -> t.Iterator[user_kubeconfigs.Edit]:
    """The kubeconfigs of a host that must name another server: Kubernetes' own on a node, administrators' on every host."""
    for path, server in wanted_servers(situation, host).items() if situation.joined([host.name]) else ():
        found = host.kubeconfigs.get(path)
        if found is not None:
            change = kubeconfig.decide_server(found, path=path, server=server)
            if change is not None:
                yield user_kubeconfigs.Edit(path, server, None, change)
    yield from user_kubeconfigs.user_edits(host, situation.desired.endpoint, situation.old_endpoints)


def wanted_servers(situation: Situation, host: Host) -> dict[str, str]:
    """The server that each of Kubernetes' own kubeconfigs on a joined host must name, by path.

    A control plane's kubelet.conf names its own API server from 1.33 on (ControlPlaneKubeletLocalMode, see
    :func:`skew.is_local_mode`); one that names the endpoint already is left alone, unless its kubelet is newer than
    another API server, which it must never reach. Before, and on workers, it is the endpoint.
    controller-manager.conf and scheduler.conf name the local API server since 1.20 (kubernetes/kubernetes#94398) and are
    not touched.
    """
    endpoint = situation.desired.endpoint.url
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


def kubelet_restart(situation: Situation, host: Host, changes: t.Sequence[Change]) -> Change | None:
    """The kubelet reads its kubeconfig at start: it is restarted after a change, and when it still connects to another."""
    node = situation.cluster.nodes.get(host.node_name)
    if any(change.object == f"kubeconfig {KUBELET_KUBECONFIG}" for change in changes):
        refused = node_health.cannot_reach(host, node)
        cause = f"it is cut off ({refused}); " if refused else ""
        return restart(f"{cause}its kubeconfig changes, and it reads it only at start")
    if node_health.has_not_read(host, node):
        return restart("it is not connected to the server that its kubeconfig names, which answers")
    if wanted_servers(situation, host).get(KUBELET_KUBECONFIG) != situation.desired.endpoint.url:
        return None
    own = host.api_server
    direct = {str(item.api_server) for item in situation.hosts.values() if item.api_server not in (None, own)}
    connected = {item.remote for item in host.report.api_clients if item.process == "kubelet"}
    if situation.desired.has_own_balancers and connected & direct and str(situation.desired.endpoint) not in connected:
        return restart(f"it still connects to {min(connected & direct)}, not the endpoint in its kubeconfig")
    another = node_health.connects_to_another(host, direct)
    if another:
        return restart(f"it still connects to {another}, not the endpoint in its kubeconfig")
    return None


def is_of_a_host(change: Change) -> bool:
    """Whether a change of the step *point* is of a host, not of the cluster's objects."""
    return change.object == KUBELET or change.object.startswith("kubeconfig ")


def restart(reason: str) -> Change:
    """A restart of the kubelet as a change."""
    return Change(object=KUBELET, before="running", after="restarted", reason=reason)


__all__ = ("KUBELET", "is_of_a_host", "kubeconfig_edits", "kubelet_restart", "restart", "wanted_servers")
