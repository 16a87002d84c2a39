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
import typing as t

from ...host.selinux import Needs, type_of

#: Port types of ports that belong to no service: these may be given a type of their own.
_GENERIC = frozenset({"", "port_t", "unreserved_port_t", "ephemeral_port_t"})
_HTTP = "http_port_t"
_KUBERNETES = "kubernetes_port_t"

_RHEL_ANY = "haproxy_connect_any"
_RHEL_BIND = frozenset({_HTTP, "http_cache_port_t", "commplex_main_port_t"})
_RHEL_CONNECT = _RHEL_BIND | {"commplex_link_port_t", "fmpro_internal_port_t", "rtp_media_port_t"}

#: The policy module that the reference policy needs: files/kubeadm_ha_haproxy.cil of the role.
MODULE = "kubeadm_ha_haproxy"


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


__all__ = ("MODULE", "needs")
