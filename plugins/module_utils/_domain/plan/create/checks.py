# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every reason not to begin a new cluster with these inputs on these hosts."""

from __future__ import annotations

import ipaddress
import typing as t

from ...base.endpoint_view import UNREACHED
from ...base.problem import Problem
from .. import failed_inspections, role_problems
from ..checks import joining_hosts, preflight
from ..cluster_traces import traces
from ..desired_cluster import NO_NETWORK
from ..serving_control_plane import without_root
from .stage import BARE

if t.TYPE_CHECKING:
    from ...host.host import Host
    from .creation import Creation

_KUBELET = 10250
_OF_CONTROL_PLANES = (10257, 10259)
_OF_ETCD = (2379, 2380)
#: What :mod:`preflight` compares on all nodes.
_IDENTITIES = ("machine-id", "product_uuid")
Network = t.Union[ipaddress.IPv4Network, ipaddress.IPv6Network]


def problems(creation: Creation) -> t.Iterator[Problem]:
    """All of them."""
    yield from without_root(creation.desired, creation.hosts)
    yield from _version(creation)
    yield from _others_have_nothing(creation)
    yield from _endpoint(creation)
    if creation.desired.etcd_hosts:
        yield from _external_etcd(creation)
    else:
        yield from preflight.problems_of_count(creation.desired)
    subnets = list(_subnets(creation))
    yield from subnets
    yield from _names_and_addresses(creation)
    yield from _ports(creation)
    yield from _other_networks(creation)
    yield from preflight.problems_of_hosts(creation.desired, creation.hosts)
    # Roles have reasons of their own for the same.
    explained = {*_IDENTITIES, *(("kubeadm_ha_pod_subnet", "kubeadm_ha_service_subnet") if subnets else ())}
    for decisions in creation.decisions.values():
        found = role_problems.problems(decisions)
        yield from (item for item in found if item.subject.partition(" of ")[0] not in explained)


def _version(creation: Creation) -> t.Iterator[Problem]:
    if creation.desired.cluster.version is None:
        yield Problem(
            "kubeadm_ha_kubernetes_version",
            "No host of the inventory has a Kubernetes cluster, so this run would create one: set "
            "kubeadm_ha_kubernetes_version, for example to 1.34.4, to say which; to convert a cluster that there is, put its "
            "control plane into the group instead.",
        )


def _others_have_nothing(creation: Creation) -> t.Iterator[Problem]:
    """An interrupted run has left something on the first control plane only."""
    for name, host in creation.hosts.items():
        found = traces(host) if name != creation.first.name else []
        if found:
            yield Problem(
                name,
                f"{creation.first.name} is the first control plane of a new cluster that an interrupted run has begun, but "
                f"{name} has something of a cluster, too ({', '.join(found[:3])}): take {name} out of the inventory, and find "
                "out whose that is before anything of it goes away.",
            )


def _endpoint(creation: Creation) -> t.Iterator[Problem]:
    """Where somebody answers already, there is a cluster, or the address is taken."""
    desired = creation.desired
    if creation.stage.name == BARE:
        for name, host in creation.hosts.items():
            view = host.report.endpoint_view
            reached = [item for item in view.attempts if item.outcome not in UNREACHED] if view is not None else []
            if reached:
                yield Problem(
                    "kubeadm_ha_endpoint",
                    f"Somebody answers at kubeadm_ha_endpoint {desired.endpoint} already, as {name} sees it, although no host "
                    "of the inventory has a cluster: a new cluster needs an endpoint of its own; give another one, or take "
                    "away what listens there.",
                )
                break
    yield from preflight.problems_of_endpoint(desired, creation.hosts, creation.server)
    if desired.load_balancer == "none" and not desired.vip and desired.endpoint.san.kind == "ip":
        owner = next((host for host in creation.hosts.values() if host.has_address(desired.endpoint.host)), None)
        if owner is not None:
            yield Problem(
                "kubeadm_ha_endpoint",
                f"kubeadm_ha_endpoint {desired.endpoint} is an address of {owner.name} itself and would go away with it: give "
                "a virtual IP address and set kubeadm_ha_vip, or a DNS name that leads to all control planes.",
            )


