# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bootstrap tokens and uploaded certificates that a killed conversion has left go away."""

from __future__ import annotations

import typing as t

from ...checks import join_secrets
from ...entry import Entry
from ...step import Step
from ...steps.revoke import Record

if t.TYPE_CHECKING:
    from ....host.host import Host
    from ..rollback import Rollback


class Revoke(Step["Rollback"]):
    """Nobody joins with them any more."""

    name = "revoke"

    def entries(self, situation: Rollback, others: t.Sequence[Entry]) -> t.Iterator[Entry]:
        """On the control plane that stays."""
        del others
        for change in join_secrets.revocation(situation.cluster.report):
            yield Entry(situation.first.name, self.name, change)

    def record(self, situation: Rollback, host: Host) -> Record:
        """The same for every host."""
        del host
        return Record(str(situation.server))


__all__ = ("Revoke",)
