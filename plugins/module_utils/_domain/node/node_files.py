# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files of a node that the role writes, and the mark by which they are known."""

from __future__ import annotations

#: The first line of each of the role's files that can hold a comment.
MARKER = "File of the Ansible role kubeadm.ha.node_prepare"

MODULES = "/etc/modules-load.d/kubernetes.conf"
SYSCTLS = "/etc/sysctl.d/90-kubernetes.conf"
CONTAINERD = "/etc/containerd/config.toml"
CONTAINERD_HOSTS = "/etc/containerd/certs.d"
CONTAINERD_SOCKET = "unix:///run/containerd/containerd.sock"
CRICTL = "/etc/crictl.yaml"
APT_SOURCE = "/etc/apt/sources.list.d/kubernetes.list"
APT_KEY = "/etc/apt/keyrings/kubernetes.asc"
DNF_SOURCE = "/etc/yum.repos.d/kubernetes.repo"
ZYPPER_SOURCE = "/etc/zypp/repos.d/kubernetes.repo"
RPM_KEY = "/etc/pki/rpm-gpg/RPM-GPG-KEY-kubernetes"
KUBELET_UNIT = "/etc/systemd/system/kubelet.service"
KUBELET_DROP_IN = "/etc/systemd/system/kubelet.service.d/10-kubeadm.conf"
CNI_PROGRAMS = "/opt/cni/bin"

#: Files whose digests a report has.
SINGLE = (
    MODULES,
    SYSCTLS,
    CRICTL,
    APT_SOURCE,
    APT_KEY,
    DNF_SOURCE,
    ZYPPER_SOURCE,
    RPM_KEY,
    KUBELET_UNIT,
    KUBELET_DROP_IN,
)
#: The same of every registry.
OF_REGISTRIES = ("hosts.toml", "ca.crt")

__all__ = (
    "APT_KEY",
    "APT_SOURCE",
    "CNI_PROGRAMS",
    "CONTAINERD",
    "CONTAINERD_HOSTS",
    "CONTAINERD_SOCKET",
    "CRICTL",
    "DNF_SOURCE",
    "KUBELET_DROP_IN",
    "KUBELET_UNIT",
    "MARKER",
    "MODULES",
    "OF_REGISTRIES",
    "RPM_KEY",
    "SINGLE",
    "SYSCTLS",
    "ZYPPER_SOURCE",
)
