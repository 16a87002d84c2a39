# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Events of what stands before the API servers: the load balancer of the endpoint, and keepalived of the virtual IP's holder."""

from __future__ import annotations

import dataclasses
import typing as t

from ..base.change import KNOWN_AFTER_APPLY
from ..base.problem import Problem
from .event import CONTROL_PLANE, LOAD_BALANCER, RELOAD, VIRTUAL_IP
from .plan_entry import INTERRUPTED, MEASURED, RUN_AGAIN, Entry

if t.TYPE_CHECKING:
    from .event import Event
    from .report import RouterReport
    from .situation import Situation

#: Hosts that share the endpoint, so that another one is left.
_SHARING = 2
_ACCEPT = "accept the outage by failover_drill_accept_outage=true"


class VirtualIp:
    """keepalived of the holder. Others see where the address goes."""

    component = VIRTUAL_IP
    #: The last remedy of each problem.
    alternative = "leave the events of virtual_ip out"

    def changed_by(self, situation: Situation) -> frozenset[str]:
        """See the protocol. Without a load balancer the address leaves a host whose API server has failed."""
        return frozenset({LOAD_BALANCER, VIRTUAL_IP} if situation.balancers else {VIRTUAL_IP, CONTROL_PLANE})

    def problems(self, situation: Situation, _events: t.Sequence[Event]) -> t.Iterator[Problem]:
        """See the protocol: whether the address leaves a host that fails, and whether it can be seen where it is."""
        yield from self._of_routers(situation, accepts_outage=False)
        yield from self._of_observer(situation)

    def entry(self, number: int, event: Event, situation: Situation, *, is_known: bool) -> Entry:
        """See the protocol."""
        routers, host = situation.routers, self.host(situation)
        ready = {name: router for name, router in routers.items() if not router.problem}
        bounds = [bound for bound in map(self.bound, ready.values()) if bound is not None]
        moves = len(ready) >= _SHARING and bool(bounds)
        entry = Entry(
            number=number,
            component=event.component,
            how=event.how,
            host=(host if is_known else None) or KNOWN_AFTER_APPLY,
            others=(),
            object=str(event),
            bound=round(max(bounds), 3) if moves else None,
        )
        if host is None or not is_known:
            return entry
        witness = next((name for name in ready if name != host), "")
        return dataclasses.replace(
            entry,
            observer=situation.observer(host),
            witness=witness,
            virtual_ip=routers[witness].address if witness else "",
            interface=routers[witness].interface if witness else "",
            names={router.mac: name for name, router in routers.items()},
            state=INTERRUPTED if moves else MEASURED,
        )

    def host(self, situation: Situation) -> str | None:
        """Who has the address."""
        return next((name for name, router in situation.routers.items() if router.is_holder), None)

    def bound(self, router: RouterReport) -> float | None:
        """Seconds within which another host has the address when this one fails; ``None`` where it never does."""
        return router.bound

    def fault(self, router: RouterReport) -> str:
        """Why the address cannot be seen where it is, as a clause that the last remedy follows; empty when it can."""
        if router.has_own_mac:
            return "has a hardware address of its own for the virtual IP (use_vmac), by which its holders are alike:"
        return f"has {router.address}, which is of IPv6, whose holders cannot be seen:" if ":" in router.address else ""

    def _of_routers(self, situation: Situation, *, accepts_outage: bool) -> t.Iterator[Problem]:
        routers = situation.routers
        faulty = {name: router.problem for name, router in routers.items() if router.problem}
        for name, problem in faulty.items():
            yield Problem(name, f"keepalived of {name} {problem}: mend it, {RUN_AGAIN}.")
        if len(routers) < _SHARING and not accepts_outage:
            yield Problem(
                self.component,
                f"keepalived has the endpoint's address as a virtual IP on {len(routers)} of the play's hosts, so nothing moves it from one "
                f"that fails: let two of them share it (role kubeadm.ha.apiserver_keepalived), or {self.alternative}.",
            )
        if faulty or len(routers) < _SHARING:
            return
        holders = [name for name, router in routers.items() if router.is_holder]
        if len(holders) != 1:
            yield Problem(
                self.component,
                f"The virtual IP is on {', '.join(holders) or 'no host'} and not on exactly one: read the log of keepalived on "
                f"{', '.join(routers)}, mend it, {RUN_AGAIN}.",
            )
        for name, router in routers.items():
            fault = "" if accepts_outage else self.fault(router)
            if fault:
                yield Problem(name, f"keepalived of {name} {fault} {self.alternative}.")

    def _of_observer(self, situation: Situation) -> t.Iterator[Problem]:
        host = self.host(situation)
        if host is not None and not situation.observer(host):
            yield Problem(
                host, f"No control plane beside {host} can watch the endpoint: let more control planes join first."
            )


