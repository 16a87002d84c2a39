# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every reason to stop before anything is changed. Private to kubeadm.ha: no stable interface.

Each check is a generator of problems over one subject; :func:`problems` runs them all, so that the operator sees all
reasons at once.
"""

from __future__ import annotations

import typing as t

from .control_plane_parity import files_of
from .wish import Problem

if t.TYPE_CHECKING:
    from .cluster import Cluster
    from .host import Host
    from .wish import Wish

Hosts = t.Mapping[str, "Host"]

#: Seconds between two hosts' clocks that certificates, tokens and etcd still bear.
CLOCK_TOLERANCE = 30.0
#: Bytes that /var needs on a joining host (images, etcd) and for a backup.
FREE_BYTES_NEEDED = 1 << 30
#: Files under /etc/kubernetes that a kubelet package brings and that do not tell of a join.
_PACKAGE_FILES = ("/etc/kubernetes/manifests/.kubelet-keep",)


def problems(wish: Wish, hosts: Hosts, cluster: Cluster | None, etcd: t.Mapping[str, t.Any] | None) -> list[Problem]:
    """All problems of the wish with these hosts and this cluster.

    Args:
        wish: what the inventory describes.
        hosts: every host of the inventory that was looked at, by inventory name.
        cluster: what the API told; ``None`` when no control plane serves.
        etcd: the result of ``etcd_member_info`` on the serving control plane; ``None`` with external etcd.
    """
    found = list(_existing_control_plane(wish, hosts))
    if cluster is None:
        return found
    found += _one_cluster(hosts, wish)
    found += _cluster_state(wish, hosts, cluster)
    found += _count(wish)
    found += _endpoint(wish, hosts)
    found += _etcd(etcd)
    serving = serving_control_plane(wish, hosts)
    carried = frozenset(fact.path for fact in files_of(serving)) if serving is not None else frozenset()
    for name in wish.nodes:
        if name in hosts:
            found += _node(wish, hosts[name], cluster, carried)
    found += _twins(wish, hosts)
    found += _clocks(hosts)
    return found


def serving_control_plane(wish: Wish, hosts: Hosts) -> Host | None:
    """A host that serves the API, whatever its place in the groups; control planes of the group come first."""
    serving = [host for host in hosts.values() if host.is_serving and "/etc/kubernetes/admin.conf" in host.kubeconfigs]
    in_group = [host for host in serving if host.name in wish.control_planes]
    return next(iter(in_group or serving), None)


def is_joined(host: Host, cluster: Cluster, ca_hash: str | None) -> bool:
    """Whether a host is a member of this cluster: its CA is the cluster's and the API has its Node."""
    return host.is_member and _ca_hash(host) == ca_hash and host.node_name in cluster.nodes


def _existing_control_plane(wish: Wish, hosts: Hosts) -> t.Iterator[Problem]:
    serving = serving_control_plane(wish, hosts)
    if serving is None:
        yield Problem(
            "kube_control_plane",
            f"None of {', '.join(wish.control_planes)} serves the Kubernetes API: put the running control plane into "
            "the group, or start its kubelet; a cluster is converted, not created, by this playbook.",
        )
    for host in hosts.values():
        if host.is_control_plane and host.name not in wish.control_planes:
            yield Problem(
                host.name,
                f"{host.name} runs a kube-apiserver but is not in the control plane group: put it there.",
            )


def _one_cluster(hosts: Hosts, wish: Wish) -> t.Iterator[Problem]:
    serving = serving_control_plane(wish, hosts)
    if serving is None:
        return
    for name in wish.nodes:
        host = hosts.get(name)
        if host is not None and host.ca is not None and _ca_hash(host) != _ca_hash(serving):
            yield Problem(
                name,
                f"{name} belongs to another cluster than {serving.name} (its /etc/kubernetes/pki/ca.crt differs): take "
                f"it out of the inventory, or run kubeadm reset on {name} if it is to leave that cluster.",
            )


