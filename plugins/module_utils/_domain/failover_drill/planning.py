# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which host an event concerns, whether the cluster bears it, and what is to be expected."""

from __future__ import annotations

import dataclasses
import typing as t

from ..base.change import KNOWN_AFTER_APPLY
from ..base.problem import Problem
from ..base.report_fields import as_dict
from . import election
from .event import API_SERVER, COMPONENTS, CONTROL_PLANE, ETCD, LOAD_BALANCER, SUBJECTS, VIRTUAL_IP

if t.TYPE_CHECKING:
    from .event import Event
    from .report import DrillReport, InstanceReport, RouterReport

#: Voters of etcd that are healthy before one of them fails: two are left of three, and they are a majority.
_VOTERS = 3
_MEASURED, _INTERRUPTED = "measured", "interrupted"
#: Hosts that may hold a virtual IP, so that another one is left.
_ROUTERS = 2
#: API servers, so that another one is left.
_API_SERVERS = 2
_ACCEPT = "accept the outage by failover_drill_accept_outage=true"
_RUN_AGAIN = "then run kubeadm.ha.failover_drill again"


@dataclasses.dataclass(frozen=True)
class Entry:
    """An event of the plan.

    Attributes:
        number: of the event, from 1.
        component: whose leader.
        how: ``stop``, ``kill`` or ``freeze``.
        host: inventory name of the leader's host; *known after apply* where an earlier event changes the leader.
        others: hosts whose instances fail with it; likewise.
        object: what happens, in words.
        bound: seconds within which another instance must lead, or what else is expected must be so; ``None`` where an outage was accepted.
        observer: inventory name of the host that watches the endpoint meanwhile; empty where the host of the event does.
        witness: inventory name of the host that sees who has the virtual IP meanwhile; empty without one.
        virtual_ip: that address.
        interface: the witness's, in the network of that address.
        names: inventory names by hardware addresses in that network.
        state: what the host of the event is asked for: ``measured`` when it measures and restores by itself, ``interrupted`` when others
            measure and it is restored afterwards.
    """

    number: int
    component: str
    how: str
    host: str
    others: tuple[str, ...]
    object: str
    bound: float | None
    observer: str = ""
    witness: str = ""
    virtual_ip: str = ""
    interface: str = ""
    names: t.Mapping[str, str] = dataclasses.field(default_factory=dict)
    state: str = _MEASURED


@dataclasses.dataclass(frozen=True)
class DrillPlan:
    """All events, and every reason not to begin.

    Attributes:
        entries: the events in their order.
        problems: reasons to stop.
        administrator: inventory name of the first host with a cluster administrator's kubeconfig; empty without one.
    """

    entries: tuple[Entry, ...]
    problems: tuple[Problem, ...]
    administrator: str = ""

    def as_dict(self) -> dict[str, t.Any]:
        """JSON-compatible."""
        return as_dict(self)


def build(
    events: t.Sequence[Event],
    reports: t.Mapping[str, DrillReport],
    failures: t.Mapping[str, str],
    *,
    first: int = 1,
    before: t.Mapping[str, DrillReport] | None = None,
    with_application: bool = False,
    accepts_outage: bool = False,
) -> DrillPlan:
    """The plan.

    Args:
        events: in their order.
        reports: of the hosts by their inventory names, in the order of the inventory.
        failures: why hosts could not be inspected, by their inventory names.
        first: number of the first event.
        before: the reports before the drill; what ran then must run now.
        with_application: whether an application is run, for which an administrator is needed.
        accepts_outage: whether a load balancer may fail beside which there is no other way to the endpoint.
    """
    problems = [
        Problem(name, f"{name} could not be inspected ({reason.rstrip('.')}): mend that, {_RUN_AGAIN}.")
        for name, reason in failures.items()
    ]
    if not reports:
        if not failures:
            problems.append(
                Problem("kube_control_plane", "The play has no control plane: fill the group kube_control_plane.")
            )
        return DrillPlan((), tuple(problems))
    planes = {name: report for name, report in reports.items() if report.is_control_plane}
    if not planes and not failures:
        problems.append(
            Problem(
                ", ".join(reports),
                "The play has no control plane, so nobody can ask the API: fill the group kube_control_plane.",
            )
        )
    problems += [*_of_hosts(reports), *_not_restored(before or {}, reports)]
    administrator = next((name for name, report in planes.items() if report.administrator), "")
    if with_application and planes and not administrator:
        problems.append(
            Problem(
                ", ".join(planes),
                f"None of {', '.join(planes)} has a kubeconfig of a cluster administrator, so no pods can be started: give the path of one in "
                "failover_drill_kubeconfig, or set failover_drill_namespace to an empty text.",
            )
        )
    for component in dict.fromkeys(event.component for event in events):
        most = max(event.count for event in events if event.component == component)
        if component in COMPONENTS:
            problems += _of_component(component, most, planes)
        elif component == ETCD:
            problems += _of_etcd(reports)
        elif component == CONTROL_PLANE:
            problems += _of_control_plane(planes, [event.component for event in events])
        else:
            problems += _of_endpoint(component, reports, accepts_outage=accepts_outage)
    entries: list[Entry] = []
    concerned: set[str] = set()
    for number, event in enumerate(events, first):
        entries.append(_entry(number, event, reports, is_known=not concerned & _changes(event.component)))
        concerned.add(event.component)
    return DrillPlan(tuple(entries), tuple(problems), administrator)


