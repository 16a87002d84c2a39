# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the plan has against the endpoint, by what every host sees of it.

Before the load balancer runs nobody need answer, but where the endpoint leads can be determined, and who answers there must be
the cluster. An endpoint that the run does not build (``external``, ``none``) must lead to the cluster's API from every
host already.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import typing as t

from ...base import endpoint_view
from ...base.address import Endpoint, canonical_ip, endpoint_or_none, is_loopback
from ...base.endpoint_view import View
from ...base.enumeration import listed
from ...base.errors import InvalidInput
from ...base.problem import Note, Problem
from ..name_servers import name_servers
from . import endpoint_reasons as reasons
from .endpoint_reasons import SUBJECT

if t.TYPE_CHECKING:
    from ...._ports.x509 import X509
    from ...base.endpoint_view import Attempt
    from ...host.host import Host
    from ..desired import Desired
    from ..situation import Situation


def problems(situation: Situation) -> t.Iterator[Problem]:
    """The reasons to stop; each names all hosts that have it."""
    views = situation.endpoint_views
    if situation.desired.has_own_dns:
        yield from _by_dns(situation, views)
        return
    if canonical_ip(situation.desired.endpoint.host) is None:
        yield from reasons.unresolved(situation.desired.endpoint, views, where=_with_balancers(situation))
        yield from _leads_to_control_plane(situation, views)
        if situation.desired.has_own_balancers:
            yield from _leads_elsewhere(situation, views)
    if situation.desired.has_own_balancers:
        yield from _somebody_else(situation, views)
        return
    # keepalived leads to it only once the run has set it up.
    own = {name: view for name, view in views.items() if situation.desired.vip and view.addresses == (_vip(situation),)}
    yield from _somebody_else(situation, own)
    yield from _unproved(situation, {name: view for name, view in views.items() if name not in own})


def _vip(situation: Situation) -> str:
    return canonical_ip(situation.desired.vip_address) or ""


def find_notes(situation: Situation) -> t.Iterator[Note]:
    """What is no reason to stop."""
    desired = situation.desired
    views = situation.endpoint_views
    by_addresses: dict[tuple[str, ...], list[str]] = {}
    for name, view in views.items():
        if view.addresses and not all(is_loopback(address) for address in view.addresses):
            by_addresses.setdefault(tuple(sorted(view.addresses)), []).append(name)
    if len(by_addresses) > 1:
        described = "; ".join(f"{listed(names)} to {', '.join(found)}" for found, names in by_addresses.items())
        yield Note(
            SUBJECT,
            f"Hosts resolve {desired.endpoint.host} differently ({described}): each of them loses the API with what its own answer leads "
            "to. Let one DNS server, or the same line in every /etc/hosts, answer all of them.",
        )
    if desired.has_own_balancers or desired.has_own_dns:
        return
    for clause, names in reasons.by_clause(
        {
            name: [item.objection(desired.endpoint) for item in view.unreached]
            for name, view in views.items()
            if view.is_proved
        }
    ).items():
        yield Note(SUBJECT, f"{desired.endpoint} works from {listed(names)}, but {clause}.")


def _by_dns(situation: Situation, views: t.Mapping[str, View]) -> t.Iterator[Problem]:
    """Nobody need resolve the name before the run's own servers answer it; until then nobody else may, and then it leads to API servers."""
    desired = situation.desired
    like = situation.serving_control_plane.api_server or Endpoint("")
    names = (name for name in desired.control_planes if name in situation.hosts)
    known = {situation.hosts[name].future_api_server(like).host for name in names}
    answers = any(balancer.is_running for balancer in situation.balancers.values())
    by_addresses: dict[str, list[str]] = {}
    for name, view in views.items():
        wrong = [address for address in view.addresses if not answers or address not in known]
        if wrong:
            by_addresses.setdefault(", ".join(wrong), []).append(name)
    servers = " and ".join(f"{item.name} ({item.address})" for item in name_servers(desired, situation.hosts))
    for addresses, hosts in by_addresses.items():
        reason = "where no control plane is" if answers else "though the servers that are to answer it do not run yet"
        yield Problem(
            SUBJECT,
            f"{desired.endpoint.host} leads {listed(hosts)} to {addresses}, {reason}: take it out of /etc/hosts and of other DNS "
            f"servers, and delegate it to {servers}.",
        )
    if answers and all(balancer.is_configured for balancer in situation.balancers.values()):
        yield from reasons.unresolved(situation.desired.endpoint, views, where=_with_balancers(situation))
    yield from _somebody_else(situation, views)


