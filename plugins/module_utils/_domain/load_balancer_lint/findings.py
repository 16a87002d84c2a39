# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with the configuration of a load balancer or of a virtual IP: every kind of finding, and where each is found."""

from __future__ import annotations

import typing as t

from ..base.finding import Finding, Kind, Severity
from . import virtual_router as vrrp
from .balancer import Balancer, CheckKind, NotUnderstood, Setting, shown
from .check_script import UNKNOWN_PORT, Asked
from .prediction import CLIENT_GO, SLOW, Event, Outage

#: Seconds. A server that is out, or an address that has moved, within so many is no finding.
IN_TIME = 5.0
#: Connections without data for less than this are cut although watches, exec and port-forward rely on them.
SHORT_IDLE = 600.0
#: A reload that cuts open connections so soon afterwards interrupts every client at once.
SHORT_STOP = 600.0

NO_CHECK = Kind(
    "load-balancer.no-check",
    Severity.CRITICAL,
    "API servers are not checked",
    "Connections are given to an API server that does not answer for as long as it does not.",
)
PLAIN_CHECK = Kind(
    "load-balancer.plain-http-check",
    Severity.CRITICAL,
    "The check speaks HTTP without TLS",
    "An API server answers 400 to HTTP on its port of TLS, whatever its state is: the check says nothing about it.",
)
ENDS_TLS = Kind(
    "load-balancer.ends-tls",
    Severity.CRITICAL,
    "TLS ends at the load balancer",
    "Kubelets and users authenticate by client certificates in TLS, which an API server sees only where TLS passes through.",
)
FROZEN_UNSEEN = Kind(
    "load-balancer.frozen-unseen",
    Severity.WARNING,
    "A frozen API server is not noticed",
    "The kernel of a process that stands still takes connections, so that only a TLS handshake or an answer shows that nobody is there.",
)
UNREADY_UNSEEN = Kind(
    "load-balancer.unready-unseen",
    Severity.WARNING,
    "An API server that is not ready is not noticed",
    "An API server that starts, ends or has lost etcd answers, with errors. Only /readyz says so in time.",
)
SLOW_DETECTION = Kind(
    "load-balancer.slow-detection",
    Severity.WARNING,
    f"A failed API server is used for more than {shown(IN_TIME)} s",
    "Until then new connections fail or hang. Leases of leaders and nodes are renewed every 2 to 10 s.",
)
LONG_CONNECT = Kind(
    "load-balancer.long-connect",
    Severity.WARNING,
    "A new connection waits long for a host that is gone",
    "Before another server gets a connection, its client waits for this limit.",
)
NOT_PASSED_ON = Kind(
    "load-balancer.not-passed-on",
    Severity.WARNING,
    "A refused connection is not given to another API server",
    "Until checks have taken a dead API server out, its share of new connections fails although others would take them.",
)
OPEN_HANG = Kind(
    "load-balancer.open-connections-hang",
    Severity.WARNING,
    "Open connections to a lost API server hang",
    "Kubelets and controllers see nothing of their watches meanwhile; client-go itself gives up after 45 s, others later.",
)
SHORT_IDLE_TIMEOUT = Kind(
    "load-balancer.short-idle-timeout",
    Severity.WARNING,
    "Connections without data are cut",
    "Watches of quiet objects, kubectl exec, logs and port-forward may be silent for long; their clients then start again or fail.",
)
RELOAD_CUTS = Kind(
    "load-balancer.reload-cuts-watches",
    Severity.WARNING,
    "A reload soon cuts open connections",
    "Each change of the configuration then interrupts every watch at about the same time.",
)
RELOAD_KEEPS = Kind(
    "load-balancer.reload-keeps-processes",
    Severity.INFO,
    "Old processes stay after a reload for as long as connections are open",
    "Watches last for hours, so that with each reload another process remains, with the configuration of its time.",
)
UNVERIFIED = Kind(
    "load-balancer.certificate-not-verified",
    Severity.INFO,
    "The check does not verify the API server's certificate",
    "Whatever answers on that address counts as an API server, though clients would refuse it.",
)
NO_SPARE = Kind(
    "load-balancer.one-server",
    Severity.WARNING,
    "There is one API server only",
    "No other can take its connections.",
)
NOT_SHARED = Kind(
    "load-balancer.state-not-shared",
    Severity.INFO,
    "Each worker of nginx finds out by itself",
    "What one worker has learned of a failed server no other knows, so that each lets clients wait.",
)
NOT_UNDERSTOOD = Kind(
    "load-balancer.not-understood",
    Severity.INFO,
    "Something in the configuration was not understood",
    "The predictions leave it out, and may be wrong because of it.",
)
NO_TRACKING = Kind(
    "virtual-ip.no-check",
    Severity.CRITICAL,
    "Nothing is watched",
    "The address stays where nobody answers, for as long as that host and its keepalived live.",
)
NEVER_MOVES = Kind(
    "virtual-ip.never-moves",
    Severity.CRITICAL,
    "The address does not move when a check fails",
    "A failed check only lowers the priority; another host takes the address only from one with a lower priority than its own.",
)
NEEDS_PEER = Kind(
    "virtual-ip.depends-on-peers",
    Severity.INFO,
    "Whether the address moves depends on hosts that were not given",
    "A failed check only lowers the priority; it has to fall below another host's.",
)
IGNORES_ERRORS = Kind(
    "virtual-ip.check-ignores-errors",
    Severity.CRITICAL,
    "The check takes an error for an answer",
    "curl ends with success for 401, 403 and 500 unless it is called with --fail: only a refused connection moves the address.",
)
THROUGH_BALANCER = Kind(
    "virtual-ip.check-through-balancer",
    Severity.WARNING,
    "The check goes through the load balancer",
    "It is answered by some API server: where none answers, every host fails at the same time and the address wanders, "
    "and a failure of the own API server goes unseen.",
)
PROCESS_ONLY = Kind(
    "virtual-ip.process-only",
    Severity.WARNING,
    "Only the existence of a process is checked",
    "A load balancer that stands still, or does not listen, has a process.",
)
SLOW_MOVE = Kind(
    "virtual-ip.slow-move",
    Severity.WARNING,
    f"The address moves after more than {shown(IN_TIME)} s",
    "Until then the endpoint of the whole cluster does not answer.",
)
MULTICAST = Kind(
    "virtual-ip.multicast",
    Severity.INFO,
    "Hosts find each other by multicast",
    "Where the network does not pass 224.0.0.18 on, as in clouds and behind some switches, every host takes the address.",
)
DISAGREE = Kind(
    "virtual-ip.hosts-disagree",
    Severity.CRITICAL,
    "The hosts of one virtual IP have different settings",
    "Advertisements with another interval, version or address are not taken, and every host takes the address.",
)
MOVES_BACK = Kind(
    "virtual-ip.moves-back",
    Severity.INFO,
    "The address moves back when its first holder returns",
    "That is a second interruption for every client, and one more each time where the first holder is not stable.",
)

