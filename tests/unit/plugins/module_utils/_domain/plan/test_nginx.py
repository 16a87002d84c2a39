# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans with nginx in place of haproxy, for a cluster that there is and for a new one."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest

from tests.unit.plugins.module_utils._domain.plan.create import test_creation
from tests.unit.plugins.module_utils._domain.plan.test_planning import (
    after,
    before,
    control_plane,
    objects,
    plan_of,
    record,
)

if t.TYPE_CHECKING:
    from tests.unit.plugins.module_utils._domain.plan.test_planning import Arguments

RUNS = {"active": "active", "enabled": "enabled"}
SERVICES = {"nginx": {"active": "inactive", "enabled": "enabled"}, "nginx-kubernetes-apiserver": RUNS}
NGINX = {"address": "::", "port": 6443, "process": "nginx"}
IN_USE = "Another program than nginx listens on port 6443 of lb1"


def with_nginx(arguments: Arguments, **services: dict[str, str]) -> Arguments:
    """The same with nginx, and these services on the load balancer."""
    arguments["load_balancer"] = "nginx"
    arguments["hosts"]["lb1"]["services"] = services
    return arguments


def groups(arguments: Arguments, host: str) -> list[str]:
    (found,) = (each for each in plan_of(arguments).hosts if each.name == host)
    return [group for group in found.groups if "balance" in group]


def test_the_plan_of_a_conversion() -> None:
    with_haproxy, plan = plan_of(before()), plan_of(with_nginx(before()))
    assert plan.problems == ()
    assert objects(plan, "lb1") == [("balance", "load balancer nginx")]
    (entry,) = (entry for entry in plan.entries if entry.host == "lb1")
    assert entry.change.reason == "192.0.2.10:6443 leads to 3 API servers through it"
    # Nothing else depends on which one it is.
    assert [entry for entry in plan.entries if entry.host != "lb1"] == [
        entry for entry in with_haproxy.entries if entry.host != "lb1"
    ]
    assert record(plan, "lb1", "balance") == record(with_haproxy, "lb1", "balance")
    assert (groups(before(), "lb1"), groups(with_nginx(before()), "lb1")) == (
        ["kubeadm_ha_balance"],
        ["kubeadm_ha_balance_nginx"],
    )


@pytest.mark.parametrize(
    ("services", "found"),
    [
        ({**SERVICES, "kubernetes-apiserver-watch": RUNS}, []),
        (SERVICES, [({"service": "other"}, {"service": "enabled, running"})]),
        (
            {"nginx": RUNS},
            [({"service": "other"}, {"service": "enabled, running"})],
        ),
        (
            {"haproxy": RUNS},
            [
                (
                    {"package": "absent", "service": "other"},
                    {"package": "installed", "service": "enabled, running"},
                )
            ],
        ),
    ],
    ids=["as wanted", "without the watcher", "somebody's own nginx", "haproxy"],
)
def test_both_services_run(
    services: dict[str, dict[str, str]], found: list[tuple[dict[str, str], dict[str, str]]]
) -> None:
    plan = plan_of(with_nginx(after(), **services))
    assert [(entry.change.before, entry.change.after) for entry in plan.entries] == found


@pytest.mark.parametrize(
    ("services", "expected"),
    [(SERVICES, ""), ({"nginx": RUNS}, IN_USE), ({}, IN_USE)],
    ids=["ours", "theirs", "unknown"],
)
def test_the_endpoints_port_is_taken_by_an_nginx(services: dict[str, dict[str, str]], expected: str) -> None:
    arguments = with_nginx(before(), **services)
    arguments["hosts"]["lb1"]["listening"] = [NGINX]
    found = [problem.message for problem in plan_of(arguments).problems]
    assert [message.startswith(expected) for message in found] == ([True] if expected else [])


def test_what_holds_for_the_balancers_of_a_run_holds_for_nginx() -> None:
    without = with_nginx(before())
    without["load_balancers"] = []
    assert any(
        "kubeadm_ha_load_balancer is nginx, but the group kube_load_balancer is empty" in each.message
        for each in plan_of(without).problems
    )
    elsewhere = with_nginx(before())
    elsewhere["endpoint"] = "192.0.2.99:6443"
    assert any(
        "is not an address of any load balancer host (lb1)" in each.message for each in plan_of(elsewhere).problems
    )
    read_only = with_nginx(before())
    read_only["hosts"]["lb1"]["read_only"] = ["/etc/nginx"]
    assert any(
        each.message.startswith("/etc/nginx on lb1 cannot be written to") for each in plan_of(read_only).problems
    )
    read_only["hosts"]["lb1"]["read_only"] = ["/etc/haproxy"]
    assert plan_of(read_only).problems == ()
    on_control_plane = with_nginx(before())
    on_control_plane["load_balancers"] = ["cp1"]
    on_control_plane["hosts"]["cp1"] = control_plane("cp1")
    assert any("its API server already has port 6443" in each.message for each in plan_of(on_control_plane).problems)


def test_an_old_haproxy_beside_it_is_no_reason() -> None:
    arguments = with_nginx(before())
    arguments["hosts"]["lb1"]["haproxy_version"] = "2.2.1"
    assert plan_of(arguments).problems == ()
    assert plan_of({**arguments, "load_balancer": "haproxy"}).problems != ()


def test_the_plan_of_a_creation() -> None:
    plan = test_creation.plan_of(test_creation.arguments(load_balancer="nginx"))
    assert plan.problems == ()
    assert [entry.id for entry in plan.entries if entry.step == "balance"] == [
        "lb1/balance/load balancer nginx",
        "lb2/balance/load balancer nginx",
    ]
    later = test_creation.plan_of(test_creation.begun() | {"load_balancer": "nginx"})
    (balancer,) = (host for host in later.hosts if host.name == "lb2")
    assert "kubeadm_ha_balance_nginx" in balancer.groups
    assert "kubeadm_ha_balance" not in balancer.groups
    assert dataclasses.asdict(t.cast("t.Any", balancer.records["virtual_ip"]))["track"] == "nginx"


def test_before_there_is_a_ca_its_lack_is_no_reason_to_stop() -> None:
    given = test_creation.arguments(load_balancer="nginx")
    for decision in given["balancers"].values():
        decision["unmet"] = [{"subject": "apiserver_nginx_ca_certificate", "message": "It is empty."}]
    assert test_creation.plan_of(given).problems == ()
    given["balancers"]["lb1"]["problems"] = [{"subject": "lb1", "message": "lb1 is somebody else's."}]
    assert [each.message for each in test_creation.plan_of(given).problems] == ["lb1 is somebody else's."]
