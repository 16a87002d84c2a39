# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Holds the changes of a run against the entries of its plan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tests.scenarios.playbook import Run

#: What a plan says of a value that only the run can know.
KNOWN_AFTER_APPLY = "known after apply"

#: Roles whose changed tasks are summed up in one entry of the plan.
SUMMED_UP = {
    "python_requirements": "Python libraries",
    "apiserver_haproxy": "load balancer haproxy",
    # The balancer includes them.
    "host_firewall": "load balancer haproxy",
    "host_selinux": "load balancer haproxy",
    "cluster_backup": "backup /var/backups/kubeadm-ha",
}
#: Beginnings of names of tasks in such a role that have an entry of their own.
OWN_ENTRY = {"apiserver_haproxy": {"Certificate |": "certificate /etc/haproxy/kubernetes-probe.crt"}}
MADE_FOR_A_JOIN = {
    "control_plane_join": ("bootstrap token", "Secret kube-system/kubeadm-certs"),
    "worker_join": ("bootstrap token",),
}


def planned_objects(run: Run) -> set[tuple[str, str]]:
    """Host and object of every entry of a run's plan."""
    return {(entry["host"], entry["object"]) for entry in run.plan}


def changed_objects(run: Run) -> set[tuple[str, str]]:
    """Host and object of every change that a run reports."""
    found = set()
    for record in run.changed:
        # What is put back has an entry for each file and service.
        if record["role"] in SUMMED_UP and not record["action"].endswith("kept_files"):
            found.add((record["host"], _summed_up(record["role"], record["task"])))
        elif record["changes"]:
            found |= {(record["host"], change["object"]) for change in record["changes"]}
        elif record["action"].endswith("systemd_service"):
            found.add((record["host"], "service kubelet"))
        elif record["action"].endswith("kubeadm_join_command"):
            # Its result is hidden by no_log: it makes what the role of the join asks it for.
            found |= {(record["host"], name) for name in MADE_FOR_A_JOIN[record["role"]]}
        else:
            found.add((record["host"], f"unplanned: {record['task']}"))
    return found


def different_values(run: Run) -> list[str]:
    """Where a change that a run reports has other values than the entry of its plan, apart from what only it could know."""
    planned: dict[tuple[str, str], list[tuple[Any, Any]]] = {}
    for entry in run.plan:
        planned.setdefault((entry["host"], entry["object"]), []).append((entry["before"], entry["after"]))
    found = []
    for record in run.changed:
        for change in record["changes"] or ():
            values = (change["before"], change["after"])
            known = planned.get((record["host"], change["object"]), [])
            if not any(_agree(values, expected) for expected in known):
                found.append(f"{record['host']}: {change['object']}: planned {known}, changed {values}")
    return found


def _agree(found: Any, expected: Any) -> bool:
    """Whether two values are the same where the plan knew one."""
    if expected == KNOWN_AFTER_APPLY or found == KNOWN_AFTER_APPLY:
        return True
    if isinstance(found, Mapping) and isinstance(expected, Mapping):
        return found.keys() == expected.keys() and all(_agree(found[key], expected[key]) for key in found)
    if isinstance(found, Sequence) and isinstance(expected, Sequence) and not isinstance(found, str):
        return len(found) == len(expected) and all(
            _agree(one, other) for one, other in zip(found, expected, strict=True)
        )
    return bool(found == expected)


def _summed_up(role: str, task: str) -> str:
    own = OWN_ENTRY.get(role, {})
    # Ansible puts the role's name before the task's.
    name = task.rpartition(" : ")[2]
    return next((entry for begin, entry in own.items() if name.startswith(begin)), SUMMED_UP[role])
