# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The certificates of the API servers and of etcd."""

from __future__ import annotations

import dataclasses
import typing as t

from ...pki import certificate
from .. import wanted_sans
from ..entry import Entry
from ..step import Step

if t.TYPE_CHECKING:
    from ...host.host import Host
    from ..situation import Situation


_API_SERVER = "apiserver"


@dataclasses.dataclass(frozen=True)
class EtcdCertificate:
    """A certificate of etcd that lacks SANs: its name, and those that it must have."""

    name: str
    sans: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class Record:
    """What the role apiserver_certificate is given.

    Attributes:
        server: address and port of the serving control plane's API server.
        sans: SANs that the API server's certificate must have.
        etcd: each of etcd's certificates that lacks one.
    """

    server: str
    sans: tuple[str, ...]
    etcd: tuple[EtcdCertificate, ...]


class Certify(Step["Situation"]):
    """Every certificate of a control plane that lacks a SAN."""

    name = "certify"

    def entries(self, situation: Situation, others: t.Sequence[Entry]) -> t.Iterator[Entry]:
        """In the order of the control planes."""
        del others
        joined = situation.joined(situation.desired.control_planes)
        for host in joined:
            for name, current, sans in wanted_sans.certificates(
                situation.desired, host, joined, situation.cluster.configuration
            ):
                change = certificate.decide_sans(name, current, sans)
                if change is not None:
                    yield Entry(host.name, self.name, change)

    def record(self, situation: Situation, host: Host) -> Record:
        """The SANs of this control plane."""
        return Record(str(situation.server), tuple(sorted(san.value for san in situation.sans)), _etcd(situation, host))


def _etcd(situation: Situation, host: Host) -> tuple[EtcdCertificate, ...]:
    joined = situation.joined(situation.desired.control_planes)
    return tuple(
        EtcdCertificate(name, tuple(sorted(san.value for san in sans)))
        for name, current, sans in wanted_sans.certificates(
            situation.desired, host, joined, situation.cluster.configuration
        )
        if name != _API_SERVER and certificate.decide_sans(name, current, sans) is not None
    )


__all__ = ("Certify", "EtcdCertificate", "Record")
