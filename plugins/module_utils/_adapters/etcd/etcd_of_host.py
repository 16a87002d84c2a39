# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Finds the etcd of a control plane by its static pods, with the standard library."""

from __future__ import annotations

import contextlib
import os
import typing as t

from ..._domain.base.errors import InvalidInput, UnsupportedState
from ..._domain.component import static_pod
from ..._domain.etcd.etcd_access import EtcdAccess, parse_access, parse_member
from ..host import certificates_dir
from .etcd_gateway import EtcdGateway

if t.TYPE_CHECKING:
    from ..._domain.failover_drill.instance import Instance
    from ..._ports.component_services import ComponentServices

#: Client URL of stacked etcd on its own host (kubeadm, util/etcd/etcd.go).
STACKED_ENDPOINT = "https://127.0.0.1:2379"


def external_access(manifests_dir: str) -> EtcdAccess | None:
    """How this host's API server reaches external etcd; ``None`` with stacked etcd, or without an API server.

    Raises:
        UnsupportedState: when it does so without TLS with a client certificate.
    """
    if os.path.exists(os.path.join(manifests_dir, "etcd.yaml")):
        return None
    try:
        with open(os.path.join(manifests_dir, "kube-apiserver.yaml"), encoding="utf-8", errors="replace") as stream:
            pod = static_pod.parse(stream.read())
    except OSError:
        return None
    except InvalidInput as error:
        raise UnsupportedState(
            f"{manifests_dir}/kube-apiserver.yaml cannot be read: {error.message} Write it as kubeadm does."
        ) from error
    access = parse_access({flag: value.replace(static_pod.STRUCK, "//") for flag, value in pod.arguments})
    objection = access.objection("this host") if access is not None else None
    if objection is not None:
        raise UnsupportedState(objection)
    return access


def open_etcd(
    manifests_dir: str, pki_dir: str | None = None, *, timeout: float, endpoints: t.Sequence[str] = ()
) -> tuple[EtcdGateway, tuple[str, ...]]:
    """The access to this control plane's etcd, stacked or external, and the client URLs of its servers.

    Args:
        manifests_dir: where the static pods are.
        pki_dir: kubeadm's ``certificatesDir``; without one it is found by the static pods' flags.
        timeout: seconds for each request.
        endpoints: client URLs of servers that kubeadm's certificates open, asked instead of those that are found.

    Raises:
        InvalidInput: when the certificates for it are not there.
        UnsupportedState: see :func:`external_access`.
    """
    access = None if endpoints else external_access(manifests_dir)
    if access is None:
        directory = pki_dir or certificates_dir.find(manifests_dir=manifests_dir)
        return EtcdGateway.of_kubeadm(directory, timeout=timeout), tuple(endpoints) or (STACKED_ENDPOINT,)
    return _opened(access, timeout), access.endpoints


def open_member(
    member: Instance, services: ComponentServices, manifests_dir: str, *, timeout: float
) -> tuple[EtcdGateway, str]:
    """The access to this host's member of etcd, and its client URL, with what the host has.

    A static pod is kubeadm's. For a service the API server's certificate for etcd counts before the member's own.

    Raises:
        InvalidInput: when there is no certificate that can be used.
        UnsupportedState: see :func:`external_access`.
    """
    if not member.unit:
        return open_etcd(manifests_dir, timeout=timeout)[0], STACKED_ENDPOINT
    own = parse_member(member.arguments)
    servers = [parse_access(service.flags) for service in services.find("kube-apiserver")]
    for access in (external_access(manifests_dir), *servers):
        if access is not None and access.is_secured:
            with contextlib.suppress(InvalidInput):
                return _opened(access, timeout), own.endpoints[0]
    return _opened(own, timeout), own.endpoints[0]


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
    return open_etcd(parameters["manifests_dir"], parameters["pki_dir"], timeout=parameters["timeout"], endpoints=given)


def _opened(access: EtcdAccess, timeout: float) -> EtcdGateway:
    return EtcdGateway(
        ca_certificate=access.ca_certificate,
        client_certificate=access.client_certificate,
        client_key=access.client_key,
        timeout=timeout,
    )


__all__ = ("STACKED_ENDPOINT", "etcd_client", "external_access", "open_etcd", "open_member")
