# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The TCP sockets of a host."""

from __future__ import annotations

import socket
import struct

LISTEN, ESTABLISHED = "0A", "01"


def tcp_sockets() -> list[dict[str, str]]:
    """Those that listen or are connected, of all families, from /proc (the format is in the kernel's proc_net_tcp.rst)."""
    found = []
    for path in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in _lines(path)[1:]:
            fields = line.split()
            if fields[3] in (LISTEN, ESTABLISHED):
                found.append(
                    {
                        "local": _address(fields[1]),
                        "remote": _address(fields[2]),
                        "state": fields[3],
                        "inode": fields[9],
                    }
                )
    return found


class HostConnections:
    """``Connections`` of this host."""

    def clients(self, port: int) -> frozenset[str]:
        """Addresses of others that are connected to a port of this host."""
        found = set()
        for item in tcp_sockets():
            local, remote = item["local"].rpartition(":"), item["remote"].rpartition(":")
            if item["state"] == ESTABLISHED and local[2] == str(port) and local[0] != remote[0]:
                found.add(remote[0].strip("[]"))
        return frozenset(found)


def _lines(path: str) -> list[str]:
    try:
        with open(path, encoding="ascii") as file:
            return file.read().splitlines()
    except OSError:
        return []


def _address(text: str) -> str:
    """``0100007F:1F90`` as ``127.0.0.1:8080``; IPv4 addresses mapped into IPv6 are shown as IPv4."""
    digits, _colon, port = text.partition(":")
    words = struct.pack(f"={len(digits) // 8}I", *(int(digits[i : i + 8], 16) for i in range(0, len(digits), 8)))
    if len(words) == 4:
        return f"{socket.inet_ntop(socket.AF_INET, words)}:{int(port, 16)}"
    if words.startswith(b"\0" * 10 + b"\xff\xff"):
        return f"{socket.inet_ntop(socket.AF_INET, words[12:])}:{int(port, 16)}"
    return f"[{socket.inet_ntop(socket.AF_INET6, words)}]:{int(port, 16)}"


__all__ = ("ESTABLISHED", "LISTEN", "HostConnections", "tcp_sockets")
