# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which process is a component's own, over a table of hosts."""

from __future__ import annotations

import dataclasses

import pytest

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.errors import UnsupportedState
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.failover_drill.event import ETCD
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.failover_drill.instance import find, running_process
from ansible_collections.kubeadm.ha.plugins.module_utils._ports.component_services import ComponentService
from ansible_collections.kubeadm.ha.plugins.module_utils._ports.processes import Process
from tests.unit.plugins.certificates import MemoryFiles
from tests.unit.plugins.module_utils._domain.failover_drill.values import (
    COMMAND,
    MANIFESTS,
    SCHEDULER,
    MemoryProcesses,
    MemoryServices,
    manifest,
    path_of,
    process,
    service,
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
    memory = MemoryProcesses(*processes)
    found = find(files, memory, MemoryServices(memory), SCHEDULER, manifests_dir=MANIFESTS)
    assert bool(found.problem) == bool(problem)
    assert problem in found.problem
    if problem:
        with pytest.raises(UnsupportedState, match="nothing was done to it"):
            running_process(found)
    else:
        assert running_process(found).pid == 7


UNIT = "kube-scheduler.service"
IN_BIN = process(f"/opt/kubernetes/bin/{SCHEDULER}")
SERVICES: list[tuple[str, list[ComponentService], list[Process], str]] = [
    ("it runs", [service(SCHEDULER)], [IN_BIN], ""),
    ("beside a process of nobody", [service(SCHEDULER)], [OTHER, IN_BIN], ""),
    ("frozen", [service(SCHEDULER)], [dataclasses.replace(IN_BIN, is_stopped=True)], "is stopped by a signal (PID 7)"),
    ("stopped", [service(SCHEDULER, 0, active="inactive")], [], f"does not run, {UNIT} is inactive"),
    ("failing", [service(SCHEDULER, 7, active="activating")], [IN_BIN], f"does not run, {UNIT} is activating"),
    ("another process", [service(SCHEDULER, 9)], [IN_BIN], f"does not run, {UNIT} is active"),
    ("not restarted", [service(SCHEDULER, 7, "--v=4")], [IN_BIN], f"with other arguments (PID 7) than {UNIT} has now"),
    ("a shell", [service(SCHEDULER, fault="It starts sh.")], [IN_BIN], "whose arguments are not certain (It starts sh)"),
    ("two", [service(SCHEDULER), service(SCHEDULER, 8, unit="other-kube-scheduler.service")], [IN_BIN, OTHER], "runs in 2 services"),
    ("neither", [], [IN_BIN], f"has no manifest {path_of(SCHEDULER)} and no service of systemd"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("services", "processes", "problem"), [case[1:] for case in SERVICES], ids=[case[0] for case in SERVICES]
)
def test_a_service_has_the_process_that_systemd_knows(
    services: list[ComponentService], processes: list[Process], problem: str
) -> None:
    memory = MemoryProcesses(*processes)
    known = MemoryServices(memory, *services)
    known.restarts = False
    known.find = lambda _component: list(known.known.values())  # type: ignore[method-assign]
    found = find(MemoryFiles({}), memory, known, SCHEDULER, manifests_dir=MANIFESTS)
    assert bool(found.problem) == bool(problem)
    assert problem in found.problem
    if not problem:
        assert (running_process(found).pid, found.unit, found.manifest) == (7, UNIT, "")
        assert found.arguments["leader-elect"] == "true"


def test_a_static_pod_counts_before_a_service() -> None:
    memory = MemoryProcesses(OWN)
    files = MemoryFiles({path_of(SCHEDULER): manifest(SCHEDULER)})
    found = find(files, memory, MemoryServices(memory, service(SCHEDULER)), SCHEDULER, manifests_dir=MANIFESTS)
    assert (found.manifest, found.unit, found.problem) == (path_of(SCHEDULER), "", "")


def test_a_member_of_etcd_may_be_a_service_or_elsewhere() -> None:
    memory = MemoryProcesses()
    found = find(MemoryFiles({}), memory, MemoryServices(memory, service(ETCD)), ETCD, manifests_dir=MANIFESTS)
    assert (found.unit, found.is_there, found.problem) == ("etcd.service", True, "")
    found = find(MemoryFiles({}), memory, MemoryServices(memory), ETCD, manifests_dir=MANIFESTS)
    assert (found.unit, found.is_there) == ("", False)
