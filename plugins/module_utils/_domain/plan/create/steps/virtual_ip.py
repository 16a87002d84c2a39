# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The step *virtual_ip* of a new cluster: keepalived, beside the load balancers or the API servers that are to come."""

from __future__ import annotations

import typing as t

from ...entry import Entry
from ...step import Step, hosts_of
from ...virtual_ip import ROLE, Record, record

if t.TYPE_CHECKING:
    from ....host.host import Host
    from ..creation import Creation


class VirtualIp(Step["Creation"]):
    """What the role itself has found to change."""

    name = "virtual_ip"

    def entries(self, situation: Creation, others: t.Sequence[Entry]) -> t.Iterator[Entry]:
        """In the order of the hosts."""
        del others
        for name in situation.desired.virtual_ip_hosts:
            decision = situation.decision(ROLE, name)
            if decision is not None:
                yield from (Entry(name, self.name, change) for change in decision.changes)

    def groups(self, situation: Creation, entries: t.Sequence[Entry]) -> t.Mapping[str, t.Sequence[str]]:
        """None before the certificate authorities are there: where there is no load balancer the check needs the CA."""
        return {self.name: hosts_of(entries, self.name)} if situation.has_authorities else {}

    def record(self, situation: Creation, host: Host) -> Record:
        """The API server's port is the one that the host will have."""
        return record(
            situation.desired,
            situation.hosts,
            api_port=host.future_api_server(situation.server).port,
            ca_certificate=situation.first.ca_pem,
        )


__all__ = ("Record", "VirtualIp")
