# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host has of a cluster."""

from __future__ import annotations

import typing as t

from ..kubeadm.join_traces import is_of_kubeadm

if t.TYPE_CHECKING:
    from ..host.host import Host

#: No package of kubeadm brings them.
_SERVICES = ("kube-apiserver", "kube-controller-manager", "kube-scheduler")


def traces(host: Host) -> list[str]:
    """What the host has of a cluster, kubeadm's or another one: files, and etcd's data."""
    files = [path for path in host.report.kubernetes_files if is_of_kubeadm(path)]
    return [*files, *(["/var/lib/etcd/member"] if host.report.has_etcd_data else []), *_others(host, files)]


def _others(host: Host, files: t.Sequence[str]) -> list[str]:
    """Components that run, and services of a control plane that does not run now."""
    running = {item.process for item in host.report.listening}
    names = sorted(running & {"kube-apiserver", "etcd", "kubelet"})
    services = [f"{name}.service" for name in _SERVICES if name in host.report.services and name not in running]
    return [] if files else [*(f"a running {name}" for name in names), *services]


__all__ = ("traces",)
