# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a host may cease to be a master, or be put back to what it was before the cluster was scaled out."""

from __future__ import annotations

import dataclasses
import posixpath
import typing as t

from ...base.address import same_server
from ...base.enumeration import listed
from ...binary import named_paths, needs
from ...binary.extension import kubeconfig_of

if t.TYPE_CHECKING:
    from .scaling import Scaling

#: What the role has written down.
RECORD = "binary-control-plane"
_API_SERVER = "kube-apiserver"
#: In the reverse order of their plays.
_CONTROLLERS = ("kube-scheduler", "kube-controller-manager")
#: What a kubelet writes into its directory of certificates.
_WRITTEN = ("kubelet-client-*.pem", "kubelet-server-*.pem", "kubelet.crt", "kubelet.key")


@dataclasses.dataclass(frozen=True)
class Record:
    """What the role binary_control_plane is given to go back on a host.

    Attributes:
        source: inventory name of a master that stays and serves; empty without one.
        server: address and port of its API server.
        own_server: address and port of the host's own API server; empty where it runs none.
        own_units: its service, where it runs.
        ca_certificate: the CA of the API servers' certificates in PEM.
        node_name: of the host's Node; empty where masters run no kubelet.
        addresses: of the host.
        kubelet: its service; empty without one.
        kubeconfig: the kubelet's.
        written: patterns of files that a kubelet has written itself.
        records: what roles have written down there, the latest first.
        removal: why the host may not cease to be a master.
        restoration: why it may not be put back.
    """

    source: str
    server: str
    own_server: str
    own_units: tuple[str, ...]
    ca_certificate: str
    node_name: str
    addresses: tuple[str, ...]
    kubelet: str
    kubeconfig: str
    written: tuple[str, ...]
    records: tuple[str, ...]
    removal: tuple[str, ...]
    restoration: tuple[str, ...]


def record(scaling: Scaling, name: str, source: str | None) -> Record:
    """What is known of a host.

    Args:
        scaling: what was found.
        name: inventory name of the host.
        source: another master that serves; ``None`` without one.
    """
    report = scaling.services[name]
    kubelet = report.services.get(named_paths.KUBELET)
    return Record(
        source=source or "",
        server=str(scaling.server_of(source)) if source else "",
        own_server=str(scaling.server_of(name)) if _serves(scaling, name) else "",
        own_units=(report.services[_API_SERVER].unit,) if _serves(scaling, name) else (),
        ca_certificate=scaling.authority.pem,
        node_name=scaling.node_name(name) if kubelet is not None or _has_kubelet(scaling, source) else "",
        addresses=tuple(scaling.hosts[name].report.addresses),
        kubelet=kubelet.unit if kubelet is not None else "",
        kubeconfig=kubeconfig_of(named_paths.KUBELET, kubelet) if kubelet is not None else "",
        written=tuple(_written(scaling, name)),
        records=tuple(_records(scaling, name)),
        removal=tuple(_removal(scaling, name, source)),
        restoration=tuple(_restoration(scaling, name)),
    )


def _removal(scaling: Scaling, name: str, source: str | None) -> t.Iterator[str]:
    if source is None:
        yield (
            f"{name} is the last master: no other host of the inventory runs an API server, so the cluster would end with it. It is never removed."
        )
    used = [f"{path} of {other}" for other, path, server in _used(scaling, name) if scaling.master_at(server) == name]
    if used:
        yield (
            f"{listed(used)} names the API server of {name} itself, so its clients would lose the API: let kubeadm.ha.site point it to "
            f"{scaling.desired.endpoint} first."
        )
    if name in scaling.desired.load_balancers:
        through = [
            f"{path} of {other}" for other, path, server in _used(scaling, name) if _is_endpoint(scaling, server)
        ]
        if through:
            yield (
                f"{name} is a load balancer, too, and {listed(through)} leads to {scaling.desired.endpoint}: let another host balance, take {name} out "
                "of kube_load_balancer, and run kubeadm.ha.site first."
            )


def _restoration(scaling: Scaling, name: str) -> t.Iterator[str]:
    """A master goes back last: its certificate of before is for nobody else."""
    if not _serves(scaling, name):
        return
    others = [other for other in scaling.services if other != name and _serves(scaling, other)]
    if others:
        yield (
            f"API servers run on {listed(others)}, too, for which {name} was changed: remove them first (role binary_control_plane, entry point remove)."
        )
    used = [f"{path} of {other}" for other, path, server in _used(scaling, name) if scaling.master_at(server) != name]
    if used:
        yield (
            f"Not to the API server of {name} itself, whose certificate of before may be for nobody else, leads {listed(used)}: put these hosts "
            "back first (role binary_control_plane, entry point restore)."
        )


def _used(scaling: Scaling, name: str) -> t.Iterator[tuple[str, str, str]]:
    """Kubeconfigs of other hosts that lead to this cluster: host, path and server."""
    for other, kubeconfigs in scaling.kubeconfigs.items():
        for path, kubeconfig in kubeconfigs.items() if other != name else ():
            server = kubeconfig.server if kubeconfig is not None else None
            if server and (scaling.master_at(server) is not None or _is_endpoint(scaling, server)):
                yield other, path, server


def _is_endpoint(scaling: Scaling, server: str) -> bool:
    return same_server(server, scaling.desired.endpoint.url)


def _serves(scaling: Scaling, name: str) -> bool:
    service = scaling.services[name].services.get(_API_SERVER)
    return service is not None and service.active == "active"


def _has_kubelet(scaling: Scaling, name: str | None) -> bool:
    return name is not None and named_paths.KUBELET in needs.components(scaling.services[name])


def _records(scaling: Scaling, name: str) -> t.Iterator[str]:
    services = scaling.services[name].services
    for component in _CONTROLLERS:
        unit = services[component].unit if component in services else f"{component}.service"
        yield f"component-service/{unit}"
    yield RECORD


def _written(scaling: Scaling, name: str) -> t.Iterator[str]:
    report = scaling.services[name]
    service = report.services.get(named_paths.KUBELET)
    if service is None:
        return
    fields = needs.fields_of(report, service)
    yield from sorted(named_paths.own_of_host(named_paths.KUBELET, service.arguments, fields))
    for directory in service.arguments.get("cert-dir", ())[-1:]:
        yield from (posixpath.join(directory, pattern) for pattern in _WRITTEN)


__all__ = ("RECORD", "Record", "record")
