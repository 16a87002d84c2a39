# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A role by its full name in somebody's own play, with the role's variables and none of the collection's."""

from __future__ import annotations

import json
import typing as t

from tests.scenarios.playbook import run_playbook

if t.TYPE_CHECKING:
    from pathlib import Path

VARIABLES = {
    "apiserver_haproxy_endpoint": "192.0.2.10:6443",
    "apiserver_haproxy_backends": [{"name": "cp1", "address": "192.0.2.11"}],
    "apiserver_haproxy_ca_certificate": "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n",
}


def test_the_role_needs_no_variable_of_the_collection(tmp_path: Path) -> None:
    inspect = {"name": "kubeadm.ha.apiserver_haproxy", "tasks_from": "inspect"}
    play = {
        "hosts": "localhost",
        "connection": "local",
        "gather_facts": False,
        "tasks": [{"ansible.builtin.include_role": inspect, "vars": VARIABLES}],
    }
    playbook = tmp_path / "own.yml"
    playbook.write_text(json.dumps([play]), encoding="utf-8")
    run = run_playbook(str(playbook), inventories=[], record=tmp_path / "run.jsonl")
    assert run.status == 0, run.output
    assert "kubeadm.ha.load_balancer_decision" in {result["action"] for result in run.results}
