# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ``load_balancer_decision`` reports of one load balancer host: the one place that knows how it is written."""

from __future__ import annotations

import dataclasses
import typing as t

from ..base.change import Change
from ..base.problem import Problem
from ..base.report_reader import Fields
from ..host.firewall import FirewallNeeds
from ..host.selinux import SelinuxNeeds


@dataclasses.dataclass(frozen=True)
class BalancerDecision:
    """What the role would change on a load balancer host.

    Attributes:
        owner: whose the configuration file is, see :mod:`haproxy_files`.
        differs: whether the configuration that the host has or runs is not the wanted one.
        renews_certificate: whether the client certificate of the checks is issued or renewed.
        firewall: what is to be opened.
        selinux: what SELinux is to allow.
        changes: the entries of the plan, apart from the configuration's.
        problems: reasons to stop.
    """

    owner: str
    differs: bool
    renews_certificate: bool
    firewall: FirewallNeeds
    selinux: SelinuxNeeds
    changes: tuple[Change, ...]
    problems: tuple[Problem, ...]

    @classmethod
    def from_dict(cls, host: str, document: t.Mapping[str, t.Any]) -> BalancerDecision:
        """From what :meth:`as_dict` gave.

        Args:
            host: the host's name in the inventory, for messages.
            document: the return value ``decision``.

        Raises:
            MalformedReport: naming the host, the key and what was found there.
        """
        fields = Fields.of(f"The decision for the load balancer on {host}", document)
        firewall, selinux = fields.optional_fields("firewall"), fields.optional_fields("selinux")
        return cls(
            owner=fields.text("owner"),
            differs=fields.flag("differs"),
            renews_certificate=fields.flag("renew_certificate"),
            firewall=FirewallNeeds() if firewall is None else FirewallNeeds.from_fields(firewall),
            selinux=SelinuxNeeds() if selinux is None else SelinuxNeeds.from_fields(selinux),
            changes=tuple(map(_change, fields.each("changes"))),
            problems=tuple(Problem(item.text("subject"), item.text("message")) for item in fields.each("problems")),
        )

    def as_dict(self) -> dict[str, t.Any]:
        """JSON-compatible."""
        return {
            "owner": self.owner,
            "differs": self.differs,
            "renew_certificate": self.renews_certificate,
            "firewall": self.firewall.as_dict(),
            "selinux": self.selinux.as_dict(),
            "changes": [change.as_dict() for change in self.changes],
            "problems": [dataclasses.asdict(problem) for problem in self.problems],
        }


def _change(fields: Fields) -> Change:
    return Change(fields.text("object"), fields.any("before"), fields.any("after"), fields.text("reason"))


__all__ = ("BalancerDecision",)
