# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The addresses of this host."""

from __future__ import annotations

import re
import socket


def collect() -> list[str]:
    """Addresses of this host without loopback and link-local ones, from the kernel's local routes."""
    found = set(re.findall(r"\|--\s(\S+)\n\s+/32 host LOCAL", _text("/proc/net/fib_trie")))
    for line in _text("/proc/net/if_inet6").splitlines():
        digits = line.split()[0]
        found.add(socket.inet_ntop(socket.AF_INET6, bytes.fromhex(digits)))
    return sorted(item for item in found if not item.startswith(("127.", "fe80:")) and item != "::1")


def towards(family: int, somewhere: str) -> str:
    """The address of the interface with the default route: connecting a UDP socket determines the route and sends nothing.

    Empty without such a route, and without a global address.
    """
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((somewhere, 9))
            address = str(probe.getsockname()[0])
    except OSError:
        return ""
    return "" if address.startswith("fe80:") or address == "::1" else address


def resolve(name: str) -> tuple[str, ...]:
    """The addresses of a name by this host's resolver; none where it does not know it."""
    try:
        found = socket.getaddrinfo(name, None, proto=socket.IPPROTO_TCP)
    except OSError:
        return ()
    return tuple(dict.fromkeys(str(item[4][0]) for item in found))


def _text(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as stream:
            return stream.read()
    except OSError:
        return ""


__all__ = ("collect", "resolve", "towards")
