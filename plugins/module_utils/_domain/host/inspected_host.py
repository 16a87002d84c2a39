# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report of a host together with what only the controller knows of it. No host has this file."""

from __future__ import annotations

import dataclasses
import typing as t

from ..base.report_fields import absent, read
from .desired_host import DesiredHost
from .report import HostReport


@dataclasses.dataclass(frozen=True)
class InspectedHost(HostReport):
    """The result ``host`` of ``kubernetes_host_info``, of which its action has added what stands here.

    Attributes:
        wanted: what the task was given of the inventory; ``None`` for a report that did not come by it.
        looked_at: the controller's clock when the report arrived, in seconds since the epoch; ``None`` before.
    """

    wanted: DesiredHost | None = dataclasses.field(metadata=absent(None, is_written=False))
    looked_at: float | None = dataclasses.field(metadata=absent(None, is_written=False))

    @classmethod
    def from_dict(cls, name: str, document: t.Mapping[str, t.Any]) -> InspectedHost:
        """As :meth:`HostReport.from_dict`."""
        return read(cls, document, where=f"The report of {name}")

    @property
    def desired(self) -> DesiredHost:
        """What the inventory wants of the host; nothing where the task was not given it."""
        return self.wanted or DesiredHost()


__all__ = ("InspectedHost",)
