# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of a plan of ``kubeadm.ha.site`` an audit shows."""

from __future__ import annotations

import dataclasses
import typing as t

from ..base.report_fields import absent, as_dict, read


@dataclasses.dataclass(frozen=True)
class ShownEntry:
    """A change of the plan, as its module returns it."""

    host: str
    step: str
    object: str
    before: t.Any = dataclasses.field(metadata=absent(None))
    after: t.Any = dataclasses.field(metadata=absent(None))
    reason: str = dataclasses.field(metadata=absent(""))


@dataclasses.dataclass(frozen=True)
class ShownProblem:
    """A reason to stop."""

    message: str


@dataclasses.dataclass(frozen=True)
class ShownPlan:
    """A plan.

    Attributes:
        entries: every change.
        problems: every reason to stop.
    """

    entries: tuple[ShownEntry, ...] = ()
    problems: tuple[ShownProblem, ...] = ()

    @classmethod
    def if_made(cls, document: t.Mapping[str, t.Any] | None) -> ShownPlan | None:
        """From what ``kubeadm.ha.cluster_plan`` returned; ``None`` without it.

        Raises:
            MalformedReport: naming the key and what was found there.
        """
        return read(cls, document, where="The plan") if document else None

    def as_dict(self) -> dict[str, t.Any]:
        """JSON-compatible."""
        return as_dict(self)


__all__ = ("ShownEntry", "ShownPlan", "ShownProblem")
