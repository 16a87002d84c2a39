# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The gate before anybody is pointed back: every node reaches the API at the address of before."""

from __future__ import annotations

import dataclasses
import typing as t

from ...step import Step

if t.TYPE_CHECKING:
    from ....host.host import Host
    from ...entry import Entry
    from ..rollback import Rollback


@dataclasses.dataclass(frozen=True)
class Record:
    """What the role control_plane_endpoint is given to prove them.

    Attributes:
        endpoints: addresses and ports.
        ca_certificate: the cluster's CA certificates in PEM.
    """

    endpoints: tuple[str, ...]
    ca_certificate: str


class Prove(Step["Rollback"]):
    """It changes nothing, so it has no entries."""

    name = "prove_previous"

    def entries(self, situation: Rollback, others: t.Sequence[Entry]) -> t.Iterator[Entry]:
        """None."""
        del situation, others
        yield from ()

    def groups(self, situation: Rollback, entries: t.Sequence[Entry]) -> t.Mapping[str, t.Sequence[str]]:
        """Every node that stays, and who else is pointed."""
        del entries
        return {self.name: asking(situation)}

    def record(self, situation: Rollback, host: Host) -> Record:
        """The same for every host."""
        del host
        return Record(situation.targets, situation.first.ca_pem)


def asking(situation: Rollback) -> list[str]:
    """The hosts that must reach the addresses of before: none when nobody is pointed there."""
    if not situation.targets:
        return []
    staying = {host.name for host in situation.staying}
    every = dict.fromkeys((*situation.desired.nodes, *situation.desired.load_balancers))
    return [name for name in every if name in staying or situation.kubeconfig_edits.get(name)]


__all__ = ("Prove", "Record", "asking")