#: Every kind there is, as the documentation lists them.
KINDS: tuple[Kind, ...] = (
    NO_CHECK, PLAIN_CHECK, ENDS_TLS, FROZEN_UNSEEN, UNREADY_UNSEEN, SLOW_DETECTION, LONG_CONNECT, NOT_PASSED_ON, OPEN_HANG, SHORT_IDLE_TIMEOUT,
    RELOAD_CUTS, RELOAD_KEEPS, UNVERIFIED, NO_SPARE, NOT_SHARED, NOT_UNDERSTOOD, NO_TRACKING, NEVER_MOVES, NEEDS_PEER, IGNORES_ERRORS,
    THROUGH_BALANCER, PROCESS_ONLY, SLOW_MOVE, MULTICAST, DISAGREE, MOVES_BACK,
)  # fmt: skip

_ROLE = {
    "haproxy": "or let the role kubeadm.ha.apiserver_haproxy write it",
    "nginx": "or let the role kubeadm.ha.apiserver_nginx write it, whose watcher checks /readyz",
}
_CHECK_REMEDY = {
    "haproxy": "Give the servers `check check-ssl verify required ca-file CA verifyhost kubernetes` and the backend `option httpchk` with "
    "`http-check send meth GET uri /readyz`",
    "nginx": "nginx has no checks of its own: let something else take the server out",
}


