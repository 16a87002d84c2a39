# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tries TCP connections."""

from __future__ import annotations

import contextlib
import errno
import selectors
import socket
import struct
import time
import typing as t

from ..._domain.base.connection_attempt import ConnectResult

if t.TYPE_CHECKING:
    from ..._domain.base.address import Endpoint

#: Socket options that keep ICMP errors with their origin (ip(7), ipv6(7)); Python has no names for them.
_RECVERR = {socket.AF_INET: (socket.IPPROTO_IP, 11), socket.AF_INET6: (socket.IPPROTO_IPV6, 25)}
#: Origins of such an error, SO_EE_ORIGIN_ICMP and SO_EE_ORIGIN_ICMP6, and the beginning of struct sock_extended_err.
_ICMP_ORIGINS = (2, 3)
_EXTENDED_ERROR = struct.Struct("=IB")


class HostSockets:
    """``Sockets`` by the standard library, all attempts at once in one thread."""

    def connect(self, endpoints: t.Sequence[Endpoint], *, seconds: float) -> list[ConnectResult]:
        """How each attempt ended, in the order of the endpoints, after at most that many seconds. No data is sent."""
        results = [ConnectResult("ETIMEDOUT") for _endpoint in endpoints]
        deadline = time.monotonic() + seconds
        with selectors.DefaultSelector() as selector, contextlib.ExitStack() as opened:
            for index, endpoint in enumerate(endpoints):
                result = _begin(endpoint, index, selector, opened)
                if result is not None:
                    results[index] = result
            while selector.get_map() and time.monotonic() < deadline:
                for key, _events in selector.select(max(0.0, deadline - time.monotonic())):
                    connection = t.cast("socket.socket", key.fileobj)
                    result = _end(connection)
                    if result is not None:
                        results[key.data] = result
                        selector.unregister(connection)
                        connection.close()
        return results


def _begin(
    endpoint: Endpoint, index: int, selector: selectors.BaseSelector, opened: contextlib.ExitStack
) -> ConnectResult | None:
    """Start an attempt; an answer when it ended at once."""
    family = socket.AF_INET6 if ":" in endpoint.host else socket.AF_INET
    try:
        connection = opened.enter_context(socket.socket(family, socket.SOCK_STREAM))
        connection.setblocking(False)
        connection.setsockopt(*_RECVERR[family], 1)
        code = connection.connect_ex((endpoint.host, endpoint.port))
    except OSError as error:
        return ConnectResult(_name(error.errno))
    if code in (0, errno.EINPROGRESS):
        selector.register(connection, selectors.EVENT_WRITE, index)
        return None
    return ConnectResult(_name(code), by_icmp=_was_icmp(connection))


def _end(connection: socket.socket) -> ConnectResult | None:
    """How an attempt ended; ``None`` while it goes on."""
    code = connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    if code:
        return ConnectResult(_name(code), by_icmp=_was_icmp(connection))
    try:
        connection.getpeername()
    except OSError:
        # The kernel reports an ICMP message a moment before it ends the attempt.
        return None
    return ConnectResult("")


def _was_icmp(connection: socket.socket) -> bool:
    """Whether an ICMP message ended the attempt. Linux before 5.8 does not say; then it counts as a reset."""
    try:
        _data, messages, _flags, _address = connection.recvmsg(0, 512, socket.MSG_ERRQUEUE)
    except OSError:
        return False
    origins = (_EXTENDED_ERROR.unpack_from(data)[1] for _level, _type, data in messages if len(data) >= 5)
    return any(origin in _ICMP_ORIGINS for origin in origins)


def _name(code: int | None) -> str:
    return errno.errorcode.get(code or 0, f"error {code}")


__all__ = ("HostSockets",)
