# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run's tasks cost before they do anything: the same plays, tasks and hosts with modules that do nothing.

Each module that ran on a host becomes ``ansible.builtin.ping``, each that ran on the controller ``ansible.builtin.assert``. What the
twin takes is the price of Ansible and of the number of tasks, on this machine, now; what the run takes beyond it is its work.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

#: Actions that connect to no host.
_ON_CONTROLLER = frozenset({
    "add_host", "assert", "debug", "fail", "group_by", "include_role", "include_tasks", "meta", "pause", "set_fact",
    "validate_argument_spec",
    "kubeadm.ha.cluster_plan", "kubeadm.ha.load_balancer_decision", "kubeadm.ha.run_failure",
})  # fmt: skip


@dataclasses.dataclass
class _Task:
    name: tuple[str, str]
    is_remote: bool
    hosts: list[str]


def twin_of(records: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The plays of the twin.

    :param records: what the recorder wrote of the run.
    """
    plays: list[list[_Task]] = []
    for record in records:
        if record["event"] == "play":
            plays.append([])
        elif record["event"] == "result":
            _add(plays[-1], record)
    return [_play(tasks) for tasks in plays if tasks]


def remote_results(records: Iterable[Mapping[str, Any]]) -> int:
    """How often a module ran on a host."""
    return sum(record["event"] == "result" and _is_remote(record) for record in records)


def _is_remote(record: Mapping[str, Any]) -> bool:
    return record["action"].removeprefix("ansible.builtin.") not in _ON_CONTROLLER


def _add(tasks: list[_Task], record: Mapping[str, Any]) -> None:
    name = (record["role"], record["task"])
    # The same task comes twice where its file was included twice.
    if not tasks or tasks[-1].name != name or record["host"] in tasks[-1].hosts:
        tasks.append(_Task(name, _is_remote(record), []))
    tasks[-1].hosts.append(record["host"])


def _play(tasks: Sequence[_Task]) -> dict[str, Any]:
    hosts = list(dict.fromkeys(host for task in tasks for host in task.hosts))
    return {"hosts": hosts, "gather_facts": False, "become": True, "tasks": [_twin(task, hosts) for task in tasks]}


def _twin(task: _Task, hosts: Sequence[str]) -> dict[str, Any]:
    action: dict[str, Any] = (
        {"ansible.builtin.ping": {}} if task.is_remote else {"ansible.builtin.assert": {"that": True}}
    )
    if set(task.hosts) != set(hosts):
        action["when"] = f"inventory_hostname in {task.hosts!r}"
    return action


__all__ = ("remote_results", "twin_of")
