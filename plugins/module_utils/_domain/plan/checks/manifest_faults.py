# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Manifests of a control plane that cannot be understood."""

from __future__ import annotations

import typing as t

from ...base.problem import Problem
from ...component.secure_port import is_port

if t.TYPE_CHECKING:
    from ...host.host import Host


def problems(hosts: t.Mapping[str, Host], *, reported: t.Container[str] = ()) -> t.Iterator[Problem]:
    """A manifest that cannot be read, and a port that is none.

    Args:
        hosts: every host.
        reported: hosts whose unreadable manifests are reported elsewhere.
    """
    for host in hosts.values():
        for name, manifest in host.manifests.items():
            path = manifest.path or f"/etc/kubernetes/manifests/{name}.yaml"
            if manifest.unreadable and host.name not in reported:
                yield Problem(
                    host.name,
                    f"{path} on {host.name} cannot be used. {manifest.unreadable} Write it as kubeadm does.",
                )
        port = host.flags_of("kube-apiserver").get("secure-port")
        if port is not None and not is_port(port):
            yield Problem(
                host.name,
                f"--secure-port={port} in kube-apiserver.yaml on {host.name} is no port: correct it in "
                "/etc/kubernetes/manifests.",
            )


__all__ = ("problems",)
