# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which process is a component's own, over a table of hosts."""

from __future__ import annotations

import pytest

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.errors import UnsupportedState
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.failover_drill.instance import find, running_process
from ansible_collections.kubeadm.ha.plugins.module_utils._ports.processes import Process
from tests.unit.plugins.certificates import MemoryFiles
from tests.unit.plugins.module_utils._domain.failover_drill.values import (
    COMMAND,
    MANIFESTS,
    SCHEDULER,
    MemoryProcesses,
    manifest,
    path_of,
    process,
)

OWN = process(SCHEDULER)
OTHER = process(SCHEDULER, 8, "--kubeconfig=/of/another/cluster.conf")
CASES: list[tuple[str, bytes | None, list[Process], str]] = [
    ("it runs", manifest(SCHEDULER), [OWN], ""),
    ("in another directory", manifest(SCHEDULER), [process(f"/usr/local/bin/{SCHEDULER}")], ""),
    ("beside another cluster's", manifest(SCHEDULER), [OTHER, OWN], ""),
    ("frozen", manifest(SCHEDULER), [process(SCHEDULER, is_stopped=True)], "has a process that is stopped by a signal (PID 7)"),
    ("no manifest", None, [OWN], f"has no manifest {path_of(SCHEDULER)}"),
    ("no manifest of a pod", b"kind: Pod\n", [OWN], "cannot be read"),
    ("only another cluster's", manifest(SCHEDULER), [OTHER], "has no process with the command line of"),
    ("one flag more", manifest(SCHEDULER), [process(SCHEDULER, 7, *COMMAND, "--v=4")], "has no process with the command line of"),
    ("nothing runs", manifest(SCHEDULER), [], "has no process with the command line of"),
    ("two alike", manifest(SCHEDULER), [OWN, process(SCHEDULER, 9)], "has 2 processes of the same command line (PIDs 7, 9)"),
    ("a variable", manifest(SCHEDULER, "--bind-address=$(IP)"), [process(SCHEDULER, 7, "--bind-address=192.0.2.1")], ""),
]  # fmt: skip


@pytest.mark.parametrize(
    ("content", "processes", "problem"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_a_process_is_its_own_or_none_is(content: bytes | None, processes: list[Process], problem: str) -> None:
    files = MemoryFiles({} if content is None else {path_of(SCHEDULER): content})
    found = find(files, MemoryProcesses(*processes), SCHEDULER, manifests_dir=MANIFESTS)
    assert bool(found.problem) == bool(problem)
    assert problem in found.problem
    if problem:
        with pytest.raises(UnsupportedState, match="nothing was done to it"):
            running_process(found)
    else:
        assert running_process(found).pid == 7
