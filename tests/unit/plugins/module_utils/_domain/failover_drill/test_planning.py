# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which hosts events concern, and whether a cluster bears them: over a table of clusters and by properties."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.change import KNOWN_AFTER_APPLY
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.failover_drill import planning
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.failover_drill.election import Election
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.failover_drill.event import (
    API_SERVER,
    COMPONENTS,
    OF_PROCESSES,
    Event,
)
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.failover_drill.report import (
    BalancerReport,
    CutReport,
    DrillReport,
    EtcdReport,
)
from tests.unit.plugins.module_utils._domain.failover_drill.values import (
    MANAGER,
    SCHEDULER,
    balancer,
    of_etcd_alone,
    report,
)

NAMES = ("cp1", "cp2", "cp3")
KILL = Event(SCHEDULER, "kill")
BOTH = Event(SCHEDULER, "freeze", 2)
GONE = {SCHEDULER: "has no manifest /etc/kubernetes/manifests/kube-scheduler.yaml"}


def cluster(**changed: DrillReport) -> dict[str, DrillReport]:
    return {name: changed.get(name, report(name)) for name in NAMES}


def test_the_leader_is_named_where_nothing_changes_it_before() -> None:
    reports = cluster(cp2=report("cp2", elections={SCHEDULER: Election(6.0, 4.0, 1.0)}))
    plan = planning.build([KILL, Event(MANAGER, "stop"), BOTH], reports, {})
    assert plan.problems == ()
    assert [(entry.number, entry.host, entry.others) for entry in plan.entries] == [
        (1, "cp1", ()),
        (2, "cp1", ()),
        (3, KNOWN_AFTER_APPLY, (KNOWN_AFTER_APPLY,)),
    ]
    # Whoever takes over may be one with longer settings.
    assert {entry.bound for entry in plan.entries} == {24.8}
    assert planning.lines(plan)[0] == ("1. leader of kube-scheduler killed, on cp1: another one leads within 24.8 s.")


def test_a_double_failure_takes_a_healthy_one_that_does_not_lead() -> None:
    reports = {name: report(name, leads="cp3") for name in (*NAMES, "cp4")}
    reports["cp1"] = report("cp1", leads="cp3", faulty=GONE)
    (entry,) = planning.build([BOTH], reports, {}, first=5).entries
    assert (entry.number, entry.host, entry.others) == (5, "cp3", ("cp2",))


def test_inventory_names_are_others_than_host_names() -> None:
    reports = {f"inventory-{name}": report(name, leads="cp2") for name in NAMES}
    (entry,) = planning.build([BOTH], reports, {}).entries
    assert (entry.host, entry.others) == ("inventory-cp2", ("inventory-cp1",))


def test_a_drill_that_has_begun_does_not_say_that_nothing_was_touched() -> None:
    plan = planning.build([KILL], {"cp1": report("cp1")}, {})
    assert planning.reasons(plan, is_begun=True).startswith("The drill goes no further. 1 reason to stop:")


REFUSED: list[tuple[str, list[Event], dict[str, DrillReport], dict[str, str], list[str]]] = [
    (
        "one control plane",
        [KILL],
        {"cp1": report("cp1")},
        {},
        ["kube-scheduler runs on 1 of 1 control planes and an event takes 1 of them: let more control planes join first."],
    ),
    ("two, and both are to fail", [BOTH], {"cp1": report("cp1"), "cp2": report("cp2")}, {}, ["let more control planes join"]),
    (
        "two of three are missing",
        [KILL],
        cluster(cp2=report("cp2", faulty=GONE), cp3=report("cp3", faulty=GONE)),
        {},
        ["kube-scheduler runs on 1 of 3 control planes and an event takes 1 of them: mend what does not run (kube-scheduler of cp2 has no"],
    ),
    ("one of three is missing, and two fail", [KILL, BOTH], cluster(cp2=report("cp2", faulty=GONE)), {}, ["runs on 2 of 3"]),
    ("nobody leads", [KILL], {name: report(name, leads="") for name in NAMES}, {}, ["Nobody holds the lock of kube-scheduler"]),
    (
        "the leader is elsewhere",
        [KILL],
        {name: report(name, leads="cp9") for name in NAMES},
        {},
        ["The leader of kube-scheduler is cp9, which is no host of the play"],
    ),
    ("a node is not Ready", [KILL], cluster(cp1=report("cp1", unready={"w1": "KubeletNotReady x"})), {}, ["The node w1 is not Ready (KubeletNotReady x)"]),
    ("something is left", [KILL], cluster(cp3=report("cp3", left=(SCHEDULER,))), {}, ["cp3 has not been restored after a drill"]),
    (
        "no election",
        [KILL],
        cluster(cp3=report("cp3", elections={SCHEDULER: Election(is_enabled=False)})),
        {},
        ["kube-scheduler of cp3 runs with --leader-elect=false"],
    ),
    ("a host was not inspected", [KILL], cluster(), {"cp4": "no route to host."}, ["cp4 could not be inspected (no route to host)"]),
    ("no host was inspected", [KILL], {}, {"cp1": "it was not reached"}, ["cp1 could not be inspected"]),
    ("no host at all", [KILL], {}, {}, ["The play has no control plane"]),
    (
        "two hosts of one name",
        [KILL],
        {"a": report("cp1"), "b": report("cp1"), "c": report("cp3")},
        {},
        ["a and b both call themselves cp1"],
    ),
]  # fmt: skip