def lines(plan: DrillPlan) -> list[str]:
    """The events for the screen, and every problem."""
    found = [
        f"{entry.number}. {entry.object}, on {', '.join((entry.host, *entry.others))}: "
        + (
            "the endpoint is away until it is restored."
            if entry.bound is None
            else f"{SUBJECTS[entry.component].expected} within {entry.bound:g} s."
        )
        for entry in plan.entries
    ]
    return found + [f"Problem: {problem.message}" for problem in plan.problems]


def reasons(plan: DrillPlan, *, is_begun: bool = False) -> str:
    """Every problem in one text.

    Args:
        plan: the plan.
        is_begun: whether events have happened already.
    """
    count = len(plan.problems)
    listed = "\n".join(f"- {problem.message}" for problem in plan.problems)
    head = "The drill goes no further." if is_begun else "Nothing was touched."
    return f"{head} {count} {'reason' if count == 1 else 'reasons'} to stop:\n{listed}"


def _changes(component: str) -> t.AbstractSet[str]:
    """After events of which components it is not known which host one of this component concerns."""
    if component in (LOAD_BALANCER, VIRTUAL_IP):
        return {LOAD_BALANCER, VIRTUAL_IP}
    # An API server that has no etcd for a while may cost the leaders beside it their locks.
    return (
        set(SUBJECTS) - {LOAD_BALANCER, VIRTUAL_IP} if component == CONTROL_PLANE else {component, ETCD, CONTROL_PLANE}
    )


def _entry(number: int, event: Event, reports: t.Mapping[str, DrillReport], *, is_known: bool) -> Entry:
    if event.component in (LOAD_BALANCER, VIRTUAL_IP):
        return _entry_of_endpoint(number, event, reports, is_known=is_known)
    if event.component == ETCD:
        timeouts = [report.etcd.election_timeout for report in reports.values() if report.etcd is not None]
        host = _etcd_leader(reports) if is_known else None
        bound = election.etcd_bound(max(timeouts, default=0.0))
        observer = "" if host is None or reports[host].is_control_plane else _observer(reports, host)
        return Entry(number, ETCD, event.how, host or KNOWN_AFTER_APPLY, (), str(event), bound, observer)
    planes = {name: report for name, report in reports.items() if report.is_control_plane}
    if event.component == CONTROL_PLANE:
        return _entry_of_control_plane(number, event, planes, is_known=is_known)
    instances = {name: _instance(report, event.component) for name, report in planes.items()}
    bound = election.longest(item.election for item in instances.values()).bound
    host = _leading_host(event.component, reports) if is_known else None
    others = [name for name, item in instances.items() if name != host and not item.problem][: event.count - 1]
    return Entry(
        number=number,
        component=event.component,
        how=event.how,
        host=host or KNOWN_AFTER_APPLY,
        others=tuple(others) if host else (KNOWN_AFTER_APPLY,) * (event.count - 1),
        object=str(event),
        bound=bound,
    )


