# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The client of etcd that the options of a module describe."""

from __future__ import annotations

import typing as t

from ..host import component_services
from .etcd_gateway import EtcdGateway
from .etcd_of_host import STACKED_ENDPOINT, open_etcd


def etcd_client(parameters: t.Mapping[str, t.Any]) -> tuple[EtcdGateway, tuple[str, ...]]:
    """The client of etcd that the options of ``etcd_member_info`` or ``etcd_member`` describe, and the client URLs of its servers."""
    given = tuple(parameters["endpoints"]) or tuple(filter(None, [parameters["endpoint"]]))
    if parameters["client_certificate"] is not None:
        found = EtcdGateway(
            ca_certificate=parameters["ca_certificate"],
            client_certificate=parameters["client_certificate"],
            client_key=parameters["client_key"],
            timeout=parameters["timeout"],
        )
        return found, given or (STACKED_ENDPOINT,)
    return open_etcd(
        parameters["manifests_dir"],
        parameters["pki_dir"],
        services=component_services.of_host(),
        timeout=parameters["timeout"],
        endpoints=given,
    )


__all__ = ("etcd_client",)
