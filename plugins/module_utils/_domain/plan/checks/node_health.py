# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why a node is not Ready, and whether the run mends it.

A kubelet whose kubeconfig names an endpoint that does not answer works, and is only cut off: an interrupted run, or an
endpoint that went away, leaves it so. Its kubeconfig is repointed, or it is restarted when it has not read it yet. Everything
else is for a person, who reads what was found.
"""

from __future__ import annotations

import typing as t

from ...base.address import Endpoint, same_server
from ...base.certificate import rfc3339
from ...base.endpoint_view import View
from ...base.problem import Problem
from ...kubeconfig.kubelet_kubeconfig import KUBELET_KUBECONFIG

if t.TYPE_CHECKING:
    from ...base.endpoint_view import View
    from ...cluster.cluster import Cluster
    from ...cluster.node import Node
    from ...host.host import Host

_KUBELET_CLIENT = "/var/lib/kubelet/pki/kubelet-client-current.pem"
_KUBELET = "kubelet"
#: The status of the condition Ready when the kubelet itself says that something is wrong.
_REPORTED = "False"
#: What the container runtime says of a host without the configuration of a pod network, as the kubelet reports it.
_WITHOUT_NETWORK = "NetworkPluginNotReady"


def problems(
    names: t.Iterable[str],
    hosts: t.Mapping[str, Host],
    cluster: Cluster,
    *,
    mended: t.Container[str],
    is_networked: bool = False,
) -> t.Iterator[Problem]:
    """One problem for each node that is not Ready and that the run does not mend.

    Args:
        names: the hosts that are or shall be nodes.
        hosts: those that were inspected, by inventory name.
        cluster: the cluster.
        mended: names of the hosts whose kubelet the plan repoints or restarts, or whose server it brings up.
        is_networked: whether the plan installs the pod network.
    """
    for name in names:
        host = hosts.get(name)
        node = cluster.nodes.get(host.node_name) if host is not None and host.is_member else None
        if host is None or node is None or node.is_ready:
            continue
        if is_networked and waits_for_network(node):
            continue
        if name not in mended or not is_cut_off(host, node):
            yield Problem(name, f"The node {node.name} is not Ready: {_found(host, node)}.")


def waits_for_network(node: Node) -> bool:
    """Whether a node is not Ready for the only reason that there is no pod network yet, as its kubelet reports."""
    return not node.is_ready and node.ready_status == _REPORTED and _WITHOUT_NETWORK in node.ready_reason


def is_cut_off(host: Host, node: Node) -> bool:
    """Whether a node is not Ready although its kubelet could work: it does not reach the API, or not where it should."""
    return (
        not node.is_ready
        and node.ready_status != _REPORTED
        and _is_running(host)
        and not _expired(host)
        and _view(host) is not None
        and not (_answers(host) and _is_connected(host))
    )


def cannot_reach(host: Host, node: Node | None) -> str:
    """Why the kubelet of a node that is cut off cannot use the server of its kubeconfig, as a clause; empty when it can."""
    if node is None or not is_cut_off(host, node) or _answers(host):
        return ""
    return _objection(host)


def has_not_read(host: Host, node: Node | None) -> bool:
    """Whether a node is cut off although the server of its kubeconfig answers: the kubelet connects to what stood there before."""
    return node is not None and is_cut_off(host, node) and _answers(host)


def connects_to_another(host: Host, others: t.Container[str]) -> str:
    """The API server that the kubelet is connected to instead of the server of its kubeconfig; empty when it is not.

    Args:
        host: a node.
        others: address and port of the API servers of other hosts.
    """
    view = _view(host)
    connected = _connected(host)
    if view is None or not _answers(host) or connected & _addresses(view):
        return ""
    return min((item for item in connected if item in others), default="")


def _found(host: Host, node: Node) -> str:
    """What was found, and what to do."""
    journal = f"'journalctl -u kubelet' on {host.name} says why"
    if not _is_running(host):
        return f"the service kubelet of {host.name} is {_state(host)}; {journal}. Start it, then run again"
    expired = _expired(host)
    if expired:
        return (
            f"the client certificate of its kubelet expired on {expired}, so the API refuses it. Give it a new kubelet.conf "
            f"('kubeadm kubeconfig user --org system:nodes --client-name system:node:{node.name}' on a control plane "
            "prints one), restart it, then run again"
        )
    if node.ready_status == _REPORTED:
        return f"its kubelet runs and reports: {node.ready_reason or 'no reason'}. Mend that, then run again"
    server = host.servers.get(KUBELET_KUBECONFIG)
    if _view(host) is None:
        return f"its kubelet runs, but its kubelet.conf names a server that cannot be asked ({server}); {journal}"
    if not _answers(host):
        return (
            f"its kubelet runs, but its kubelet.conf names {server}, which it cannot use: {_objection(host)}. Let that server "
            f"answer {host.name}, or set kubeadm_ha_endpoint to one that does: the run points the kubelet there"
        )
    return (
        f"its kubelet runs and is connected to {server}, which answers, but the cluster has not heard of it for a while; run "
        f"again in a minute, and if it is still so {journal}"
    )


def _is_running(host: Host) -> bool:
    return _state(host) == "active"


def _state(host: Host) -> str:
    service = host.report.services.get(_KUBELET)
    return (service.active if service is not None else "") or "not there"


def _expired(host: Host) -> str:
    """When the kubelet's client certificate expired; empty when it did not."""
    client = host.certificates.get(_KUBELET_CLIENT)
    return rfc3339(client.not_after) if client is not None and client.is_expired(host.report.clock) else ""


def _view(host: Host) -> View | None:
    """What the host saw at the server of its kubelet's kubeconfig; ``None`` when it did not inspect it, or inspected another."""
    seen = host.report.kubelet_server
    server = host.servers.get(KUBELET_KUBECONFIG)
    if seen is None or server is None or not same_server(seen.server, server):
        return None
    return seen.view


def _answers(host: Host) -> bool:
    view = _view(host)
    return view is not None and view.is_proved


def _objection(host: Host) -> str:
    view = _view(host)
    return "" if view is None else "; ".join(view.objections())


def _addresses(view: View) -> frozenset[str]:
    return frozenset(str(Endpoint(address, view.endpoint.port)) for address in view.addresses)


def _connected(host: Host) -> frozenset[str]:
    return frozenset(item.remote for item in host.report.api_clients if item.process == _KUBELET)


def _is_connected(host: Host) -> bool:
    view = _view(host)
    return view is not None and bool(_connected(host) & _addresses(view))


__all__ = ("cannot_reach", "connects_to_another", "has_not_read", "is_cut_off", "problems")
