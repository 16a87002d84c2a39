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
#: The kubelet's kubeconfig by kubeadm, and its directory of certificates.
_KUBECONFIG, _PKI_DIR = "/etc/kubernetes/kubelet.conf", "/etc/kubernetes/pki"


def are_there(report: HostReport) -> bool:
    """Whether there are such services. A kubelet alone is one unless kubeadm made its files, or is there to make them."""
    if any(name in report.services for name in OF_NO_KUBEADM):
        return True
    has_kubeconfig = any(item.path == _KUBECONFIG for item in report.kubeconfigs)
    has_authority = any(item.path == f"{report.pki_dir or _PKI_DIR}/ca.crt" for item in report.certificates)
    is_kubeadms = bool(report.versions.get("kubeadm")) or (has_kubeconfig and has_authority)
    return _KUBELET in report.services and not is_kubeadms


__all__ = ("OF_NO_KUBEADM", "are_there")
