# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The step *balance* of a new cluster: load balancers, once there is a CA with which they verify API servers."""

from __future__ import annotations

import typing as t

from ...entry import Entry
from ...name_servers import name_servers
from ...step import Step, hosts_of
from ...steps.balance import Record, balancer_changes, balancer_groups

if t.TYPE_CHECKING:
    from ....host.host import Host
    from ..creation import Creation


class Balance(Step["Creation"]):
    """As for a cluster that there is, but nobody refuses anonymous requests yet."""

    name = "balance"

    def entries(self, situation: Creation, others: t.Sequence[Entry]) -> t.Iterator[Entry]:
        """In the order of the load balancers."""
        del others
        desired = situation.desired
        for name, balancer in situation.balancers.items():
            for change in balancer_changes(balancer, desired):
                yield Entry(name, self.name, change)

    def groups(self, situation: Creation, entries: t.Sequence[Entry]) -> t.Mapping[str, t.Sequence[str]]:
        """None before the certificate authorities are there."""
        desired = situation.desired
        if not situation.has_authorities:
            return {}
        # Every node resolves the name before kubeadm makes the cluster.
        resolving = desired.nodes if desired.has_own_dns else ()
        return {**balancer_groups(desired, hosts_of(entries, self.name)), "resolve": resolving}

    def record(self, situation: Creation, host: Host) -> Record:
        """The same for every load balancer, but for its distribution."""
        return Record(
            backends=situation.api_servers,
            ca_certificate=situation.first.ca_pem,
            probe_certificate=situation.desired.probe_certificate,
            probe_signer=situation.first.name,
            probe_ca=f"{situation.first.pki_dir}/ca.crt",
            probe_ca_key=f"{situation.first.pki_dir}/ca.key",
            distributions=host.distributions,
            servers=name_servers(situation.desired, situation.hosts),
        )


__all__ = ("Balance",)
