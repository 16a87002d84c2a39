# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Receives advertisements of VRRP for a short time, and finds out who answers for an address, by the standard library alone."""

from __future__ import annotations

import contextlib
import ipaddress
import json
import socket
import struct
import threading
import time
import typing as t

from ..._domain.load_balancer import vrrp
from ..._domain.load_balancer.virtual_ip_report import Neighbour
from .reading import output

if t.TYPE_CHECKING:
    from ..._ports.commands import Commands

_CONNECT_SECONDS = 1.0
_LARGEST_PACKET = 65536
#: A neighbour in these states has answered just now.
_ANSWERED = frozenset({"REACHABLE", "PERMANENT"})


class Listener:
    """Receives while it is open, on every interface."""

    def __init__(self, family: int) -> None:
        """``family``: 4 or 6.

        Raises:
            OSError: the host does not let this process receive.
        """
        self._family = family
        self._found: dict[vrrp.Advertisement, None] = {}
        kind = socket.AF_INET if family == 4 else socket.AF_INET6
        self._socket = socket.socket(kind, socket.SOCK_RAW, vrrp.PROTOCOL)
        self._join()
        self._ends = 0.0
        self._thread = threading.Thread(target=self._receive, daemon=True)

    def _join(self) -> None:
        group = vrrp.GROUPS[self._family]
        for index, _name in socket.if_nameindex():
            # An interface without an address of the family, or that is down, has no groups.
            with contextlib.suppress(OSError):
                if self._family == 4:
                    request = struct.pack("=4s4si", socket.inet_aton(group), b"\0" * 4, index)
                    self._socket.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, request)
                else:
                    request = socket.inet_pton(socket.AF_INET6, group) + struct.pack("=i", index)
                    self._socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, request)

    def start(self, seconds: float) -> None:
        """Receive for a time, in a thread of its own."""
        self._ends = time.monotonic() + seconds
        self._thread.start()

    def found(self) -> tuple[vrrp.Advertisement, ...]:
        """What was received, each once, when the time is over."""
        self._thread.join()
        self._socket.close()
        return tuple(self._found)

    def _receive(self) -> None:
        while True:
            left = self._ends - time.monotonic()
            if left <= 0:
                return
            self._socket.settimeout(left)
            try:
                packet, sender = self._socket.recvfrom(_LARGEST_PACKET)
            except OSError:
                return
            advertisement = vrrp.parse(str(sender[0]), packet)
            if advertisement is not None:
                self._found.setdefault(advertisement)


def neighbour(commands: Commands, address: str, port: int) -> Neighbour:
    """Who answers on the network for an address: a connection is tried, and the kernel asked whom it found for that.

    What the kernel knew from before, and nobody has confirmed, is nobody.
    """
    answered = _connects(address, port)
    family = "-4" if ipaddress.ip_address(address).version == 4 else "-6"
    shown = output(commands, ["ip", family, "-json", "neighbour", "show", address])
    try:
        entries = json.loads(shown or "[]")
    except ValueError:
        entries = []
    for entry in entries:
        states = set(entry.get("state") or ())
        if entry.get("lladdr") and (answered or states & _ANSWERED):
            return Neighbour(address, str(entry["lladdr"]).lower())
    return Neighbour(address, "")


def _connects(address: str, port: int) -> bool:
    """Whether somebody has answered a connection; a refusal is an answer."""
    try:
        socket.create_connection((address, port), timeout=_CONNECT_SECONDS).close()
    except ConnectionRefusedError:
        return True
    except OSError:
        return False
    return True


__all__ = ("Listener", "neighbour")
