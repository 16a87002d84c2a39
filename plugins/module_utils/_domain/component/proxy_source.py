# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A proxy for HTTPS in the environment of a client, and what it does not concern.

Kubernetes' programs take the proxy of ``HTTPS_PROXY``, else ``https_proxy``, except for what ``NO_PROXY``, else ``no_proxy``
names (golang.org/x/net/http/httpproxy).
"""

from __future__ import annotations

import dataclasses
import ipaddress
import re
import typing as t

from ..base.address import canonical_ip, is_loopback
from .static_pod import without_password

#: What gets the environment.
LOGIN, UNIT, MANIFEST = "login", "unit", "manifest"

_PROXY_NAMES = ("HTTPS_PROXY", "https_proxy")
_EXCEPTION_NAMES = ("NO_PROXY", "no_proxy")
#: The variables that matter here.
NAMES = (*_PROXY_NAMES, *_EXCEPTION_NAMES)
#: ``export NAME=value`` and ``NAME="value"``, as /etc/environment and shells' profiles have it.
_ASSIGNMENT = re.compile(rf"^\s*(?:export\s+)?(?P<name>{'|'.join(NAMES)})=(?P<value>.*?)\s*;?\s*$", re.MULTILINE)


@dataclasses.dataclass(frozen=True)
class ProxySource:
    """An environment with a proxy for HTTPS.

    Attributes:
        kind: ``login``, ``unit`` or ``manifest``.
        name: the unit or the component; empty for ``login``.
        path: the file in which the exceptions stand or belong.
        proxy: the proxy's URL, without a password.
        variable: the variable of the exceptions as it is spelled there.
        exceptions: its value, empty without.
    """

    kind: str
    name: str
    path: str
    proxy: str
    variable: str = _EXCEPTION_NAMES[0]
    exceptions: str = ""

    def missing(self, hosts: t.Iterable[str]) -> list[str]:
        """Those of the names and addresses that would be asked for through the proxy."""
        return [host for host in dict.fromkeys(hosts) if not is_excepted(host, self.exceptions)]


def find(kind: str, name: str, path: str, environment: t.Mapping[str, str]) -> ProxySource | None:
    """The source that an environment is; ``None`` without a proxy for HTTPS."""
    proxy = next((environment[item] for item in _PROXY_NAMES if environment.get(item)), "")
    if not proxy:
        return None
    variable = next((item for item in _EXCEPTION_NAMES if environment.get(item)), None)
    if variable is None:
        # As the proxy is spelled.
        variable = _EXCEPTION_NAMES[0 if environment.get(_PROXY_NAMES[0]) else 1]
    return ProxySource(kind, name, path, without_password(proxy), variable, environment.get(variable, ""))


def assignments(text: str) -> dict[str, str]:
    """The variables of a file of assignments, the last one of each."""
    return {match["name"]: match["value"].strip().strip("'\"") for match in _ASSIGNMENT.finditer(text)}


def is_excepted(host: str, exceptions: str) -> bool:
    """Whether a client goes to a name or an IP address without the proxy."""
    if is_loopback(host.lower().rstrip(".")):
        return True
    address = canonical_ip(host)
    parsed = ipaddress.ip_address(address) if address is not None else None
    return any(_matches(host, parsed, entry.strip().lower()) for entry in exceptions.split(","))


def _matches(host: str, address: t.Any, entry: str) -> bool:
    if entry == "*":
        return True
    if not entry:
        return False
    if address is not None:
        try:
            return bool(address in ipaddress.ip_network(entry, strict=False))
        except (ValueError, TypeError):
            return canonical_ip(_without_port(entry)) == str(address)
    entry = _without_port(entry)
    entry = entry[1:] if entry.startswith("*.") else entry
    name = host.lower().rstrip(".")
    return name.endswith(entry) if entry.startswith(".") else name == entry or name.endswith(f".{entry}")


def _without_port(entry: str) -> str:
    return re.sub(r":\d+$", "", entry) if entry.count(":") == 1 or entry.startswith("[") else entry


__all__ = ("LOGIN", "MANIFEST", "NAMES", "UNIT", "ProxySource", "assignments", "find", "is_excepted")