def _external_etcd(creation: Creation) -> t.Iterator[Problem]:
    """Hosts of etcd that are something else, too, or have something of somebody else."""
    desired = creation.desired
    for name in desired.etcd_hosts:
        if name in (*desired.nodes, *desired.load_balancers):
            yield Problem(
                name,
                f"{name} is a host of external etcd and a node or a load balancer: etcd that kubeadm does not run has hosts of its own; "
                "take it out of the group etcd (of kubeadm_ha_etcd_group) where control planes shall run etcd.",
            )
        else:
            yield from failed_inspections.of_missing([name], creation.etcd)
    for decision in creation.etcd.values():
        yield from decision.problems
    held = next((name for name, decision in creation.etcd.items() if decision.objects), None)
    if held is not None and not creation.first.manifests:
        yield Problem(
            held,
            f"The etcd cluster of {', '.join(desired.etcd_hosts)} holds objects of a Kubernetes cluster, although no host of the "
            "inventory has one: a new cluster needs an empty etcd; find out whose they are, or give other hosts of etcd.",
        )


def _subnets(creation: Creation) -> t.Iterator[Problem]:
    cluster = creation.desired.cluster
    named = [
        *(("kubeadm_ha_pod_subnet", ipaddress.ip_network(text)) for text in cluster.pod_subnets),
        *(("kubeadm_ha_service_subnet", ipaddress.ip_network(text)) for text in cluster.service_subnets),
    ]
    for index, (name, network) in enumerate(named):
        for other_name, other in named[index + 1 :]:
            if network.version == other.version and network.overlaps(other):
                yield Problem(
                    name, f"{name} {network} and {other_name} {other} overlap: choose another one of the two."
                )
    for name, network in named:
        taken = _owner(creation, network)
        if taken is not None:
            host, own = taken
            yield Problem(
                name,
                f"{name} {network} overlaps the network {own} of {host}, so that traffic to it would not leave the cluster: "
                f"choose another {name}.",
            )
    families = [
        [ipaddress.ip_network(text).version for text in texts]
        for texts in (cluster.pod_subnets, cluster.service_subnets)
    ]
    if families[0] != families[1]:
        yield Problem(
            "kubeadm_ha_pod_subnet",
            f"kubeadm_ha_pod_subnet {','.join(cluster.pod_subnets)} and kubeadm_ha_service_subnet "
            f"{','.join(cluster.service_subnets)} are not of the same address families in the same order: give both alike.",
        )


def _owner(creation: Creation, network: Network) -> tuple[str, Network] | None:
    """A host that is in an overlapping network, and that one."""
    for host in creation.hosts.values():
        for item in host.report.networks:
            own = ipaddress.ip_network(item.network, strict=False)
            if own.prefixlen and own.version == network.version and own.overlaps(network):
                return host.name, own
    return None


def _names_and_addresses(creation: Creation) -> t.Iterator[Problem]:
    """Every node needs a name, every API server an address of its host."""
    for name in creation.desired.nodes:
        if name in creation.hosts:
            yield from joining_hosts.name_and_address(creation.desired, creation.hosts[name], creation.server)


def _ports(creation: Creation) -> t.Iterator[Problem]:
    for name in creation.desired.nodes:
        host = creation.hosts.get(name)
        if host is None or (name == creation.first.name and creation.stage.name != BARE):
            continue
        for port in sorted({item.port for item in host.report.listening} & _needed(creation, host)):
            yield Problem(name, f"Port {port} is already in use on {name}: free it, the cluster needs it there.")


def _other_networks(creation: Creation) -> t.Iterator[Problem]:
    """The kubelet would take the configuration that comes first by its name, whoever has left it."""
    network = creation.desired.cluster.network
    for name in creation.desired.nodes if network != NO_NETWORK else ():
        found = creation.hosts[name].report.cni_configurations if name in creation.hosts else ()
        if found:
            yield Problem(
                name,
                f"{name} has the configuration of a pod network already ({', '.join(found)}), which another cluster or "
                "package has left: move it away, so that this one's is used, or set kubeadm_ha_cni: none and install the "
                "pod network yourself.",
            )


def _needed(creation: Creation, host: Host) -> set[int]:
    """The ports that Kubernetes' components will take on a host."""
    if host.name not in creation.desired.control_planes:
        return {_KUBELET}
    own = host.future_api_server(creation.server).port
    is_balancer = host.name in creation.desired.load_balancers and not creation.desired.has_own_dns
    balancer = creation.desired.endpoint.port if is_balancer else None
    of_etcd = () if creation.desired.etcd_hosts else _OF_ETCD
    return {_KUBELET, *_OF_CONTROL_PLANES, *of_etcd, *({own} - {balancer})}


__all__ = ("problems",)
