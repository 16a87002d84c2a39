# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Finds the etcd of a control plane by its static pods or its services, with the standard library."""

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
API_SERVER = "kube-apiserver"


def external_access(manifests_dir: str, services: ComponentServices) -> EtcdAccess | None:
    """How this host's API server, a static pod or a service, reaches etcd that is no static pod of the host.

    Args:
        manifests_dir: where the static pods are.
        services: of this host, asked where its API server is no static pod.

    Returns:
        ``None`` with stacked etcd, and without an API server.

    Raises:
        UnsupportedState: when it does so without TLS with a client certificate, or when its flags are not certain.
    """
    if os.path.exists(os.path.join(manifests_dir, f"{static_pod.ETCD}.yaml")):
        return None
    access = _of_static_pod(manifests_dir)
    if access is None:
        access = _of_service(services)
    objection = access.objection("this host") if access is not None else None
    if objection is not None:
        raise UnsupportedState(objection)
    return access


def _of_static_pod(manifests_dir: str) -> EtcdAccess | None:
    try:
        with open(os.path.join(manifests_dir, f"{API_SERVER}.yaml"), encoding="utf-8", errors="replace") as stream:
            pod = static_pod.parse(stream.read())
    except OSError:
        return None
    except InvalidInput as error:
        raise UnsupportedState(
            f"{manifests_dir}/kube-apiserver.yaml cannot be read: {error.message} Write it as kubeadm does."
        ) from error
    return parse_access({flag: value.replace(static_pod.STRUCK, "//") for flag, value in pod.arguments})


def _of_service(services: ComponentServices) -> EtcdAccess | None:
    found = services.find(API_SERVER)
    for service in found:
        if service.fault:
            raise UnsupportedState(f"How {service.unit} of this host reaches etcd is not certain: {service.fault}")
    accesses = (parse_access(service.flags) for service in found)
    return next((access for access in accesses if access is not None), None)


def open_etcd(
    manifests_dir: str,
    pki_dir: str | None = None,
    *,
    services: ComponentServices,
    timeout: float,
    endpoints: t.Sequence[str] = (),
) -> tuple[EtcdGateway, tuple[str, ...]]:
    """The access to this control plane's etcd, stacked or external, and the client URLs of its servers.

    Args:
        manifests_dir: where the static pods are.
        pki_dir: kubeadm's ``certificatesDir``; without one it is found by the static pods' flags.
        services: of this host, asked where its API server is no static pod.
        timeout: seconds for each request.
        endpoints: client URLs of servers that kubeadm's certificates open, asked instead of those that are found.

    Raises:
        InvalidInput: when the certificates for it are not there.
        UnsupportedState: see :func:`external_access`.
    """
    access = None if endpoints else external_access(manifests_dir, services)
    if access is None:
        directory = pki_dir or certificates_dir.find(manifests_dir=manifests_dir)
        return EtcdGateway.of_kubeadm(directory, timeout=timeout), tuple(endpoints) or (STACKED_ENDPOINT,)
    return open_access(access, timeout=timeout), access.endpoints


def open_member(
    member: Instance, services: ComponentServices, manifests_dir: str, *, timeout: float
) -> tuple[EtcdGateway, str]:
    """The access to this host's member of etcd, and its client URL, with what the host has.

    A static pod is kubeadm's.

    Raises:
        InvalidInput: when there is no certificate that can be used.
        UnsupportedState: see :func:`external_access`.
    """
    if not member.unit:
        return open_etcd(manifests_dir, services=services, timeout=timeout)[0], STACKED_ENDPOINT
    return open_member_service(member.arguments, services, manifests_dir, timeout=timeout)


def open_member_service(
    settings: t.Mapping[str, str], services: ComponentServices, manifests_dir: str, *, timeout: float
) -> tuple[EtcdGateway, str]:
    """The same of a member that is a service: the API server's certificate for etcd counts before the member's own.

    Args:
        settings: the member's.
        services: of this host.
        manifests_dir: where its static pods are.
        timeout: seconds for each request.

    Raises:
        InvalidInput: when there is no certificate that can be used.
    """
    own = parse_member(settings)
    with contextlib.suppress(InvalidInput, UnsupportedState):
        access = external_access(manifests_dir, services)
        if access is not None:
            return open_access(access, timeout=timeout), own.endpoints[0]
    return open_access(own, timeout=timeout), own.endpoints[0]


def open_access(access: EtcdAccess, *, timeout: float) -> EtcdGateway:
    """The client of etcd by what an API server or a member names.

    Raises:
        InvalidInput: when one of its files cannot be used.
    """
    return EtcdGateway(
        ca_certificate=access.ca_certificate,
        client_certificate=access.client_certificate,
        client_key=access.client_key,
        timeout=timeout,
    )


__all__ = (
    "API_SERVER",
    "STACKED_ENDPOINT",
    "external_access",
    "open_access",
    "open_etcd",
    "open_member",
    "open_member_service",
)
