# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an interrupted replacement of a certificate makes of the next plan."""

from __future__ import annotations

from pathlib import Path

from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.collect.host_inspection import HostInspection
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host.commands import HostCommands
from tests.unit.plugins.module_utils._domain.plan.test_planning import (
    after,
    before,
    objects,
    plan_of,
    record,
    record_of,
)


def test_it_is_repaired_before_the_backup() -> None:
    arguments = before()
    arguments["hosts"]["cp1"]["interrupted_certificates"] = ["apiserver", "etcd-server"]
    plan = plan_of(arguments)
    steps = [step for step, _object in objects(plan, "cp1")]
    assert plan.steps["cp1"] == ["prepare", "repair", "backup", "certify", "point", "spread"]
    assert steps.count("repair") == 2
    assert record(plan, "cp1", "repair").certificates == ("apiserver", "etcd-server")
    assert record_of(arguments, "cp2", "repair").certificates == ()


def test_it_alone_makes_a_plan() -> None:
    arguments = after()
    arguments["hosts"]["cp2"]["interrupted_certificates"] = ["etcd-peer", "something-else"]
    plan = plan_of(arguments)
    assert objects(plan, "cp2") == [
        ("prepare", "Python libraries"),
        ("repair", "certificate etcd-peer"),
        ("backup", "backup /var/backups/kubeadm-ha"),
    ]


def test_a_host_reports_the_journals_that_it_has(tmp_path: Path) -> None:
    def reported() -> object:
        inspection = HostInspection(
            HostCommands(timeout=5), kubernetes_dir=str(tmp_path), users=[], state_dir=str(tmp_path / "state")
        )
        return inspection.collect().interrupted_certificates

    assert reported() == []
    (tmp_path / "state" / "certificates").mkdir(parents=True)
    assert reported() == []
    (tmp_path / "state" / "certificates" / "etcd-server").mkdir()
    assert reported() == ["etcd-server"]
