# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The step *prepare* of a new cluster: Python libraries where the cluster's objects will be written."""

from __future__ import annotations

import typing as t

from ...desired import COPY
from ...entry import Entry
from ...libraries import CRYPTOGRAPHY, LIBRARIES
from ...step import Step
from ...steps.prepare import Record, libraries_change

if t.TYPE_CHECKING:
    from ....host.host import Host
    from ..creation import Creation


class Prepare(Step["Creation"]):
    """The first control plane, which will make the join commands of the others, and those that its files are copied to."""

    name = "prepare"

    def entries(self, situation: Creation, others: t.Sequence[Entry]) -> t.Iterator[Entry]:
        """One for each of them, where a library is missing."""
        del others
        for name in situation.desired.control_planes:
            is_first = name == situation.first.name
            if name in situation.hosts and (is_first or situation.desired.certificates == COPY):
                change = libraries_change(situation.hosts[name], LIBRARIES if is_first else (CRYPTOGRAPHY,))
                if change is not None:
                    yield Entry(name, self.name, change)

    def record(self, situation: Creation, host: Host) -> Record:
        """How this host's packages are known."""
        del situation
        return Record(host.distributions)


__all__ = ("Prepare",)