def _cluster_state(wish: Wish, hosts: Hosts, cluster: Cluster) -> t.Iterator[Problem]:
    if not cluster.configuration:
        yield Problem(
            "ConfigMap kube-system/kubeadm-config",
            "The cluster has no ConfigMap kube-system/kubeadm-config: it was not made by kubeadm, or the ConfigMap was "
            "deleted; restore it with kubeadm init phase upload-config kubeadm.",
        )
    known = {host.node_name for host in hosts.values()} | wish.unmanaged_nodes
    for name in sorted(set(cluster.nodes) - known):
        yield Problem(
            name,
            f"The node {name} is in the cluster but not in the inventory, so it would go on dialling the old endpoint: "
            "add its host to the inventory, or name it in kubeadm_ha_unmanaged_nodes if you repoint it yourself.",
        )
    for name in wish.nodes:
        host = hosts.get(name)
        node = cluster.nodes.get(host.node_name) if host is not None else None
        if host is not None and host.is_member and node is not None and not node["ready"]:
            yield Problem(name, f"The node {node['name']} is not Ready: mend its kubelet before the conversion.")


def _count(wish: Wish) -> t.Iterator[Problem]:
    if len(wish.control_planes) == 2 and not wish.allow_two_control_planes:
        yield Problem(
            "kube_control_plane",
            "kube_control_plane has two hosts: an etcd ring of two fails when either is lost, which is worse than one; "
            "add a third, or set kubeadm_ha_allow_two_control_planes: true to pass through this state.",
        )


def _endpoint(wish: Wish, hosts: Hosts) -> t.Iterator[Problem]:
    for name, host in hosts.items():
        server = host.api_server
        port = server.port if server is not None else 6443
        taken = name in wish.control_planes and port == wish.endpoint.port
        if name in wish.load_balancers and wish.load_balancer == "haproxy" and taken:
            yield Problem(
                "kubeadm_ha_endpoint",
                f"{name} is a load balancer and a control plane, and its API server already has port {port}: choose "
                "another port for kubeadm_ha_endpoint, for example 8443.",
            )
        if server == wish.endpoint:
            yield Problem(
                "kubeadm_ha_endpoint",
                f"kubeadm_ha_endpoint {wish.endpoint} is the API server of {name} itself, so it would go away with it: "
                "give the address of the load balancer.",
            )
    if wish.load_balancer == "haproxy" and not _is_reachable_name(wish, hosts):
        yield Problem(
            "kubeadm_ha_endpoint",
            f"kubeadm_ha_endpoint {wish.endpoint} is not an address of any load balancer host "
            f"({', '.join(wish.load_balancers)}): give one of theirs, or a DNS name that leads to them.",
        )


def _is_reachable_name(wish: Wish, hosts: Hosts) -> bool:
    if wish.endpoint.san.kind == "dns":
        return True
    return any(hosts[name].has_address(wish.endpoint.host) for name in wish.load_balancers if name in hosts)


def _etcd(etcd: t.Mapping[str, t.Any] | None) -> t.Iterator[Problem]:
    if etcd is not None and not etcd.get("healthy"):
        yield Problem(
            "etcd",
            f"The etcd ring is not healthy: {'; '.join(etcd.get('problems') or ['unknown reason'])}. Mend it before "
            "members are added.",
        )


def _node(wish: Wish, host: Host, cluster: Cluster, carried: t.Container[str]) -> t.Iterator[Problem]:
    if host.report["kubeadm_processes"]:
        yield Problem(
            host.name,
            f"kubeadm is running on {host.name} (process {host.report['kubeadm_processes'][0]}), perhaps left over "
            "from an interrupted run: wait for its end or end it, then run again.",
        )
    if host.is_member:
        yield from _member(wish, host, cluster)
    else:
        yield from _newcomer(wish, host, cluster, carried)


def _member(wish: Wish, host: Host, cluster: Cluster) -> t.Iterator[Problem]:
    for path, document in host.kubeconfigs.items():
        if document is None and path.startswith("/etc/kubernetes/"):
            yield Problem(host.name, f"{path} on {host.name} cannot be read as a kubeconfig: repair it or restore it.")
    if host.node_name not in cluster.nodes:
        yield Problem(
            host.name,
            f"{host.name} has joined before, but the cluster has no node {host.node_name}: run kubeadm reset on it so "
            "that it can join again.",
        )
    if host.name in wish.control_planes and not host.is_control_plane:
        yield Problem(
            host.name,
            f"{host.name} is in the control plane group but has joined as a worker: drain it and run kubeadm reset on "
            "it first, or put it into the node group.",
        )
    if host.is_control_plane and not host.report["has_ca_key"]:
        yield Problem(
            host.name,
            f"{host.name} has no /etc/kubernetes/pki/ca.key (external CA): certificates cannot be issued here; put the "
            "key there for the run.",
        )
    if host.report["free_bytes"] < FREE_BYTES_NEEDED:
        yield Problem(host.name, f"{host.name} has less than 1 GiB free in /var: a backup needs it; make room.")


