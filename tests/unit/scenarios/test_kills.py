# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs of a real ansible-playbook on this machine that are killed: where, and who dies with them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.scenarios.kills import Boundary, at_new_boundary, boundaries
from tests.scenarios.playbook import end_run, kill_playbook, run_playbook

#: One host has a task that lasts; a play has batches, another one no hosts.
PLAYS = """
- name: First
  hosts: all
  gather_facts: false
  tasks:
    - ansible.builtin.ping:
- name: Nobody
  hosts: "{{ groups.nobody | default([]) }}"
  gather_facts: false
  tasks:
    - ansible.builtin.ping:
- name: First
  hosts: all
  gather_facts: false
  tasks:
    - ansible.builtin.ping:
- name: In batches
  hosts: all
  serial: 1
  gather_facts: false
  tasks:
    - ansible.builtin.command: {cmd: "sleep {{ seconds }}"}
"""
SEEN = [
    Boundary("First"),
    Boundary("First", occurrence=2),
    Boundary("In batches", ("one",)),
    Boundary("In batches", ("two",)),
]


@pytest.fixture
def inventory(tmp_path: Path) -> Path:
    """Two hosts that are this machine."""
    path = tmp_path / "hosts.yml"
    path.write_text(
        json.dumps(
            {
                "all": {
                    "vars": {"ansible_connection": "local", "ansible_python_interpreter": sys.executable},
                    "hosts": {"one": {}, "two": {}},
                }
            }
        )
    )
    (tmp_path / "plays.yml").write_text(PLAYS)
    return path


def test_the_boundaries_of_a_run_are_those_of_its_plays_with_hosts(inventory: Path, tmp_path: Path) -> None:
    run = run_playbook(
        str(tmp_path / "plays.yml"),
        inventories=[inventory],
        record=tmp_path / "run.jsonl",
        variables={"seconds": 0},
    )
    assert run.status == 0, run.output
    assert boundaries(run.records) == SEEN


def test_a_run_is_killed_at_each_boundary_in_turn(inventory: Path, tmp_path: Path) -> None:
    visited: list[Boundary] = []
    while len(visited) < 9:
        run = kill_playbook(
            str(tmp_path / "plays.yml"),
            inventories=[inventory],
            record=tmp_path / f"{len(visited)}.jsonl",
            variables={"seconds": 0.2},
            when=at_new_boundary(visited),
        )
        if run.status == 0:
            break
        assert run.status == -signal.SIGKILL, run.output
        visited.append(next(found for found in boundaries(run.records) if found not in visited))
    assert visited == SEEN


def test_a_run_that_is_killed_after_some_seconds_leaves_no_process(inventory: Path, tmp_path: Path) -> None:
    seconds = f"{time.time():.6f}"
    run = kill_playbook(
        str(tmp_path / "plays.yml"),
        inventories=[inventory],
        record=tmp_path / "run.jsonl",
        variables={"seconds": seconds},
        when=lambda line: line.get("hosts") == ["one"],
        after=2.5,
    )
    assert run.status == -signal.SIGKILL, run.output
    # Its workers have sessions of their own.
    deadline = time.monotonic() + 5
    while (left := processes_with(seconds)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert left == []


def processes_with(text: str) -> list[str]:
    """Command lines that hold a text."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_text(errors="replace")
        except OSError:
            continue
        if text in words:
            found.append(words)
    return found


def test_children_with_sessions_of_their_own_and_kept_connections_end(tmp_path: Path) -> None:
    master = subprocess.Popen(["bash", "-c", f"exec -a 'ssh: {tmp_path}/0a1b [mux]' sleep 61"], start_new_session=True)
    other = subprocess.Popen(["bash", "-c", "exec -a 'ssh: /elsewhere/0a1b [mux]' sleep 61"], start_new_session=True)
    run = subprocess.Popen(["bash", "-c", "setsid sleep 62 & setsid bash -c 'sleep 63; true' & wait"], text=True)
    try:
        deadline = time.monotonic() + 5
        while len(descendants(run.pid)) < 3 and time.monotonic() < deadline:
            time.sleep(0.02)
        family = descendants(run.pid)
        assert len(family) >= 3
        end_run(run.pid, [tmp_path])
        assert run.wait(5) == -signal.SIGKILL
        assert master.wait(5) == -signal.SIGKILL
        assert not [pid for pid in family if is_alive(pid)]
        assert other.poll() is None
    finally:
        for process in (master, other, run):
            process.kill()
            process.wait()


def descendants(process: int) -> list[int]:
    """Process ids of everything below a process."""
    listed = subprocess.run(["ps", "-eo", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
    parents = [tuple(map(int, line.split())) for line in listed.splitlines()]
    found = [process]
    for each in found:
        found += [pid for pid, parent in parents if parent == each]
    return found[1:]


def is_alive(process: int) -> bool:
    """Whether a process runs; one that is dead and not yet waited for does not."""
    try:
        os.kill(process, 0)
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
