# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an audit finds at the end of a scenario: nothing but what its topology is."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.scenarios.playbook import Run, run_playbook

#: What writes the report on the controller.
_REPORT = "kubeadm.ha.audit : Report | "
#: The endpoint is one load balancer.
SINGLE_BALANCER = frozenset({"endpoint.single-balancer"})
#: The same of nginx, which cannot end the sessions of an API server that is frozen.
SINGLE_NGINX = SINGLE_BALANCER | {"load-balancer.open-connections-hang"}


def grave_findings(
    inventories: Sequence[Path], work: Path, variables: Mapping[str, Any] | None = None
) -> dict[str, list[str]]:
    """Summaries of findings of severity warning or worse by their id.

    :param work: directory for the report and the record of the run.
    """
    run = run_playbook(
        "kubeadm.ha.audit",
        inventories=inventories,
        record=work / "audit-of-the-end.jsonl",
        variables={"kubeadm_ha_audit_directory": str(work / "audit-of-the-end"), **(variables or {})},
    )
    assert run.status == 0, run.output[-6000:]
    assert changed_elsewhere(run) == []
    report = json.loads((work / "audit-of-the-end" / "report.json").read_text(encoding="utf-8"))
    grave: dict[str, list[str]] = {}
    for finding in report["findings"]:
        if finding["severity"] != "info":
            grave.setdefault(finding["id"], []).append(f"{finding['object']}: {finding['summary']}")
    return grave


def changed_elsewhere(run: Run) -> list[str]:
    """Tasks of an audit that changed something but its own report."""
    return [str(result["task"]) for result in run.changed if not result["task"].startswith(_REPORT)]


__all__ = ("SINGLE_BALANCER", "SINGLE_NGINX", "changed_elsewhere", "grave_findings")
