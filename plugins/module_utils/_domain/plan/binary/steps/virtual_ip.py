# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The step *virtual_ip*: keepalived gives the endpoint's address to one of the load balancers, or of the masters where there is none."""

from __future__ import annotations

import typing as t

from ...entry import Entry
from ...step import Step
from ...virtual_ip import ROLE, Record, record

if t.TYPE_CHECKING:
    from ....base.problem import Problem
    from ....host.host import Host
    from ..scaling import Scaling


class VirtualIp(Step["Scaling"]):
    """What the role itself has found to change."""

    name = "virtual_ip"

    def entries(self, situation: Scaling, others: t.Sequence[Entry]) -> t.Iterator[Entry]:
        """In the order of the hosts."""
        del others
        for name, decision in situation.decisions.get(ROLE, {}).items():
            yield from (Entry(name, self.name, change) for change in decision.changes)

    def problems(self, situation: Scaling, entries: t.Sequence[Entry]) -> t.Iterator[Problem]:
        """What the role cannot do."""
        del entries
        for decision in situation.decisions.get(ROLE, {}).values():
            yield from decision.problems

    def record(self, situation: Scaling, host: Host) -> Record:
        """The API server's port is the host's own."""
        return record_on(situation, host.name)


def record_on(situation: Scaling, name: str) -> Record:
    """What the role is given on a host.

    Args:
        situation: what was found.
        name: inventory name of the host.
    """
    return record(
        situation.desired,
        situation.hosts,
        api_port=situation.server_of(name).port,
        ca_certificate=situation.authority.pem,
    )


__all__ = ("Record", "VirtualIp", "record_on")
