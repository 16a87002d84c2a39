# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What shows that the machine of a Node still runs: its kubelet's Lease and its API server."""

from __future__ import annotations

import dataclasses

from ..base.report_fields import absent

#: Seconds without a renewal after which a kubelet counts as gone. Clocks of hosts may be half a minute apart.
QUIET_SECONDS = 120.0


@dataclasses.dataclass(frozen=True)
class LifeSigns:
    """What was seen of a machine.

    Attributes:
        name: of its Node.
        lease_age: seconds since its kubelet has renewed its Lease; ``None`` without a Lease.
        api_server: address and port at which its API server announced itself; empty where it had none.
        is_answering: whether an API server with a certificate of the cluster's CA answers there.
    """

    name: str
    lease_age: float | None = dataclasses.field(default=None, metadata=absent(None))
    api_server: str = ""
    is_answering: bool = False

    @property
    def has_renewed(self) -> bool:
        """Whether its kubelet was at work a short time ago."""
        return self.lease_age is not None and self.lease_age < QUIET_SECONDS


__all__ = ("QUIET_SECONDS", "LifeSigns")
