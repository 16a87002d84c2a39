# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the steps of a plan need on the hosts where they run.

Only hosts that the plan changes are asked for it: a cluster that is as desired may lack all of it.
"""

from __future__ import annotations

import typing as t

from ..base.problem import Problem

if t.TYPE_CHECKING:
    from ..cluster.cluster import Cluster
    from ..host.host import Host
    from .entry import Entry
    from .situation import Situation

_BALANCER_DIRECTORIES = {"haproxy": "/etc/haproxy", "nginx": "/etc/nginx", "dns": "/etc/gdnsd"}
_KUBERNETES_DIRECTORIES = ("/etc/kubernetes", "/var/lib/kubelet")
_ETCD_DIRECTORY = "/var/lib/etcd"


def problems(situation: Situation, entries: t.Sequence[Entry]) -> t.Iterator[Problem]:
    """One problem for each thing that a step would find missing on its host."""
    steps: dict[str, set[str]] = {}
    for entry in entries:
        steps.setdefault(entry.host, set()).add(entry.step)
    yield from _kubeadm(situation, steps)
    for name, found in steps.items():
        host = situation.hosts.get(name)
        if host is not None:
            yield from _directories(situation, host, found)


def _kubeadm(situation: Situation, steps: t.Mapping[str, t.AbstractSet[str]]) -> t.Iterator[Problem]:
    """kubeadm issues certificates where their step runs, and makes tokens and uploads on the serving control plane."""
    reset = [item.host.name for item in situation.resets]
    needed = {
        name: "issues its certificates"
        for name, found in steps.items()
        if found & {"certify", "repair"} and name not in reset
    }
    if any("join" in found for found in steps.values()):
        needed.setdefault(
            situation.serving_control_plane.name, "makes the tokens and uploads the certificates of joining hosts"
        )
    for name in (*situation.desired.control_planes, situation.serving_control_plane.name):
        use = needed.pop(name, None)
        if use is not None and name in situation.hosts:
            yield from _kubeadm_of(situation.hosts[name], situation.cluster, use)


def _kubeadm_of(host: Host, cluster: Cluster, use: str) -> t.Iterator[Problem]:
    wanted = cluster.configured_version or cluster.version
    remedy = f"install kubeadm {wanted.major}.{wanted.minor} on it for the run."
    version = host.kubeadm_version
    if version is None:
        yield Problem(host.name, f"{host.name} has no kubeadm, which {use}: {remedy}")
    elif version.major != wanted.major or not 0 <= version.minor - wanted.minor <= 1:
        # kubeadm manages clusters of its own minor version and of the one before.
        yield Problem(
            host.name,
            f"{host.name} has kubeadm {version}, which {use}, but the cluster runs {wanted}, which it does not manage: "
            f"{remedy}",
        )


def _directories(situation: Situation, host: Host, steps: t.AbstractSet[str]) -> t.Iterator[Problem]:
    wanted: list[str] = []
    if "balance" in steps and situation.desired.load_balancer in _BALANCER_DIRECTORIES:
        wanted.append(_BALANCER_DIRECTORIES[situation.desired.load_balancer])
    if steps & {"certify", "point", "join", "repair"}:
        wanted += _KUBERNETES_DIRECTORIES[: 2 if "join" in steps else 1]
    if "join" in steps and host.name in situation.desired.control_planes and not situation.cluster.uses_external_etcd:
        wanted.append(_ETCD_DIRECTORY)
    for path in wanted:
        if path in host.report.read_only:
            yield Problem(
                host.name,
                f"{path} on {host.name} cannot be written to (a read-only file system, an immutable directory or a file in "
                "its place), and the run has to: make it writable.",
            )


__all__ = ("problems",)
