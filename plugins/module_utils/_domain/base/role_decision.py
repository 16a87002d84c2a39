# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a role that inspects its host before the plan would change there: the one place that knows how it is written."""

from __future__ import annotations

import dataclasses
import typing as t

from .change import Change
from .problem import Problem
from .report_fields import absent, read


@dataclasses.dataclass(frozen=True)
class RoleDecision:
    """The part of a role's decision that the plan shows; what else the role needs stands beside it.

    Attributes:
        changes: the entries of the plan.
        problems: reasons to stop.
    """

    changes: tuple[Change, ...] = dataclasses.field(metadata=absent(()))
    problems: tuple[Problem, ...] = dataclasses.field(metadata=absent(()))

    @classmethod
    def from_dict(cls, role: str, host: str, document: t.Mapping[str, t.Any]) -> RoleDecision:
        """From the value ``decision`` of what the role registers.

        Args:
            role: its name, for messages.
            host: the host's name in the inventory, for messages.
            document: the decision.

        Raises:
            MalformedReport: naming role, host, the key and what was found there.
        """
        return read(cls, document, where=f"The decision of the role {role} for {host}")


__all__ = ("RoleDecision",)