@pytest.mark.parametrize(
    ("events", "reports", "failures", "messages"), [item[1:] for item in REFUSED], ids=[item[0] for item in REFUSED]
)
def test_it_is_refused(
    events: list[Event], reports: dict[str, DrillReport], failures: dict[str, str], messages: list[str]
) -> None:
    plan = planning.build(events, reports, failures)
    assert len(plan.problems) == len(messages)
    assert all(wanted in problem.message for wanted, problem in zip(messages, plan.problems, strict=True))
    assert planning.reasons(plan).startswith(f"The drill has not begun. {len(messages)} reason")
    assert [line for line in planning.lines(plan) if line.startswith("Problem: ")]


def test_what_ran_before_must_run_again() -> None:
    before = cluster(cp2=report("cp2", faulty=GONE))
    assert planning.build([KILL], before, {}, before=before).problems == ()
    after = cluster(cp2=report("cp2", faulty=GONE), cp3=report("cp3", faulty={MANAGER: "has a pod that is not ready"}))
    (problem,) = planning.build([KILL], after, {}, before=before).problems
    assert problem.message.startswith(
        "kube-controller-manager of cp3 has a pod that is not ready, and ran before the drill"
    )


def test_a_service_that_does_not_run_again_is_named_with_its_journal() -> None:
    units = {MANAGER: "kcm.service", SCHEDULER: "kube-scheduler.service"}
    before = cluster(cp3=report("cp3", units=units))
    after = cluster(cp3=report("cp3", units=units, faulty={MANAGER: "does not run, kcm.service is failed"}))
    (problem,) = planning.build([KILL], after, {}, before=before).problems
    assert problem.message.endswith("and ran before the drill: 'journalctl -u kcm.service' says why.")


def test_pods_are_started_where_an_administrator_is() -> None:
    without = {name: report(name, administrator="") for name in NAMES}
    reports = {**without, "cp2": report("cp2", administrator="/etc/kubernetes/admin.kubeconfig")}
    plan = planning.build([KILL], reports, {}, with_application=True)
    assert (plan.administrator, plan.problems) == ("cp2", ())
    (problem,) = planning.build([KILL], without, {}, with_application=True).problems
    assert "None of cp1, cp2, cp3 has a kubeconfig of a cluster administrator" in problem.message
    assert "failover_drill_kubeconfig" in problem.message
    assert planning.build([KILL], without, {}).problems == ()


ETCD_KILLED = Event("etcd", "kill")
MEMBER = EtcdReport("", 3, 3)


def with_etcd(**members: EtcdReport | None) -> dict[str, DrillReport]:
    """The member of cp2 leads, where nothing else is said."""
    found = {"cp1": MEMBER, "cp2": EtcdReport("", 3, 3, is_leader=True, election_timeout=2.0), "cp3": MEMBER, **members}
    return {name: report(name, etcd=member) for name, member in found.items()}


def test_the_leader_of_etcd_is_named_where_nothing_changes_it_before() -> None:
    plan = planning.build([ETCD_KILLED, ETCD_KILLED], with_etcd(), {})
    assert plan.problems == ()
    assert [(entry.host, entry.others, entry.bound) for entry in plan.entries] == [
        ("cp2", (), 9.0),
        (KNOWN_AFTER_APPLY, (), 9.0),
    ]


TWO = EtcdReport("", 3, 2)
REFUSED_OF_ETCD: list[tuple[dict[str, EtcdReport | None], list[str]]] = [
    (dict.fromkeys(NAMES), ["etcd runs on none of cp1, cp2, cp3 as a static pod"]),
    ({"cp3": EtcdReport("does not answer (refused)")}, ["etcd of cp3 does not answer (refused): mend it"]),
    ({"cp1": TWO}, ["The etcd cluster has 2 healthy voters of 3 and an event takes one of them"]),
    # Three are not enough of five: two would be left, and three are needed.
    (
        {"cp1": EtcdReport("", 5, 3)},
        ["an event takes one of them; 3 must be left: mend the others or add members, until 4"],
    ),
    ({"cp2": MEMBER}, ["The leader of etcd is on none of the play's hosts"]),
]