def _of_hosts(reports: t.Mapping[str, DrillReport]) -> t.Iterator[Problem]:
    names: dict[str, str] = {}
    for name, report in reports.items():
        if report.left:
            yield Problem(
                name,
                f"{name} has not been restored after a drill that was interrupted ({', '.join(report.left)}): run "
                "kubeadm.ha.failover_drill without check mode, whose first step restores it.",
            )
        if report.host_name in names:
            yield Problem(
                name,
                f"{names[report.host_name]} and {name} both call themselves {report.host_name}, so the leader's host is not "
                "certain: give them different host names.",
            )
        names[report.host_name] = name
    unready = {node.name: node.reason for report in reports.values() for node in report.unready_nodes}
    for node, reason in unready.items():
        yield Problem(node, f"The node {node} is not Ready ({reason or 'no report'}): mend it, {_RUN_AGAIN}.")


def _not_restored(before: t.Mapping[str, DrillReport], reports: t.Mapping[str, DrillReport]) -> t.Iterator[Problem]:
    for name in before:
        instances = reports[name].instances if name in reports else ()
        earlier, now = before[name].etcd, reports[name].etcd if name in reports else None
        if earlier is not None and not earlier.problem and (now is None or now.problem):
            problem = "has no manifest" if now is None else now.problem
            logs = f"'journalctl -u {earlier.unit}' says why." if earlier.unit else "the log of its kubelet says why."
            yield Problem(name, f"etcd of {name} {problem}, and ran before the drill: {logs}")
        for instance in instances:
            if instance.problem and not _instance(before[name], instance.component).problem:
                logs = (
                    f"'journalctl -u {instance.unit}' says why."
                    if instance.unit
                    else f"the log of its kubelet and 'crictl ps -a --name {instance.component}' say why."
                )
                yield Problem(
                    name, f"{instance.component} of {name} {instance.problem}, and ran before the drill: {logs}"
                )


def _of_component(component: str, most: int, reports: t.Mapping[str, DrillReport]) -> t.Iterator[Problem]:
    instances = {name: _instance(report, component) for name, report in reports.items()}
    faulty = {name: item.problem for name, item in instances.items() if item.problem}
    healthy = len(instances) - len(faulty)
    if healthy < most + 1:
        listed = "; ".join(f"{component} of {name} {problem}" for name, problem in faulty.items())
        yield Problem(
            component,
            f"{component} runs on {healthy} of {len(instances)} control planes and an event takes {most} of them: "
            + (
                f"mend what does not run ({listed}), {_RUN_AGAIN}." if faulty else "let more control planes join first."
            ),
        )
    for name, item in instances.items():
        if not item.election.is_enabled:
            yield Problem(
                name,
                f"{component} of {name} runs with --leader-elect=false: remove the flag, so that another one can take over.",
            )
    if _leading_host(component, reports) is None:
        leader = _leader(component, reports)
        if leader is None:
            yield Problem(
                component,
                f"Nobody holds the lock of {component}: read its log on the control planes, mend it, {_RUN_AGAIN}.",
            )
        else:
            yield Problem(
                component,
                f"The leader of {component} is {leader}, which is no host of the play: add it to the group kube_control_plane.",
            )


def _of_etcd(reports: t.Mapping[str, DrillReport]) -> t.Iterator[Problem]:
    found = {name: report.etcd for name, report in reports.items() if report.etcd is not None}
    if not found:
        yield Problem(
            ETCD,
            f"etcd runs on none of {', '.join(reports)} as a static pod or as a service of systemd, so none of its members can fail here: "
            "let the play have its hosts (group etcd), or leave its events out.",
        )
        return
    for name, member in found.items():
        if member.problem:
            yield Problem(name, f"etcd of {name} {member.problem}: mend it, {_RUN_AGAIN}.")
    answering = [member for member in found.values() if not member.problem]
    healthy = min((member.healthy_voters for member in answering), default=0)
    if answering and healthy < _VOTERS:
        yield Problem(
            ETCD,
            f"The etcd cluster has {healthy} healthy voters of {max(member.voters for member in answering)} and an event takes one of "
            f"them: mend the others or add members, until {_VOTERS} at least are healthy.",
        )
    elif answering and _etcd_leader(reports) is None:
        yield Problem(
            ETCD,
            "The leader of etcd is on none of the play's hosts: add its host to the group kube_control_plane or etcd, or leave etcd's "
            "events out.",
        )