def of_balancer(balancer: Balancer, outages: t.Sequence[Outage]) -> t.Iterator[Finding]:
    """What is wrong with a load balancer.

    Args:
        balancer: it.
        outages: what is predicted of it, of each event.
    """
    by_event = {outage.event: outage for outage in outages}
    role = _ROLE[balancer.program]
    yield from _of_checks(balancer, by_event)
    if not balancer.is_tcp:
        yield Finding(
            ENDS_TLS,
            balancer.name,
            f"{balancer.name} does not pass TLS on.",
            (balancer.where,),
            f"Set `mode tcp`, {role}.",
        )
    if len(balancer.used) < 2:
        yield Finding(
            NO_SPARE,
            balancer.name,
            f"{balancer.name} has one server.",
            (balancer.used[0].where,),
            "List every control plane.",
        )
    yield from _of_detection(balancer, by_event, role)
    yield from _of_open_connections(balancer, by_event, role)
    yield from _of_reload(balancer)


def _of_checks(balancer: Balancer, by_event: t.Mapping[Event, Outage]) -> t.Iterator[Finding]:
    remedy = f"{_CHECK_REMEDY[balancer.program]}, {_ROLE[balancer.program]}."
    name = balancer.name
    unchecked = [server for server in balancer.used if server.check is None]
    if unchecked and balancer.program == "haproxy":
        names = ", ".join(server.name for server in unchecked)
        yield Finding(
            NO_CHECK, name, f"{name} never checks {names}.", tuple(server.where for server in unchecked), remedy
        )
    checks = [server.check for server in balancer.used if server.check is not None]
    plain = [check.where for check in checks if check.kind is CheckKind.HTTP]
    if plain:
        yield Finding(
            PLAIN_CHECK, name, f"{name} asks for {checks[0].path} without TLS.", tuple(dict.fromkeys(plain)), remedy
        )
    unverified = [
        check.where for check in checks if check.kind in (CheckKind.TLS, CheckKind.HTTPS) and not check.verifies
    ]
    if unverified:
        yield Finding(UNVERIFIED, name, f"{name} takes every certificate.", tuple(dict.fromkeys(unverified)), remedy)
    # Without any check, all of these are one finding.
    if checks or balancer.program == "nginx":
        for event, kind in ((Event.FROZEN, FROZEN_UNSEEN), (Event.UNREADY, UNREADY_UNSEEN)):
            if by_event[event].out is None:
                what = "that stands still" if event is Event.FROZEN else "whose /readyz says 500"
                yield Finding(kind, name, f"{name} goes on using an API server {what}.", (by_event[event].sum,), remedy)


def _of_detection(balancer: Balancer, by_event: t.Mapping[Event, Outage], role: str) -> t.Iterator[Finding]:
    name = balancer.name
    slow = [each for each in by_event.values() if each.out is not None and (each.clean or 0) > IN_TIME]
    if slow:
        worst = max(slow, key=lambda each: each.clean or 0)
        summary = f"{name} uses an API server that is {worst.event.value} for up to {shown(worst.clean or 0)} s."
        remedy = (
            f"Lower inter and fall, set fastinter, and set `timeout check` and `timeout connect` below inter, {role}."
        )
        if balancer.program == "nginx":
            remedy = f"Lower proxy_connect_timeout and leave max_fails above 0, {role}."
        yield Finding(SLOW_DETECTION, name, summary, tuple(f"{each.event.value}: {each.sum}" for each in slow), remedy)
    if not balancer.pass_on.is_passed:
        setting = "option redispatch" if balancer.program == "haproxy" else "proxy_next_upstream on"
        summary = (
            f"A connection that {name} gives to a dead API server {by_event[Event.DEAD].meanwhile.partition(':')[0]}."
        )
        yield Finding(NOT_PASSED_ON, name, summary, (balancer.pass_on.where,), f"Set `{setting}`, {role}.")
    elif balancer.connect is None or balancer.connect.value >= SLOW:
        limit = "without a limit" if balancer.connect is None else f"{shown(balancer.connect.value)} s"
        setting = "timeout connect" if balancer.program == "haproxy" else "proxy_connect_timeout"
        evidence = (str(balancer.connect),) if balancer.connect is not None else (f"no {setting}: {balancer.where}",)
        yield Finding(
            LONG_CONNECT,
            name,
            f"{name} waits {limit} for a connection.",
            evidence,
            f"Set `{setting}` below 1 s, {role}.",
        )
    if not balancer.shares_state:
        yield Finding(
            NOT_SHARED, name, f"{name} has no zone.", (balancer.where,), f"Give the upstream a `zone`, {role}."
        )


