# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The steps *controller_manager* and *scheduler*: identities of their own and election of a leader, on every master."""

from __future__ import annotations

import dataclasses
import typing as t

from ....base.change import KNOWN_AFTER_APPLY, Change
from ....binary import needs
from ...entry import Entry
from ...step import Step

if t.TYPE_CHECKING:
    from ....base.problem import Problem
    from ....host.host import Host
    from ..scaling import Scaling

#: Roles by the component that each is for.
ROLES: t.Mapping[str, str] = {
    "kube-controller-manager": "kube_controller_manager",
    "kube-scheduler": "kube_scheduler",
}


@dataclasses.dataclass(frozen=True)
class Record:
    """What the role of the component is given.

    Attributes:
        unit: the service that runs it.
        server: URL of the API server that its kubeconfig is to name; empty for the one that it names.
        is_new: whether the host does not run the component yet.
    """

    unit: str
    server: str
    is_new: bool


class Controllers(Step["Scaling"]):
    """One of the two components."""

    def __init__(self, name: str, component: str) -> None:
        self.name = name  # type: ignore[misc]
        self._component = component

    def entries(self, situation: Scaling, others: t.Sequence[Entry]) -> t.Iterator[Entry]:
        """What the role has decided on masters that there are; of one that only comes it is known later."""
        del others
        for name in situation.desired.control_planes:
            decision = situation.decisions.get(ROLES[self._component], {}).get(name)
            if decision is not None:
                for change in decision.changes:
                    yield Entry(name, self.name, change)
            elif name in situation.extensions and situation.extensions[name].changes:
                change = Change(
                    f"identity of {self._component}",
                    None,
                    KNOWN_AFTER_APPLY,
                    "its instances elect a leader, each as itself",
                )
                yield Entry(name, self.name, change)

    def problems(self, situation: Scaling, entries: t.Sequence[Entry]) -> t.Iterator[Problem]:
        """What the role cannot do."""
        del entries
        for decision in situation.decisions.get(ROLES[self._component], {}).values():
            yield from decision.problems

    def record(self, situation: Scaling, host: Host) -> Record:
        """The service of this host, or the one that comes."""
        return record(situation, host.name, self._component)


def record(situation: Scaling, name: str, component: str) -> Record:
    """What the role of a component is given on a host.

    Args:
        situation: what was found.
        name: inventory name of the host.
        component: the component.
    """
    source = situation.services[situation.source]
    own = situation.services.get(name, source)
    report = own if component in own.services else source
    service = report.services.get(component)
    kubeconfig = needs.kubeconfig_of(report, service) if service is not None else ""
    known = situation.kubeconfigs.get(name, {}).get(kubeconfig) or situation.kubeconfigs.get(situation.source, {}).get(
        kubeconfig
    )
    server = known.server if known is not None else None
    leads = server is not None and situation.leads_to_a_master(server)
    return Record(
        unit=service.unit if service is not None else component,
        server=situation.desired.endpoint.url if leads else "",
        is_new=not _runs(situation, name, component),
    )


def records(situation: Scaling) -> dict[str, dict[str, dict[str, object]]]:
    """What each role is given on masters that run its component already, by the role and the host: there it decides before the plan."""
    return {
        role: {
            name: dataclasses.asdict(record(situation, name, component))
            for name in situation.desired.control_planes
            if _runs(situation, name, component)
        }
        for component, role in ROLES.items()
    }


def _runs(situation: Scaling, name: str, component: str) -> bool:
    service = situation.services[name].services.get(component) if name in situation.services else None
    return service is not None and service.active == "active" and not service.fault


__all__ = ("ROLES", "Controllers", "Record", "record", "records")
