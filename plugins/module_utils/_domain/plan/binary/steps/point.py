# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The step *point*: kubeconfigs that lead to one master lead to the endpoint, and who reads them is restarted."""

from __future__ import annotations

import dataclasses
import typing as t

from ....base.change import Change
from ....binary.extension import Server, Service, kubeconfig_of
from ....kubeconfig import kubeconfig
from ...entry import Entry
from ...step import Step, hosts_of

if t.TYPE_CHECKING:
    from ....host.host import Host
    from ..scaling import Scaling


@dataclasses.dataclass(frozen=True)
class Record:
    """What the role binary_control_plane is given to point a host.

    Attributes:
        server: address and port of the source's API server.
        ca_certificate: the CA of its certificate in PEM.
        servers: kubeconfigs to point.
        services: services to restart.
        batches: how many workers are changed at the same time, batch by batch.
    """

    server: str
    ca_certificate: str
    servers: tuple[Server, ...]
    services: tuple[Service, ...]
    batches: tuple[int | str, ...]


class PointServices(Step["Scaling"]):
    """Workers first, then masters, then administrators of load balancers."""

    name = "point"

    def entries(self, situation: Scaling, others: t.Sequence[Entry]) -> t.Iterator[Entry]:
        """Kubeconfigs, then the services that read them. What is pointed while a host becomes a master is not said twice."""
        said = {(entry.host, entry.change.object) for entry in others}
        for name in (*situation.desired.workers, *situation.desired.control_planes, *situation.desired.load_balancers):
            if name in situation.hosts:
                for change in _changes(situation, name):
                    if (name, change.object) not in said:
                        said.add((name, change.object))
                        yield Entry(name, self.name, change)

    def groups(self, situation: Scaling, entries: t.Sequence[Entry]) -> t.Mapping[str, t.Sequence[str]]:
        """A play for workers, one for masters, and one for the others."""
        names = hosts_of(entries, self.name)
        desired = situation.desired
        known = {*desired.workers, *desired.control_planes}
        return {
            "point_services_workers": [name for name in names if name in desired.workers],
            "point_services_control_planes": [name for name in names if name in desired.control_planes],
            "point_services_others": [name for name in names if name not in known],
        }

    def record(self, situation: Scaling, host: Host) -> Record:
        """The kubeconfigs of this host and what reads them."""
        paths = [change.object.partition(" ")[2] for change in _kubeconfigs(situation, host.name)]
        return Record(
            server=str(situation.server),
            ca_certificate=situation.authority.pem,
            servers=tuple(Server(path, situation.desired.endpoint.url) for path in paths),
            services=_services(situation, host.name, paths),
            batches=situation.desired.worker_batches,
        )


def _changes(situation: Scaling, name: str) -> t.Iterator[Change]:
    edits = list(_kubeconfigs(situation, name))
    yield from edits
    for service in _services(situation, name, [change.object.partition(" ")[2] for change in edits]):
        yield Change(f"service {service.unit}", "running", "restarted", "it reads its kubeconfig only at start")


def _kubeconfigs(situation: Scaling, name: str) -> t.Iterator[Change]:
    for path, found in situation.kubeconfigs.get(name, {}).items():
        if found is not None and found.server is not None and situation.leads_to_a_master(found.server):
            change = kubeconfig.decide_server(found, path=path, server=situation.desired.endpoint.url)
            if change is not None:
                yield change


def _services(situation: Scaling, name: str, paths: t.Sequence[str]) -> tuple[Service, ...]:
    """The running services that read one of the kubeconfigs."""
    reading = {component for path in paths for component in situation.components_reading(name, path)}
    report = situation.services.get(name)
    if report is None:
        return ()
    return tuple(
        Service(component, service.unit, restarts=True, kubeconfig=kubeconfig_of(component, service))
        for component, service in report.services.items()
        if component in reading and service.active == "active"
    )


__all__ = ("PointServices", "Record")
