# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A plan whose endpoint is a name that the run's own DNS servers answer."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base import endpoint_view as seen
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.endpoint_view import View
from tests.unit.plugins.module_utils._domain.plan import test_planning
from tests.unit.plugins.module_utils._domain.plan.checks import test_endpoint_checks as endpoints
from tests.unit.plugins.module_utils._domain.plan.create import test_creation as creation

if t.TYPE_CHECKING:
    from tests.unit.plugins.module_utils._domain.plan.test_planning import Arguments

NAME = "one.kube.test:6443"
CP1, CP2 = "192.0.2.11", "192.0.2.12"
UNRESOLVED = View(endpoints.view(endpoint=NAME).endpoint, (), "Name or service not known")
RUNNING = {"active": "active", "enabled": "enabled"}


def converting(views: t.Mapping[str, View] | None = None, *, answers: bool = False, **changes: t.Any) -> Arguments:
    """A cluster with one control plane, in front of which lb1 is to answer the name, or does already."""
    found = endpoints.situation(views or {"rest": UNRESOLVED}, endpoint=NAME, arguments=test_planning.before())
    found.update(load_balancer="dns", balancers={"lb1": test_planning.inspection(differs=not answers)}, **changes)
    if answers:
        found["hosts"]["lb1"]["services"] = {"gdnsd": RUNNING, "kubeadm-ha-dns-answers": RUNNING}
    return found


def creating(**changes: t.Any) -> Arguments:
    """A cluster from nothing, of which lb1 and lb2 answer the name."""
    balancers = {name: test_planning.inspection(differs=True) for name in ("lb1", "lb2")}
    given = creation.arguments(endpoint=NAME, vip="", load_balancer="dns", balancers=balancers, **changes)
    given["decisions"].pop("apiserver_keepalived")
    return given


def begun(given: Arguments) -> Arguments:
    """Its certificate authorities are there."""
    given["hosts"]["cp1"].update(creation.begun()["hosts"]["cp1"])
    return given


def reasons(given: Arguments) -> list[str]:
    return [problem.message for problem in endpoints.plan_of(given).problems]


def test_a_name_that_nobody_answers_yet_is_as_it_should_be() -> None:
    plan = endpoints.plan_of(converting())
    assert [problem.message for problem in plan.problems] == []
    entries = [entry.id for entry in plan.entries]
    assert "lb1/balance/load balancer dns" in entries
    (host,) = (host for host in plan.hosts if host.name == "lb1")
    assert "kubeadm_ha_balance_dns" in host.groups
    assert "kubeadm_ha_balance" not in host.groups
    record = dataclasses.asdict(t.cast("t.Any", host.records["balance"]))
    assert record["servers"] == ({"name": "lb1", "address": "192.0.2.10"},)
    assert [item["address"] for item in record["backends"]] == [CP1, CP2, "192.0.2.13"]


def test_the_name_is_proved_on_every_host_before_anybody_is_pointed() -> None:
    groups = {host.name: host.groups for host in endpoints.plan_of(converting()).hosts}
    assert all("kubeadm_ha_prove" in groups[name] for name in endpoints.NODES)


def test_the_only_server_is_a_single_point() -> None:
    points = endpoints.plan_of(converting()).single_points or ()
    assert [point.message for point in points if point.host == "lb1"] == [
        f"it is the only server that answers the endpoint's name, {NAME} goes away with it."
    ]


@pytest.mark.parametrize("addresses", [(CP1,), (CP1, CP2)])
def test_a_name_that_leads_to_api_servers_is_right_once_it_is_answered(addresses: tuple[str, ...]) -> None:
    view = endpoints.view(*(endpoints.answer(address) for address in addresses), endpoint=NAME)
    assert reasons(converting({"rest": view}, answers=True)) == []
    later = endpoints.view(endpoints.nobody(seen.REFUSED, CP2), endpoint=NAME)
    assert reasons(converting({"rest": later}, answers=True)) == []


@pytest.mark.parametrize(
    ("views", "answers", "message"),
    [
        # Somebody else's answer would go on being used, and lead to one control plane alone.
        (
            {"rest": UNRESOLVED, "w1": endpoints.view(endpoints.answer(CP1), endpoint=NAME)},
            False,
            "leads w1 to 192.0.2.11, though the",
        ),
        (
            {"rest": endpoints.view(endpoints.answer("192.0.2.77"), endpoint=NAME)},
            True,
            "to 192.0.2.77, where no control plane is",
        ),
        (
            {"rest": endpoints.view(endpoints.answer(CP1), endpoint=NAME), "w2": UNRESOLVED},
            True,
            "w2 cannot resolve one.kube.test",
        ),
        (
            {"rest": endpoints.view(endpoints.answer("127.0.0.1"), endpoint=NAME)},
            True,
            "to 127.0.0.1, where no control plane is",
        ),
    ],
)
def test_a_name_that_leads_elsewhere(views: dict[str, View], answers: bool, message: str) -> None:
    found = reasons(converting(views, answers=answers))
    assert [text for text in found if message in text], found


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"endpoint": "192.0.2.10:6443"},
            "kubeadm_ha_endpoint 192.0.2.10:6443 is an address, but kubeadm_ha_load_balancer is dns",
        ),
        ({"vip": "192.0.2.100/24"}, "kubeadm_ha_vip is 192.0.2.100/24, but kubeadm_ha_load_balancer is dns"),
        ({"load_balancers": []}, "kubeadm_ha_load_balancer is dns, but the group kube_load_balancer is empty"),
    ],
)
def test_inputs_that_contradict_each_other(changes: dict[str, t.Any], message: str) -> None:
    (problem,) = creation.plan_of({**creating(), **changes}).problems
    assert problem.message.startswith(message)


def test_a_new_cluster_resolves_its_name_before_it_is_made() -> None:
    first = creation.plan_of(creating())
    assert first.problems == ()
    assert [item for item in creation.ids(first) if "/balance/" in item] == [
        "lb1/balance/load balancer dns",
        "lb2/balance/load balancer dns",
    ]
    assert not any("kubeadm_ha_resolve" in host.groups for host in first.hosts)
    groups = {host.name: host.groups for host in creation.plan_of(begun(creating())).hosts}
    assert all("kubeadm_ha_resolve" in groups[name] for name in creation.NODES)
    assert {name for name in groups if "kubeadm_ha_balance_dns" in groups[name]} == {"lb1", "lb2"}
    assert "kubeadm_ha_resolve" not in groups["lb1"]


def test_who_answers_is_known_before_the_plan() -> None:
    assert creation.facts_of(creating())["name_servers"] == [
        {"name": "lb1", "address": "192.0.2.10"},
        {"name": "lb2", "address": "192.0.2.9"},
    ]
    assert creation.facts_of(creation.arguments())["name_servers"] == []


def test_a_control_plane_that_answers_needs_its_api_servers_port_all_the_same() -> None:
    given = creating(load_balancers=["cp1", "lb2"])
    given["balancers"] = {name: test_planning.inspection(differs=True) for name in ("cp1", "lb2")}
    assert [message for message in creation.messages(given) if "Port 6443" in message] == []
    given["hosts"]["cp1"]["listening"] = [{"address": "0.0.0.0", "port": 6443, "process": "other"}]
    assert [message for message in creation.messages(given) if "Port 6443 is already in use on cp1" in message]
