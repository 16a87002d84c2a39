# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is probed: a named endpoint with its protocol, address and path."""

from __future__ import annotations

import enum
import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
_PATH = re.compile(r"/[!-~]*")


class Protocol(enum.Enum):
    """How a target is probed; only ``https`` verifies a certificate."""

    HTTPS = "https"
    HTTP = "http"
    TCP = "tcp"


_DEFAULT_PATHS = {Protocol.HTTPS: "/readyz", Protocol.HTTP: "/", Protocol.TCP: ""}


@dataclass(frozen=True, kw_only=True)
class Target:
    """One endpoint to probe.

    ``host`` is the name or address that the certificate must be valid for. ``address``, when not None, is the IP
    address that is connected to instead of resolving ``host``. With ``wait`` the target counts only from its first
    success.
    """

    name: str
    protocol: Protocol
    host: str
    port: int
    path: str
    wait: bool = False
    address: str | None = None

    @property
    def authority(self) -> str:
        """``host:port`` as it stands in a URL and in the HTTP Host field."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def url(self) -> str:
        """The target as a URL."""
        return f"{self.protocol.value}://{self.authority}{self.path}"


def parse_target(text: str, *, wait: bool = False) -> Target:
    """Parse ``NAME=[https://|http://|tcp://]HOST:PORT[/path]``.

    :raises ValueError: when the text has another form; the message says which part is wrong.
    """
    name, separator, location = text.partition("=")
    if not separator or not _NAME.fullmatch(name):
        raise ValueError(
            f"target {text!r}: expected NAME=HOST:PORT[/path] with a name of letters, digits, '_', '.', '-'"
        )
    parts = urlsplit(location if "://" in location else f"https://{location}")
    try:
        protocol = Protocol(parts.scheme)
    except ValueError:
        raise ValueError(f"target {text!r}: the protocol {parts.scheme!r} is not one of https, http, tcp") from None
    try:
        port = parts.port
    except ValueError:
        port = None
    if not parts.hostname or not port or "@" in parts.netloc:
        raise ValueError(f"target {text!r}: expected HOST:PORT with a port of 1 to 65535")
    path = parts.path + (f"?{parts.query}" if parts.query else "")
    if path and (protocol is Protocol.TCP or not _PATH.fullmatch(path)):
        raise ValueError(f"target {text!r}: the path {path!r} is not usable with {protocol.value}")
    return Target(
        name=name,
        protocol=protocol,
        host=parts.hostname,
        port=port,
        path=path or _DEFAULT_PATHS[protocol],
        wait=wait,
    )


def parse_resolution(text: str) -> tuple[str, str]:
    """Parse ``HOST=ADDRESS`` of ``--resolve``.

    :raises ValueError: when the part after ``=`` is no IP address.
    """
    host, separator, address = text.partition("=")
    if not separator or not host:
        raise ValueError(f"{text!r}: expected HOST=ADDRESS")
    return host.lower(), str(ipaddress.ip_address(address))
