# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a host's Kubernetes components are services that something else than kubeadm made."""

from __future__ import annotations

import typing as t

if t.TYPE_CHECKING:
    from .report import HostReport

#: Components that kubeadm runs as static pods or by a DaemonSet.
OF_NO_KUBEADM = ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kube-proxy")
_KUBELET = "kubelet"
#: The kubelet's kubeconfig and configuration by kubeadm.
_KUBECONFIG, _CONFIGURATION = "/etc/kubernetes/kubelet.conf", "/var/lib/kubelet/config.yaml"


def are_there(report: HostReport) -> bool:
    """Whether there are such services. A kubelet alone is one unless it runs with kubeadm's files, as it does not before its host has joined."""
    if any(name in report.services for name in OF_NO_KUBEADM):
        return True
    flags = report.kubelet_flags
    is_kubeadms = (flags.get("kubeconfig"), flags.get("config")) == (_KUBECONFIG, _CONFIGURATION)
    return _KUBELET in report.services and not is_kubeadms


__all__ = ("OF_NO_KUBEADM", "are_there")
