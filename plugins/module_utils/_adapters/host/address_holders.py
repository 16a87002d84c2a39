# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asks a network by ARP who has an address, by the standard library."""

from __future__ import annotations

import contextlib
import os
import select
import socket
import struct
import time

from . import own_addresses

_ETH_P_ARP = 0x0806
_BROADCAST = b"\xff" * 6
_REQUEST, _REPLY = 1, 2
#: Ethernet's header, then ARP's for IPv4 (RFC 826).
_FRAME = struct.Struct("!6s6sHHHBBH6s4s6s4s")
_SECONDS_FOR_AN_ANSWER = 0.08


class ArpHolders:
    """``AddressHolders`` of an IPv4 address. It asks as who has none yet does (RFC 5227), so that nobody learns anything by it."""

    def __init__(self, address: str, interface: str) -> None:
        """``interface``: of this host, in the network of the address.

        Raises:
            OSError: when the host has no such interface, or does not let this process ask.
        """
        self._address = address
        self._packed = socket.inet_aton(address)
        self._own = mac_of(interface)
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_ETH_P_ARP))
        self._socket.bind((interface, _ETH_P_ARP))

    def ask(self) -> frozenset[str]:
        """See the port."""
        found = {self._own} if self._address in own_addresses.collect() else set()
        own = bytes.fromhex(self._own.replace(":", ""))
        request = _FRAME.pack(
            _BROADCAST, own, _ETH_P_ARP, 1, 0x0800, 6, 4, _REQUEST, own, b"\0" * 4, b"\0" * 6, self._packed
        )
        # An interface may be down for a moment.
        with contextlib.suppress(OSError):
            self._socket.send(request)
        deadline = time.monotonic() + _SECONDS_FOR_AN_ANSWER
        while select.select([self._socket], [], [], max(0.0, deadline - time.monotonic()))[0]:
            sender = self._sender(self._socket.recv(_FRAME.size))
            if sender:
                found.add(sender)
        return frozenset(found)

    def _sender(self, frame: bytes) -> str:
        """Who says in it that he has the address; empty for any other frame."""
        if len(frame) < _FRAME.size:
            return ""
        fields = _FRAME.unpack(frame)
        if fields[7] != _REPLY or fields[9] != self._packed:
            return ""
        return ":".join(f"{byte:02x}" for byte in fields[8])


def mac_of(interface: str) -> str:
    """Hardware address of an interface.

    Raises:
        OSError: when there is no such interface.
    """
    with open(os.path.join("/sys/class/net", interface, "address"), encoding="ascii") as stream:
        return stream.read().strip().lower()


__all__ = ("ArpHolders", "mac_of")
