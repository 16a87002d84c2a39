# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Swap on joining hosts.

kubeadm only warns of it since 1.22 (kubernetes/kubernetes#104854). What would fail is the kubelet, which does not start with
swap unless its configuration, or a flag, has ``failSwapOn: false``.
"""

from __future__ import annotations

import typing as t

from ...base.problem import Problem

if t.TYPE_CHECKING:
    from ...cluster.cluster import Cluster
    from ...host.host import Host

_FIRST_WARNING = (1, 22)


def problems(host: Host, cluster: Cluster) -> t.Iterator[Problem]:
    """A problem of a joining host with swap, if its kubelet or its kubeadm would fail."""
    if not host.report.swap:
        return
    remedy = f"switch it off on {host.name} (swapoff -a, and its line in /etc/fstab)"
    version = host.kubeadm_version
    if version is not None and version.release < _FIRST_WARNING:
        yield Problem(host.name, f"Swap is on on {host.name}, and kubeadm {version} refuses to join with it: {remedy}.")
    elif not is_borne(host, cluster):
        yield Problem(
            host.name,
            f"Swap is on on {host.name}, and the cluster's kubelets do not start with it: {remedy}, or set failSwapOn: false "
            f"in the ConfigMap kube-system/{cluster.kubelet_config_name} if the nodes shall have it.",
        )


def is_borne(host: Host, cluster: Cluster) -> bool:
    """Whether the kubelet of a host starts with swap."""
    flag = host.report.kubelet_flags.get("fail-swap-on")
    if flag is not None:
        return flag.lower() == "false"
    configuration = cluster.kubelet_configuration
    return isinstance(configuration, dict) and configuration.get("failSwapOn") is False


__all__ = ("is_borne", "problems")
