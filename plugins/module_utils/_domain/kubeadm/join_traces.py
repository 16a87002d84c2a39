# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What on a host shows that kubeadm has begun to join it.

Only files that kubeadm makes are traces of a join. Whatever else an operator put beside them is his own: ``kubeadm reset``
would delete it with the rest, so it must never be taken for a reason to run that.
"""

from __future__ import annotations

import posixpath

KUBERNETES = "/etc/kubernetes"
MANIFESTS = "/etc/kubernetes/manifests"
_KUBECONFIGS = (
    "admin.conf",
    "bootstrap-kubelet.conf",
    "controller-manager.conf",
    "kubelet.conf",
    "scheduler.conf",
    "super-admin.conf",
)
_PAIRS = (
    "apiserver",
    "apiserver-etcd-client",
    "apiserver-kubelet-client",
    "ca",
    "front-proxy-ca",
    "front-proxy-client",
)
_ETCD_PAIRS = ("ca", "healthcheck-client", "peer", "server")
#: Static pods that kubeadm makes.
COMPONENTS = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler")


def is_of_kubeadm(path: str) -> bool:
    """Whether kubeadm makes a file of this path; its certificates may be in any directory below /etc/kubernetes."""
    directory, name = posixpath.split(path)
    stem, extension = posixpath.splitext(name)
    if directory == KUBERNETES:
        return name in _KUBECONFIGS
    if directory == MANIFESTS:
        return extension == ".yaml" and stem in COMPONENTS
    if not directory.startswith(f"{KUBERNETES}/"):
        return False
    if posixpath.basename(directory) == "etcd":
        return extension in (".crt", ".key") and stem in _ETCD_PAIRS
    return name in ("sa.key", "sa.pub") or (extension in (".crt", ".key") and stem in _PAIRS)


__all__ = ("COMPONENTS", "KUBERNETES", "MANIFESTS", "is_of_kubeadm")
