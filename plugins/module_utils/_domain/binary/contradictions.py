# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Arguments of a master that contradict each other, so that it is not certain what another master should have."""

from __future__ import annotations

import ipaddress
import typing as t

from ..base.address import canonical_ip
from ..base.enumeration import listed
from . import needs

if t.TYPE_CHECKING:
    from .report import ServiceReport, ServicesReport

_API_SERVER, _CONTROLLER_MANAGER = "kube-apiserver", "kube-controller-manager"
#: Flags of which the last one counts. Others add up.
_SINGLE = frozenset({
    *("advertise-address", "anonymous-auth", "audit-policy-file", "bind-address", "bootstrap-kubeconfig", "client-ca-file", "cluster-cidr"),
    *("cluster-signing-cert-file", "cluster-signing-key-file", "config", "encryption-provider-config", "etcd-cafile", "etcd-certfile"),
    *("etcd-keyfile", "etcd-prefix", "hostname-override", "kubeconfig", "leader-elect", "root-ca-file", "secure-port"),
    *("service-account-private-key-file", "service-account-signing-key-file", "service-cluster-ip-range", "tls-cert-file"),
    *("tls-private-key-file", "token-auth-file"),
})  # fmt: skip
#: Flags that are of no use one without the other.
_PAIRS = (
    ("tls-cert-file", "tls-private-key-file"),
    ("etcd-certfile", "etcd-keyfile"),
    ("kubelet-client-certificate", "kubelet-client-key"),
    ("proxy-client-cert-file", "proxy-client-key-file"),
    ("cluster-signing-cert-file", "cluster-signing-key-file"),
)
#: Flags that the API server and kube-controller-manager must have alike.
_ALIKE = ("service-cluster-ip-range",)


def find(report: ServicesReport) -> t.Iterator[str]:
    """A sentence for each, with the remedy, without the host's name.

    Args:
        report: what systemd runs on the master.
    """
    services = needs.components(report)
    for service in services.values():
        yield from _more_than_once(service)
        yield from _without_the_other(service)
    api_server = services.get(_API_SERVER)
    if api_server is not None:
        yield from _elsewhere(api_server)
        manager = services.get(_CONTROLLER_MANAGER)
        if manager is not None:
            yield from _not_alike(api_server, manager)


def _more_than_once(service: ServiceReport) -> t.Iterator[str]:
    for flag, values in service.arguments.items():
        different = tuple(dict.fromkeys(values))
        if flag in _SINGLE and len(different) > 1:
            yield (
                f"{service.unit} is given --{flag} {len(values)} times, with {listed(different)}, and only the last one counts: leave the one "
                "that is meant."
            )


def _without_the_other(service: ServiceReport) -> t.Iterator[str]:
    for pair in _PAIRS:
        given = [flag for flag in pair if _last(service, flag)]
        if len(given) == 1:
            (lacking,) = set(pair) - set(given)
            yield f"{service.unit} is given --{given[0]} without --{lacking}, but one is of no use without the other: give both."


def _elsewhere(service: ServiceReport) -> t.Iterator[str]:
    """An API server that does not listen where it says that it does."""
    bound, advertised = canonical_ip(_last(service, "bind-address")), canonical_ip(_last(service, "advertise-address"))
    if bound and advertised and bound != advertised and not ipaddress.ip_address(bound).is_unspecified:
        yield (
            f"{service.unit} has --advertise-address={advertised}, but listens only at --bind-address={bound}: give both the same address, or "
            "let it listen at 0.0.0.0."
        )


def _not_alike(api_server: ServiceReport, manager: ServiceReport) -> t.Iterator[str]:
    for flag in _ALIKE:
        one, other = _last(api_server, flag), _last(manager, flag)
        if one and other and one != other:
            yield (
                f"--{flag} is {one} in {api_server.unit} and {other} in {manager.unit}, but must be the same in both: correct the wrong one."
            )


def _last(service: ServiceReport, flag: str) -> str:
    values = service.arguments.get(flag) or ("",)
    return values[-1]


__all__ = ("find",)
