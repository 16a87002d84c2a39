# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a cluster and its serving control plane must have, so that others can join.

All of it is asked only where a host is to join: a cluster that is complete may lack it.
"""

from __future__ import annotations

import typing as t

from ...base.address import Endpoint
from ...base.errors import InvalidInput
from ...base.problem import Problem
from ...kubeadm import join_rights
from ...kubeadm.cluster_info_signature import CLUSTER_INFO
from ...kubeconfig import embedded_ca

if t.TYPE_CHECKING:
    from ...cluster.cluster import Cluster
    from ...host.host import Host
    from ..desired import Desired

Hosts = t.Mapping[str, "Host"]

_KUBERNETES = "/etc/kubernetes/"
#: What kubeadm uploads for joining control planes (``cmd/kubeadm/app/phases/copycerts``).
_SHARED = ("ca.crt", "ca.key", "sa.key", "sa.pub", "front-proxy-ca.crt", "front-proxy-ca.key")
_SHARED_OF_ETCD = ("etcd/ca.crt", "etcd/ca.key")
#: The controller that signs cluster-info for each bootstrap token; it is off unless it is named. Its older name first.
_SIGNER = ("bootstrapsigner", "bootstrap-signer-controller")


def problems(desired: Desired, hosts: Hosts, cluster: Cluster, serving_control_plane: Host) -> t.Iterator[Problem]:
    """Every problem of the cluster that would stop the first join."""
    joining = [name for name in desired.nodes if name in hosts and not hosts[name].is_member]
    if not joining:
        return
    yield from _cluster_info(cluster, serving_control_plane)
    yield from join_rights.problems(cluster.join_rights, kubelet_config=cluster.kubelet_config_name)
    if any(name in desired.control_planes for name in joining):
        yield from _shared_files(cluster, serving_control_plane)


def needs_discovery_file(hosts: Hosts, cluster: Cluster) -> bool:
    """Whether joining hosts cannot discover the cluster as anonymous: RBAC refuses it, or nobody signs for tokens."""
    if cluster.join_rights.get(join_rights.DISCOVERY) is False:
        return True
    managers = [
        host.flags_of("kube-controller-manager")
        for host in hosts.values()
        if host.node_name in cluster.nodes and "kube-controller-manager" in host.manifests
    ]
    return any(not _signs(flags.get("controllers")) for flags in managers)


def _signs(controllers: str | None) -> bool:
    """Whether a controller manager with this ``--controllers`` signs cluster-info. Without the flag that is unknown."""
    return controllers is None or bool(set(_SIGNER) & {name.strip() for name in controllers.split(",")})


def _cluster_info(cluster: Cluster, serving_control_plane: Host) -> t.Iterator[Problem]:
    remedy = (
        "let kubeadm write it (kubeadm init phase bootstrap-token --kubeconfig /etc/kubernetes/admin.conf on "
        f"{serving_control_plane.name}; it also makes a bootstrap token, which kubeadm token delete takes away, and "
        "lets anonymous requests read the ConfigMap)"
    )
    if cluster.cluster_info is None:
        yield Problem(CLUSTER_INFO, f"There is no {CLUSTER_INFO}, by which joining hosts find the cluster: {remedy}.")
        return
    authorities = embedded_ca.authorities(cluster.cluster_info.current_cluster)
    try:
        Endpoint.parse(cluster.joining_server or "")
    except InvalidInput:
        authorities = frozenset()
    if not authorities:
        yield Problem(
            CLUSTER_INFO,
            f"{CLUSTER_INFO} holds no kubeconfig with a server and a CA, by which joining hosts find the cluster: {remedy}.",
        )
    elif serving_control_plane.ca_pem and not authorities & embedded_ca.certificates(serving_control_plane.ca_pem):
        yield Problem(
            CLUSTER_INFO,
            f"{CLUSTER_INFO} names another CA than the one in ca.crt of {serving_control_plane.name}, so joining hosts "
            f"would trust nobody here: {remedy}.",
        )


def _shared_files(cluster: Cluster, serving_control_plane: Host) -> t.Iterator[Problem]:
    directory = str(cluster.configuration.get("certificatesDir") or f"{_KUBERNETES}pki").rstrip("/")
    if not directory.startswith(_KUBERNETES):
        # What is elsewhere is not in the report; kubeadm says it when it uploads.
        return
    wanted = [*_SHARED, *(() if cluster.uses_external_etcd else _SHARED_OF_ETCD)]
    there = set(serving_control_plane.report.kubernetes_files)
    # A missing ca.key is a problem of its own.
    missing = [name for name in wanted if f"{directory}/{name}" not in there and name != "ca.key"]
    if missing:
        yield Problem(
            serving_control_plane.name,
            f"{', '.join(missing)} {'is' if len(missing) == 1 else 'are'} missing in {directory} on "
            f"{serving_control_plane.name}, and kubeadm hands them to each joining control plane: put them back from a "
            "backup for the run.",
        )


__all__ = ("needs_discovery_file", "problems")