def unproved(situation: Situation) -> list[str]:
    """The nodes that no API server of the cluster has answered through the endpoint."""
    views = situation.endpoint_views
    return [name for name in situation.desired.nodes if name not in views or not views[name].is_proved]


def views_of(situation: Situation, x509: X509) -> dict[str, View]:
    """What each host that is to use the endpoint sees of it, the served certificates judged; by inventory name."""
    known = frozenset(
        item.fingerprint_sha256
        for host in situation.joined(situation.desired.control_planes)
        for path, item in host.certificates.items()
        if path.endswith("/apiserver.crt")
    )
    ca_pem = situation.serving_control_plane.ca_pem
    return judged_views(situation.desired, situation.hosts, x509, ca_pem=ca_pem, known=known)


def judged_views(
    desired: Desired, hosts: t.Mapping[str, Host], x509: X509, *, ca_pem: str, known: frozenset[str]
) -> dict[str, View]:
    """The same, whatever runs the control plane.

    Args:
        desired: what the inventory describes.
        hosts: every host that was inspected.
        x509: reads certificates.
        ca_pem: the CA of the API servers' certificates.
        known: fingerprints of the certificates that they have.
    """
    found = {}
    for name in dict.fromkeys((*desired.nodes, *desired.load_balancers)):
        host = hosts.get(name)
        view = host.report.endpoint_view if host is not None else None
        if host is None or view is None or (name not in desired.nodes and not host.kubeconfigs):
            continue
        if view.endpoint == desired.endpoint:
            now = host.report.clock
            attempts = tuple(_judged(attempt, x509, ca_pem=ca_pem, known=known, now=now) for attempt in view.attempts)
            found[name] = dataclasses.replace(view, attempts=attempts)
    return found


def _judged(attempt: Attempt, x509: X509, *, ca_pem: str, known: frozenset[str], now: float) -> Attempt:
    """The attempt with what the controller knows: the cluster's CA. A name that is missing is added by the run."""
    if attempt.outcome != endpoint_view.ANSWERED or not attempt.certificate:
        return attempt
    pem = attempt.certificate.encode()
    try:
        certificate = x509.certificates(pem)[0]
        is_ours = certificate.fingerprint_sha256 in known or x509.is_signed_by(pem, ca_pem.encode())
    except InvalidInput as error:
        return dataclasses.replace(attempt, outcome=endpoint_view.UNTRUSTED, error=error.message)
    if not is_ours:
        return dataclasses.replace(
            attempt, outcome=endpoint_view.UNTRUSTED, error=f"its issuer is {certificate.issuer}"
        )
    time = dt.datetime.fromtimestamp(now, dt.timezone.utc)
    if not certificate.not_before <= time <= certificate.not_after:
        described = f"valid from {certificate.not_before:%Y-%m-%d} to {certificate.not_after:%Y-%m-%d}"
        return dataclasses.replace(attempt, outcome=endpoint_view.EXPIRED, error=described)
    return attempt


def _leads_to_control_plane(situation: Situation, views: t.Mapping[str, View]) -> t.Iterator[Problem]:
    """Names that lead to one API server itself, as an /etc/hosts of before does. ``none`` may lead to several of them."""
    desired = situation.desired
    like = situation.serving_control_plane.api_server
    if like is None:
        return
    names = (name for name in desired.control_planes if name in situation.hosts)
    servers = {situation.hosts[name].future_api_server(like): name for name in names}
    seen: dict[str, list[str]] = {}
    for name, view in views.items():
        own = situation.hosts[name].api_server
        led = {servers.get(Endpoint(address, desired.endpoint.port)) for address in view.addresses} - {None}
        if own is not None and own.port == desired.endpoint.port and any(map(is_loopback, view.addresses)):
            led.add(name)
        if led and not (desired.load_balancer == "none" and len(led) > 1):
            for target in sorted(str(item) for item in led):
                seen.setdefault(target, []).append(name)
    for target, names_of in seen.items():
        server = situation.hosts[target].future_api_server(like)
        yield Problem(
            SUBJECT,
            f"{desired.endpoint.host} leads {listed(names_of)} to the API server of {target} itself ({server}), so they would lose "
            f"the API with that host: {_remedy_for_name(situation)}.",
        )


def _remedy_for_name(situation: Situation) -> str:
    """A name that clients use already must not be moved to where nobody listens yet."""
    desired = situation.desired
    balancers = _balancers(situation)
    if not desired.has_own_balancers:
        return "let the name lead to the load balancer, once that forwards TCP to the API servers"
    if any(endpoint.host == desired.endpoint.host for endpoint in _in_use(situation)):
        return (
            f"clients use that name already, so do not move it now; give kubeadm_ha_endpoint an address of {balancers} "
            f"or another name that leads there, and put {desired.endpoint.host} into kubeadm_ha_extra_sans"
        )
    return f"let DNS or /etc/hosts of every host lead the name to {balancers}"


