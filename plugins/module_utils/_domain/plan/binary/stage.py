# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the control plane runs as services of systemd."""

from __future__ import annotations

import typing as t

if t.TYPE_CHECKING:
    from ...host.host import Host

_API_SERVER = "kube-apiserver"


def find(hosts: t.Mapping[str, Host], control_planes: t.Iterable[str]) -> str | None:
    """Inventory name of a host whose API server is no static pod; ``None`` where there is none, or where others are static pods.

    Args:
        hosts: every host that was inspected, by inventory name.
        control_planes: those that shall be control planes; they come first.
    """
    if any(host.is_control_plane for host in hosts.values()):
        return None
    found = (hosts[name] for name in (*control_planes, *hosts) if name in hosts)
    return next((host.name for host in found if _serves(host)), None)


def _serves(host: Host) -> bool:
    return any(item.process == _API_SERVER for item in host.report.listening)


__all__ = ("find",)