def _entry_of_control_plane(number: int, event: Event, planes: t.Mapping[str, DrillReport], *, is_known: bool) -> Entry:
    """The one that leads most, that of etcd before others."""
    led = {name: _led(name, planes) for name in planes}
    host = max(planes, key=lambda name: (len(led[name]), ETCD in led[name]), default=None)
    bounds = [
        election.etcd_bound(max(report.etcd.election_timeout for report in planes.values() if report.etcd is not None))
        if component == ETCD
        else election.longest(_instance(report, component).election for report in planes.values()).bound
        for component in (*COMPONENTS, ETCD)
        if not is_known or host is None or component in led[host]
        if component != ETCD or any(report.etcd is not None for report in planes.values())
    ]
    return Entry(
        number=number,
        component=event.component,
        how=event.how,
        host=(host if is_known else None) or KNOWN_AFTER_APPLY,
        others=(),
        object=str(event),
        bound=max(bounds, default=0.0),
    )


def _led(name: str, planes: t.Mapping[str, DrillReport]) -> tuple[str, ...]:
    """What a control plane leads."""
    found = [component for component in COMPONENTS if _leading_host(component, planes) == name]
    return (*found, ETCD) if _etcd_leader(planes) == name else tuple(found)


def _of_control_plane(planes: t.Mapping[str, DrillReport], events: t.Sequence[str]) -> t.Iterator[Problem]:
    """Whatever one of them takes with it is there once more. What other events ask for is asked once."""
    for component in COMPONENTS:
        if component not in events:
            yield from _of_component(component, 1, planes)
    if ETCD not in events and any(report.etcd is not None for report in planes.values()):
        yield from _of_etcd(planes)
    faulty = {name: _instance(report, API_SERVER).problem for name, report in planes.items()}
    faulty = {name: problem for name, problem in faulty.items() if problem}
    if len(planes) - len(faulty) < _API_SERVERS:
        listed = "; ".join(f"{API_SERVER} of {name} {problem}" for name, problem in faulty.items())
        yield Problem(
            API_SERVER,
            f"{API_SERVER} runs on {len(planes) - len(faulty)} of {len(planes)} control planes and an event takes one of them: "
            + (
                f"mend what does not run ({listed}), {_RUN_AGAIN}." if faulty else "let more control planes join first."
            ),
        )
    for name, report in planes.items():
        if report.is_endpoint and report.router is None and report.balancer is None:
            yield Problem(
                name,
                f"The control plane endpoint leads to {name} alone, so nobody reaches the API without it: let a load balancer or a virtual "
                "IP be the endpoint first.",
            )


def _entry_of_endpoint(number: int, event: Event, reports: t.Mapping[str, DrillReport], *, is_known: bool) -> Entry:
    routers, host = _routers(reports), _endpoint_host(event.component, reports)
    ready = {name: router for name, router in routers.items() if not router.problem}
    witness = next((name for name in ready if name != host), "")
    bounds = [router.bound for router in ready.values()]
    if event.component == LOAD_BALANCER:
        bounds = [router.bound + router.detection for router in ready.values() if router.detection is not None]
    moves = len(ready) >= _ROUTERS and bool(bounds)
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
    return dataclasses.replace(
        entry,
        observer=_observer(reports, host),
        witness=witness,
        virtual_ip=routers[witness].address if witness else "",
        interface=routers[witness].interface if witness else "",
        names={router.mac: name for name, router in routers.items()},
        state=_INTERRUPTED if moves else _MEASURED,
    )


def _of_endpoint(component: str, reports: t.Mapping[str, DrillReport], *, accepts_outage: bool) -> t.Iterator[Problem]:
    balancers = {name: report.balancer for name, report in reports.items() if report.balancer is not None}
    routers = _routers(reports)
    if component == LOAD_BALANCER:
        if not balancers:
            yield Problem(
                component,
                "The play has no load balancer, so none can fail here: let the play have their hosts (group kube_load_balancer), or leave the "
                "events of load_balancer out.",
            )
            return
        faulty = {name: item.problem for name, item in balancers.items() if item.problem}
        for name, problem in faulty.items():
            yield Problem(name, f"The load balancer of {name} {problem}: mend it, {_RUN_AGAIN}.")
        if faulty:
            return
        if accepts_outage and len(balancers) == 1:
            return
        if len(balancers) < _ROUTERS:
            yield Problem(
                component,
                f"{', '.join(balancers)} is the only load balancer, so nobody reaches the endpoint while it fails: add another one that "
                f"shares a virtual IP with it, or {_ACCEPT}.",
            )
            return
    yield from _of_routers(component, routers, accepts_outage=accepts_outage and component == LOAD_BALANCER)
    holder = _endpoint_host(component, reports)
    if component == LOAD_BALANCER and holder is None and (accepts_outage or not routers):
        yield Problem(
            component,
            f"None of {', '.join(balancers)} has an address of the endpoint, so which one serves it is not certain: leave the events of "
            "load_balancer out.",
        )
    elif holder is not None and not _observer(reports, holder):
        yield Problem(
            holder, f"No control plane beside {holder} can watch the endpoint: let more control planes join first."
        )