def _in_use(situation: Situation) -> t.Iterator[Endpoint]:
    """Every server that the cluster or a kubeconfig names now."""
    servers = [situation.cluster.endpoint, situation.cluster.joining_server]
    for host in situation.hosts.values():
        servers += host.servers.values()
    found = (endpoint_or_none(str(server or "")) for server in servers)
    yield from (endpoint for endpoint in found if endpoint is not None)


def _leads_elsewhere(situation: Situation, views: t.Mapping[str, View]) -> t.Iterator[Problem]:
    """With load balancers of the run the name must lead to a host that has one, unless the cluster's API answers there already."""
    desired = situation.desired
    by_addresses: dict[str, list[str]] = {}
    for name, view in views.items():
        answering = {attempt.address for attempt in view.attempts if attempt.is_api_server}
        wrong = [
            address
            for address in view.addresses
            if not _is_balancer(situation, name, address)
            and not _is_api_server(situation, name, address)
            and address not in answering
        ]
        if wrong:
            by_addresses.setdefault(", ".join(wrong), []).append(name)
    for addresses, names in by_addresses.items():
        yield Problem(
            SUBJECT,
            f"{desired.endpoint.host} leads {listed(names)} to {addresses}, where no load balancer host is: let DNS or /etc/hosts of "
            f"every host lead it to {_balancers(situation)}, or set kubeadm_ha_load_balancer: external for a balancer that "
            "exists already.",
        )


def _is_balancer(situation: Situation, source: str, address: str) -> bool:
    if is_loopback(address):
        return source in situation.desired.load_balancers
    names = (name for name in situation.desired.load_balancers if name in situation.hosts)
    return any(situation.hosts[name].has_address(address) for name in names)


def _is_api_server(situation: Situation, source: str, address: str) -> bool:
    """Reported by :func:`_leads_to_control_plane`."""
    endpoint = Endpoint(address, situation.desired.endpoint.port)
    own = situation.hosts[source].api_server
    if own is not None and own.port == endpoint.port and is_loopback(address):
        return True
    like = situation.serving_control_plane.api_server
    names = (name for name in situation.desired.control_planes if name in situation.hosts)
    return like is not None and any(situation.hosts[name].future_api_server(like) == endpoint for name in names)


def _somebody_else(situation: Situation, views: t.Mapping[str, View]) -> t.Iterator[Problem]:
    """Where a load balancer is to stand, nobody of another CA may answer; that nobody answers is no matter yet."""
    clauses = {
        name: [
            attempt.objection(view.endpoint)
            for attempt in view.attempts
            if attempt.outcome == endpoint_view.UNTRUSTED and not _is_api_server(situation, name, attempt.address)
        ]
        for name, view in views.items()
    }
    yield from reasons.somebody_else(situation.desired.endpoint, clauses)


def _unproved(situation: Situation, views: t.Mapping[str, View]) -> t.Iterator[Problem]:
    """An endpoint that the run does not build must lead to the cluster's API from every host."""
    desired = situation.desired
    clauses = {name: view.objections() for name, view in views.items() if view.addresses}
    good = [name for name, view in views.items() if view.is_proved]
    like = situation.serving_control_plane.api_server
    for clause, names in reasons.by_clause(clauses).items():
        hairpin = ""
        if good and set(names) <= set(desired.control_planes):
            hairpin = (
                f" {listed(good)} can use it: a load balancer that sends a control plane its own connection back must not keep "
                "the client's address (a hairpin)."
            )
        target = situation.serving_control_plane.name
        yield reasons.unproved(desired, names, clause, target=target, server=like, hint=hairpin)


def _balancers(situation: Situation) -> str:
    """``lb1 (192.0.2.10) or lb2 (192.0.2.11)``."""
    hosts = [situation.hosts[name] for name in situation.desired.load_balancers if name in situation.hosts]
    return " or ".join(f"{host.name} ({_shown_address(host)})" for host in hosts)


def _shown_address(host: Host) -> str:
    return host.report.default_address or ", ".join(host.report.addresses)


def _with_balancers(situation: Situation) -> str:
    balancers = _balancers(situation) if situation.desired.has_own_balancers else ""
    return f" with the address of {balancers}" if balancers else ""


__all__ = ("find_notes", "judged_views", "problems", "unproved", "views_of")
