# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plays of the playbook site take hosts in the inventory's order, whatever the order in which they answered."""

from __future__ import annotations

import typing as t

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.plan.plan import STEPS
from tests.tools.environment import ROOT

CONTROL_PLANES = [f"cp{number}" for number in range(1, 8)]
WORKERS = [f"w{number}" for number in range(1, 8)]
BALANCERS = [*(f"lb{number}" for number in range(1, 8)), "cp7"]
INVENTORY = {"kube_control_plane": CONTROL_PLANES, "kube_node": WORKERS, "kube_load_balancer": BALANCERS}
EVERY_HOST = list(dict.fromkeys([*CONTROL_PLANES, *WORKERS, *BALANCERS]))


def plays() -> dict[str, t.Any]:
    """The plays by name, their templates as Ansible reads them."""
    loaded = DataLoader().load_from_file(str(ROOT / "playbooks" / "site.yml"), trusted_as_template=True)
    return {str(play["name"]): play for play in loaded}


def hosts(name: str, order: t.Callable[[list[str]], t.Iterable[str]] = list, /, **steps: list[str]) -> list[str]:
    """The hosts of a play when every step has every host that can have it, in another order."""
    groups = {f"kubeadm_ha_step_{step}": list(order(steps.get(step, EVERY_HOST))) for step in STEPS}
    return template(name, {**INVENTORY, **groups, "kubeadm_ha_changing": list(order(EVERY_HOST))})


def template(name: str, groups: dict[str, list[str]], *, ansible_check_mode: bool = False) -> list[str]:
    """The hosts of a play with these groups."""
    templar = Templar(DataLoader(), variables={"groups": groups, "ansible_check_mode": ansible_check_mode})
    return t.cast("list[str]", templar.template(plays()[name]["hosts"]))


IN_ORDER = {
    "Complete or undo what an interrupted run left": [*CONTROL_PLANES, *WORKERS],
    "Balance": BALANCERS,
    "Certify the API servers": CONTROL_PLANES,
    "Point one worker to the endpoint": WORKERS[:1],
    "Point the cluster-wide objects to the endpoint": CONTROL_PLANES,
    "Point the other workers to the endpoint": WORKERS[1:],
    "Point the control planes to the endpoint": CONTROL_PLANES,
    "Point the administrators of the load balancers to the endpoint": BALANCERS[:-1],
    "Join control planes": CONTROL_PLANES,
    "Join workers": WORKERS,
}


@pytest.mark.parametrize("name", IN_ORDER)
def test_a_play_keeps_the_order_of_the_inventory(name: str) -> None:
    assert hosts(name) == IN_ORDER[name]
    assert hosts(name, reversed) == IN_ORDER[name]
    some = ["w2", "cp3", "lb4", "cp1", "lb2", "w1"]
    in_order = [host for host in IN_ORDER[name] if host in some]
    assert hosts(name, **{step: list(some) for step in STEPS}) == in_order


def test_every_host_that_is_to_use_the_endpoint_proves_it_before() -> None:
    name = "Prove the endpoint on every host that is to use it"
    assert hosts(name, point=["lb2", "w2"]) == [*CONTROL_PLANES, *WORKERS, "lb2"]
    groups = {**INVENTORY, "kubeadm_ha_step_join": ["cp3", "w7"]}
    assert template(name, groups) == ["cp3", "w7"]
    assert template(name, {**INVENTORY, "kubeadm_ha_step_certify": ["cp1"]}) == []
    assert template(name, groups, ansible_check_mode=True) == []
    order = list(plays())
    assert order.index(name) < min(order.index(play) for play in order if play.startswith(("Point ", "Join ")))


def test_every_play_that_works_in_batches_is_among_them() -> None:
    assert {name for name, play in plays().items() if "serial" in play} <= set(IN_ORDER)


def test_who_joins_revokes_by_itself() -> None:
    assert hosts("Revoke what a killed run left", revoke=["cp3", "cp1", "cp2"], join=["cp1", "w1"]) == ["cp3", "cp2"]