def _of_open_connections(balancer: Balancer, by_event: t.Mapping[Event, Outage], role: str) -> t.Iterator[Finding]:
    name = balancer.name
    hanging = [
        each
        for each in (by_event[Event.FROZEN], by_event[Event.GONE])
        if each.open_until is None or each.open_until > CLIENT_GO
    ]
    if hanging:
        evidence = tuple(f"{each.event.value}: {_seconds(each.open_until)}, {each.open_reason}" for each in hanging)
        remedy = "Set `on-marked-down shutdown-sessions` and `option srvtcpka` with srvtcpka-idle 30s"
        if balancer.program == "nginx":
            remedy = (
                "nginx cannot end the connections of one server; `proxy_socket_keepalive on` with the kernel's tcp_keepalive_time ends those "
                "to a lost host"
            )
        yield Finding(
            OPEN_HANG,
            name,
            f"Open connections through {name} outlive a lost API server.",
            evidence,
            f"{remedy}, {role}.",
        )
    if balancer.idle is not None and balancer.idle.value < SHORT_IDLE:
        summary = f"{name} cuts a connection after {shown(balancer.idle.value)} s without data."
        settings = (
            "`timeout client` and `timeout server`, or `timeout tunnel`,"
            if balancer.program == "haproxy"
            else "proxy_timeout"
        )
        remedy = f"Set {settings} to hours, and let TCP keepalive find dead peers, {role}."
        yield Finding(SHORT_IDLE_TIMEOUT, name, summary, (str(balancer.idle),), remedy)


def _of_reload(balancer: Balancer) -> t.Iterator[Finding]:
    stop: Setting | None = balancer.stop_after
    setting = "hard-stop-after" if balancer.program == "haproxy" else "worker_shutdown_timeout"
    if stop is None:
        summary = f"Nothing ends the processes that a reload of {balancer.program} leaves behind."
        yield Finding(
            RELOAD_KEEPS, balancer.name, summary, (f"no {setting}",), f"Set `{setting}` to hours, such as 24h."
        )
    elif stop.value < SHORT_STOP:
        summary = f"{shown(stop.value)} s after a reload open connections through {balancer.name} are cut."
        yield Finding(RELOAD_CUTS, balancer.name, summary, (str(stop),), f"Set `{setting}` to hours, such as 24h.")


def _seconds(value: float | None) -> str:
    return "never" if value is None else f"after {shown(value)} s"


def of_not_understood(notes: t.Sequence[NotUnderstood]) -> t.Iterator[Finding]:
    """What was left out of the predictions."""
    for note in notes:
        yield Finding(
            NOT_UNDERSTOOD,
            note.what,
            f"{note.what} is left out.",
            (note.where,),
            "See what it does to the predictions, or let a drill measure it.",
        )


