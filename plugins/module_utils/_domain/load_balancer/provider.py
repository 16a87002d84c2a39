# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every kind of load balancer computes of its role's inputs.

A provider is a file of :mod:`providers`, with a frozen dataclass of the role's inputs that has these properties and a function
that reads it, and a template, which has loops only.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ..base.problem import Problem

if t.TYPE_CHECKING:
    from ..host.selinux import Needs


@dataclasses.dataclass(frozen=True)
class ClientCertificate:
    """The client certificate that checks of the API servers present.

    Attributes:
        common_name: its common name.
        renew_before: days left below which it is renewed.
        ca: PEM of the CA that signs it.
    """

    common_name: str
    renew_before: int
    ca: str


class Provider(t.Protocol):
    """One load balancer as its role's inputs want it."""

    @property
    def name(self) -> str:
        """What the program is called."""

    @property
    def role(self) -> str:
        """Its role, with whose name the variables begin."""

    @property
    def values(self) -> t.Mapping[str, t.Any]:
        """Everything that its template is given but the digest. JSON-compatible; the same however the inputs are written."""

    @property
    def loads(self) -> t.Sequence[str]:
        """Texts of the inputs that it loads beside its configuration."""

    @property
    def listen(self) -> t.Sequence[int]:
        """TCP ports that it listens on."""

    @property
    def open(self) -> t.Sequence[int]:
        """Those of them that clients on other hosts reach."""

    @property
    def transports(self) -> t.Sequence[str]:
        """By which protocols they do, ``tcp`` or ``udp``."""

    @property
    def connect(self) -> t.Sequence[int]:
        """TCP ports of the API servers."""

    @property
    def local_endpoint(self) -> str:
        """``address:port`` where its own host reaches the API servers through it."""

    @property
    def certificate(self) -> ClientCertificate | None:
        """The client certificate that its checks present, if they do."""

    def selinux(
        self, ports: t.Sequence[tuple[str, int, int]], booleans: t.Mapping[str, bool], modules: t.Collection[str]
    ) -> Needs:
        """What SELinux must be given, by what its policy has; see the parsers of :mod:`host.selinux`."""

    @property
    def manage_firewall(self) -> bool:
        """Whether the firewall is opened."""

    @property
    def replace_configuration(self) -> bool:
        """Whether somebody else's configuration is replaced."""


@dataclasses.dataclass(frozen=True)
class Reading:
    """The inputs of a role as they were read.

    Attributes:
        provider: what they want, with a stand-in for each value that could not be read: no port, no server, false.
        problems: why the role cannot work with them.
        unmet: what it lacks before it can change anything, and what is made later in the run that asks: the cluster's CA.
        is_complete: whether there is no stand-in, so that a configuration can be made of it.
    """

    provider: Provider
    problems: tuple[Problem, ...]
    unmet: tuple[Problem, ...]
    is_complete: bool


__all__ = ("ClientCertificate", "Provider", "Reading")
