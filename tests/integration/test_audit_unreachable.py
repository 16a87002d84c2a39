# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An audit is asked for when hosts are away: it reports that, whichever they are."""

from __future__ import annotations

import json
import sys
import typing as t

import pytest

from tests.scenarios.playbook import run_playbook

if t.TYPE_CHECKING:
    from pathlib import Path

NOWHERE = {"ansible_connection": "ssh", "ansible_host": "127.0.0.9", "ansible_port": 1}
GROUPS = {"kube_control_plane": ["cp1", "cp2"], "kube_node": ["w1"], "kube_load_balancer": ["lb1", "lb2"]}


@pytest.mark.parametrize("away", [("lb1",), ("cp1",), ("cp2", "w1", "lb2")])
def test_hosts_that_are_not_reached_are_findings_of_an_audit_that_ends_well(
    tmp_path: Path, away: tuple[str, ...]
) -> None:
    local = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable, "ansible_become": False}
    groups = {
        group: {"hosts": {name: NOWHERE if name in away else {} for name in names}} for group, names in GROUPS.items()
    }
    inventory, reports = tmp_path / "hosts.json", tmp_path / "reports"
    inventory.write_text(json.dumps({**groups, "all": {"vars": local}}), encoding="utf-8")
    run = run_playbook(
        "kubeadm.ha.audit",
        arguments=("-e", f"kubeadm_ha_audit_directory={reports}"),
        inventories=[inventory],
        record=tmp_path / "run.jsonl",
    )
    assert run.status == 0, run.output
    assert (reports / "report.json").exists(), run.output
    report = json.loads((reports / "report.json").read_text(encoding="utf-8"))
    assert sorted(item["object"] for item in report["findings"] if item["id"] == "unseen.host") == sorted(away)
    assert "is not a directory" not in run.output, "what is not installed is nobody's fault"
