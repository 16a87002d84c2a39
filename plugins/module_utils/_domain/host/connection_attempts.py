# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Attempts of one host to connect to addresses and ports."""

from __future__ import annotations

import typing as t

from ..base.address import Endpoint, canonical_ip
from ..base.connection_attempt import ConnectionAttempt
from ..base.errors import InvalidInput

if t.TYPE_CHECKING:
    from ..._ports.sockets import Sockets

#: Seconds that an attempt may take at most.
_LONGEST = 10.0


def attempt(sockets: Sockets, targets: t.Iterable[t.Mapping[str, t.Any]], *, seconds: float) -> list[ConnectionAttempt]:
    """Try every target (``address``, ``port``) at the same time, and report how it ended.

    Raises:
        InvalidInput: for a target that is none, and a time out of range.
    """
    targets = list(targets)
    if not 0 < seconds <= _LONGEST:
        raise InvalidInput(f"The option timeout is {seconds:g}: give more than 0 and at most {_LONGEST:g} seconds.")
    answers = sockets.connect([_endpoint(target) for target in targets], seconds=seconds)
    return [
        ConnectionAttempt(target["address"], target["port"], answer.outcome, answer.error)
        for target, answer in zip(targets, answers)
    ]


def _endpoint(target: t.Mapping[str, t.Any]) -> Endpoint:
    address, port = canonical_ip(str(target["address"])), int(target["port"])
    if address is None:
        raise InvalidInput(f"{target['address']!r} is no IP address: targets are given by address, not by name.")
    if not 1 <= port <= 65535:
        raise InvalidInput(f"The target {address} has the port {port}: a port is a number from 1 to 65535.")
    return Endpoint(address, port)


__all__ = ("attempt",)