ETCD_FOLLOWER = Event("etcd", "freeze", which="follower")


def test_a_follower_of_etcd_votes_runs_and_does_not_lead() -> None:
    members = {"cp1": EtcdReport("", 4, 4, is_learner=True)}
    (entry,) = planning.build([ETCD_FOLLOWER], with_etcd(**members), {}).entries
    assert (entry.host, entry.which, entry.bound) == ("cp3", "follower", 9.0)
    plan = planning.build([ETCD_FOLLOWER, ETCD_KILLED, ETCD_FOLLOWER], with_etcd(), {})
    assert plan.problems == ()
    assert [entry.host for entry in plan.entries] == ["cp1", KNOWN_AFTER_APPLY, KNOWN_AFTER_APPLY]
    assert planning.lines(plan)[0] == (
        "1. follower of etcd frozen, on cp1: the others have a leader and the endpoint answers within 9 s."
    )


def test_a_follower_of_etcd_needs_no_leader_among_the_hosts() -> None:
    reports = with_etcd(cp2=None)
    assert planning.build([ETCD_FOLLOWER], reports, {}).problems == ()
    (problem,) = planning.build([ETCD_FOLLOWER, ETCD_KILLED], reports, {}).problems
    assert "The leader of etcd is on none of the play's hosts" in problem.message
    (problem,) = planning.build([ETCD_FOLLOWER], with_etcd(cp1=None, cp3=None), {}).problems
    assert "No voter of etcd on the play's hosts follows another one" in problem.message
    (problem,) = planning.build([ETCD_FOLLOWER], with_etcd(cp3=TWO), {}).problems
    assert "The etcd cluster has 2 healthy voters of 3" in problem.message


def test_a_follower_on_a_host_of_etcd_alone_is_watched_by_a_control_plane() -> None:
    (entry,) = planning.build([ETCD_FOLLOWER], on_own_hosts(), {}).entries
    assert (entry.host, entry.observer) == ("e1", "cp1")


TWO_FROZEN = Event("etcd", "freeze", 2)
QUORUM = (
    "The etcd cluster has 3 healthy voters of 3 and an event takes 2 of them; 2 must be left and 1 would be, so that nobody reaches the API "
    "meanwhile: accept the outage by failover_drill_accept_outage=true"
)


def of_five(**members: EtcdReport) -> dict[str, DrillReport]:
    """Five control planes with a member each."""
    found = {f"cp{number}": EtcdReport("", 5, 5, is_leader=number == 2) for number in range(1, 6)}
    return {name: report(name, etcd=member) for name, member in {**found, **members}.items()}


