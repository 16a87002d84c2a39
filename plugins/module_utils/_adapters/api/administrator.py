# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The API as an administrator, by whatever a control plane has: kubeadm's kubeconfig, or one beside those of its components."""

from __future__ import annotations

import typing as t

from ..._domain.base.errors import InvalidInput
from ..host import component_services
from ..host.files import HostFiles
from .api import open_api
from .host_clients import KUBEADM, HostClients

if t.TYPE_CHECKING:
    from ..._ports.api import Api
    from ..._ports.commands import Commands
    from ..._ports.component_services import ComponentServices

_COMPONENTS = ("kube-controller-manager", "kube-scheduler")


def open_as_administrator(commands: Commands, *, kubeconfig: str, server: str | None) -> Api:
    """The API.

    Args:
        commands: runs the host's programs.
        kubeconfig: the one to use. Where it is kubeadm's, and the host has none of that place, one is found.
        server: API server to ask instead of the kubeconfig's.
    """
    files = HostFiles()
    if kubeconfig != KUBEADM or files.exists(KUBEADM):
        return open_api(commands, kubeconfig=kubeconfig, server=server)
    return (
        HostClients(files, commands, component_services.of_host(commands))
        .open(_COMPONENTS, kubeconfig=None, server=server)
        .api
    )


def administrator_of_services(commands: Commands, services: ComponentServices, *, server: str | None) -> Api | None:
    """The API as an administrator of a control plane of services; ``None`` where none of this host's kubeconfigs is one's.

    Args:
        commands: runs the host's programs.
        services: of the host.
        server: API server to ask instead of the kubeconfig's.
    """
    try:
        client = HostClients(HostFiles(), commands, services).open(_COMPONENTS, kubeconfig=None, server=server)
    except InvalidInput:
        return None
    return client.api if client.is_administrator else None


__all__ = ("administrator_of_services", "open_as_administrator")
