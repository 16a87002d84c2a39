# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Chooses the adapter of the Kubernetes API that the executing host has."""

from __future__ import annotations

import typing as t

from .kubectl import KubectlApi
from .kubernetes_client import IMPORT_ERROR, KubernetesClientApi

if t.TYPE_CHECKING:
    from ..._ports.commands import Commands


def open_api(
    commands: Commands, *, kubeconfig: str, server: str | None = None, request_timeout: float = 30.0
) -> KubernetesClientApi | KubectlApi:
    """The Python client where the host has it (the controller, a bastion), else the host's own kubectl.

    Args:
        commands: runs kubectl.
        kubeconfig: absolute path; its current context is used.
        server: ``host:port`` or URL of the API server to ask instead of the kubeconfig's.
        request_timeout: seconds that one request may take.
    """
    if IMPORT_ERROR is None:
        return KubernetesClientApi(kubeconfig=kubeconfig, server=server, request_timeout=request_timeout)
    return KubectlApi(commands, kubeconfig=kubeconfig, server=server, request_timeout=request_timeout)


__all__ = ("open_api",)
