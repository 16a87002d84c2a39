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
from .event import ETCD

if t.TYPE_CHECKING:
    from .event import Event
    from .report import DrillReport, InstanceReport

#: Voters of etcd that are healthy before one of them fails: two are left of three, and they are a majority.
_VOTERS = 3
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
        bound: seconds within which another instance must lead.
        observer: inventory name of the host that watches the endpoint meanwhile; empty where the host of the event does.
    """

    number: int
    component: str
    how: str
    host: str
    others: tuple[str, ...]
    object: str
    bound: float
    observer: str = ""


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
) -> DrillPlan:
    """The plan.

    Args:
        events: in their order.
        reports: of the hosts by their inventory names, in the order of the inventory.
        failures: why hosts could not be inspected, by their inventory names.
        first: number of the first event.
        before: the reports before the drill; what ran then must run now.
        with_application: whether an application is run, for which an administrator is needed.
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
        problems += _of_etcd(reports) if component == ETCD else _of_component(component, most, planes)
    entries: list[Entry] = []
    concerned: set[str] = set()
    for number, event in enumerate(events, first):
        # An API server that has no etcd for a while may cost the leaders beside it their locks.
        is_known = not concerned & {event.component, ETCD}
        entries.append(_entry(number, event, reports, is_known=is_known))
        concerned.add(event.component)
    return DrillPlan(tuple(entries), tuple(problems), administrator)


def lines(plan: DrillPlan) -> list[str]:
    """The events for the screen, and every problem."""
    found = [
        f"{entry.number}. {entry.object}, on {', '.join((entry.host, *entry.others))}: "
        f"another one leads within {entry.bound:g} s."
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


def _entry(number: int, event: Event, reports: t.Mapping[str, DrillReport], *, is_known: bool) -> Entry:
    if event.component == ETCD:
        timeouts = [report.etcd.election_timeout for report in reports.values() if report.etcd is not None]
        host = _etcd_leader(reports) if is_known else None
        bound = election.etcd_bound(max(timeouts, default=0.0))
        observer = "" if host is None or reports[host].is_control_plane else _observer(reports, host)
        return Entry(number, ETCD, event.how, host or KNOWN_AFTER_APPLY, (), str(event), bound, observer)
    planes = {name: report for name, report in reports.items() if report.is_control_plane}
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
