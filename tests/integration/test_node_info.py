# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""node_info and node_decision as they run on this machine: nothing is changed, and one parses what the other reports."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.node.report import NodeReport
from tests.integration import processes
from tests.integration.modules import Modules

if t.TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(name="modules")
def _modules(binaries: Path, tmp_path: Path) -> Modules:
    """A host that has the standard library only."""
    return Modules(processes.environment(binaries), tmp_path, ("yaml", "cryptography", "kubernetes"))


def test_check_inspect_check_inspect(modules: Modules, binaries: Path) -> None:
    for check in (True, False, True, False):
        found = modules.run("node_info", check=check)
        assert found["changed"] is False
        report = NodeReport.from_dict("this", found["node"])
        assert report.programs["kubeadm"].path == str(binaries / "kubeadm")
        assert report.programs["kubeadm"].version.startswith("v1.")
        assert set(report.modules) == {"overlay", "br_netfilter"}
        assert report.sysctls["net.ipv4.ip_forward"].now in ("0", "1")
        assert report.identity.clock > 0
