# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which endpoints a text names."""

from __future__ import annotations

import re
import typing as t

from .address import Endpoint
from .errors import InvalidInput

_PORT_OF_HTTPS = 443
_NAME = r"[A-Za-z0-9](?:[A-Za-z0-9_.-]*[A-Za-z0-9])?"
_IPV6 = r"\[[0-9A-Fa-f:.]+\]"
#: A URL, whose credentials are passed over, or an address or dotted name with a port.
_ENDPOINT = re.compile(
    rf"https?://(?:[^/@\s\"'<>]*@)?(?P<host>{_IPV6}|{_NAME})(?::(?P<port>\d{{1,5}}))?(?![\w@])"
    rf"|(?<![\w.:@/-])(?P<bare_host>{_IPV6}|[A-Za-z0-9][A-Za-z0-9-]*(?:\.[A-Za-z0-9-]+)+):(?P<bare_port>\d{{1,5}})(?![\w@])"
)


def endpoints_in(text: str) -> frozenset[Endpoint]:
    """Every endpoint with a port (of a URL without one: 443) that a text names, in its canonical spelling."""
    found = set()
    for match in _ENDPOINT.finditer(text):
        host = match.group("host") or match.group("bare_host")
        port = match.group("port") or match.group("bare_port") or _PORT_OF_HTTPS
        try:
            found.add(Endpoint.parse(f"{host}:{port}"))
        except InvalidInput:
            continue
    return frozenset(found)


def named(text: str, wanted: t.AbstractSet[Endpoint]) -> frozenset[Endpoint]:
    """Those of the wanted endpoints that a text names."""
    # Most texts hold none of the ports: they are passed over fast.
    if any(str(endpoint.port) in text or endpoint.port == _PORT_OF_HTTPS for endpoint in wanted):
        return endpoints_in(text) & wanted
    return frozenset()


def pinned(host: str, port: str, wanted: t.AbstractSet[Endpoint]) -> frozenset[Endpoint]:
    """Those of the wanted endpoints that a pair like KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT names.

    Args:
        host: an address or a name.
        port: its port; empty when only the host is pinned, which then means each wanted endpoint of that host.
        wanted: the endpoints to search for.
    """
    try:
        endpoint = Endpoint.parse(f"[{host}]" if host.count(":") > 1 and not host.startswith("[") else host)
    except InvalidInput:
        return frozenset()
    return frozenset(item for item in wanted if item.host == endpoint.host and port in ("", str(item.port)))


__all__ = ("endpoints_in", "named", "pinned")
