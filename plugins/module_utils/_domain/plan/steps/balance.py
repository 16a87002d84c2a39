# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The load balancer hosts."""

from __future__ import annotations

import dataclasses
import typing as t

from ...base.change import Change
from ..checks import haproxy_version
from ..entry import Entry
from ..name_servers import NameServer, name_servers
from ..step import Step, hosts_of

if t.TYPE_CHECKING:
    from ...base.problem import Problem
    from ...host.host import Host
    from ..desired import Desired
    from ..situation import ApiServer, Balancer, Situation


@dataclasses.dataclass(frozen=True)
class Record:
    """What the role of the load balancer is given.

    Attributes:
        backends: every API server.
        ca_certificate: the cluster's CA certificates in PEM.
        probe_certificate: whether the checks present a client certificate.
        probe_signer: inventory name of the control plane that signs it.
        probe_ca: the CA's certificate there.
        probe_ca_key: the CA's key there.
        distributions: the host's distribution and those that it is like.
        servers: every host that answers the endpoint's name, where that is what the load balancers do.
    """

    backends: tuple[ApiServer, ...]
    ca_certificate: str
    probe_certificate: bool
    probe_signer: str
    probe_ca: str
    probe_ca_key: str
    distributions: tuple[str, ...]
    servers: tuple[NameServer, ...]


class Balance(Step["Situation"]):
    """The load balancer, its certificate, the firewall and SELinux."""

    name = "balance"

    def entries(self, situation: Situation, others: t.Sequence[Entry]) -> t.Iterator[Entry]:
        """The load balancer itself, then what the host needs beside it."""
        del others
        desired = situation.desired
        for name, balancer in situation.balancers.items():
            for change in balancer_changes(balancer, desired):
                yield Entry(name, self.name, change)

    def problems(self, situation: Situation, entries: t.Sequence[Entry]) -> t.Iterator[Problem]:
        """A haproxy that is too old."""
        for name in hosts_of(entries, self.name) if situation.desired.load_balancer == "haproxy" else ():
            yield from haproxy_version.problems(situation.hosts[name])

    def groups(self, situation: Situation, entries: t.Sequence[Entry]) -> t.Mapping[str, t.Sequence[str]]:
        """A play for each kind of load balancer."""
        return balancer_groups(situation.desired, hosts_of(entries, self.name))

    def record(self, situation: Situation, host: Host) -> Record:
        """The same for every load balancer, but for its distribution."""
        return Record(
            backends=situation.api_servers,
            ca_certificate=situation.serving_control_plane.ca_pem,
            probe_certificate=situation.refuses_anonymous or situation.desired.probe_certificate,
            probe_signer=situation.serving_control_plane.name,
            probe_ca=f"{situation.serving_control_plane.pki_dir}/ca.crt",
            probe_ca_key=f"{situation.serving_control_plane.pki_dir}/ca.key",
            distributions=host.distributions,
            servers=name_servers(situation.desired, situation.hosts),
        )


def balancer_groups(desired: Desired, names: t.Sequence[str]) -> dict[str, t.Sequence[str]]:
    """Inventory names by the group on which the play of each kind of load balancer runs."""
    return {
        "balance": names if desired.load_balancer == "haproxy" else (),
        "balance_nginx": names if desired.load_balancer == "nginx" else (),
        "balance_dns": names if desired.load_balancer == "dns" else (),
    }


def balancer_changes(balancer: Balancer, desired: Desired) -> t.Iterator[Change]:
    """What changes on a load balancer host: the load balancer itself, then what the host needs beside it."""
    wanted = {"package": "installed", "configuration": "as wanted", "service": "enabled, running"}
    now = {
        "package": "installed" if balancer.is_installed else "absent",
        "configuration": "as wanted" if balancer.is_configured else _other_configuration(balancer),
        "service": "enabled, running" if balancer.is_running else "other",
    }
    before = {key: value for key, value in now.items() if value != wanted[key]}
    if before:
        yield Change(
            object=f"load balancer {desired.load_balancer}",
            before=before,
            after={key: wanted[key] for key in before},
            reason=f"{desired.endpoint} leads to {len(desired.control_planes)} API servers through it",
        )
    yield from balancer.changes


def _other_configuration(balancer: Balancer) -> str:
    return "somebody else's (a backup is kept)" if balancer.replaces_foreign else "other"


__all__ = ("Balance", "Record", "balancer_changes", "balancer_groups")
