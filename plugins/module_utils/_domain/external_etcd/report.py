# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ``external_etcd_info`` reports of a host: the one place that knows how it is written."""

from __future__ import annotations

import dataclasses
import typing as t

from ..base.report_fields import as_dict, read
from ..etcd.report import EtcdReport
from ..host.firewall import Firewall
from ..host.report import Service

#: States of a record: its founders have not all begun; it is being added; it is a member.
FOUNDING, JOINING, MEMBER = "founding", "joining", "member"


@dataclasses.dataclass(frozen=True)
class Record:
    """What the role has begun on a host.

    Attributes:
        state: one of the states above, empty for nothing.
        founders: peer URLs of the members that began the etcd cluster, by their names.
    """

    state: str = dataclasses.field(default="")
    founders: t.Mapping[str, str] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Pair:
    """A certificate and its key.

    Attributes:
        pem: the certificate, empty without one.
        is_whole: whether the key is there and belongs to it.
    """

    pem: str
    is_whole: bool


@dataclasses.dataclass(frozen=True)
class Program:
    """An etcd: its path, its version as it prints it, and SHA-256 digests of it and its companions by their names."""

    path: str
    version: str
    digests: t.Mapping[str, str]


@dataclasses.dataclass(frozen=True)
class EtcdHost:
    """One host of the etcd cluster.

    Attributes:
        hostname: its own name.
        address: where others reach it, empty where that cannot be known.
        addresses: all of its addresses.
        package_manager: ``apt``, ``dnf``, ``zypper`` or empty.
        offered: version of etcd's package that would be installed, empty without.
        packaged: that of packages, ``None`` without one.
        own: that of :data:`places.OWN_PROGRAMS`, ``None`` without one.
        has_user: whether the user exists that etcd runs as.
        has_cryptography: whether Python can import cryptography here.
        files: SHA-256 of the role's files by path.
        is_ours: whether the unit bears the role's mark.
        service: its state.
        is_loaded: whether it runs and was started after everything that it loads was written.
        record: what the role has begun here.
        data: directories with etcd's data.
        taken: ports of etcd on which somebody listens.
        pairs: certificates by the names in :data:`places.PAIRS`.
        ca: the CA's certificate, empty without one.
        has_ca_key: whether the CA's key is there.
        etcd: what the member here reports of all, ``None`` where it does not answer.
        failure: why it does not.
        objects: how many keys of Kubernetes etcd holds, ``None`` where that is not known.
        firewall: the active firewall.
    """

    hostname: str
    address: str
    addresses: tuple[str, ...]
    package_manager: str
    offered: str
    packaged: Program | None
    own: Program | None
    has_user: bool
    has_cryptography: bool
    files: t.Mapping[str, str]
    is_ours: bool
    service: Service
    is_loaded: bool
    record: Record
    data: tuple[str, ...]
    taken: tuple[int, ...]
    pairs: t.Mapping[str, Pair]
    ca: str
    has_ca_key: bool
    etcd: t.Any
    failure: str
    objects: int | None
    firewall: Firewall

    @classmethod
    def from_dict(cls, host: str, document: t.Mapping[str, t.Any]) -> EtcdHost:
        """From what :meth:`as_dict` gave.

        Args:
            host: the host's name in the inventory, for messages.
            document: the return value ``external_etcd``.

        Raises:
            MalformedReport: naming the host, the key and what was found there.
        """
        return read(cls, document, where=f"The report of etcd on {host}")

    def as_dict(self) -> dict[str, t.Any]:
        """JSON-compatible."""
        return as_dict(self)

    @property
    def view(self) -> EtcdReport | None:
        """The etcd cluster as the member here reports it."""
        return EtcdReport.if_reported(self.etcd)


__all__ = ("FOUNDING", "JOINING", "MEMBER", "EtcdHost", "Pair", "Program", "Record")
