# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Workers go in the batches of the plan, wherever the inventory says how many, and no two hosts share their groups.

The plays are those of the playbook site with other tasks; the plan is given, not built.
"""

from __future__ import annotations

import json
import typing as t

import pytest
import yaml

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.plan.input_values import parse_batch
from tests.scenarios.playbook import run_playbook
from tests.tools.environment import ROOT
from tests.tools.playbooks import plays_of

if t.TYPE_CHECKING:
    from pathlib import Path

#: Names that become one where every other character is written as an underscore.
WORKERS = ["node-1", "node_1", "node.1", "w4", "w5"]
GROUPING = next(
    task
    for task in yaml.safe_load((ROOT / "roles/preflight/tasks/planned.yml").read_text(encoding="utf-8"))
    if "ansible.builtin.add_host" in task
)
IN_BATCHES = [play for play in plays_of("site") if "worker" in str(play.get("serial"))]


def batches(directory: Path, play: t.Mapping[str, t.Any], plan: t.Mapping[str, t.Any]) -> list[list[str]]:
    """The hosts of each batch of a play of the playbook site under a plan."""
    inventory, playbook, record = directory / "hosts.yml", directory / "stand_in.yml", directory / "run.jsonl"
    hosts = {"kube_node": {"hosts": {name: {"ansible_connection": "local"} for name in WORKERS}}}
    inventory.write_text(json.dumps(hosts), encoding="utf-8")
    given = {
        "name": "Plan",
        "hosts": "kube_node",
        "gather_facts": False,
        "tasks": [{"ansible.builtin.set_fact": {"preflight_plan": {"plan": plan}}}, GROUPING],
    }
    acted = {
        **{key: play[key] for key in ("name", "hosts", "serial")},
        "gather_facts": False,
        "tasks": [{"name": "Act", "ansible.builtin.debug": {"msg": "{{ ansible_play_batch | join(',') }}"}}],
    }
    playbook.write_text(yaml.safe_dump([given, acted]), encoding="utf-8")
    run = run_playbook(str(playbook), inventories=[inventory], record=record)
    assert run.status == 0, run.output
    reported = [line.strip() for line in run.output.splitlines() if '"msg":' in line]
    return [text.split(",") for text in dict.fromkeys(line.partition(": ")[2].strip('"') for line in reported)]


def plan_of(hosts: t.Iterable[str], batch: t.Any) -> dict[str, t.Any]:
    """A plan in which these hosts have the steps of every play."""
    record = {"batches": parse_batch(batch)}
    groups = [
        "kubeadm_ha_changing",
        "kubeadm_ha_point_workers",
        "kubeadm_ha_point_services_workers",
        "kubeadm_ha_join_workers",
    ]
    given = {"groups": groups, "plan": {"point": record, "join": record}}
    return {"hosts": [{"name": name, **given} for name in WORKERS if name in hosts]}


@pytest.mark.parametrize(
    ("batch", "sizes"), [(2, [2, 2, 1]), ("40%", [2, 2, 1]), ([1, "3"], [1, 3, 1]), ("100%", [5]), (9, [5])]
)
def test_the_batches_are_those_of_the_plan(tmp_path: Path, batch: t.Any, sizes: list[int]) -> None:
    join = next(play for play in IN_BATCHES if play["name"] == "Join workers")
    found = batches(tmp_path, join, plan_of(WORKERS, batch))
    assert [len(hosts) for hosts in found] == sizes
    assert [name for hosts in found for name in hosts] == WORKERS


@pytest.mark.parametrize("play", IN_BATCHES, ids=lambda play: str(play["name"]))
def test_hosts_whose_names_are_alike_keep_their_own_steps(tmp_path: Path, play: t.Mapping[str, t.Any]) -> None:
    some = ["node_1", "w5", "w4"]
    found = [name for hosts in batches(tmp_path, play, plan_of(some, 1)) for name in hosts]
    assert found == [name for name in WORKERS if name in some]


def test_a_plan_without_changes_needs_no_batches(tmp_path: Path) -> None:
    assert batches(tmp_path, IN_BATCHES[0], {"hosts": []}) == []


def test_each_play_of_workers_goes_in_batches() -> None:
    assert {str(play["name"]) for play in IN_BATCHES} == {
        "Point the other workers to the endpoint",
        "Point the services of workers to the endpoint",
        "Join workers",
    }
