# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ``load_balancer_decision`` reports of one load balancer host: the one place that knows how it is written."""

from __future__ import annotations

import dataclasses
import typing as t

from ..base.change import Change
from ..base.problem import Problem
from ..base.report_fields import absent, as_dict, at, read
from ..host.firewall import FirewallNeeds
from ..host.selinux import SelinuxNeeds


@dataclasses.dataclass(frozen=True)
class BalancerDecision:
    """What the role would change on a load balancer host.

    Attributes:
        owner: whose the configuration file is, see :mod:`base.configuration_owner`.
        differs: whether the configuration that the host has or runs is not the wanted one.
        renews_certificate: whether the client certificate of the checks is issued or renewed.
        firewall: what is to be opened.
        selinux: what SELinux is to allow.
        changes: the entries of the plan, apart from the configuration's.
        problems: reasons to stop.
        unmet: what is made later in the run that asks, without which the role changes nothing.
    """

    owner: str
    differs: bool
    renews_certificate: bool = dataclasses.field(metadata=at("renew_certificate"))
    firewall: FirewallNeeds = dataclasses.field(metadata=absent(FirewallNeeds()))
    selinux: SelinuxNeeds = dataclasses.field(metadata=absent(SelinuxNeeds()))
    changes: tuple[Change, ...]
    problems: tuple[Problem, ...]
    unmet: tuple[Problem, ...] = dataclasses.field(default=(), metadata=absent(()))

    @classmethod
    def from_dict(cls, host: str, document: t.Mapping[str, t.Any]) -> BalancerDecision:
        """From what :meth:`as_dict` gave.

        Args:
            host: the host's name in the inventory, for messages.
            document: the return value ``decision``.

        Raises:
            MalformedReport: naming the host, the key and what was found there.
        """
        return read(cls, document, where=f"The decision for the load balancer on {host}")

    def as_dict(self) -> dict[str, t.Any]:
        """JSON-compatible."""
        return as_dict(self)


__all__ = ("BalancerDecision",)