OF_TWO: list[tuple[str, dict[str, DrillReport], bool, list[str]]] = [
    ("nobody has agreed", with_etcd(), False, [QUORUM]),
    ("somebody has agreed", with_etcd(), True, []),
    ("five bear it", of_five(), False, []),
    ("four of five do not", of_five(cp1=EtcdReport("", 5, 4)), False, ["4 healthy voters of 5 and an event takes 2 of them; 3 must be left and 2 would be"]),
    ("what is whole only", with_etcd(cp1=TWO), True, ["2 healthy voters of 3 and an event takes one of them"]),
    ("the others are elsewhere", with_etcd(cp1=None, cp3=None), True, ["No voter of etcd on the play's hosts follows another one"]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("reports", "accepts_outage", "messages"), [case[1:] for case in OF_TWO], ids=[case[0] for case in OF_TWO]
)
def test_two_members_of_etcd(reports: dict[str, DrillReport], messages: list[str], *, accepts_outage: bool) -> None:
    plan = planning.build([TWO_FROZEN, ETCD_KILLED], reports, {}, accepts_outage=accepts_outage)
    assert [
        wanted for wanted, problem in zip(messages, plan.problems, strict=True) if wanted not in problem.message
    ] == []


def test_an_etcd_cluster_without_a_quorum_has_no_bound_and_is_watched_by_another_host() -> None:
    plan = planning.build([TWO_FROZEN, TWO_FROZEN], with_etcd(), {}, accepts_outage=True)
    found = [(entry.host, entry.others, entry.bound, entry.observer, entry.state) for entry in plan.entries]
    assert found == [
        ("cp2", ("cp1",), None, "cp1", "measured"),
        (KNOWN_AFTER_APPLY, (KNOWN_AFTER_APPLY,), None, "", "measured"),
    ]
    assert planning.lines(plan)[0] == (
        "1. leader of etcd and 1 more frozen, on cp2, cp1: the endpoint is away until it is restored."
    )
    (entry,) = planning.build([TWO_FROZEN], of_five(), {}).entries
    assert (entry.host, entry.others, entry.bound, entry.observer) == ("cp2", ("cp1",), 5.0, "")


@given(healthy=st.integers(0, 7), voters=st.integers(1, 7), accepts_outage=st.booleans())
def test_a_quorum_is_lost_only_where_somebody_has_agreed(*, healthy: int, voters: int, accepts_outage: bool) -> None:
    reports = {
        f"cp{number}": report(f"cp{number}", etcd=EtcdReport("", voters, min(healthy, voters), is_leader=number == 0))
        for number in range(voters)
    }
    plan = planning.build([TWO_FROZEN], reports, {}, accepts_outage=accepts_outage)
    left = min(healthy, voters) - 2
    needed = voters // 2 + 1
    if not plan.problems:
        (entry,) = plan.entries
        assert (entry.bound is None) == (left < needed)
        assert accepts_outage or left >= needed
        assert len({entry.host, *entry.others}) == 2


def test_after_an_event_of_etcd_other_leaders_are_not_known() -> None:
    plan = planning.build([KILL, ETCD_KILLED, Event(MANAGER, "stop"), ETCD_KILLED], with_etcd(), {})
    assert [entry.host for entry in plan.entries] == ["cp1", "cp2", KNOWN_AFTER_APPLY, KNOWN_AFTER_APPLY]


@pytest.mark.parametrize(("members", "messages"), REFUSED_OF_ETCD)
def test_an_event_of_etcd_is_refused(members: dict[str, EtcdReport | None], messages: list[str]) -> None:
    plan = planning.build([ETCD_KILLED], with_etcd(**members), {})
    assert [
        wanted for wanted, problem in zip(messages, plan.problems, strict=True) if wanted not in problem.message
    ] == []
    # Of no interest to others.
    assert planning.build([KILL], with_etcd(**members), {}).problems == ()


def test_a_member_of_etcd_must_run_again() -> None:
    before, lost = with_etcd(), with_etcd(cp3=None)
    (problem,) = planning.build([KILL], lost, {}, before=before).problems
    assert problem.message.startswith("etcd of cp3 has no manifest, and ran before the drill")


def on_own_hosts(**members: EtcdReport) -> dict[str, DrillReport]:
    """Control planes without etcd, and three hosts of etcd alone, of which e2 leads."""
    found = {"e1": MEMBER, "e2": EtcdReport("", 3, 3, is_leader=True, unit="etcd.service"), "e3": MEMBER, **members}
    return {**cluster(), **{name: of_etcd_alone(name, member) for name, member in found.items()}}


def test_a_host_of_etcd_alone_is_watched_by_a_control_plane() -> None:
    plan = planning.build([ETCD_KILLED, KILL], on_own_hosts(), {}, with_application=True)
    assert plan.problems == ()
    assert plan.administrator == "cp1"
    assert [(entry.host, entry.observer) for entry in plan.entries] == [("e2", "cp1"), (KNOWN_AFTER_APPLY, "")]
    # A control plane watches by itself.
    assert [entry.observer for entry in planning.build([ETCD_KILLED], with_etcd(), {}).entries] == [""]


def test_hosts_of_etcd_alone_do_not_suffice() -> None:
    reports = {name: report for name, report in on_own_hosts().items() if name.startswith("e")}
    (problem,) = planning.build([ETCD_KILLED], reports, {}, with_application=True).problems
    assert "The play has no control plane, so nobody can ask the API" in problem.message


def test_a_service_of_etcd_that_does_not_run_again_is_named_with_its_journal() -> None:
    lost = on_own_hosts(e2=EtcdReport("does not run, etcd.service is failed", unit="etcd.service"))
    (problem,) = planning.build([KILL], lost, {}, before=on_own_hosts()).problems
    assert problem.message.startswith("etcd of e2 does not run, etcd.service is failed, and ran before the drill")
    assert problem.message.endswith("'journalctl -u etcd.service' says why.")


BALANCER_KILLED, ADDRESS_STOPPED = Event("load_balancer", "kill"), Event("virtual_ip", "stop")


def behind(**changed: DrillReport | None) -> dict[str, DrillReport]:
    """Control planes behind two load balancers, of which lb1 has the endpoint's address."""
    found = {"lb1": balancer("lb1", holds=True), "lb2": balancer("lb2"), **changed}
    return {**cluster(), **{name: each for name, each in found.items() if each is not None}}


def test_the_holder_of_the_virtual_ip_is_seen_by_others() -> None:
    plan = planning.build([BALANCER_KILLED, KILL, ADDRESS_STOPPED], behind(), {}, with_application=True)
    assert plan.problems == ()
    found = [(entry.host, entry.observer, entry.witness, entry.state, entry.bound) for entry in plan.entries]
    assert found == [
        ("lb1", "cp1", "lb2", "interrupted", 4.2),
        ("cp1", "", "", "measured", 24.8),
        (KNOWN_AFTER_APPLY, "", "", "measured", 2.2),
    ]
    (entry,) = planning.build([ADDRESS_STOPPED], behind(), {}).entries
    assert (entry.virtual_ip, entry.interface) == ("192.0.2.100", "eth0")
    assert entry.names == {"02:00:00:00:00:01": "lb1", "02:00:00:00:00:02": "lb2"}
    assert planning.lines(plan)[0] == (
        "1. load balancer of the endpoint killed, on lb1: the endpoint answers within 4.2 s."
    )
    assert planning.lines(plan)[2].endswith("exactly one host has it within 2.2 s.")


def on_control_planes() -> dict[str, DrillReport]:
    """Control planes that share the endpoint's address without a load balancer; cp1 has it, and leads."""
    routers = {name: balancer(name, holds=name == "cp1").router for name in NAMES}
    return {name: dataclasses.replace(report(name), router=router) for name, router in routers.items()}


def test_an_address_of_control_planes_moves_with_the_api_server_of_its_holder() -> None:
    whole = Event("control_plane", "kill")
    plan = planning.build([ADDRESS_STOPPED, whole, ADDRESS_STOPPED], on_control_planes(), {})
    assert plan.problems == ()
    first, *_others = plan.entries
    assert (first.host, first.observer, first.witness, first.bound) == ("cp1", "cp2", "cp2", 2.2)
    first, second = planning.build([whole, ADDRESS_STOPPED], on_control_planes(), {}).entries
    assert (first.host, second.host) == ("cp1", KNOWN_AFTER_APPLY)
    # A load balancer beside an API server keeps the address.
    assert planning.build([whole, ADDRESS_STOPPED], behind(), {}).entries[1].host == "lb1"


def test_an_outage_that_was_accepted_has_no_bound() -> None:
    reports = behind(lb1=balancer("lb1", holds=True, routed=False), lb2=None)
    (problem,) = planning.build([BALANCER_KILLED], reports, {}).problems
    assert "lb1 is the only load balancer" in problem.message
    assert "failover_drill_accept_outage=true" in problem.message
    plan = planning.build([BALANCER_KILLED], reports, {}, accepts_outage=True)
    assert plan.problems == ()
    (entry,) = plan.entries
    assert (entry.host, entry.observer, entry.witness, entry.state, entry.bound) == ("lb1", "cp1", "", "measured", None)
    assert planning.lines(plan) == [
        "1. load balancer of the endpoint killed, on lb1: the endpoint is away until it is restored."
    ]


def changed_router(name: str, *, holds: bool = False, **changes: t.Any) -> DrillReport:
    """A load balancer whose keepalived is otherwise."""
    found = balancer(name, holds=holds)
    assert found.router is not None
    return dataclasses.replace(found, router=dataclasses.replace(found.router, **changes))


OF_ENDPOINT: list[tuple[str, Event, dict[str, DrillReport | None], list[str]]] = [
    ("no load balancer", BALANCER_KILLED, {"lb1": None, "lb2": None}, ["The play has no load balancer"]),
    ("one is missing", BALANCER_KILLED, {"lb2": balancer("lb2", balancer=BalancerReport("has no service of haproxy or nginx", "", has_endpoint=False))},
     ["The load balancer of lb2 has no service of haproxy or nginx: mend it"]),
    ("no virtual IP", BALANCER_KILLED, {"lb1": balancer("lb1", holds=True, routed=False), "lb2": balancer("lb2", routed=False)},
     ["keepalived has the endpoint's address as a virtual IP on 0 of the play's hosts"]),
    ("nobody has the address", BALANCER_KILLED, {"lb1": balancer("lb1")}, ["The virtual IP is on no host and not on exactly one"]),
    ("both have it", ADDRESS_STOPPED, {"lb2": balancer("lb2", holds=True)}, ["The virtual IP is on lb1, lb2 and not on exactly one"]),
    ("nothing is tracked", BALANCER_KILLED, {"lb1": changed_router("lb1", holds=True, detection=None)}, ["keepalived of lb1 tracks nothing"]),
    ("nothing is tracked, and need not be", ADDRESS_STOPPED, {"lb1": changed_router("lb1", holds=True, detection=None)}, []),
    ("keepalived has ended", ADDRESS_STOPPED, {"lb2": changed_router("lb2", problem="has no service of keepalived")}, ["keepalived of lb2 has no service"]),
    ("no other host", ADDRESS_STOPPED, {"lb2": balancer("lb2", routed=False)}, ["on 1 of the play's hosts, so nothing moves it"]),
    ("its own hardware address", ADDRESS_STOPPED, {"lb1": changed_router("lb1", holds=True, has_own_mac=True)},
     ["keepalived of lb1 has a hardware address of its own"]),
    ("IPv6", ADDRESS_STOPPED, {"lb1": changed_router("lb1", holds=True, address="2001:db8::1")}, ["which is of IPv6, whose holders cannot be seen"]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("event", "changed", "messages"), [case[1:] for case in OF_ENDPOINT], ids=[case[0] for case in OF_ENDPOINT]
)
def test_an_event_of_the_endpoint_is_refused(
    event: Event, changed: dict[str, DrillReport | None], messages: list[str]
) -> None:
    plan = planning.build([event], behind(**changed), {})
    assert [
        wanted for wanted, problem in zip(messages, plan.problems, strict=True) if wanted not in problem.message
    ] == []
    # Of no interest to others.
    assert planning.build([KILL], behind(**changed), {}).problems == ()


RELOADED = Event("load_balancer", "reload")
ALONE = balancer("lb1", holds=True, routed=False)
STUCK = BalancerReport("", "haproxy.service", has_endpoint=False)
RELOADS: list[tuple[str, list[Event], dict[str, DrillReport | None], list[str]]] = [
    ("the only one", [RELOADED], {"lb1": ALONE, "lb2": None}, []),
    ("the only one, which fails besides", [RELOADED, BALANCER_KILLED], {"lb1": ALONE, "lb2": None}, ["lb1 is the only load balancer"]),
    ("nothing is tracked, and need not be", [RELOADED], {"lb1": changed_router("lb1", holds=True, detection=None)}, []),
    ("one cannot be reloaded", [RELOADED], {"lb2": balancer("lb2", balancer=STUCK)}, ["systemd cannot reload haproxy.service of lb2 (CanReload=no): let"]),
    ("that is of no interest", [BALANCER_KILLED], {"lb2": balancer("lb2", balancer=STUCK)}, []),
    ("nobody has the address", [RELOADED], {"lb1": balancer("lb1")}, ["None of lb1, lb2 has an address of the endpoint"]),
    ("one is missing", [RELOADED], {"lb2": balancer("lb2", balancer=BalancerReport("is gone", "", has_endpoint=False))}, ["The load balancer of lb2 is gone"]),
    ("none", [RELOADED], {"lb1": None, "lb2": None}, ["The play has no load balancer"]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("events", "changed", "messages"), [case[1:] for case in RELOADS], ids=[case[0] for case in RELOADS]
)
def test_a_reload_is_refused(events: list[Event], changed: dict[str, DrillReport | None], messages: list[str]) -> None:
    plan = planning.build(events, behind(**changed), {})
    assert [
        wanted for wanted, problem in zip(messages, plan.problems, strict=True) if wanted not in problem.message
    ] == []


def test_a_reload_is_watched_by_a_control_plane() -> None:
    plan = planning.build([RELOADED, RELOADED], behind(), {})
    found = [(entry.host, entry.observer, entry.witness, entry.state, entry.bound) for entry in plan.entries]
    assert found == [
        ("lb1", "cp1", "", "interrupted", 0.0),
        (KNOWN_AFTER_APPLY, "", "", "interrupted", 0.0),
    ]
    assert (
        planning.lines(plan)[0] == "1. load balancer of the endpoint reloaded, on lb1: no probe of the endpoint fails."
    )


@given(healthy=st.lists(st.booleans(), min_size=1, max_size=5), routed=st.booleans())
def test_a_load_balancer_fails_only_beside_another_one(*, healthy: list[bool], routed: bool) -> None:
    """Whatever of up to five load balancers is down, and whether an address is shared."""
    down = BalancerReport("has no service of haproxy or nginx", "", has_endpoint=False)
    reports = cluster()
    for number, item in enumerate(healthy, 1):
        found = balancer(f"lb{number}", holds=number == 1, routed=routed)
        reports[f"lb{number}"] = found if item else dataclasses.replace(found, balancer=down)
    plan = planning.build([BALANCER_KILLED], reports, {})
    assert bool(plan.problems) == (not routed or not all(healthy) or len(healthy) < 2)
    if not plan.problems:
        (entry,) = plan.entries
        assert entry.witness not in ("", entry.host)
        assert entry.bound is not None


def test_what_stood_before_the_api_servers_must_run_again() -> None:
    down = BalancerReport("does not run, haproxy.service is failed", "haproxy.service", has_endpoint=False)
    lost = behind(
        lb1=balancer("lb1", holds=True, balancer=down),
        lb2=changed_router("lb2", problem="has no service of keepalived"),
    )
    messages = [problem.message for problem in planning.build([KILL], lost, {}, before=behind()).problems]
    assert messages == [
        "the load balancer of lb1 does not run, haproxy.service is failed, and ran before the drill: 'journalctl -u haproxy.service' says why.",
        "keepalived of lb2 has no service of keepalived, and ran before the drill: 'journalctl -u keepalived.service' says why.",
    ]


PLANE_KILLED = Event("control_plane", "kill")


def test_a_control_plane_fails_that_leads_most() -> None:
    reports = with_etcd()
    plan = planning.build([PLANE_KILLED, KILL, ETCD_KILLED, PLANE_KILLED], reports, {})
    assert plan.problems == ()
    assert [(entry.host, entry.bound) for entry in plan.entries] == [
        # cp1 leads both controllers, cp2 etcd.
        ("cp1", 24.8),
        (KNOWN_AFTER_APPLY, 24.8),
        (KNOWN_AFTER_APPLY, 9.0),
        (KNOWN_AFTER_APPLY, 24.8),
    ]
    assert planning.lines(plan)[0] == "1. control plane killed, on cp1: others lead what it led within 24.8 s."
    reports = {name: report(name, leads="cp9", etcd=each.etcd) for name, each in reports.items()}
    (entry,) = planning.build([PLANE_KILLED], reports, {}).entries
    assert (entry.host, entry.bound) == ("cp2", 9.0)


def test_a_control_plane_has_the_bound_of_what_it_leads_itself() -> None:
    slow = EtcdReport("", 3, 3, is_leader=True, election_timeout=60.0)
    reports = {**with_etcd(cp2=None, cp3=None), "w1": of_etcd_alone("w1", slow)}
    (entry,) = planning.build([PLANE_KILLED], reports, {}).entries
    assert (entry.host, entry.bound) == ("cp1", 24.8)


PLANE_FOLLOWS = Event("control_plane", "freeze", which="follower")
#: Leader of both controllers, leader of etcd, the host that fails, and its bound.
LEAST = [
    ("cp1", "cp2", "cp3", 24.8),
    ("cp1", "cp1", "cp2", 24.8),
    # It never leads etcd, however little else it leads.
    ("cp3", "cp1", "cp2", 24.8),
    ("cp2", "cp3", "cp1", 24.8),
]


@pytest.mark.parametrize(("leads", "of_etcd", "host", "bound"), LEAST)
def test_a_control_plane_fails_that_leads_least(leads: str, of_etcd: str, host: str, bound: float) -> None:
    reports = {name: report(name, leads=leads, etcd=EtcdReport("", 3, 3, is_leader=name == of_etcd)) for name in NAMES}
    plan = planning.build([PLANE_FOLLOWS], reports, {})
    assert plan.problems == ()
    assert [(entry.host, entry.which, entry.bound) for entry in plan.entries] == [(host, "follower", bound)]
    assert planning.lines(plan)[0] == (
        f"1. control plane that leads least frozen, on {host}: others lead what it led within 24.8 s."
    )


def test_of_two_control_planes_the_one_without_the_leader_of_etcd_leads_least() -> None:
    reports = {
        name: report(name, leads="cp2", etcd=EtcdReport("", 3, 3, is_leader=name == "cp1")) for name in NAMES[:2]
    }
    (entry,) = planning.build([PLANE_FOLLOWS], reports, {}).entries
    assert (entry.host, entry.bound) == ("cp2", 24.8)


def beside(*names: str, **problems: str) -> dict[str, DrillReport]:
    """Workers with members of etcd, the first of which leads."""
    found = {name: EtcdReport("", 3, 3, is_leader=name == names[0]) for name in names}
    return {
        name: of_etcd_alone(name, member)
        for name, member in {**found, **{name: EtcdReport(text) for name, text in problems.items()}}.items()
    }


OF_PLANE: list[tuple[str, dict[str, DrillReport], list[str]]] = [
    ("three", with_etcd(), []),
    ("two with etcd elsewhere", {name: report(name) for name in ("cp1", "cp2")}, []),
    ("the leader of etcd is on a host that the play has not", with_etcd(cp2=None, cp3=None), []),
    ("the leader of etcd is on a worker", {**with_etcd(cp2=None, cp3=None), **beside("w1", "w2")}, []),
    ("a member on a worker does not run", {**with_etcd(cp2=None, cp3=None), **beside("w1", w2="does not run")}, ["etcd of w2 does not run: mend it"]),
    ("no quorum would be left, and a worker leads", {**with_etcd(cp1=TWO, cp2=None, cp3=None), **beside("w1")}, ["The etcd cluster has 2 healthy voters of 3"]),
    ("one", {"cp1": report("cp1")}, [f"{MANAGER} runs on 1 of 1", f"{SCHEDULER} runs on 1 of 1", "kube-apiserver runs on 1 of 1"]),
    ("one API server is left", {"cp1": report("cp1"), "cp2": report("cp2", faulty={API_SERVER: "does not run"})},
     ["kube-apiserver runs on 1 of 2 control planes and an event takes 1 of them: mend what does not run (kube-apiserver of cp2 does not run)"]),
    ("no quorum would be left", with_etcd(cp1=TWO), ["The etcd cluster has 2 healthy voters of 3"]),
    ("it is the endpoint itself", cluster(cp1=report("cp1", is_endpoint=True)), ["The control plane endpoint leads to cp1 alone"]),
    ("a load balancer beside it is", cluster(cp1=report("cp1", is_endpoint=True, balancer=BalancerReport("", "haproxy.service", has_endpoint=True))), []),
]  # fmt: skip


@pytest.mark.parametrize(("reports", "messages"), [case[1:] for case in OF_PLANE], ids=[case[0] for case in OF_PLANE])
def test_a_control_plane_fails_only_beside_others(reports: dict[str, DrillReport], messages: list[str]) -> None:
    plan = planning.build([PLANE_KILLED], reports, {})
    assert [
        wanted for wanted, problem in zip(messages, plan.problems, strict=True) if wanted not in problem.message
    ] == []


def test_what_several_events_ask_for_is_asked_once() -> None:
    plan = planning.build([KILL, PLANE_KILLED, ETCD_KILLED], with_etcd(cp1=TWO, cp2=TWO, cp3=TWO), {})
    assert len([problem for problem in plan.problems if "healthy voters" in problem.message]) == 1


NOT_CUT = CutReport("control_plane", "would go on: its kube-scheduler asks lb:6443", "let it freeze instead")
NO_FILTER = CutReport("etcd", "has neither nft nor iptables", "install nftables")
CUT_OFF: list[tuple[str, Event, list[str]]] = [
    ("a control plane", Event("control_plane", "cut"), ["The control plane of cp3 would go on: its kube-scheduler asks lb:6443: let it freeze instead."]),
    ("one that follows", Event("control_plane", "cut", which="follower"), ["The control plane of cp3 would go on"]),
    ("a member of etcd", Event("etcd", "cut"), ["The etcd of cp2 has neither nft nor iptables: install nftables."]),
    ("nothing is cut", Event("control_plane", "freeze"), []),
    ("nothing is cut of etcd", ETCD_KILLED, []),
]  # fmt: skip


@pytest.mark.parametrize(("event", "messages"), [case[1:] for case in CUT_OFF], ids=[case[0] for case in CUT_OFF])
def test_a_network_that_cannot_be_cut_is_refused(event: Event, messages: list[str]) -> None:
    reports = with_etcd()
    fine = (CutReport("etcd", ""), CutReport("control_plane", ""))
    cuts = {"cp1": fine, "cp2": (NO_FILTER, fine[1]), "cp3": (fine[0], NOT_CUT)}
    reports = {name: dataclasses.replace(found, cuts=cuts[name]) for name, found in reports.items()}
    plan = planning.build([event], reports, {})
    assert [
        wanted for wanted, problem in zip(messages, plan.problems, strict=True) if wanted not in problem.message
    ] == []


def test_a_control_plane_that_is_cut_off_is_bounded_as_any_other() -> None:
    plan = planning.build([Event("control_plane", "cut"), Event("etcd", "cut")], with_etcd(), {})
    assert [(entry.host, entry.bound, entry.state) for entry in plan.entries] == [
        ("cp1", 24.8, "measured"),
        (KNOWN_AFTER_APPLY, 9.0, "measured"),
    ]
    assert planning.lines(plan)[0] == "1. control plane cut off, on cp1: others lead what it led within 24.8 s."


HOSTS = st.lists(st.booleans(), min_size=1, max_size=7)


@given(HOSTS, st.sampled_from(COMPONENTS), st.sampled_from(OF_PROCESSES), st.integers(1, 2))
def test_a_plan_without_a_problem_leaves_a_healthy_instance(
    healthy: list[bool], component: str, how: str, count: int
) -> None:
    """Whatever of up to seven instances is down."""
    first = next((number for number, item in enumerate(healthy) if item), 0)
    reports = {
        f"cp{number}": report(f"cp{number}", leads=f"cp{first}", faulty={} if item else {component: "is down"})
        for number, item in enumerate(healthy)
    }
    plan = planning.build([Event(component, how, count)], reports, {})
    assert bool(plan.problems) == (sum(healthy) < count + 1)
    if not plan.problems:
        (entry,) = plan.entries
        concerned = {entry.host, *entry.others}
        assert len(concerned) == count
        left = [name for name, item in zip(reports, healthy, strict=True) if item and name not in concerned]
        assert left


def test_a_report_is_read_as_it_is_written() -> None:
    wanted = report("cp1", faulty=GONE, left=(MANAGER,), unready={"w1": "x"}, etcd=MEMBER, cuts=(NO_FILTER,))
    document: t.Any = wanted.as_dict()
    assert DrillReport.from_dict("cp1", document) == wanted
    assert not wanted.is_whole
    assert report("cp1").is_whole
    assert report("cp1", etcd=MEMBER).is_whole
    assert not report("cp1", etcd=EtcdReport("", 3, 2)).is_whole
