# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Host names, IP addresses, SANs and endpoints in one canonical spelling."""

from __future__ import annotations

import dataclasses
import ipaddress
import re
import typing as t

from .errors import InvalidInput

#: The port of the Kubernetes API server when none is given (kubeadm's ``bindPort`` default).
DEFAULT_API_PORT = 6443

_LABEL = re.compile(r"^(?!-)[a-z0-9_-]{1,63}(?<!-)$")


def canonical_ip(text: str) -> str | None:
    """The canonical spelling of an IPv4 or IPv6 address (with or without brackets), ``None`` for anything else."""
    candidate = text[1:-1] if text.startswith("[") and text.endswith("]") else text
    try:
        return str(ipaddress.ip_address(candidate))
    except ValueError:
        return None


def is_loopback(host: str) -> bool:
    """Whether an address, or the name localhost, leads every host to itself."""
    address = canonical_ip(host)
    return host == "localhost" if address is None else ipaddress.ip_address(address).is_loopback


def canonical_dns_name(text: str, *, wildcard: bool = False) -> str | None:
    """The lower-case DNS name without a final dot, ``None`` if it is none (RFC 1123; ``*.`` only with ``wildcard``)."""
    name = text.lower().rstrip(".")
    labels = name.split(".")
    if wildcard and labels[0] == "*" and len(labels) > 1:
        labels = labels[1:]
    if not name or len(name) > 253 or not all(_LABEL.match(label) for label in labels):
        return None
    # A name of digits and dots only is a broken IPv4 address, not a host name.
    return None if labels[-1].isdigit() else name


@dataclasses.dataclass(frozen=True, order=True)
class San:
    """A subject alternative name: ``kind`` is ``dns`` or ``ip``, ``value`` its canonical spelling (RFC 5280, 4.2.1.6)."""

    kind: str
    value: str

    @classmethod
    def parse(cls, text: str) -> San:
        """The SAN that kubeadm makes of an entry of ``certSANs``: an IP address if it reads as one, else a DNS name.

        Raises:
            InvalidInput: when it is neither.
        """
        stripped = text.strip()
        address = canonical_ip(stripped)
        if address is not None:
            return cls("ip", address)
        name = canonical_dns_name(stripped, wildcard=True)
        if name is None:
            raise InvalidInput(f"{text!r} is neither an IP address nor a DNS name and cannot be a SAN.")
        return cls("dns", name)

    def __str__(self) -> str:
        return self.value


@dataclasses.dataclass(frozen=True, order=True)
class Endpoint:
    """``host`` (canonical IP address or DNS name) and ``port`` of an API server or of what stands before it."""

    host: str
    port: int = DEFAULT_API_PORT

    @classmethod
    def parse(cls, text: str, *, default_port: int | None = DEFAULT_API_PORT) -> Endpoint:
        """``host:port``, ``host``, ``[IPv6]:port`` or ``https://host:port``.

        Args:
            text: the endpoint.
            default_port: used when ``text`` has no port; ``None`` makes the port compulsory.

        Raises:
            InvalidInput: when it cannot be read.
        """
        rest = text.strip()
        had_scheme = rest.startswith("https://")
        if had_scheme:
            rest = rest[len("https://") :].rstrip("/")
            default_port = default_port and 443
        host_text, port_text = _split_port(rest)
        host = canonical_ip(host_text) or canonical_dns_name(host_text)
        if host is None:
            raise InvalidInput(f"{text!r} is not an endpoint: write host:port, for example k8s.example.org:6443.")
        if port_text is None:
            if default_port is None:
                raise InvalidInput(f"{text!r} has no port: write host:port, for example {_bracketed(host)}:6443.")
            return cls(host, default_port)
        if not (port_text.isascii() and port_text.isdigit()) or not 1 <= int(port_text) <= 65535:
            raise InvalidInput(f"{text!r} has the port {port_text!r}: a port is a number from 1 to 65535.")
        return cls(host, int(port_text))

    @property
    def san(self) -> San:
        """The SAN that a certificate served at this endpoint must have."""
        return San.parse(self.host)

    @property
    def url(self) -> str:
        """``https://host:port`` as it stands in a kubeconfig's ``server``."""
        return f"https://{self}"

    def __str__(self) -> str:
        return f"{_bracketed(self.host)}:{self.port}"


def endpoint_or_none(text: str, *, default_port: int | None = DEFAULT_API_PORT) -> Endpoint | None:
    """The endpoint; ``None`` for what cannot be read as one (:meth:`Endpoint.parse`), such as an empty text."""
    try:
        return Endpoint.parse(text, default_port=default_port)
    except InvalidInput:
        return None


def same_server(one: str, other: str) -> bool:
    """Whether two ``server`` URLs name the same endpoint, whatever their spelling."""
    endpoint = endpoint_or_none(one)
    return endpoint is not None and endpoint == endpoint_or_none(other)


def parse_sans(texts: t.Iterable[str]) -> frozenset[San]:
    """The set of SANs of a list such as ``certSANs``."""
    return frozenset(San.parse(text) for text in texts)


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _split_port(text: str) -> tuple[str, str | None]:
    """Host and port of ``host``, ``host:port``, ``[v6]``, ``[v6]:port`` or a bare IPv6 address."""
    if text.startswith("["):
        host, _bracket, rest = text.partition("]")
        return host + "]", rest[1:] if rest.startswith(":") else None
    if text.count(":") == 1:
        host, _colon, port = text.partition(":")
        return host, port
    return text, None


__all__ = (
    "DEFAULT_API_PORT",
    "Endpoint",
    "San",
    "canonical_dns_name",
    "canonical_ip",
    "endpoint_or_none",
    "is_loopback",
    "parse_sans",
    "same_server",
)
