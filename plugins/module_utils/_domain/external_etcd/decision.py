# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ``external_etcd_decision`` reports of one host: the one place that knows how it is written."""

from __future__ import annotations

import dataclasses
import typing as t

from ..base.change import Change
from ..base.problem import Problem
from ..base.report_fields import as_dict, read
from ..host.firewall import FirewallNeeds


@dataclasses.dataclass(frozen=True)
class WantedFile:
    """A file that the host is to have: its path and its text."""

    path: str
    content: str


@dataclasses.dataclass(frozen=True)
class EtcdDecision:
    """What the role would change on a host.

    Attributes:
        address: of the host, without which it has no part in the etcd cluster.
        client_url: where clients reach the member.
        peer_url: where the other members reach it.
        signer: inventory name of the host that has the CA's key.
        is_signer: whether that is this host.
        founders: names of the members that begin the etcd cluster together, in order; none where it is there.
        additions: names of those that are added to it afterwards, one by one, in order.
        members: client URLs of the members that have begun.
        first_start: how this host begins as a founder; empty where it has begun, or is added.
        is_started: whether a member that has begun and does not run is started.
        restarts: whether the member is started anew, so that it loads what has changed.
        program: path of etcd.
        oldest: the oldest etcd that the cluster's kubeadm takes; empty where that is not known.
        packages: to install.
        downloads: programs that the host downloads.
        copies: programs that are copied from the controller.
        source: where they come from.
        makes_user: whether the user of etcd is made.
        makes_ca: whether the CA is made here.
        issues: pairs that get a new certificate.
        sans: of these certificates.
        valid_days: how long they are valid.
        files: to write.
        firewall: what is to be opened.
        access: ``etcd.external`` of a ClusterConfiguration, by the names of kubeadm_init_configuration.
        objects: how many keys of Kubernetes the etcd cluster holds; ``None`` where that is not known.
        changes: the entries of the plan.
        problems: reasons to stop.
    """

    address: str
    client_url: str
    peer_url: str
    signer: str
    is_signer: bool
    founders: tuple[str, ...]
    additions: tuple[str, ...]
    members: tuple[str, ...]
    first_start: str
    is_started: bool
    restarts: bool
    program: str
    oldest: str
    packages: tuple[str, ...]
    downloads: tuple[str, ...]
    copies: tuple[str, ...]
    source: str
    makes_user: bool
    makes_ca: bool
    issues: tuple[str, ...]
    sans: tuple[str, ...]
    valid_days: int
    files: tuple[WantedFile, ...]
    firewall: FirewallNeeds
    access: t.Mapping[str, t.Any]
    objects: int | None
    changes: tuple[Change, ...]
    problems: tuple[Problem, ...]

    @classmethod
    def from_dict(cls, host: str, document: t.Mapping[str, t.Any]) -> EtcdDecision:
        """From what :meth:`as_dict` gave.

        Args:
            host: the host's name in the inventory, for messages.
            document: the return value ``decision``.

        Raises:
            MalformedReport: naming the host, the key and what was found there.
        """
        return read(cls, document, where=f"The decision for etcd on {host}")

    def as_dict(self) -> dict[str, t.Any]:
        """JSON-compatible."""
        return as_dict(self)


__all__ = ("EtcdDecision", "WantedFile")
