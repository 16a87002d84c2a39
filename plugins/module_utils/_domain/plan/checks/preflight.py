# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every reason to stop before anything is changed.

Each check is a generator of problems over one subject; :func:`problems` runs them all, so that the operator sees all
reasons at once.
"""

from __future__ import annotations

import typing as t

from ...base.problem import Problem
from ...cluster.cluster import KUBEADM_CONFIG
from ...etcd import external_fields, quorum_guard
from ...etcd.etcd import Quorum
from .. import unmanaged_nodes, user_kubeconfigs, wanted_sans
from ..serving_control_plane import find_serving_control_plane
from ..serving_control_plane import problems as serving_problems
from . import (
    cluster_certificates_dir,
    container_runtime,
    endpoint_port,
    etcd_urls,
    expiry,
    host_bound_addresses,
    join_readiness,
    joining_hosts,
    kubelet_addresses,
    machine_identity,
    manifest_faults,
    membership,
    skew,
)
from .joining_hosts import FREE_BYTES_NEEDED
from .membership import is_joined

if t.TYPE_CHECKING:
    from ...base.address import Endpoint
    from ...cluster.cluster import Cluster
    from ...etcd.report import EtcdReport
    from ...host.host import Host
    from ..desired import Desired

Hosts = t.Mapping[str, "Host"]

#: Seconds between two hosts' clocks that certificates, tokens and etcd still bear.
CLOCK_TOLERANCE = 30.0


def problems(desired: Desired, hosts: Hosts, cluster: Cluster | None, etcd: EtcdReport | None) -> list[Problem]:
    """All problems of the desired state with these hosts and this cluster.

    Args:
        desired: what the inventory describes.
        hosts: every host of the inventory that was inspected, by inventory name.
        cluster: what the API reported; ``None`` when no control plane serves.
        etcd: what etcd reported; ``None`` when it could not be asked.
    """
    found = list(_existing_control_plane(desired, hosts))
    serving_control_plane = find_serving_control_plane(hosts, desired.control_planes)
    if cluster is None or serving_control_plane is None:
        return [*found, *problems_of_hosts(desired, hosts)]
    found += _cluster_state(desired, hosts, cluster)
    found += membership.problems(desired, hosts, cluster, serving_control_plane, etcd)
    found += skew.problems(desired, hosts, cluster, serving_control_plane)
    found += host_bound_addresses.problems(desired, hosts, cluster, serving_control_plane)
    found += kubelet_addresses.problems(desired, hosts, cluster, serving_control_plane)
    if not cluster.uses_external_etcd:
        found += problems_of_count(desired)
    like = serving_control_plane.api_server
    if like is not None:
        found += problems_of_endpoint(desired, hosts, like)
    found += endpoint_port.problems(desired, hosts)
    found += unmanaged_nodes.problems(desired, hosts, cluster)
    found += joining_hosts.problems(desired, hosts, cluster, serving_control_plane)
    found += container_runtime.problems(desired, hosts, cluster)
    found += join_readiness.problems(desired, hosts, cluster, serving_control_plane)
    found += _etcd(hosts, cluster, etcd)
    found += etcd_urls.problems(hosts, cluster, serving_control_plane, etcd)
    found += _external_etcd(serving_control_plane, cluster)
    joined = _joined(desired, hosts, cluster, serving_control_plane)
    found += wanted_sans.problems(desired, joined, cluster.configuration)
    found += cluster_certificates_dir.problems(joined, cluster)
    return [*found, *problems_of_hosts(desired, hosts)]


def problems_of_hosts(desired: Desired, hosts: Hosts) -> t.Iterator[Problem]:
    """What the hosts themselves report, whether or not the cluster could be asked."""
    yield from (Problem(name, message) for name, message in expiry.reasons(hosts))
    yield from _unsecured_etcd(hosts)
    serving_control_plane = find_serving_control_plane(hosts, desired.control_planes)
    yield from manifest_faults.problems(
        hosts, reported=() if serving_control_plane is None else (serving_control_plane.name,)
    )
    for name in desired.nodes:
        if name in hosts:
            yield from _node(hosts[name])
    yield from _duplicates(desired, hosts)
    yield from problems_of_clocks(hosts)
    yield from user_kubeconfigs.problems(desired, hosts)


def _joined(desired: Desired, hosts: Hosts, cluster: Cluster, serving_control_plane: Host) -> list[Host]:
    """The members of this cluster that run a control plane."""
    found = (hosts[name] for name in desired.control_planes if name in hosts)
    return [
        host
        for host in found
        if host.is_control_plane and is_joined(host, cluster, serving_control_plane.cluster_ca_hashes)
    ]


def _existing_control_plane(desired: Desired, hosts: Hosts) -> t.Iterator[Problem]:
    yield from serving_problems(desired, hosts)
    for host in hosts.values():
        if host.is_control_plane and host.name not in desired.control_planes:
            yield Problem(
                host.name,
                f"{host.name} runs a kube-apiserver but is not in the control plane group: put it there.",
            )


def _cluster_state(desired: Desired, hosts: Hosts, cluster: Cluster) -> t.Iterator[Problem]:
    for config_map, message in cluster.unreadable.items():
        yield Problem(f"ConfigMap {config_map}", message)
    if not cluster.configuration and KUBEADM_CONFIG not in cluster.unreadable:
        yield Problem(
            "ConfigMap kube-system/kubeadm-config",
            "The cluster has no ConfigMap kube-system/kubeadm-config: it was not made by kubeadm, or the ConfigMap was "
            "deleted; restore it with kubeadm init phase upload-config kubeadm.",
        )
    known = {host.node_name for host in hosts.values()} | desired.unmanaged_nodes | set(desired.lost_nodes)
    # Which node a host is stands on the host: one that was not inspected may be any of the others.
    for name in sorted(set(cluster.nodes) - known) if hosts.keys() >= set(desired.nodes) else ():
        yield Problem(
            name,
            f"The node {name} is in the cluster but not in the inventory, so it would go on using the old endpoint: "
            "add its host to the inventory, or name it in kubeadm_ha_unmanaged_nodes if you repoint it yourself, or in "
            "kubeadm_ha_lost_nodes if its machine is gone for good.",
        )


def problems_of_count(desired: Desired) -> t.Iterator[Problem]:
    """Two control planes with stacked etcd."""
    if len(desired.control_planes) == 2 and not desired.allow_two_control_planes:
        yield Problem(
            "kube_control_plane",
            "kube_control_plane has two hosts: an etcd cluster of two fails when either is lost, which is worse than one "
            f"({quorum_guard.promoted(Quorum(1, 1))}); add a third, which has to pass the same checks, or set "
            "kubeadm_ha_allow_two_control_planes: true to pass through this state.",
        )


def problems_of_endpoint(desired: Desired, hosts: Hosts, like: Endpoint) -> t.Iterator[Problem]:
    """An endpoint that collides with an API server or leads to no load balancer.

    Args:
        desired: what the inventory describes.
        hosts: every host that was inspected.
        like: an API server of the cluster, like which others advertise.
    """
    for name, host in hosts.items():
        server = host.api_server
        port = host.future_api_server(like).port
        taken = name in desired.control_planes and port == desired.endpoint.port
        if name in desired.load_balancers and desired.has_own_balancers and taken:
            yield Problem(
                "kubeadm_ha_endpoint",
                f"{name} is a load balancer and a control plane, and its API server {_has(server)} port {port}: choose "
                "another port for kubeadm_ha_endpoint, for example 8443.",
            )
        if server == desired.endpoint:
            yield Problem(
                "kubeadm_ha_endpoint",
                f"kubeadm_ha_endpoint {desired.endpoint} is the API server of {name} itself, so it would go away with it: "
                "give the address of the load balancer.",
            )
    if desired.has_own_balancers and not _is_reachable_name(desired, hosts):
        yield Problem(
            "kubeadm_ha_endpoint",
            f"kubeadm_ha_endpoint {desired.endpoint} is not an address of any load balancer host "
            f"({', '.join(desired.load_balancers)}): give one of theirs, kubeadm_ha_vip's, or a DNS name that leads to them.",
        )


def _has(server: Endpoint | None) -> str:
    return "already has" if server is not None else "will have"


def _is_reachable_name(desired: Desired, hosts: Hosts) -> bool:
    if desired.endpoint.san.kind == "dns" or desired.vip_address == desired.endpoint.host:
        return True
    return any(hosts[name].has_address(desired.endpoint.host) for name in desired.load_balancers if name in hosts)


def _etcd(hosts: Hosts, cluster: Cluster, etcd: EtcdReport | None) -> t.Iterator[Problem]:
    if etcd is None or etcd.is_healthy:
        return
    reasons = membership.is_unhealthy_besides(etcd, hosts, cluster)
    if reasons:
        yield Problem(
            "etcd", f"The etcd cluster is not healthy: {'; '.join(reasons)}. Mend it before control planes are added."
        )


def _unsecured_etcd(hosts: Hosts) -> t.Iterator[Problem]:
    for host in hosts.values():
        access = host.etcd_access
        objection = access.objection(host.name) if access is not None else None
        if objection is not None:
            yield Problem(host.name, objection)


def _external_etcd(serving_control_plane: Host, cluster: Cluster) -> t.Iterator[Problem]:
    """Joining control planes get the addresses and files of the ConfigMap: kubeadm uploads what it names, or nothing."""
    external = (cluster.configuration.get("etcd") or {}).get("external")
    if external is None or serving_control_plane.etcd_access is None:
        return
    for flag, (used, stored) in external_fields.differences(serving_control_plane.etcd_access, external).items():
        yield Problem(
            "ConfigMap kube-system/kubeadm-config",
            f"etcd.external.{external_fields.FLAGS[flag]} of kubeadm-config is {stored or 'empty'}, but the API server of "
            f"{serving_control_plane.name} runs with --{flag}={used}: joining control planes would get the former; make "
            "the two agree.",
        )


def problems_at_work(host: Host) -> t.Iterator[Problem]:
    """What another run, perhaps one that was killed, still does there."""
    if host.report.is_at_work:
        yield Problem(
            host.name,
            f"A module of kubeadm.ha is changing {host.name} now, perhaps left over from an interrupted run: wait for its "
            "end, then run again.",
        )
    if host.report.kubeadm_processes:
        yield Problem(
            host.name,
            f"kubeadm is running on {host.name} (process {host.report.kubeadm_processes[0]}), perhaps left over "
            "from an interrupted run: wait for its end or end it, then run again.",
        )


def _node(host: Host) -> t.Iterator[Problem]:
    yield from problems_at_work(host)
    if host.is_member:
        yield from _member(host)


def _member(host: Host) -> t.Iterator[Problem]:
    for path, found in host.kubeconfigs.items():
        if found is None and path.startswith("/etc/kubernetes/"):
            fault = host.kubeconfig_faults.get(path, "cannot be read")
            yield Problem(
                host.name, f"{path} on {host.name} cannot be used as a kubeconfig: it {fault}; repair it or restore it."
            )
    if host.is_control_plane and not host.report.has_ca_key:
        yield Problem(
            host.name,
            f"{host.name} has no {host.pki_dir}/ca.key (external CA): certificates cannot be issued here; put the key "
            "there for the run.",
        )
    if host.report.free_bytes < FREE_BYTES_NEEDED and host.report.backup_target is None:
        yield Problem(host.name, f"{host.name} has less than 1 GiB free in /var: a backup needs it; make room.")


def _duplicates(desired: Desired, hosts: Hosts) -> t.Iterator[Problem]:
    """Names and machine ids must be unique in a cluster (kubeadm's installation page asks for it)."""
    present = [hosts[name] for name in desired.nodes if name in hosts]
    identities: dict[str, t.Callable[[Host], str]] = {
        "node name": lambda host: host.node_name,
        "product_uuid": lambda host: host.report.product_uuid,
    }
    for what, identity in identities.items():
        seen: dict[str, str] = {}
        for host in present:
            value = identity(host)
            if what == "product_uuid" and host.is_member:
                # Boards of one series may all have the same; nodes that run show that it does no harm.
                continue
            if what == "node name" and host.is_member:
                # A member with another one's credentials is reported separately, and so is a joining host with a node's
                # name.
                continue
            if value and value in seen:
                yield Problem(
                    host.name,
                    f"{host.name} and {seen[value]} have the same {what} ({value}): each node needs its own; change it "
                    f"on {host.name}.",
                )
            seen.setdefault(value, host.name)
    yield from problems_of_clones(desired, hosts)


def problems_of_clones(desired: Desired, hosts: Hosts) -> t.Iterator[Problem]:
    """Machines that have another one's machine-id."""
    for copy, original in machine_identity.clones(desired.nodes, hosts):
        yield Problem(
            copy.name,
            f"{copy.name} is another machine than {original.name}, but has its machine-id "
            f"({copy.report.machine_id}): give {copy.name} one of its own (remove /etc/machine-id there, run "
            "systemd-machine-id-setup and restart it).",
        )


def problems_of_clocks(hosts: Hosts) -> t.Iterator[Problem]:
    """A problem for each clock that is wrong."""
    for name, seconds in clocks_apart(hosts):
        yield Problem(
            name,
            f"The clock of {name} is {seconds:.0f} s away from the others': synchronise it (chrony, systemd-timesyncd).",
        )


def clocks_apart(hosts: Hosts) -> t.Iterator[tuple[str, float]]:
    """Hosts whose clock is wrong, and by how many seconds.

    Each clock is compared with the controller's at the moment of the inspection, then with the median of all hosts.
    """
    seen = ((host.report.clock, host.report.looked_at, host.name) for host in hosts.values())
    skews = sorted((clock - looked_at, name) for clock, looked_at, name in seen if looked_at is not None)
    if not skews:
        return
    middle = skews[len(skews) // 2][0]
    for away, name in skews:
        if abs(away - middle) > CLOCK_TOLERANCE:
            yield name, abs(away - middle)


__all__ = (
    "clocks_apart",
    "find_serving_control_plane",
    "is_joined",
    "problems",
    "problems_at_work",
    "problems_of_clocks",
    "problems_of_clones",
    "problems_of_count",
    "problems_of_endpoint",
    "problems_of_hosts",
)