class LoadBalancer(VirtualIp):
    """haproxy or nginx on the host that has the endpoint's address."""

    component = LOAD_BALANCER
    alternative = _ACCEPT

    def problems(self, situation: Situation, events: t.Sequence[Event]) -> t.Iterator[Problem]:
        """See the protocol."""
        balancers = situation.balancers
        if not balancers:
            yield Problem(
                LOAD_BALANCER,
                "The play has no load balancer, so none can fail here: let the play have their hosts (group kube_load_balancer), or leave the "
                "events of load_balancer out.",
            )
            return
        faulty = {name: item.problem for name, item in balancers.items() if item.problem}
        for name, problem in faulty.items():
            yield Problem(name, f"The load balancer of {name} {problem}: mend it, {RUN_AGAIN}.")
        if faulty:
            return
        reloads = [event for event in events if event.how == RELOAD]
        if reloads:
            yield from self._of_reload(situation)
        if len(reloads) < len(events):
            yield from self._of_failure(situation)

    def entry(self, number: int, event: Event, situation: Situation, *, is_known: bool) -> Entry:
        """See the protocol. One that is reloaded goes on, so that the address stays; others see that nothing is lost."""
        if event.how != RELOAD:
            return super().entry(number, event, situation, is_known=is_known)
        host = self.host(situation) if is_known else None
        return Entry(
            number=number,
            component=LOAD_BALANCER,
            how=event.how,
            host=host or KNOWN_AFTER_APPLY,
            others=(),
            object=str(event),
            bound=0.0,
            observer="" if host is None else situation.observer(host),
            state=INTERRUPTED,
        )

    def _of_reload(self, situation: Situation) -> t.Iterator[Problem]:
        balancers = situation.balancers
        for name, item in balancers.items():
            if not item.can_reload:
                yield Problem(
                    name,
                    f"systemd cannot reload {item.unit} of {name} (CanReload=no): let the unit say how (ExecReload=), or leave the events with "
                    "how: reload out.",
                )
        if self.host(situation) is None:
            yield self._uncertain(situation)
        yield from self._of_observer(situation)

    def _uncertain(self, situation: Situation) -> Problem:
        return Problem(
            LOAD_BALANCER,
            f"None of {', '.join(situation.balancers)} has an address of the endpoint, so which one serves it is not certain: leave the events of "
            "load_balancer out.",
        )

    def _of_failure(self, situation: Situation) -> t.Iterator[Problem]:
        balancers, accepts_outage = situation.balancers, situation.accepts_outage
        if len(balancers) < _SHARING and not accepts_outage:
            yield Problem(
                LOAD_BALANCER,
                f"{', '.join(balancers)} is the only load balancer, so nobody reaches the endpoint while it fails: add another one that "
                f"shares a virtual IP with it, or {_ACCEPT}.",
            )
            return
        yield from self._of_routers(situation, accepts_outage=accepts_outage)
        if self.host(situation) is None and (accepts_outage or not situation.routers):
            yield self._uncertain(situation)
        yield from self._of_observer(situation)

    def host(self, situation: Situation) -> str | None:
        """The virtual IP's holder, else who has an address of the endpoint, else the only one."""
        balancers = situation.balancers
        serving = [name for name, router in situation.routers.items() if router.is_holder and name in balancers]
        serving += [name for name, balancer in balancers.items() if balancer.has_endpoint]
        serving += balancers if len(balancers) == 1 else ()
        return next(iter(serving), None)

    def bound(self, router: RouterReport) -> float | None:
        """Besides, it must be noticed."""
        return None if router.detection is None else router.bound + router.detection

    def fault(self, router: RouterReport) -> str:
        """Who has the address is seen besides; that it leaves is what counts."""
        if router.detection is not None:
            return ""
        return (
            "tracks nothing, so the virtual IP stays where a load balancer has failed: let it track it (track_script, track_process or "
            "track_file), or"
        )


__all__ = ("LoadBalancer", "VirtualIp")