def _newcomer(wish: Wish, host: Host, cluster: Cluster, carried: t.Container[str]) -> t.Iterator[Problem]:
    """``carried``: files that an earlier run, or the operator, may have brought before the join."""
    files = host.report["kubernetes_files"]
    leftovers = [path for path in files if path not in _PACKAGE_FILES and path not in carried]
    if leftovers:
        yield Problem(
            host.name,
            f"{host.name} is half joined: it has no kubelet.conf, but {', '.join(leftovers[:3])}"
            f"{' and more' if len(leftovers) > 3 else ''}; run kubeadm reset on it.",
        )
    if host.node_name in cluster.nodes and not leftovers:
        yield Problem(
            host.name,
            f"The cluster already has a node {host.node_name}, but {host.name} has not joined: give the host another "
            f"name, or delete the old Node if {host.name} replaces it.",
        )
    yield from _versions(host, cluster)
    if host.report["swap"]:
        yield Problem(host.name, f"Swap is on on {host.name}: kubeadm refuses to join; switch it off (swapoff -a).")
    if not {"containerd", "crio", "docker"} & set(host.report["services"]):
        yield Problem(host.name, f"{host.name} has no container runtime: install containerd or CRI-O.")
    if host.report["free_bytes"] < FREE_BYTES_NEEDED:
        yield Problem(host.name, f"{host.name} has less than 1 GiB free in /var: make room before it joins.")
    wanted = (6443, 10257, 10259, 2379, 2380) if host.name in wish.control_planes else ()
    for port in sorted({item["port"] for item in host.report["listening"]} & {10250, *wanted}):
        is_balancer = host.name in wish.load_balancers and port == wish.endpoint.port
        if not is_balancer:
            yield Problem(host.name, f"Port {port} is already in use on {host.name}: free it before the host joins.")


def _versions(host: Host, cluster: Cluster) -> t.Iterator[Problem]:
    wanted = cluster.version
    for program, version in (("kubeadm", host.kubeadm_version), ("kubelet", host.kubelet_version)):
        if version is None:
            yield Problem(
                host.name, f"{host.name} has no {program}: install {program} {wanted.major}.{wanted.minor} on it."
            )
        elif (version.major, version.minor) != (wanted.major, wanted.minor):
            yield Problem(
                host.name,
                f"{host.name} has {program} {version}, but the cluster runs {wanted}: install {program} "
                f"{wanted.major}.{wanted.minor} on it.",
            )


def _twins(wish: Wish, hosts: Hosts) -> t.Iterator[Problem]:
    """Names and machine ids must be unique in a cluster (kubeadm's installation page asks for it)."""
    present = [hosts[name] for name in wish.nodes if name in hosts]
    identities: dict[str, t.Callable[[Host], str]] = {
        "node name": lambda host: host.node_name,
        "product_uuid": lambda host: str(host.report["product_uuid"]),
        "machine-id": lambda host: str(host.report["machine_id"]),
    }
    for what, identity in identities.items():
        seen: dict[str, str] = {}
        for host in present:
            value = identity(host)
            if value and value in seen:
                yield Problem(
                    host.name,
                    f"{host.name} and {seen[value]} have the same {what} ({value}): each node needs its own; change it "
                    f"on {host.name}.",
                )
            seen.setdefault(value, host.name)


def _clocks(hosts: Hosts) -> t.Iterator[Problem]:
    """Each clock is compared with the controller's at the moment of the look, then with the median of all hosts."""
    skews = sorted((host.report["clock"] - host.report["looked_at"], host.name) for host in hosts.values())
    middle = skews[len(skews) // 2][0]
    for skew, name in skews:
        if abs(skew - middle) > CLOCK_TOLERANCE:
            yield Problem(
                name,
                f"The clock of {name} is {abs(skew - middle):.0f} s away from the others': synchronise it (chrony, "
                "systemd-timesyncd).",
            )


def _ca_hash(host: Host) -> str | None:
    return host.ca.public_key_sha256 if host.ca is not None else None


__all__ = ("is_joined", "problems", "serving_control_plane")
