# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The gate before anybody is pointed to the endpoint: every node reaches the API through it."""

from __future__ import annotations

import dataclasses
import typing as t

from ..checks import endpoint_checks
from ..entry import Entry
from ..step import Step, hosts_of

if t.TYPE_CHECKING:
    from ...base.problem import Problem
    from ...host.host import Host
    from ..situation import Situation


@dataclasses.dataclass(frozen=True)
class Record:
    """What the role control_plane_endpoint is given to prove it.

    Attributes:
        ca_certificate: the cluster's CA certificates in PEM.
        client_kubeconfig: a kubeconfig of the host as whose client it asks; empty for its kubelet's certificate, if it has one at kubeadm's place.
    """

    ca_certificate: str
    client_kubeconfig: str = ""


class Prove(Step["Situation"]):
    """It changes nothing, so it has no entries."""

    name = "prove"

    def entries(self, situation: Situation, others: t.Sequence[Entry]) -> t.Iterator[Entry]:
        """None."""
        del situation, others
        yield from ()

    def problems(self, situation: Situation, entries: t.Sequence[Entry]) -> t.Iterator[Problem]:
        """What hosts see of the endpoint already and would be cut off by."""
        del entries
        yield from endpoint_checks.problems(situation)

    def groups(self, situation: Situation, entries: t.Sequence[Entry]) -> t.Mapping[str, t.Sequence[str]]:
        """Every node, and who else is pointed, before anybody is; only those that join where nobody else changes."""
        desired = situation.desired
        pointed = hosts_of(entries, "point")
        if not pointed:
            joining = set(hosts_of(entries, "join"))
            return {self.name: [name for name in desired.nodes if name in joining]}
        others = [name for name in desired.load_balancers if name in pointed]
        return {self.name: list(dict.fromkeys([*desired.nodes, *others]))}

    def record(self, situation: Situation, host: Host) -> Record:
        """The same for every host."""
        del host
        return Record(situation.serving_control_plane.ca_pem)


__all__ = ("Prove", "Record")
