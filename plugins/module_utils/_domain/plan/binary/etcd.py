# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether every master that comes reaches etcd, which is asked before anything depends on it."""

from __future__ import annotations

import typing as t

from ...base.address import canonical_ip, is_loopback
from ...base.connection_attempt import CONNECTED, REFUSED, REJECTED, SILENT
from ...base.enumeration import listed
from ...base.problem import Note, Problem
from ...binary import etcd_endpoints
from ...component.static_pod import ETCD

if t.TYPE_CHECKING:
    from ...base.address import Endpoint
    from ...base.connection_attempt import ConnectionAttempt
    from .scaling import Scaling

_API_SERVER = "kube-apiserver"


def targets(scaling: Scaling) -> dict[str, list[dict[str, str | int]]]:
    """The members that each host is to connect to, as ``kubeadm.ha.reachability_info`` takes them.

    Empty where every master has an API server that runs: it proves more. Else the source tries, too, so that what does not run is distinguished
    from what is blocked.
    """
    coming = _coming(scaling)
    members = [item for item in _members(scaling) if canonical_ip(item.host) is not None and not is_loopback(item.host)]
    wanted: list[dict[str, str | int]] = [{"address": item.host, "port": item.port} for item in members]
    return dict.fromkeys((scaling.source, *coming), wanted) if coming and wanted else {}


def problems(scaling: Scaling) -> t.Iterator[Problem]:
    """Members that nobody reaches, and those that single hosts do not."""
    yield from _local(scaling)
    seen = {(name, item.address, item.port): item for name, attempts in scaling.attempts.items() for item in attempts}
    names = [scaling.source, *_coming(scaling)]
    for member in _members(scaling):
        tried = {
            name: seen[name, member.host, member.port] for name in names if (name, member.host, member.port) in seen
        }
        failed = {name: item for name, item in tried.items() if item.outcome != CONNECTED}
        if failed:
            yield _problem(scaling, member, failed, is_everybody=len(failed) == len(tried))


def find_notes(scaling: Scaling) -> t.Iterator[Note]:
    """Members with names, which are not tried: resolving takes as long as it likes."""
    coming = _coming(scaling)
    names = [str(item) for item in _members(scaling) if canonical_ip(item.host) is None and not is_loopback(item.host)]
    if coming and names:
        yield Note(
            "etcd",
            f"Whether {listed(coming)} reaches {listed(names)}, which --etcd-servers names, is only known when the API server is started there: "
            "only addresses are tried before.",
        )


def _problem(
    scaling: Scaling, member: Endpoint, failed: t.Mapping[str, ConnectionAttempt], *, is_everybody: bool
) -> Problem:
    how = listed(sorted({_described(item) for item in failed.values()}))
    named = f"which --etcd-servers of {scaling.services[scaling.source].services[_API_SERVER].unit} on {scaling.source} names"
    if is_everybody:
        return Problem(
            "etcd",
            f"The member of etcd at {member}, {named}, is reached by none of {listed(list(failed))} ({how}): start it (systemctl status etcd "
            "there), or take it out of the flag, before another master depends on it.",
        )
    where = f"open TCP {member.port} there for {listed(list(failed))}, in its firewall and in the network between"
    refused = all(item.outcome == REFUSED for item in failed.values())
    return Problem(
        next(iter(failed)),
        f"{listed(list(failed))} cannot reach the member of etcd at {member} ({how}), {named}, so its API server would not start: "
        f"{'let etcd listen at an address that it reaches, or ' if refused else ''}{where}. Set kubeadm_ha_skip_reachability: true if only "
        "attempts like these are filtered.",
    )


def _described(item: ConnectionAttempt) -> str:
    texts = {SILENT: "no answer", REJECTED: "rejected by a firewall or a router", REFUSED: "nothing listens there"}
    return texts.get(item.outcome) or item.error


def _local(scaling: Scaling) -> t.Iterator[Problem]:
    """Members at the loopback address, where a host has none of its own."""
    members = [str(item) for item in _members(scaling) if is_loopback(item.host)]
    without = [name for name in _coming(scaling) if ETCD not in scaling.services[name].services]
    if members and without:
        yield Problem(
            scaling.source,
            f"--etcd-servers of {scaling.services[scaling.source].services[_API_SERVER].unit} on {scaling.source} names {listed(members)}, "
            f"which leads {listed(without)} to itself, where no etcd is: name members by addresses that every master reaches.",
        )


def _members(scaling: Scaling) -> tuple[Endpoint, ...]:
    service = scaling.services[scaling.source].services.get(_API_SERVER)
    return etcd_endpoints.endpoints(service.arguments) if service is not None else ()


def _coming(scaling: Scaling) -> list[str]:
    """Hosts whose API server does not run yet."""
    found = (
        (name, scaling.services[name].services.get(_API_SERVER)) for name in scaling.targets if name in scaling.services
    )
    return [name for name, service in found if service is None or service.active != "active"]


__all__ = ("find_notes", "problems", "targets")