def of_routers(routers: t.Sequence[vrrp.VirtualRouter], moves: t.Sequence[vrrp.Move]) -> t.Iterator[Finding]:
    """What is wrong with a virtual IP.

    Args:
        routers: its virtual router on every host that is known.
        moves: what is predicted of it.
    """
    holder = vrrp.holder_of(routers)
    name = f"{', '.join(holder.addresses) or holder.name}"
    role = "or let the role kubeadm.ha.apiserver_keepalived write it"
    yield from _of_agreement(routers, name)
    untracked = [each for each in routers if not each.tracks]
    if untracked:
        remedy = f"Track a script that asks the local load balancer or API server with a limit, {role}."
        yield Finding(
            NO_TRACKING,
            name,
            f"{_hosts(untracked)} would keep {name} without any service.",
            tuple(each.where for each in untracked),
            remedy,
        )
    stuck = [move for move in moves if move.seconds is None]
    if stuck:
        evidence = tuple(f"{move.event}: {move.sum}" for move in stuck)
        yield Finding(
            NEVER_MOVES,
            name,
            f"{name} stays when {stuck[0].event}.",
            evidence,
            f"Set the weight to 0, so that a failure stops the router, {role}.",
        )
    unsure = [move for move in moves if move.seconds is not None and len(routers) < 2 and "where a peer" in move.sum]
    if unsure:
        evidence = tuple(f"{move.event}: {move.sum}" for move in unsure)
        yield Finding(
            NEEDS_PEER,
            name,
            f"{name} moves only to a host of a high enough priority.",
            evidence,
            "Give the files of every host that may hold it.",
        )
    slow = [move for move in moves if move.seconds is not None and move.seconds > IN_TIME]
    if slow:
        worst = max(slow, key=lambda each: each.seconds or 0)
        evidence = tuple(f"{move.event}: {move.sum}" for move in slow)
        summary = f"{name} moves up to {shown(worst.seconds or 0)} s after: {worst.event}."
        yield Finding(SLOW_MOVE, name, summary, evidence, f"Lower interval, fall and advert_int, {role}.")
    multicast = [each for each in routers if not each.peers]
    if multicast:
        yield Finding(
            MULTICAST,
            name,
            f"{_hosts(multicast)} advertise to a group.",
            tuple(each.where for each in multicast),
            f"List the others in `unicast_peer`, {role}.",
        )
    if not holder.keeps:
        yield Finding(
            MOVES_BACK,
            name,
            f"{name} returns to {holder.host or 'its first holder'}.",
            (holder.where,),
            f"Set `state BACKUP` and `nopreempt` on every host, with weights of 0, {role}.",
        )


def _of_agreement(routers: t.Sequence[vrrp.VirtualRouter], name: str) -> t.Iterator[Finding]:
    parts: dict[str, t.Callable[[vrrp.VirtualRouter], object]] = {
        "advert_int": lambda each: each.advert.value,
        "version": lambda each: each.version,
        "virtual_ipaddress": lambda each: sorted(each.addresses),
    }
    for what, value in parts.items():
        if len({repr(value(each)) for each in routers}) > 1:
            evidence = tuple(f"{each.host} {each.where}: {value(each)}" for each in routers)
            yield Finding(
                DISAGREE,
                name,
                f"{what} is not the same on {_hosts(routers)}.",
                evidence,
                f"Give {what} the same value on every host.",
            )


def of_script(
    router: vrrp.VirtualRouter, track: vrrp.Track, asked: Asked, balancers: t.Sequence[Balancer]
) -> t.Iterator[Finding]:
    """What is wrong with a check of keepalived.

    Args:
        router: that runs it.
        track: the check.
        asked: what its text asks for.
        balancers: the load balancers of the same host.
    """
    script = track.script
    name = f"{script.kind} {script.name}"
    role = "or let the role kubeadm.ha.apiserver_keepalived write it"
    if asked.ignores_errors:
        yield Finding(
            IGNORES_ERRORS,
            name,
            f"{name} succeeds with every answer.",
            (script.where,),
            f"Call curl with --fail and --max-time, {role}.",
        )
    if asked.asks_process_only or script.kind == "process":
        yield Finding(
            PROCESS_ONLY,
            name,
            f"{name} asks for a process.",
            (script.where,),
            f"Ask the local load balancer for an answer with a limit, {role}.",
        )
    listeners = {listener.port: listener.where for balancer in balancers for listener in balancer.listeners}
    for host, port in asked.targets:
        bare = host.strip("[]")
        is_vip = bare in router.addresses
        is_local = bare in ("localhost", "127.0.0.1", "::1")
        if is_vip or (is_local and port in listeners and port != UNKNOWN_PORT):
            evidence = (script.where, listeners[port]) if port in listeners else (script.where,)
            summary = (
                f"{name} asks {'the virtual IP itself' if is_vip else f'port {port}, where the load balancer listens'}."
            )
            yield Finding(
                THROUGH_BALANCER,
                name,
                summary,
                evidence,
                f"Ask for the status of the local load balancer itself, {role}.",
            )
            break


def _hosts(routers: t.Sequence[vrrp.VirtualRouter]) -> str:
    return ", ".join(each.host or each.name for each in routers)


__all__ = ("IN_TIME", "KINDS", "of_balancer", "of_not_understood", "of_routers", "of_script")
