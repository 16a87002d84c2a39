# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which versions may work together.

The policy is https://kubernetes.io/releases/version-skew-policy/; kubeadm's own part of it is
https://kubernetes.io/docs/setup/production-environment/tools/kubeadm/create-cluster-kubeadm/#version-skew-policy.
"""

from __future__ import annotations

import contextlib
import typing as t

from ...base.errors import InvalidInput
from ...base.problem import Problem
from ...base.version import KubernetesVersion

if t.TYPE_CHECKING:
    from ...cluster.cluster import Cluster
    from ...host.host import Host
    from ..desired import Desired

POLICY = "https://kubernetes.io/releases/version-skew-policy/"

#: Gate of a control plane's kubelet.conf that names its own API server (kubernetes/kubernetes#125582).
_LOCAL_MODE = "ControlPlaneKubeletLocalMode"
#: First kubelet that may be three minors older than the API server; before, two.
_THREE_MINORS = (1, 25)
#: First kubeadm that reads each version of its configuration (PRs 101129 and 125029 of kubernetes/kubernetes).
_FIRST_READER = {"v1beta3": (1, 22), "v1beta4": (1, 31)}


def problems(
    desired: Desired, hosts: t.Mapping[str, Host], cluster: Cluster, serving_control_plane: Host
) -> t.Iterator[Problem]:
    """Every combination of versions that the policy or kubeadm does not allow."""
    versions = api_versions(hosts, cluster, serving_control_plane)
    yield from _api_servers(versions)
    joined = [hosts[name] for name in desired.nodes if name in hosts and _is_node(hosts[name], cluster)]
    for host in joined:
        kubelet = _newest_kubelet(host, cluster)
        if kubelet is not None:
            yield from _kubelet(host, kubelet, versions)
    joining = [hosts[name] for name in desired.nodes if name in hosts and not hosts[name].is_member]
    if any(host.name in desired.control_planes for host in joining):
        yield from _stored_version(cluster, max(versions.values()))
    for host in joining:
        yield from _joining_host(desired, host, cluster, versions)


def api_versions(
    hosts: t.Mapping[str, Host], cluster: Cluster, serving_control_plane: Host
) -> dict[str, KubernetesVersion]:
    """Version of each API server of the cluster by host: what the serving one says of itself, the others' images."""
    found = {
        host.name: host.api_server_version
        for host in hosts.values()
        if host.api_server_version is not None and _is_node(host, cluster)
    }
    return {**found, serving_control_plane.name: cluster.version}


def is_local_mode(host: Host, cluster: Cluster) -> bool:
    """Whether kubeadm lets the kubelet.conf of this control plane name its own API server.

    Its own version decides, not that of the API server that was asked. A gate that is set in the ClusterConfiguration
    decides from 1.31, when it came, to 1.35, after which it is gone.
    """
    version = host.api_server_version or cluster.version
    gate = (cluster.configuration.get("featureGates") or {}).get(_LOCAL_MODE)
    if gate is not None and (1, 31) <= version.release <= (1, 35):
        return str(gate).lower() == "true"
    return version.is_local_mode_default


def must_stay_local(host: Host, versions: t.Mapping[str, KubernetesVersion]) -> bool:
    """Whether this control plane's kubelet is newer than an API server that it could reach through a balancer."""
    version = host.kubelet_version
    return version is not None and version.release > min(versions.values()).release


def _api_servers(versions: t.Mapping[str, KubernetesVersion]) -> t.Iterator[Problem]:
    oldest, newest = min(versions.values()), max(versions.values())
    if _minors(newest, oldest) > 1:
        shown = ", ".join(f"{name} {version}" for name, version in sorted(versions.items()))
        yield Problem(
            "kube-apiserver",
            f"The API servers are more than one minor version apart ({shown}): bring the older ones to {newest} with "
            f"kubeadm upgrade node first ({POLICY}).",
        )


def _stored_version(cluster: Cluster, newest: KubernetesVersion) -> t.Iterator[Problem]:
    stored = cluster.configured_version
    if stored is not None and stored != newest:
        yield Problem(
            "ConfigMap kube-system/kubeadm-config",
            f"kubeadm-config says kubernetesVersion {stored}, but the API server is {newest}; joining control planes would "
            f"be {stored}: finish the upgrade (kubeadm upgrade apply), or correct kubernetesVersion with kubectl "
            "-n kube-system edit configmap kubeadm-config.",
        )


def _kubelet(
    host: Host, kubelet: KubernetesVersion, versions: t.Mapping[str, KubernetesVersion]
) -> t.Iterator[Problem]:
    oldest, newest = min(versions.values()), max(versions.values())
    # A control plane's kubelet may stay with its own API server; one whose version is unknown is given the benefit.
    own = versions.get(host.name, newest if host.is_control_plane else oldest)
    if kubelet.release > own.release:
        yield Problem(
            host.name,
            f"The kubelet of {host.name} is {kubelet}, newer than the API server {own}: a kubelet must not be newer; "
            f"install kubelet {own.major}.{own.minor} on it, or upgrade the control plane first ({POLICY}).",
        )
    elif is_too_old(kubelet, newest):
        yield Problem(
            host.name,
            f"The kubelet of {host.name} is {kubelet}, more than {_allowed(kubelet)} minor versions older than the API "
            f"server {newest}: upgrade it first ({POLICY}).",
        )


