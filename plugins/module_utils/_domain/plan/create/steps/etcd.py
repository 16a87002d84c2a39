# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The step *etcd* of a new cluster: etcd on hosts of its own, then the first API server's client certificate for it.

Other control planes get that one by kubeadm, with the files that it uploads.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ....base.change import KNOWN_AFTER_APPLY, Change
from ....external_etcd import places
from ... import etcd_clients
from ...entry import Entry
from ...step import Step, hosts_of

if t.TYPE_CHECKING:
    from ....host.host import Host
    from ..creation import Creation

_CLIENT = f"certificate {places.CLIENT_NAME}"


@dataclasses.dataclass(frozen=True)
class Record:
    """What the role external_etcd is given, on a control plane and on the hosts of etcd.

    Attributes:
        signer: inventory name of the host with the key of etcd's CA.
        control_planes: addresses of the control planes, which ask etcd.
    """

    signer: str
    control_planes: tuple[str, ...]


class Etcd(Step["Creation"]):
    """What the role itself has found to change; nothing where control planes run etcd."""

    name = "etcd"

    def entries(self, situation: Creation, others: t.Sequence[Entry]) -> t.Iterator[Entry]:
        """In the order of the hosts."""
        del others
        for name in situation.desired.etcd_hosts:
            decision = situation.etcd.get(name)
            if decision is not None:
                yield from (Entry(name, self.name, change) for change in decision.changes)
        first = situation.first
        if situation.etcd and f"{places.CLIENT}.crt" not in first.report.kubernetes_files:
            issued = Change(_CLIENT, None, KNOWN_AFTER_APPLY, "the API server shows it to etcd")
            yield Entry(first.name, self.name, issued)

    def groups(self, situation: Creation, entries: t.Sequence[Entry]) -> t.Mapping[str, t.Sequence[str]]:
        """The client's certificate comes after the cluster's own CAs: before them nothing marks what a run has begun."""
        changing = hosts_of(entries, self.name)
        # One that has nothing to change waits with the others.
        found: dict[str, t.Sequence[str]] = {
            self.name: situation.desired.etcd_hosts if set(changing) & set(situation.etcd) else ()
        }
        if situation.has_authorities:
            found["etcd_client"] = [name for name in changing if name == situation.first.name]
        return found

    def record(self, situation: Creation, host: Host) -> Record:
        """The same everywhere."""
        del host
        return self.record_without_report(situation)

    def record_without_report(self, situation: Creation) -> Record:
        """Who signs, and who asks."""
        desired = situation.desired
        return Record(
            next((decision.signer for decision in situation.etcd.values()), ""),
            etcd_clients.find(desired.control_planes, situation.hosts, desired.cluster.pod_subnets),
        )


__all__ = ("Etcd", "Record")
