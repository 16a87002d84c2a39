# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One change of a plan."""

from __future__ import annotations

import dataclasses
import typing as t

if t.TYPE_CHECKING:
    from ..base.change import Change


@dataclasses.dataclass(frozen=True)
class Entry:
    """One change of a plan: on which host (inventory name) and in which step."""

    host: str
    step: str
    change: Change

    @property
    def id(self) -> str:
        """What distinguishes it from every other entry of a run: a step changes an object of a host once."""
        return f"{self.host}/{self.step}/{self.change.object}"

    def as_dict(self) -> dict[str, object]:
        """Flat and JSON-compatible: host, step, object, before, after, reason."""
        return {"host": self.host, "step": self.step, **self.change.as_dict()}


__all__ = ("Entry",)
