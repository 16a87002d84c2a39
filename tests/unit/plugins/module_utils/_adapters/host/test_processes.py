# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""HostProcesses on real processes."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import subprocess
import time
import typing as t

import pytest

from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host.processes import HostProcesses

if t.TYPE_CHECKING:
    from pathlib import Path

    from ansible_collections.kubeadm.ha.plugins.module_utils._ports.processes import Process


@contextlib.contextmanager
def sleeping(directory: Path) -> t.Iterator[tuple[subprocess.Popen[bytes], Process]]:
    """A process with a name of its own, and what is found of it."""
    program = directory / "an-own-name (x) y"
    program.symlink_to("/bin/sleep")
    with subprocess.Popen([str(program), "300"]) as process:
        try:
            deadline = time.monotonic() + 10
            while not (found := HostProcesses().find(program.name)):
                assert time.monotonic() < deadline
            (one,) = found
            yield process, one
        finally:
            process.kill()


def awaited(process: Process, *, is_stopped: bool) -> None:
    deadline = time.monotonic() + 10
    while (found := HostProcesses().get(process.pid, process.started)) is None or found.is_stopped != is_stopped:
        assert time.monotonic() < deadline


def test_it_is_found_frozen_resumed_and_killed(tmp_path: Path) -> None:
    processes = HostProcesses()
    with sleeping(tmp_path) as (process, found):
        assert (found.pid, found.arguments[1:], found.is_stopped) == (process.pid, ("300",), False)
        processes.freeze(found)
        awaited(found, is_stopped=True)
        processes.resume(found)
        awaited(found, is_stopped=False)
        processes.kill(found)
        assert process.wait(timeout=10) == -9
    assert processes.get(found.pid, found.started) is None
    processes.kill(found)


def test_another_one_with_its_number_is_left_alone(tmp_path: Path) -> None:
    processes = HostProcesses()
    with sleeping(tmp_path) as (process, found):
        earlier = dataclasses.replace(found, started=found.started - 1)
        assert processes.get(earlier.pid, earlier.started) is None
        processes.kill(earlier)
        assert process.poll() is None


def test_one_that_has_ended_and_is_not_waited_for_is_none(tmp_path: Path) -> None:
    with sleeping(tmp_path) as (process, found):
        process.kill()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert HostProcesses().get(found.pid, found.started) is None


@pytest.mark.parametrize("content", [b"", b"1 (x) S"])
def test_an_odd_process_is_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "7").mkdir()
    (tmp_path / "7" / "cmdline").write_bytes(b"x\0")
    (tmp_path / "7" / "stat").write_bytes(content)
    (tmp_path / "8").mkdir()
    assert HostProcesses(str(tmp_path)).find("x") == []
