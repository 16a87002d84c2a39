# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an audit asks for after every host was inspected: connections between control planes, and a control plane of services."""

from __future__ import annotations

import typing as t

from ..base.address import Endpoint
from ..etcd.etcd_access import parse_access
from .audit_input import API_SERVER, CONTROLLER_MANAGER, ETCD

if t.TYPE_CHECKING:
    from .audit_input import AuditInput

_ETCD_PORTS = (2379, 2380)
_KUBELET_PORT = 10250


def targets(audit: AuditInput) -> dict[str, list[dict[str, t.Any]]]:
    """Addresses and ports of other control planes that each must reach, by inventory name; empty for one alone."""
    found: dict[str, list[dict[str, t.Any]]] = {}
    for name in audit.control_planes:
        for other, item in audit.control_planes.items():
            address = item.api_server.host
            if other == name or not address:
                continue
            ports = [item.api_server.port, *(_ETCD_PORTS if item.flags_of(ETCD) else ())]
            ports += [_KUBELET_PORT] if item.host.is_member else []
            found.setdefault(name, []).extend({"address": address, "port": port} for port in ports)
    return found


def api_servers(audit: AuditInput) -> list[str]:
    """Address and port of each API server."""
    servers = (item.api_server for item in audit.control_planes.values())
    return [str(Endpoint(server.host, server.port)) for server in servers if server.host]


def source(audit: AuditInput) -> str:
    """Inventory name of a control plane that systemd runs and that serves; empty where kubeadm made them."""
    planes = audit.control_planes.values()
    return next((item.name for item in planes if item.is_serving and not item.host.is_control_plane), "")


def kubeconfig(audit: AuditInput) -> str:
    """Path of a kubeconfig on that host which is an administrator's by its name, else that of its controller manager; empty without."""
    name = source(audit)
    paths = [path for path, found in audit.kubeconfigs.get(name, {}).items() if found.server]
    named = [path for path in paths if "admin" in path.rpartition("/")[2]]
    own = [client.path for client in audit.clients if (client.host, client.component) == (name, CONTROLLER_MANAGER)]
    return next(iter((*named, *own)), "")


def etcd(audit: AuditInput) -> dict[str, t.Any]:
    """How the API server there reaches etcd, by the options of ``etcd_member_info``; empty without TLS or where kubeadm made it."""
    item = audit.control_planes.get(source(audit))
    access = parse_access(item.flags_of(API_SERVER)) if item is not None else None
    return access.as_dict() if access is not None and access.is_secured else {}


__all__ = ("api_servers", "etcd", "kubeconfig", "source", "targets")
