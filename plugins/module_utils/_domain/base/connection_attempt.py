# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How attempts to connect to addresses and ports end."""

from __future__ import annotations

import dataclasses
import typing as t

from .address import Endpoint, canonical_ip
from .errors import InvalidInput

if t.TYPE_CHECKING:
    from ..._ports.sockets import Sockets

#: What became of an attempt to connect.
CONNECTED, REFUSED, REJECTED, SILENT, FAILED = "connected", "refused", "rejected", "silent", "failed"
#: The host itself answered: something listens there, or nothing does yet.
REACHED = (CONNECTED, REFUSED)

#: Errors by which Linux reports ICMP messages of a firewall or router, or of a route that is closed.
_REJECTIONS = ("EHOSTUNREACH", "ENETUNREACH", "EACCES", "EPERM")
#: Seconds that an attempt may take at most.
_LONGEST = 10.0


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


def attempt(sockets: Sockets, targets: t.Iterable[t.Mapping[str, t.Any]], *, seconds: float) -> list[dict[str, t.Any]]:
    """Try every target (``address``, ``port``) at the same time, and report how it ended.

    Raises:
        InvalidInput: for a target that is none, and a time out of range.
    """
    targets = list(targets)
    if not 0 < seconds <= _LONGEST:
        raise InvalidInput(f"The option timeout is {seconds:g}: give more than 0 and at most {_LONGEST:g} seconds.")
    results = sockets.connect([_endpoint(target) for target in targets], seconds=seconds)
    return [
        {"address": target["address"], "port": target["port"], "outcome": result.outcome, "error": result.error}
        for target, result in zip(targets, results)
    ]


def _endpoint(target: t.Mapping[str, t.Any]) -> Endpoint:
    address, port = canonical_ip(str(target["address"])), int(target["port"])
    if address is None:
        raise InvalidInput(f"{target['address']!r} is no IP address: targets are given by address, not by name.")
    if not 1 <= port <= 65535:
        raise InvalidInput(f"The target {address} has the port {port}: a port is a number from 1 to 65535.")
    return Endpoint(address, port)


__all__ = ("CONNECTED", "FAILED", "REACHED", "REFUSED", "REJECTED", "SILENT", "ConnectResult", "attempt")
