# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The twin of a run has its plays, tasks and hosts, and does nothing."""

from __future__ import annotations

from typing import Any

from tests.scenarios.twin import remote_results, twin_of


def _result(task: str, action: str, host: str) -> dict[str, Any]:
    return {"event": "result", "role": "", "task": task, "action": action, "host": host}


RECORDS = [
    {"event": "play", "play": "Inspect"},
    _result("Inputs", "kubeadm.ha.cluster_plan", "cp1"),
    _result("Inspect", "kubeadm.ha.kubernetes_host_info", "cp1"),
    _result("Inspect", "kubeadm.ha.kubernetes_host_info", "w1"),
    {"event": "play", "play": "Nobody"},
    {"event": "play", "play": "Point"},
    _result("Restart", "ansible.builtin.systemd_service", "w1"),
    _result("Restart", "ansible.builtin.systemd_service", "w1"),
    {"event": "stats", "hosts": {}},
]
PING: dict[str, Any] = {"ansible.builtin.ping": {}}


def test_twin() -> None:
    inspect, point = twin_of(RECORDS)
    assert inspect["hosts"] == ["cp1", "w1"]
    assert inspect["become"]
    assert not inspect["gather_facts"]
    assert inspect["tasks"] == [
        {"ansible.builtin.assert": {"that": True}, "when": "inventory_hostname in ['cp1']"},
        PING,
    ]
    assert point["tasks"] == [PING, PING]


def test_results_on_hosts() -> None:
    assert remote_results(RECORDS) == 4
