# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ``virtual_ip_decision`` reports of one host: the one place that knows how it is written."""

from __future__ import annotations

import dataclasses
import typing as t

from ..base.change import Change
from ..base.problem import Problem
from ..base.report_fields import as_dict, read
from ..host.firewall import FirewallNeeds


@dataclasses.dataclass(frozen=True)
class VirtualIpDecision:
    """What the role would change on a host.

    Attributes:
        owner: whose keepalived's configuration is, see :mod:`base.configuration_owner`.
        differs: whether anything is to change.
        router_id: the virtual router id.
        interface: that gets the virtual IP, empty where none can.
        keepalived_state: what its unit is made to be: ``restarted`` where that changes or it does not run, ``reloaded`` where it runs
            another configuration, else ``started``.
        watcher_state: the same of what judges the local health.
        firewall: what is to be let in.
        changes: the entries of the plan.
        problems: reasons to stop.
        unmet: what the role lacks before it can change anything. A plan whose run makes it later has no reason to stop.
    """

    owner: str
    differs: bool
    router_id: int
    interface: str
    keepalived_state: str
    watcher_state: str
    firewall: FirewallNeeds
    changes: tuple[Change, ...]
    problems: tuple[Problem, ...]
    unmet: tuple[Problem, ...]

    @classmethod
    def from_dict(cls, host: str, document: t.Mapping[str, t.Any]) -> VirtualIpDecision:
        """From what :meth:`as_dict` gave.

        Args:
            host: the host's name in the inventory, for messages.
            document: the return value ``decision``.

        Raises:
            MalformedReport: naming the host, the key and what was found there.
        """
        return read(cls, document, where=f"The decision for the virtual IP on {host}")

    def as_dict(self) -> dict[str, t.Any]:
        """JSON-compatible."""
        return as_dict(self)


__all__ = ("VirtualIpDecision",)
