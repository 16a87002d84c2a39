# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One query to one DNS server, without any resolver and its cache in between."""

from __future__ import annotations

import socket
import struct

PORT = 53


def addresses(server: str, name: str, *, seconds: float = 1.0) -> dict[str, int]:
    """The IPv4 addresses in a server's answer, and for how many seconds resolvers may keep each.

    :raises OSError: when there is no answer, or one that is no success.
    """
    labels = b"".join(bytes([len(part)]) + part.encode() for part in name.split("."))
    question = labels + b"\0" + struct.pack("!2H", 1, 1)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as channel:
        channel.settimeout(seconds)
        channel.connect((server, PORT))
        channel.send(struct.pack("!6H", 1, 0, 1, 0, 0, 0) + question)
        data = channel.recv(4096)
    if data[3] & 15:
        raise OSError(f"{server} answers with code {data[3] & 15}")
    found, at = {}, 12 + len(question)
    for _number in range(struct.unpack("!H", data[6:8])[0]):
        ttl, length = struct.unpack("!IH", data[at + 6 : at + 12])
        found[socket.inet_ntoa(data[at + 12 : at + 12 + length])] = int(ttl)
        at += 12 + length
    return found


__all__ = ("addresses",)
