# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The step *virtual_ip*: keepalived on every host that may have the endpoint's virtual IP address."""

from __future__ import annotations

import typing as t

from ..entry import Entry
from ..step import Step
from ..virtual_ip import ROLE, Record, record

if t.TYPE_CHECKING:
    from ...host.host import Host
    from ..situation import Situation


class VirtualIp(Step["Situation"]):
    """What the role itself has found to change."""

    name = "virtual_ip"

    def entries(self, situation: Situation, others: t.Sequence[Entry]) -> t.Iterator[Entry]:
        """In the order of the hosts."""
        del others
        for name, decision in situation.decisions.get(ROLE, {}).items():
            yield from (Entry(name, self.name, change) for change in decision.changes)

    def record(self, situation: Situation, host: Host) -> Record:
        """The API server's port is the host's own."""
        return record(
            situation.desired,
            situation.hosts,
            api_port=host.future_api_server(situation.server).port,
            ca_certificate=situation.serving_control_plane.ca_pem,
        )


__all__ = ("Record", "VirtualIp")