def _joining_host(
    desired: Desired, host: Host, cluster: Cluster, versions: t.Mapping[str, KubernetesVersion]
) -> t.Iterator[Problem]:
    wanted = cluster.configured_version or max(versions.values())
    kubeadm, kubelet = host.kubeadm_version, host.kubelet_version
    missing = [program for program, version in (("kubeadm", kubeadm), ("kubelet", kubelet)) if version is None]
    if len(missing) == 1:
        yield Problem(
            host.name, f"{host.name} has no {missing[0]}: install {missing[0]} {wanted.major}.{wanted.minor} on it."
        )
    elif missing:
        yield Problem(
            host.name,
            f"{host.name} has neither kubeadm nor kubelet: install both {wanted.major}.{wanted.minor} on it, or set "
            f"kubeadm_ha_kubernetes_version to {str(wanted)[1:]}, and this run prepares the host.",
        )
    if kubeadm is not None:
        yield from _joining_kubeadm(desired, host, kubeadm, cluster, wanted)
    if kubelet is not None:
        yield from _joining_kubelet(host, kubelet, kubeadm, versions)


def _joining_kubeadm(
    desired: Desired, host: Host, kubeadm: KubernetesVersion, cluster: Cluster, wanted: KubernetesVersion
) -> t.Iterator[Problem]:
    remedy = f"install kubeadm {wanted.major}.{wanted.minor} on it."
    finding = f"{host.name} has kubeadm {kubeadm}, but the cluster runs {wanted}"
    if kubeadm.release == wanted.release:
        return
    api_version = str(cluster.configuration.get("apiVersion") or "").rpartition("/")[2]
    if kubeadm.release > wanted.release or _minors(wanted, kubeadm) > 1:
        yield Problem(host.name, f"{finding}: {remedy}")
    elif kubeadm.release < _FIRST_READER.get(api_version, (0, 0)):
        yield Problem(
            host.name, f"{finding} and keeps its configuration in {api_version}, which it cannot read: {remedy}"
        )
    elif host.name in desired.control_planes and not cluster.uses_external_etcd:
        # An older kubeadm knows its own release's etcd only: 1.33 would put etcd 3.5 into a cluster of 3.6.
        yield Problem(host.name, f"{finding}; a control plane would get the etcd of the older release: {remedy}")
    elif not desired.allow_older_kubeadm:
        yield Problem(
            host.name,
            f"{finding}: {remedy} kubeadm_ha_allow_older_kubeadm: true lets one minor older join, which kubeadm's own policy "
            "does not cover.",
        )


def _joining_kubelet(
    host: Host,
    kubelet: KubernetesVersion,
    kubeadm: KubernetesVersion | None,
    versions: t.Mapping[str, KubernetesVersion],
) -> t.Iterator[Problem]:
    oldest, newest = min(versions.values()), max(versions.values())
    if kubelet.release > oldest.release:
        yield Problem(
            host.name,
            f"{host.name} has kubelet {kubelet}, but the cluster runs {oldest}, and a kubelet must not be newer: install "
            f"kubelet {oldest.major}.{oldest.minor} on it.",
        )
    elif _minors(newest, kubelet) > _allowed(kubelet):
        yield Problem(
            host.name,
            f"{host.name} has kubelet {kubelet}, but the cluster runs {newest}, and a kubelet may be at most "
            f"{_allowed(kubelet)} minor versions older: install kubelet {newest.major}.{newest.minor} on it.",
        )
    elif kubeadm is not None and kubelet.release > kubeadm.release:
        yield Problem(
            host.name,
            f"{host.name} has kubelet {kubelet} and the older kubeadm {kubeadm}: install kubeadm {kubelet.major}."
            f"{kubelet.minor} on it.",
        )


def _is_node(host: Host, cluster: Cluster) -> bool:
    return host.is_member and host.node_name in cluster.nodes


def _newest_kubelet(host: Host, cluster: Cluster) -> KubernetesVersion | None:
    """The newer of the kubelet that runs and the one that is installed: the next restart brings that one."""
    found = [host.kubelet_version] if host.kubelet_version is not None else []
    with contextlib.suppress(InvalidInput):
        found.append(KubernetesVersion.parse(cluster.nodes[host.node_name].kubelet_version))
    return max(found, default=None)


def _minors(newer: KubernetesVersion, older: KubernetesVersion) -> int:
    """How many minor versions lie between; another major version is far away."""
    return newer.minor - older.minor if newer.major == older.major else 1000 * (newer.major - older.major)


def is_too_old(kubelet: KubernetesVersion, newest: KubernetesVersion) -> bool:
    """Whether a kubelet is older than the policy allows beside an API server."""
    return _minors(newest, kubelet) > _allowed(kubelet)


def _allowed(kubelet: KubernetesVersion) -> int:
    """How many minor versions older than the API server this kubelet may be."""
    return 3 if kubelet.release >= _THREE_MINORS else 2


__all__ = ("POLICY", "api_versions", "is_local_mode", "is_too_old", "must_stay_local", "problems")
