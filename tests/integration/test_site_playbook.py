# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the playbook site says where there is nothing to work on."""

from __future__ import annotations

import json
import typing as t

import pytest

from tests.scenarios.playbook import run_playbook

if t.TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("variables", [{}, {"kubeadm_ha_control_plane_group": "masters"}], ids=["none", "too late"])
def test_groups_without_hosts_are_an_error(tmp_path: Path, variables: dict[str, str]) -> None:
    """Group names in variables of the inventory come too late for the hosts of a play: silence would seem success."""
    inventory = tmp_path / "hosts.yml"
    groups = {"masters": {"hosts": {"a": {"ansible_connection": "local"}}}, "all": {"vars": variables}}
    inventory.write_text(json.dumps(groups), encoding="utf-8")
    run = run_playbook("kubeadm.ha.site", inventories=[inventory], record=tmp_path / "run.jsonl")
    assert run.status != 0
    assert len(run.failures) == 1
    assert "children of kube_control_plane" in run.failures[0]
