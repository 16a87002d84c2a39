# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether anybody still connects to a port of a host, before what listens there goes away."""

from __future__ import annotations

import typing as t

from ..base.change import Decision
from ..base.enumeration import listed_some
from ..base.errors import NotProved

if t.TYPE_CHECKING:
    from ..._ports.clock import Clock
    from ..._ports.connections import Connections

_SECONDS_BETWEEN = 0.25
#: So many clients are named.
_SHOWN = 5


def inspect(
    connections: Connections, clock: Clock, port: int, *, host: str, quiet: float, wait_timeout: float
) -> Decision:
    """Nobody is connected for a while.

    Args:
        connections: of this host.
        clock: bounds the waiting.
        port: the port.
        host: this host's name in messages.
        quiet: seconds without any client.
        wait_timeout: seconds until they begin.

    Raises:
        NotProved: when clients are still there, with their addresses.
    """
    begin = since = clock.monotonic()
    while True:
        clients = connections.clients(port)
        now = clock.monotonic()
        if clients:
            if now - begin >= wait_timeout:
                shown = sorted(clients)
                raise NotProved(
                    f"Port {port} of {host} is still used by {listed_some(shown, _SHOWN)}: point {'it' if len(shown) == 1 else 'them'} elsewhere, or "
                    "end what connects from there, then run again.",
                    clients=shown,
                )
            since = now
        elif now - since >= quiet:
            return Decision(values={"clients": []})
        clock.sleep(_SECONDS_BETWEEN)


__all__ = ("inspect",)
