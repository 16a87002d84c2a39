# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How attempts to connect to addresses and ports end."""

from __future__ import annotations

import dataclasses

#: What became of an attempt to connect.
CONNECTED, REFUSED, REJECTED, SILENT, FAILED = "connected", "refused", "rejected", "silent", "failed"
#: The host itself answered: something listens there, or nothing does yet.
REACHED = (CONNECTED, REFUSED)

#: Errors by which Linux reports ICMP messages of a firewall or router, or of a route that is closed.
_REJECTIONS = ("EHOSTUNREACH", "ENETUNREACH", "EACCES", "EPERM")


@dataclasses.dataclass(frozen=True)
class ConnectResult:
    """The end of one attempt to connect.

    Attributes:
        error: name of the error such as ``ECONNREFUSED``; empty for a connection, ``ETIMEDOUT`` when nothing came in time.
        by_icmp: whether an ICMP message ended it, which no host sends for a port that is only closed.
    """

    error: str
    by_icmp: bool = False

    @property
    def outcome(self) -> str:
        """One of the outcomes above."""
        if not self.error:
            return CONNECTED
        if self.error == "ETIMEDOUT":
            return SILENT
        if self.by_icmp or self.error in _REJECTIONS:
            return REJECTED
        # A firewall that rejects with a TCP reset cannot be distinguished from a closed port.
        return REFUSED if self.error in ("ECONNREFUSED", "ECONNRESET") else FAILED


@dataclasses.dataclass(frozen=True)
class ConnectionAttempt:
    """What became of one attempt, as ``reachability_info`` reports it.

    Attributes:
        address: to which it went, as it was given.
        port: likewise.
        outcome: one of the outcomes above.
        error: as :class:`ConnectResult` has it.
    """

    address: str
    port: int
    outcome: str
    error: str

    def as_dict(self) -> dict[str, str | int]:
        """JSON-compatible."""
        return dataclasses.asdict(self)


__all__ = ("CONNECTED", "FAILED", "REACHED", "REFUSED", "REJECTED", "SILENT", "ConnectResult", "ConnectionAttempt")
