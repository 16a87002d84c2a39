# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Proxies for HTTPS in what clients of the API get as environment, and who must not go through them. Private to kubeadm.ha.

Kubernetes' programs take the proxy of ``HTTPS_PROXY``, else ``https_proxy``, except for what ``NO_PROXY``, else ``no_proxy``
names (golang.org/x/net/http/httpproxy).
"""

from __future__ import annotations

import dataclasses
import ipaddress
import re
import typing as t

from .address import canonical_ip
from .static_pod import without_password
from .wish import Note, Problem

if t.TYPE_CHECKING:
    from .host import Host
    from .plan import Entry, Situation

#: What gets the environment.
LOGIN, UNIT, MANIFEST = "login", "unit", "manifest"

_PROXY_NAMES = ("HTTPS_PROXY", "https_proxy")
_EXCEPTION_NAMES = ("NO_PROXY", "no_proxy")
#: The variables that matter here.
NAMES = (*_PROXY_NAMES, *_EXCEPTION_NAMES)
_KUBELET = "kubelet"
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

    def as_dict(self) -> dict[str, t.Any]:
        """JSON-compatible."""
        return dataclasses.asdict(self)


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
    address = canonical_ip(host)
    parsed = ipaddress.ip_address(address) if address is not None else None
    if (parsed is not None and parsed.is_loopback) or host.lower().rstrip(".") == "localhost":
        return True
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


def problems(situation: Situation, entries: t.Sequence[Entry]) -> t.Iterator[Problem]:
    """Clients that would ask a proxy for the API once the run has changed something; none when it changes nothing."""
    if not entries:
        return
    by_line: dict[tuple[str, str, tuple[str, ...]], list[str]] = {}
    for name in situation.wish.nodes:
        host = situation.hosts.get(name)
        for source in sources_of(host) if host is not None else ():
            missing = source.missing(_needed(situation, source))
            if missing:
                key = (_who(source), _remedy(source, source.missing(_suggested(situation))), tuple(missing))
                by_line.setdefault(key, []).append(name)
    for (who, remedy, lacking), names in by_line.items():
        yield Problem(
            names[0],
            f"{who} of {_listed(names)} would ask that proxy for {', '.join(lacking)}, which {'its' if len(names) == 1 else 'their'} "
            f"NO_PROXY does not name: {remedy}",
        )


def find_notes(situation: Situation) -> t.Iterator[Note]:
    """Proxies that nobody asks for the API by, but that joining control planes will not have."""
    joining = [host.name for host in situation.joining(situation.wish.control_planes)]
    found = [source for source in sources_of(situation.serving) if source.kind == MANIFEST]
    if joining and found:
        named = ", ".join(source.name for source in found)
        yield Note(
            situation.serving.name,
            f"The static pods {named} of {situation.serving.name} have the proxy {found[0].proxy} in their environment; those of "
            f"{_listed(joining)} will have none, because kubeadm is run without proxies here. Where a component needs it, give it "
            "by kubeadm's patches (kubeadm_ha_patches_dir).",
        )


def sources_of(host: Host) -> list[ProxySource]:
    """The environments of a host with a proxy for HTTPS."""
    return [ProxySource(**item) for item in host.report.get("proxies") or ()]


def _needed(situation: Situation, source: ProxySource) -> list[str]:
    """What the owner of the environment must reach by itself after the run."""
    endpoint = situation.wish.endpoint.host
    if source.kind == LOGIN:
        return [endpoint]
    if source.kind == UNIT:
        return [endpoint] if source.name == _KUBELET else []
    if source.name == "kube-apiserver":
        # It asks kubelets for logs and the like.
        return _addresses(situation, situation.wish.nodes)
    return _addresses(situation, situation.wish.control_planes) if source.name == "etcd" else []


def _suggested(situation: Situation) -> list[str]:
    """What an environment should except: the endpoint, and every host that joins."""
    return [situation.wish.endpoint.host, *_addresses(situation, situation.wish.nodes)]


def _addresses(situation: Situation, names: t.Iterable[str]) -> list[str]:
    """Addresses of those that join."""
    like = situation.serving.api_server
    if like is None:
        return []
    found = (host.future_api_server(like).host for host in situation.joining(names))
    return [address for address in found if address]


def _who(source: ProxySource) -> str:
    if source.kind == LOGIN:
        return f"Sessions with the proxy {source.proxy} by {source.path}"
    if source.kind == UNIT:
        return f"The {source.name} with the proxy {source.proxy} by {source.name}.service"
    return f"The {source.name} with the proxy {source.proxy} by {source.path}"


def _remedy(source: ProxySource, missing: t.Sequence[str]) -> str:
    value = ",".join(text for text in (source.exceptions.strip(" ,"), *missing) if text)
    if source.kind == LOGIN:
        return f"let the line there be {source.variable}={value}"
    if source.kind == UNIT:
        line = f"{source.variable}={value}"
        line = f'Environment="{line}"' if source.path.endswith(".service") or "/system/" in source.path else line
        return f"let the line in {source.path} be {line}, then run systemctl daemon-reload and systemctl restart {source.name}"
    return (
        f"let the value of {source.variable} there be {value}. The kubelet restarts the {source.name} when its manifest changes, so "
        "do it at a time that bears a moment without it"
    )


def _listed(names: t.Sequence[str]) -> str:
    """``a, b and c``."""
    return " and ".join(text for text in (", ".join(names[:-1]), names[-1]) if text)


__all__ = (
    "LOGIN",
    "MANIFEST",
    "NAMES",
    "UNIT",
    "ProxySource",
    "assignments",
    "find",
    "find_notes",
    "is_excepted",
    "problems",
    "sources_of",
)
