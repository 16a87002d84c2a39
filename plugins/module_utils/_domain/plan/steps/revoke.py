# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bootstrap tokens and uploaded certificates go away after the joins, and those that a killed run left."""

from __future__ import annotations

import dataclasses
import typing as t

from ...base.change import KNOWN_AFTER_APPLY, Change
from ...kubeadm import learner_mode
from ..checks import join_secrets
from ..entry import Entry
from ..step import Step, hosts_of
from .join import joins, take_gate_away

if t.TYPE_CHECKING:
    from ...host.host import Host
    from ..situation import Situation


@dataclasses.dataclass(frozen=True)
class Record:
    """What the module kubeadm_join_command is given.

    Attributes:
        server: address and port of the serving control plane's API server.
    """

    server: str


class Revoke(Step["Situation"]):
    """The role that joins a host revokes what it made; what a killed run left has a play of its own."""

    name = "revoke"

    def entries(self, situation: Situation, others: t.Sequence[Entry]) -> t.Iterator[Entry]:
        """A control plane that joins takes what was left away together with its own, so that has no entry then."""
        del others
        for host, _is_control_plane, secrets in joins(situation):
            for name in secrets:
                gone = Change(name, KNOWN_AFTER_APPLY, None, f"{host.node_name} has joined or failed to")
                yield Entry(host.name, self.name, gone)
            if host.name in take_gate_away(situation):
                yield Entry(host.name, self.name, learner_mode.disabling())
        if not situation.joining_control_planes:
            for change in join_secrets.revocation(situation.cluster.report):
                yield Entry(situation.serving_control_plane.name, self.name, change)

    def groups(self, situation: Situation, entries: t.Sequence[Entry]) -> t.Mapping[str, t.Sequence[str]]:
        """Without the hosts that join."""
        del situation
        joining = hosts_of(entries, "join")
        return {self.name: [name for name in hosts_of(entries, self.name) if name not in joining]}

    def record(self, situation: Situation, host: Host) -> Record:
        """The same for every host."""
        del host
        return Record(str(situation.server))


__all__ = ("Record", "Revoke")
