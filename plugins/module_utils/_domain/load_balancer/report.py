# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ``load_balancer_info`` reports of a load balancer host: the one place that knows how it is written."""

from __future__ import annotations

import dataclasses
import typing as t

from ..base.report_fields import as_dict, present, read
from ..host.firewall import Firewall
from ..host.selinux import SelinuxFacts


@dataclasses.dataclass(frozen=True)
class ConfigurationFile:
    """The load balancer's configuration.

    Attributes:
        path: where it is.
        owner: whose it is, see :mod:`base.configuration_owner`.
        sha1: SHA-1 of the file, empty without one.
    """

    path: str
    owner: str
    sha1: str


@dataclasses.dataclass(frozen=True)
class CertificateFile:
    """The client certificate of the checks.

    Attributes:
        path: where it is.
        pem: its text, empty without.
        has_key: whether its key is there.
    """

    path: str
    pem: str
    has_key: bool


@dataclasses.dataclass(frozen=True)
class DnsListener:
    """A program that listens on the port of DNS.

    Attributes:
        bound_to: the address, ``*`` for every one.
        held_by: its name, empty where unknown.
    """

    bound_to: str
    held_by: str


@dataclasses.dataclass(frozen=True)
class DnsFacts:
    """What is on a host that is to answer DNS; empty on others.

    Attributes:
        listeners: who has its port.
        foreign_zones: files of gdnsd's zones that are not the role's.
    """

    listeners: tuple[DnsListener, ...] = dataclasses.field(default=(), metadata=present())
    foreign_zones: tuple[str, ...] = dataclasses.field(default=(), metadata=present())


@dataclasses.dataclass(frozen=True)
class LoadBalancerReport:
    """What was found on a load balancer host.

    Attributes:
        configuration: the file of its configuration.
        running: name of the configuration that it runs, empty when it is not the role's.
        certificate: the client certificate of the checks.
        firewall: the active firewall.
        selinux: what SELinux allows.
        is_installed: whether the host has the program, with what it needs.
        has_ipv6: whether the kernel has IPv6.
        clock: the host's clock, in seconds since the epoch.
        stream_module: the file that nginx loads for TCP, empty where it needs none or is not there.
        python: the interpreter for programs of a role, empty for the usual one.
        name_service: what is there where DNS is to be answered.
    """

    configuration: ConfigurationFile
    running: str
    certificate: CertificateFile
    firewall: Firewall
    selinux: SelinuxFacts
    is_installed: bool
    has_ipv6: bool
    clock: float
    stream_module: str = dataclasses.field(default="", metadata=present())
    python: str = dataclasses.field(default="", metadata=present())
    name_service: DnsFacts = dataclasses.field(default=DnsFacts(), metadata=present())

    @classmethod
    def from_dict(cls, host: str, document: t.Mapping[str, t.Any]) -> LoadBalancerReport:
        """From what :meth:`as_dict` gave.

        Args:
            host: the host's name in the inventory, for messages.
            document: the return value ``load_balancer``.

        Raises:
            MalformedReport: naming the host, the key and what was found there.
        """
        return read(cls, document, where=f"The report of the load balancer on {host}")

    def as_dict(self) -> dict[str, t.Any]:
        """JSON-compatible."""
        return as_dict(self)


__all__ = ("CertificateFile", "ConfigurationFile", "DnsFacts", "DnsListener", "LoadBalancerReport")
