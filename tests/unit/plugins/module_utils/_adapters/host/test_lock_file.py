# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lock of a host as a file, and modules at work, by real processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import ansible_collections
import pytest

from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host.lock_file import HostLockFile

_WORKER = """
import subprocess, sys
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host.lock_file import HostLockFile
with HostLockFile(sys.argv[1]).at_work():
    child = subprocess.Popen(["sleep", "60"])
    print(child.pid, flush=True)
    sys.stdin.read()
child.kill()
"""
_TAKER = """
import sys
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host.clock import HostClock
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host.lock_file import HostLockFile
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.errors import UnsupportedState
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.host.lock import Owner, ensure
print(flush=True)
sys.stdin.readline()
try:
    ensure(HostLockFile(sys.argv[1]), HostClock(), Owner("c", int(sys.argv[2]), 1), dead=[], max_age=60)
    print("taken")
except UnsupportedState:
    print("refused")
"""


@pytest.fixture
def path(tmp_path: Path) -> str:
    """Where the lock is."""
    return str(tmp_path / "kubeadm-ha.lock")


def started(program: str, *arguments: str) -> subprocess.Popen[str]:
    """A process that has come to its first line of output."""
    roots = os.pathsep.join(str(Path(item).parent) for item in ansible_collections.__path__)
    return subprocess.Popen(
        [sys.executable, "-c", program, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": roots},
    )


def test_of_several_runs_at_once_one_takes_it(path: str) -> None:
    runs = [started(_TAKER, path, str(number)) for number in range(1, 7)]
    for run in runs:
        assert run.stdout is not None
        run.stdout.readline()
    # All of them begin now.
    for run in runs:
        assert run.stdin is not None
        run.stdin.write("\n")
        run.stdin.flush()
    reported = sorted(run.communicate()[0].strip() for run in runs)
    assert reported == [*["refused"] * 5, "taken"]


def test_a_killed_module_is_at_work_no_more_and_a_living_one_is(path: str) -> None:
    lock = HostLockFile(path)
    assert not lock.is_at_work()
    worker = started(_WORKER, path)
    assert worker.stdout is not None
    child = int(worker.stdout.readline())
    try:
        assert lock.is_at_work()
        worker.kill()
        worker.wait()
        # What it has started does not inherit the lock: kubeadm is searched for by its name.
        assert not lock.is_at_work()
    finally:
        os.kill(child, signal.SIGKILL)


def test_two_modules_may_work_at_once(path: str) -> None:
    lock = HostLockFile(path)
    with lock.at_work():
        with lock.at_work():
            assert lock.is_at_work()
        assert lock.is_at_work()
    assert not lock.is_at_work()


def test_work_is_a_sign_of_life(path: str) -> None:
    lock = HostLockFile(path)
    assert not lock.is_held()
    with lock.alone():
        lock.write(b"{}")
    assert lock.is_held()
    os.utime(path, (1000, 1000))
    assert lock.read() == (b"{}", 1000.0)
    with lock.at_work():
        began = lock.read()[1]
    assert 1000.0 < began <= lock.read()[1]
    assert Path(path).stat().st_mode & 0o777 == 0o600


def test_a_host_without_that_directory_is_no_hindrance_to_work() -> None:
    lock = HostLockFile("/nonexistent/kubeadm-ha.lock")
    with lock.at_work():
        assert not lock.is_at_work()
    assert lock.read() == (None, 0.0)
