# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Finds the etcd of a control plane by its static pods or its services, with the standard library."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import typing as t

from ..._domain.base.errors import InvalidInput, UnsupportedState
from ..._domain.component import static_pod
from ..._domain.etcd.etcd_access import EtcdAccess, parse_access, parse_member
from ..host import certificates_dir, component_services
from .etcd_gateway import EtcdGateway

if t.TYPE_CHECKING:
    from ..._domain.failover_drill.instance import Instance
    from ..._ports.component_services import ComponentServices

#: Client URL of stacked etcd on its own host (kubeadm, util/etcd/etcd.go).
STACKED_ENDPOINT = "https://127.0.0.1:2379"
API_SERVER = "kube-apiserver"


@dataclasses.dataclass(frozen=True)
class SnapshotSource:
    """The etcd of which a host makes a snapshot.

    Attributes:
        endpoints: client URLs, of which the first that answers gives it; empty where none is known.
        open: makes its client; ``None`` where none is known.
        problem: why none is known although the host names one, a sentence with the remedy; else empty.
    """

    endpoints: tuple[str, ...] = ()
    open: t.Callable[[], EtcdGateway] | None = None
    problem: str = ""


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


def has_api_server_service(manifests_dir: str, services: ComponentServices) -> bool:
    """Whether the API server of this host is a service and no static pod."""
    return not os.path.exists(os.path.join(manifests_dir, f"{API_SERVER}.yaml")) and bool(services.find(API_SERVER))


def snapshot_source(
    manifests_dir: str,
    services: ComponentServices,
    *,
    pki_dir: str | None,
    endpoint: str | None,
    of_member: bool,
    timeout: float,
) -> SnapshotSource:
    """The etcd of which this host makes a snapshot.

    Args:
        manifests_dir: where the static pods are.
        services: of this host.
        pki_dir: kubeadm's ``certificatesDir``; without one it is found by the static pods' flags.
        endpoint: client URL of a server that kubeadm's certificates open, taken instead of what is found.
        of_member: whether it is this host's own member; else it is the etcd of its API server.
        timeout: seconds for each piece.
    """
    if endpoint is not None or os.path.exists(os.path.join(manifests_dir, f"{static_pod.ETCD}.yaml")):
        directory = pki_dir or certificates_dir.find(manifests_dir=manifests_dir)
        return SnapshotSource(
            (endpoint or STACKED_ENDPOINT,), lambda: EtcdGateway.of_kubeadm(directory, timeout=timeout)
        )
    try:
        if of_member:
            return _member_source(manifests_dir, services, timeout)
        access = external_access(manifests_dir, services)
    except (InvalidInput, UnsupportedState) as error:
        return SnapshotSource(problem=error.message)
    if access is None:
        return SnapshotSource()
    found = access
    return SnapshotSource(found.endpoints, lambda: open_access(found, timeout=timeout))


def _member_source(manifests_dir: str, services: ComponentServices, timeout: float) -> SnapshotSource:
    found = services.find(static_pod.ETCD)
    if not found:
        return SnapshotSource()
    member = found[0]
    if member.fault:
        raise UnsupportedState(f"How {member.unit} of this host is started is not certain: {member.fault}")
    gateway, url = open_member_service(member.flags, services, manifests_dir, timeout=timeout)
    return SnapshotSource((url,), lambda: gateway)


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
    "STACKED_ENDPOINT",
    "SnapshotSource",
    "etcd_client",
    "external_access",
    "has_api_server_service",
    "open_access",
    "open_etcd",
    "open_member",
    "open_member_service",
    "snapshot_source",
)
