# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Finds the etcd of which a host makes a snapshot."""

from __future__ import annotations

import dataclasses
import os
import typing as t

from ..._domain.base.errors import InvalidInput, UnsupportedState
from ..._domain.component.static_pod import ETCD
from ..host import certificates_dir
from .etcd_gateway import EtcdGateway
from .etcd_of_host import API_SERVER, STACKED_ENDPOINT, external_access, open_access, open_member_service

if t.TYPE_CHECKING:
    from ..._ports.component_services import ComponentServices


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
    if endpoint is not None or os.path.exists(os.path.join(manifests_dir, f"{ETCD}.yaml")):
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
    found = services.find(ETCD)
    if not found:
        return SnapshotSource()
    member = found[0]
    if member.fault:
        raise UnsupportedState(f"How {member.unit} of this host is started is not certain: {member.fault}")
    gateway, url = open_member_service(member.flags, services, manifests_dir, timeout=timeout)
    return SnapshotSource((url,), lambda: gateway)


__all__ = ("SnapshotSource", "has_api_server_service", "snapshot_source")
