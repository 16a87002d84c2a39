# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long new and open connections suffer when an API server behind a load balancer fails, by the load balancer's settings.

All seconds are of the worst moment: a check has just passed when it happens. ``tests/roles/test_lint_predictions.py`` measures them.
"""

from __future__ import annotations

import dataclasses
import enum
import math
import typing as t

from .balancer import Balancer, Check, CheckKind, Server, shown

#: A new connection that waits this long counts as failed; the project's prober judges alike.
SLOW = 1.0
#: Of client-go: HTTP/2 pings after 30 s without data, and 15 s for their answer (k8s.io/apimachinery, util/net/http.go).
CLIENT_GO = 45.0


class Event(enum.Enum):
    """What happens to one API server."""

    #: Its process ended: connections are refused.
    DEAD = "dead"
    #: Its process stands still: the kernel still takes connections, nobody answers.
    FROZEN = "frozen"
    #: It answers, and ``/readyz`` says 500.
    UNREADY = "unready"
    #: Its host is off or cut off: nothing answers.
    GONE = "host gone"


@dataclasses.dataclass(frozen=True)
class Outage:
    """What clients have of an event.

    Attributes:
        event: what happens.
        out: seconds until the load balancer uses the server no more; ``None``: never.
        clean: seconds until every new connection is answered, and within :data:`SLOW`; ``None``: never.
        meanwhile: what happens to a new connection until then, a few words.
        returns: seconds after which the server is tried again with a client's connection, over and over; ``None`` where checks do that.
        open_until: seconds until open connections to the server end; ``None``: never by the load balancer.
        open_reason: what ends them, or that they go on.
        sum: how ``out`` is made of the settings, with their places.
    """

    event: Event
    out: float | None
    clean: float | None
    meanwhile: str
    returns: float | None
    open_until: float | None
    open_reason: str
    sum: str


def predict(balancer: Balancer) -> tuple[Outage, ...]:
    """What clients have of each event, of the server with which it takes longest."""
    return tuple(max((_outage(balancer, server, event) for server in balancer.used), key=_badness) for event in Event)


def _badness(outage: Outage) -> tuple[float, float, float]:
    values = (outage.clean, outage.out, outage.open_until)
    first, second, third = (math.inf if value is None else value for value in values)
    return first, second, third


def _outage(balancer: Balancer, server: Server, event: Event) -> Outage:
    out, how = _out(balancer, server, event)
    clean, meanwhile = _new_connections(balancer, event, out)
    until, reason = _open_connections(balancer, server, event, out)
    returns = None
    if (
        server.passive is not None
        and server.check is None
        and event in (Event.DEAD, Event.GONE)
        and server.passive.max_fails.value
    ):
        returns = server.passive.fail_timeout.value
    return Outage(event, out, clean, meanwhile, returns, until, reason, how)


def _out(balancer: Balancer, server: Server, event: Event) -> tuple[float | None, str]:
    """Seconds until the server is used no more, and their sum in words."""
    found = [
        each for each in (_out_by_checks(server, event), _out_by_traffic(balancer, server, event)) if each is not None
    ]
    best = min((each for each in found if each[0] is not None), key=lambda each: t.cast("float", each[0]), default=None)
    if best is not None:
        return best
    return None, "; ".join(how for _seconds, how in found) or f"nothing checks it: no check ({server.where})"


def _out_by_checks(server: Server, event: Event) -> tuple[float | None, str] | None:
    check = server.check
    if check is None:
        return None
    limit = _failed_check(check, event)
    if limit is None:
        return None, _blindness(check, event)
    seconds, reason = limit
    falls = int(check.fall.value)
    grace = check.grace.value if check.grace is not None else 0.0
    total = check.interval.value + falls * seconds + (falls - 1) * check.fast_interval.value + grace
    parts = [str(check.interval), f"{check.fall}: {falls} x {shown(seconds)} s ({reason})"]
    if falls > 1:
        parts.append(f"{falls - 1} x {check.fast_interval}")
    if check.grace is not None:
        parts.append(str(check.grace))
    return total, f"{shown(total)} s = {' + '.join(parts)}"


def _failed_check(check: Check, event: Event) -> tuple[float, str] | None:
    """Seconds that a check takes to fail, and why; ``None`` where it passes."""
    if event is Event.DEAD:
        return 0.0, "refused"
    if event is Event.GONE:
        return check.connect_limit.value, str(check.connect_limit)
    if check.kind is CheckKind.OTHER:
        return None
    if event is Event.UNREADY:
        return (0.0, f"{check.path} says 500") if _sees_readiness(check) else None
    if check.kind is CheckKind.TCP:
        return None
    limit = check.answer_limit if check.kind in (CheckKind.HTTP, CheckKind.HELLO) else check.connect_limit
    return limit.value, str(limit)


def _sees_readiness(check: Check) -> bool:
    return check.kind in (CheckKind.HTTP, CheckKind.HTTPS) and check.path.partition("?")[0].rstrip("/") == "/readyz"


def _blindness(check: Check, event: Event) -> str:
    if check.kind is CheckKind.OTHER:
        return f"what the check asks for is not known ({check.where})"
    if event is Event.FROZEN:
        return f"the check only connects, and the kernel of a frozen process takes connections ({check.where})"
    asked = f"asks for {check.path}" if check.kind in (CheckKind.HTTP, CheckKind.HTTPS) else "asks for no path"
    return f"the check {asked}, and only /readyz says that an API server is not ready ({check.where})"


def _out_by_traffic(balancer: Balancer, server: Server, event: Event) -> tuple[float | None, str] | None:
    """What connections of clients reveal, where there are enough of them."""
    if event not in (Event.DEAD, Event.GONE):
        if server.passive is not None and server.check is None:
            what = (
                "a frozen server still takes connections"
                if event is Event.FROZEN
                else "an unready server takes connections and answers"
            )
            return None, f"nginx counts connections that are not taken, and {what} ({server.passive.max_fails})"
        return None
    connect = balancer.connect.value if balancer.connect is not None else math.inf
    waited = connect if event is Event.GONE else 0.0
    if server.out_by_errors is not None and not math.isinf(waited):
        cause = f" + {balancer.connect}" if event is Event.GONE else ""
        return waited, f"{shown(waited)} s: connections that fail take it out, {server.out_by_errors}{cause}"
    if server.passive is not None and server.check is None:
        if not server.passive.max_fails.value:
            return None, f"{server.passive.max_fails}: nginx never leaves it alone"
        # A worker may begin to find out when another one has ended.
        apart = f" x {balancer.learners} workers that find out apart" if balancer.learners > 1 and waited else ""
        cause = f", {balancer.connect}{apart}" if event is Event.GONE else ""
        total = waited * balancer.learners
        fails, pause = server.passive.max_fails, server.passive.fail_timeout
        return total, f"{shown(total)} s: {fails} of connections that fail{cause}; then left alone for {pause}"
    return None


def _new_connections(balancer: Balancer, event: Event, out: float | None) -> tuple[float | None, str]:
    """Seconds until no new connection suffers, and what one suffers until then."""
    pass_on = balancer.pass_on
    if event is Event.UNREADY:
        return out, "is answered by the API server that is not ready"
    if event is Event.FROZEN:
        idle = (
            f"{shown(balancer.idle.value)} s ({balancer.idle.where or 'default'})"
            if balancer.idle is not None
            else "for ever"
        )
        return out, f"hangs in the TLS handshake until the client gives up, at most {idle}"
    connect = balancer.connect.value if balancer.connect is not None else math.inf
    each = connect if event is Event.GONE else 0.0
    wait = pass_on.attempts * each + (pass_on.attempts - 1) * pass_on.pause
    limit = f" ({balancer.connect or 'no limit'})" if event is Event.GONE else ""
    alone = len(balancer.used) < 2
    if pass_on.is_passed and not alone:
        meanwhile = f"waits {_length(wait)}{limit}, then another server has it: {pass_on.where}"
        return (0.0, meanwhile) if wait < SLOW else (out, meanwhile)
    why = "there is no other server" if alone else pass_on.where
    return out, f"fails after {_length(wait)}{limit}: {why}"


def _open_connections(balancer: Balancer, server: Server, event: Event, out: float | None) -> tuple[float | None, str]:
    """Seconds until connections that were open end, and what ends them."""
    if event is Event.DEAD:
        return 0.0, "the kernel of the dead process closes them"
    ends: list[tuple[float, str]] = []
    if server.session_end is not None and out is not None:
        grace = server.session_end.after_unready if event is Event.UNREADY else server.session_end.after_dead
        ends.append((out + grace, f"closed when the server is out ({server.session_end.where})"))
    if event is Event.UNREADY:
        return ends[0] if ends else (None, "they go on, and the server answers them")
    if event is Event.GONE and balancer.server_keepalive is not None:
        ends.append((balancer.server_keepalive.value, str(balancer.server_keepalive)))
    if balancer.idle is not None:
        ends.append((balancer.idle.value, str(balancer.idle)))
    if not ends:
        return None, f"hang until the client gives up: client-go after {shown(CLIENT_GO)} s"
    seconds, reason = min(ends)
    return seconds, reason


def _length(seconds: float) -> str:
    return "for ever" if math.isinf(seconds) else f"{shown(seconds)} s"


__all__ = ("CLIENT_GO", "SLOW", "Event", "Outage", "predict")
