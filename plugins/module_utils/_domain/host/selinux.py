# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What SELinux must allow haproxy, chosen from what its policy offers.

Two policies have a domain ``haproxy_t``. That of Fedora and RHEL (fedora-selinux/selinux-policy, rhcs.te) has the one
boolean ``haproxy_connect_any`` for connecting *and* binding to every port. The reference policy of Debian
(SELinuxProject/refpolicy, haproxy.te) has ``haproxy_{bind,connect}_kubernetes_port`` and ``..._all_tcp_ports``. Without
either haproxy is not confined and nothing is needed.

The reference policy lets no haproxy change its root directory, nor make sockets in ``/var/lib/haproxy``, which the other one
does. A policy module of ours, a file of the role, adds that.
"""

from __future__ import annotations

import dataclasses
import re
import typing as t

#: Port types of ports that belong to no service: these may be given a type of their own.
_GENERIC = frozenset({"", "port_t", "unreserved_port_t", "ephemeral_port_t"})
_HTTP = "http_port_t"
_KUBERNETES = "kubernetes_port_t"

_RHEL_ANY = "haproxy_connect_any"
_RHEL_BIND = frozenset({_HTTP, "http_cache_port_t", "commplex_main_port_t"})
_RHEL_CONNECT = _RHEL_BIND | {"commplex_link_port_t", "fmpro_internal_port_t", "rtp_media_port_t"}

#: The policy module that the reference policy needs: files/kubeadm_ha_haproxy.cil of the role.
MODULE = "kubeadm_ha_haproxy"

#: A line of ``semanage port -l``: type, protocol, ports and ranges.
_PORT_LINE = re.compile(r"^(?P<type>\w+_t)\s+(?P<protocol>\w+)\s+(?P<ports>[0-9, -]+)$")
#: A line of ``getsebool -a``.
_BOOLEAN_LINE = re.compile(r"^(?P<name>\w+) --> (?P<value>on|off)$")


@dataclasses.dataclass(frozen=True)
class Needs:
    """What is to be set.

    Attributes:
        labels: the type that each port has and the one that it gets.
        booleans: to be on.
        modules: policy modules to install.
    """

    labels: t.Mapping[int, tuple[str, str]] = dataclasses.field(default_factory=dict)
    booleans: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()


def parse_ports(text: str) -> list[tuple[str, int, int]]:
    """``type``, first and last port of each TCP entry of ``semanage port -l``, in its order."""
    found = []
    for line in text.splitlines():
        match = _PORT_LINE.match(line.strip())
        if match and match.group("protocol") == "tcp":
            for part in match.group("ports").split(","):
                first, _dash, last = part.strip().partition("-")
                found.append((match.group("type"), int(first), int(last or first)))
    return found


def parse_booleans(text: str) -> dict[str, bool]:
    """The booleans of ``getsebool -a``."""
    matches = (_BOOLEAN_LINE.match(line.strip()) for line in text.splitlines())
    return {match.group("name"): match.group("value") == "on" for match in matches if match}


def parse_modules(text: str) -> set[str]:
    """The names of the policy modules of ``semodule -l``; older versions print the module's version after it."""
    return {line.split()[0] for line in text.splitlines() if line.strip()}


def type_of(port: int, ports: t.Sequence[tuple[str, int, int]]) -> str:
    """The type of a port: the narrowest entry that holds it (local entries come first), empty without one."""
    holding = [(last - first, kind) for kind, first, last in ports if first <= port <= last]
    return min(holding, key=lambda item: item[0])[1] if holding else ""


def needs(
    ports: t.Sequence[tuple[str, int, int]],
    booleans: t.Mapping[str, bool],
    modules: t.Collection[str],
    *,
    listen: t.Iterable[int],
    connect: t.Iterable[int],
) -> Needs:
    """What must be set so that haproxy may run, listen on and connect to these TCP ports; nothing that is set already."""
    binds = {port: type_of(port, ports) for port in sorted(set(listen))}
    connects = {port: type_of(port, ports) for port in sorted(set(connect))}
    if _RHEL_ANY in booleans:
        return Needs() if booleans[_RHEL_ANY] else _rhel(binds, connects)
    if "haproxy_bind_kubernetes_port" in booleans:
        need = _reference(booleans, binds, connects)
        return dataclasses.replace(need, modules=() if MODULE in modules else (MODULE,))
    return Needs()


def _rhel(binds: t.Mapping[int, str], connects: t.Mapping[int, str]) -> Needs:
    """The boolean covers all; a label alone is less, and enough when only listening is at stake."""
    labels = {port: (kind, _HTTP) for port, kind in binds.items() if kind not in _RHEL_BIND}
    may_label = all(kind in _GENERIC for kind, _new in labels.values())
    if not may_label or any(kind not in _RHEL_CONNECT for kind in connects.values()):
        return Needs(booleans=(_RHEL_ANY,))
    return Needs(labels=labels)


def _reference(booleans: t.Mapping[str, bool], binds: t.Mapping[int, str], connects: t.Mapping[int, str]) -> Needs:
    labels: dict[int, tuple[str, str]] = {}
    wanted: list[str] = []
    for verb, kinds in (("bind", binds), ("connect", connects)):
        everything = f"haproxy_{verb}_all_tcp_ports"
        if booleans.get(everything):
            continue
        for port, kind in kinds.items():
            if kind == _HTTP:
                continue
            if kind in _GENERIC:
                labels[port] = (kind, _KUBERNETES)
            wanted.append(f"haproxy_{verb}_kubernetes_port" if kind in _GENERIC | {_KUBERNETES} else everything)
    missing = tuple(name for name in dict.fromkeys(wanted) if not booleans.get(name))
    return Needs(labels=labels, booleans=missing)


__all__ = ("MODULE", "Needs", "needs", "parse_booleans", "parse_modules", "parse_ports", "type_of")
