# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The endpoint and SANs as an operator writes them.

What a kubeconfig or a ConfigMap names is read leniently (:mod:`address`); what an operator writes is taken by kubeadm's own
rules, so that it fails here and not in the middle of a run: a DNS name is an RFC 1123 subdomain (``ParseHostPort`` in
``cmd/kubeadm/app/util/endpoint.go``, ``ValidateCertSANs`` in ``cmd/kubeadm/app/apis/kubeadm/validation/validation.go``).
"""

from __future__ import annotations

import ipaddress
import re

from .address import Endpoint, San, canonical_ip
from .errors import InvalidInput

_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\Z")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_EXAMPLE = "k8s.example.org:6443"
#: Names of a host itself.
_LOCAL_NAMES = ("localhost", "localhost.localdomain", "ip6-localhost")
#: ``ADDRESS:PORT`` of an IPv6 address that lacks its brackets.
_BARE_IPV6 = re.compile(r"(?P<host>[0-9A-Fa-f:]+:[0-9A-Fa-f:]*):(?P<port>[0-9]{4,5})\Z")


def parse_endpoint(value: object, *, may_be_local: bool = False) -> Endpoint:
    """The endpoint that an operator wrote as ``host:port`` or ``[IPv6]:port``.

    Args:
        value: what was written.
        may_be_local: whether it may be each host itself.

    Raises:
        InvalidInput: when it is none, or one that no other host could use, with what to write instead.
    """
    if not isinstance(value, str):
        raise InvalidInput(f"{value!r} is not an endpoint: write host:port as text, for example {_EXAMPLE}.")
    text = _SCHEME.sub("", value.strip(), count=1).rstrip("/")
    try:
        endpoint = Endpoint.parse(text, default_port=None)
    except InvalidInput as error:
        raise InvalidInput(_hint(value, text) or error.message.replace(repr(text), repr(value), 1)) from error
    host = endpoint.host
    if endpoint.san.kind == "dns":
        _check_name(value, host)
        if host in _LOCAL_NAMES and not may_be_local:
            raise InvalidInput(
                f"{value!r} is each host itself: give a name or an address that leads all hosts to one place."
            )
    elif not may_be_local:
        _check_address(value, host)
    if value != text or text.rpartition(":")[0].endswith("."):
        raise InvalidInput(f"{value!r} is more than host and port: write {endpoint}.")
    return endpoint


def parse_endpoint_option(option: str, text: str) -> Endpoint:
    """An endpoint with its port.

    Raises:
        InvalidInput: when it is none, with the option's name.
    """
    try:
        return parse_endpoint(text, may_be_local=True)
    except InvalidInput as error:
        raise InvalidInput(f"The option {option} cannot be used: {error.message}") from error


def parse_san(value: object) -> San:
    """A further SAN that an operator wrote: an IP address, a DNS name or one that begins with ``*.``.

    Raises:
        InvalidInput: when kubeadm would not write it into a certificate.
    """
    if not isinstance(value, str):
        raise InvalidInput(f"{value!r} is neither an IP address nor a DNS name and cannot be a SAN.")
    san = San.parse(value)
    if san.kind == "dns":
        _check_name(value, san.value[2:] if san.value.startswith("*.") else san.value)
    if value != value.strip() or value.endswith("."):
        raise InvalidInput(f"{value!r} has a blank or a final dot, which no certificate has: write {san.value}.")
    return san


def is_subdomain(name: str) -> bool:
    """Whether Kubernetes takes the text as a lower-case RFC 1123 subdomain, such as the name of a Node."""
    return len(name) <= 253 and all(_LABEL.match(label) for label in name.split("."))


def _check_name(value: str, name: str) -> None:
    if not is_subdomain(name):
        raise InvalidInput(
            f"{value!r} has a name that kubeadm refuses: use letters, digits, '-' and '.' only (RFC 1123), or an address."
        )


def _check_address(value: str, host: str) -> None:
    address = ipaddress.ip_address(host)
    if address.is_unspecified or address.is_loopback:
        raise InvalidInput(f"{value!r} is each host itself: give an address that leads all hosts to one place.")
    if address.is_multicast or address.is_link_local or host == "255.255.255.255":
        raise InvalidInput(
            f"{value!r} is a multicast, broadcast or link-local address: give one that all hosts can connect to."
        )


def _hint(value: str, text: str) -> str | None:
    match = _BARE_IPV6.match(text)
    if match and canonical_ip(match.group("host")):
        return f"{value!r} has an IPv6 address without brackets: write [{match.group('host')}]:{match.group('port')}."
    return None


__all__ = ("is_subdomain", "parse_endpoint", "parse_endpoint_option", "parse_san")