def _of_routers(component: str, routers: t.Mapping[str, RouterReport], *, accepts_outage: bool) -> t.Iterator[Problem]:
    """Whether a virtual IP leaves a host that fails, and whether it can be seen where it is."""
    faulty = {name: item.problem for name, item in routers.items() if item.problem}
    for name, problem in faulty.items():
        yield Problem(name, f"keepalived of {name} {problem}: mend it, {_RUN_AGAIN}.")
    alternative = f"{_ACCEPT}" if component == LOAD_BALANCER else "leave the events of virtual_ip out"
    if len(routers) < _ROUTERS and not accepts_outage:
        yield Problem(
            component,
            f"keepalived has the endpoint's address as a virtual IP on {len(routers)} of the play's hosts, so nothing moves it from one that "
            f"fails: let two of them share it (role kubeadm.ha.apiserver_keepalived), or {alternative}.",
        )
    if faulty or len(routers) < _ROUTERS:
        return
    holders = [name for name, router in routers.items() if router.is_holder]
    if len(holders) != 1:
        yield Problem(
            component,
            f"The virtual IP is on {', '.join(holders) or 'no host'} and not on exactly one: read the log of keepalived on "
            f"{', '.join(routers)}, mend it, {_RUN_AGAIN}.",
        )
    for name, router in routers.items():
        if component == LOAD_BALANCER and router.detection is None and not accepts_outage:
            yield Problem(
                name,
                f"keepalived of {name} tracks nothing, so the virtual IP stays where a load balancer has failed: let it track it "
                f"(track_script, track_process or track_file), or {alternative}.",
            )
        if component == VIRTUAL_IP and router.has_own_mac:
            yield Problem(
                name,
                f"The virtual IP of {name} has a hardware address of its own (use_vmac), by which its holders are alike: {alternative}.",
            )
        if component == VIRTUAL_IP and ":" in router.address:
            yield Problem(
                name,
                f"The virtual IP {router.address} of {name} is of IPv6, whose holders cannot be seen: {alternative}.",
            )


def _routers(reports: t.Mapping[str, DrillReport]) -> dict[str, RouterReport]:
    return {name: report.router for name, report in reports.items() if report.router is not None}


def _endpoint_host(component: str, reports: t.Mapping[str, DrillReport]) -> str | None:
    """Whose load balancer or keepalived serves the endpoint: the virtual IP's holder, else who has an address of the endpoint."""
    holders = [name for name, router in _routers(reports).items() if router.is_holder]
    if component == VIRTUAL_IP:
        return next(iter(holders), None)
    balancers = {name: report.balancer for name, report in reports.items() if report.balancer is not None}
    serving = [name for name in holders if name in balancers]
    serving += [name for name, balancer in balancers.items() if balancer.has_endpoint]
    return next(iter([*serving, *balancers] if len(balancers) == 1 else serving), None)


def _etcd_leader(reports: t.Mapping[str, DrillReport]) -> str | None:
    return next((name for name, report in reports.items() if report.etcd is not None and report.etcd.is_leader), None)


def _observer(reports: t.Mapping[str, DrillReport], host: str) -> str:
    """The first control plane beside a host; empty without one."""
    return next((name for name, report in reports.items() if report.is_control_plane and name != host), "")


def _leader(component: str, reports: t.Mapping[str, DrillReport]) -> str | None:
    """What the leader's host calls itself; every control plane has seen the same, so the first that has seen one counts."""
    held = (leader for report in reports.values() for leader in report.leaders if leader.is_held)
    return next((leader.host_name for leader in held if leader.component == component), None)


def _leading_host(component: str, reports: t.Mapping[str, DrillReport]) -> str | None:
    leader = _leader(component, reports)
    return next((name for name, report in reports.items() if leader is not None and report.host_name == leader), None)


def _instance(report: DrillReport, component: str) -> InstanceReport:
    return next(item for item in report.instances if item.component == component)


__all__ = ("DrillPlan", "Entry", "build", "lines", "reasons")
