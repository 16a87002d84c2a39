# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The step *balance* of a control plane of systemd services: load balancers lead to every master that there will be."""

from __future__ import annotations

import typing as t

from ...checks import haproxy_version
from ...entry import Entry
from ...name_servers import name_servers
from ...step import Step, hosts_of
from ...steps.balance import Record, balancer_changes, balancer_groups

if t.TYPE_CHECKING:
    from ....base.problem import Problem
    from ....host.host import Host
    from ..scaling import Scaling


class Balance(Step["Scaling"]):
    """As for a cluster of kubeadm."""

    name = "balance"

    def entries(self, situation: Scaling, others: t.Sequence[Entry]) -> t.Iterator[Entry]:
        """In the order of the load balancers."""
        del others
        for name, balancer in situation.balancers.items():
            for change in balancer_changes(balancer, situation.desired):
                yield Entry(name, self.name, change)

    def problems(self, situation: Scaling, entries: t.Sequence[Entry]) -> t.Iterator[Problem]:
        """A haproxy that is too old."""
        for name in hosts_of(entries, self.name) if situation.desired.load_balancer == "haproxy" else ():
            yield from haproxy_version.problems(situation.hosts[name])

    def groups(self, situation: Scaling, entries: t.Sequence[Entry]) -> t.Mapping[str, t.Sequence[str]]:
        """A play for each kind of load balancer."""
        return balancer_groups(situation.desired, hosts_of(entries, self.name))

    def record(self, situation: Scaling, host: Host) -> Record:
        """The same for every load balancer, but for its distribution."""
        signing = situation.probe_signing
        return Record(
            backends=situation.api_servers,
            ca_certificate=situation.authority.pem,
            probe_certificate=situation.needs_probe_certificate,
            probe_signer=situation.source,
            probe_ca=signing.certificate if signing is not None else "",
            probe_ca_key=signing.key if signing is not None else "",
            distributions=host.distributions,
            servers=name_servers(situation.desired, situation.hosts),
        )


__all__ = ("Balance",)
