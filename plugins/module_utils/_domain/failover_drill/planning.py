# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which host an event concerns, whether the cluster bears it, and what is to be expected."""

from __future__ import annotations

import dataclasses
import typing as t

from ..base.problem import Problem
from ..base.report_fields import as_dict
from .event import COMPONENTS, CONTROL_PLANE, ETCD, LOAD_BALANCER, VIRTUAL_IP, subject_of
from .plan_control_plane import WholeControlPlane
from .plan_controllers import Controllers
from .plan_endpoint import LoadBalancer, VirtualIp
from .plan_entry import RUN_AGAIN, Entry
from .plan_etcd import EtcdMembers
from .situation import Situation

if t.TYPE_CHECKING:
    from .event import Event
    from .report import DrillReport
    from .situation import Planner

#: Of each component that may fail.
PLANNERS: t.Mapping[str, Planner] = {
    **{component: Controllers(component) for component in COMPONENTS},
    ETCD: EtcdMembers(),
    LOAD_BALANCER: LoadBalancer(),
    VIRTUAL_IP: VirtualIp(),
    CONTROL_PLANE: WholeControlPlane(),
}


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
        Problem(name, f"{name} could not be inspected ({reason.rstrip('.')}): mend that, {RUN_AGAIN}.")
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
    situation = Situation(reports, accepts_outage)
    for component in dict.fromkeys(event.component for event in events):
        problems += PLANNERS[component].problems(situation, [event for event in events if event.component == component])
    entries: list[Entry] = []
    concerned: set[str] = set()
    for number, event in enumerate(events, first):
        planner = PLANNERS[event.component]
        entries.append(planner.entry(number, event, situation, is_known=not concerned & planner.changed_by(situation)))
        concerned.add(event.component)
    # Several components may ask for the same.
    return DrillPlan(tuple(entries), tuple(dict.fromkeys(problems)), administrator)


def lines(plan: DrillPlan) -> list[str]:
    """The events for the screen, and every problem."""
    found = [
        f"{entry.number}. {entry.object}, on {', '.join((entry.host, *entry.others))}: "
        + ("the endpoint is away until it is restored." if entry.bound is None else _expected(entry, entry.bound))
        for entry in plan.entries
    ]
    return found + [f"Problem: {problem.message}" for problem in plan.problems]


def _expected(entry: Entry, bound: float) -> str:
    subject = subject_of(entry.component, entry.which, entry.how)
    return f"{subject.expected}." if subject.loses_nothing else f"{subject.expected} within {bound:g} s."


def reasons(plan: DrillPlan, *, is_begun: bool = False) -> str:
    """Every problem in one text.

    Args:
        plan: the plan.
        is_begun: whether events have happened already.
    """
    count = len(plan.problems)
    listed = "\n".join(f"- {problem.message}" for problem in plan.problems)
    head = "The drill goes no further." if is_begun else "The drill has not begun."
    return f"{head} {count} {'reason' if count == 1 else 'reasons'} to stop:\n{listed}"


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
        yield Problem(node, f"The node {node} is not Ready ({reason or 'no report'}): mend it, {RUN_AGAIN}.")


def _not_restored(before: t.Mapping[str, DrillReport], reports: t.Mapping[str, DrillReport]) -> t.Iterator[Problem]:
    """What ran before the drill and does not now, on the hosts that could be inspected."""
    for name in (name for name in before if name in reports):
        ran = {part.name for part in _parts(before[name]) if not part.problem}
        now = {part.name: part for part in _parts(reports[name])}
        for part in _parts(before[name]):
            found = now.get(part.name, part._replace(problem="has no manifest"))
            if part.name in ran and found.problem:
                yield Problem(
                    name, f"{part.name} of {name} {found.problem}, and ran before the drill: {part.logs} why."
                )


class _Part(t.NamedTuple):
    """What a host runs.

    Attributes:
        name: what to call it.
        problem: why it does not run; empty when it does.
        logs: what says why, with its verb.
    """

    name: str
    problem: str
    logs: str


def _parts(report: DrillReport) -> t.Iterator[_Part]:
    for instance in report.instances:
        logs = f"the log of its kubelet and 'crictl ps -a --name {instance.component}' say"
        yield _Part(instance.component, instance.problem, _journal(instance.unit) or logs)
    named = ((ETCD, report.etcd), ("the load balancer", report.balancer), ("keepalived", report.router))
    for name, part in named:
        if part is not None:
            yield _Part(name, part.problem, _journal(part.unit) or "the log of its kubelet says")


def _journal(unit: str) -> str:
    return f"'journalctl -u {unit}' says" if unit else ""


__all__ = ("PLANNERS", "DrillPlan", "Entry", "build", "lines", "reasons")
