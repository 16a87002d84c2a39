# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The gate before anybody is sent to the endpoint: every host that will use it reaches the API through it."""

from __future__ import annotations

import typing as t

from ...step import Step, hosts_of
from ...steps.prove import Record

if t.TYPE_CHECKING:
    from ....host.host import Host
    from ...entry import Entry
    from ..scaling import Scaling


class Prove(Step["Scaling"]):
    """It changes nothing, so it has no entries."""

    name = "prove"

    def entries(self, situation: Scaling, others: t.Sequence[Entry]) -> t.Iterator[Entry]:
        """None."""
        del situation, others
        yield from ()

    def groups(self, situation: Scaling, entries: t.Sequence[Entry]) -> t.Mapping[str, t.Sequence[str]]:
        """Every node, and who else is pointed, before anybody is."""
        pointed = {*hosts_of(entries, "extend"), *hosts_of(entries, "point")}
        desired = situation.desired
        names = dict.fromkeys((*desired.nodes, *(name for name in desired.load_balancers if name in pointed)))
        return {self.name: list(names) if pointed else []}

    def record(self, situation: Scaling, host: Host) -> Record:
        """Where anonymous requests are refused, each host asks as a component of its own."""
        return Record(situation.authority.pem, situation.client_kubeconfig(host.name))


__all__ = ("Prove",)
