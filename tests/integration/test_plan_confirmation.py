# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whoever sits at a terminal is asked; nobody else is."""

from __future__ import annotations

import json
import os
import pty
import select
import signal
import subprocess
import sys
import time
import typing as t
from pathlib import Path

import pytest
import yaml

from tests.tools.environment import ROOT

MODULE = "plan_confirmation"
PLAY = """
- hosts: localhost
  gather_facts: false
  tasks:
    - name: Ask
      kubeadm.ha.{name}: {{changes: {changes}}}
    - name: Go on
      ansible.builtin.debug: {{msg: went on}}
"""
#: What the first page of a run does when its plan is there.
PAGE = """
- hosts: localhost
  gather_facts: false
  vars:
    preflight_plan:
      plan:
        hosts: [{{name: w1, groups: [], plan: {{}}}}]
        entries: {entries}
  tasks:
    - name: Prepare its plays
      ansible.builtin.import_role: {{name: kubeadm.ha.preflight, tasks_from: planned}}
    - name: Go on
      ansible.builtin.debug: {{msg: went on}}
"""
QUESTION, WENT_ON, REFUSED = "Carry out the plan", "went on", "Nothing was changed: the plan was not confirmed."
#: A test that waits longer waits for a question that does not come.
SECONDS = 60.0


def command(directory: Path, changes: int, *arguments: str) -> list[str]:
    return command_of(directory, PLAY.format(name=MODULE, changes=changes), *arguments)


def page(directory: Path, entries: list[str], *arguments: str) -> list[str]:
    """The role by which every run, and every way back, asks."""
    return command_of(directory, PAGE.format(entries=json.dumps(entries)), *arguments)


def command_of(directory: Path, text: str, *arguments: str) -> list[str]:
    play = directory / "play.yml"
    play.write_text(text, encoding="utf-8")
    program = str(Path(sys.executable).with_name("ansible-playbook"))
    return [program, "--inventory", "localhost,", "--connection", "local", str(play), *arguments]


def at_a_terminal(arguments: list[str], answer: str) -> tuple[int, str]:
    """Status and screen of a command; the answer is typed when it asks."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.execv(arguments[0], arguments)
    screen, deadline = "", time.monotonic() + SECONDS
    try:
        while time.monotonic() < deadline:
            if select.select([terminal], [], [], 1.0)[0]:
                screen += os.read(terminal, 4096).decode()
            elif "does:" in screen:
                # What is typed before Ansible reads is thrown away: it is typed when the screen is at rest, and again.
                os.write(terminal, f"{answer}\r".encode())
    except OSError:  # The command has ended.
        pass
    else:
        os.kill(pid, signal.SIGKILL)
    os.close(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), " ".join(screen.split())


@pytest.mark.parametrize(
    ("answer", "goes_on"), [("yes", True), ("YES", True), ("y", False), ("no", False), ("", False)]
)
def test_the_answer_decides(tmp_path: Path, answer: str, *, goes_on: bool) -> None:
    status, screen = at_a_terminal(command(tmp_path, 3), answer)
    assert QUESTION in screen
    assert (status == 0, WENT_ON in screen, REFUSED in screen) == (goes_on, goes_on, not goes_on)


@pytest.mark.parametrize(("changes", "arguments"), [(0, ()), (3, ("--check",))])
def test_nobody_is_asked_where_nothing_is_changed(tmp_path: Path, changes: int, arguments: tuple[str, ...]) -> None:
    status, screen = at_a_terminal(command(tmp_path, changes, *arguments), "")
    assert status == 0
    assert QUESTION not in screen
    assert WENT_ON in screen


def test_nobody_is_asked_without_a_terminal(tmp_path: Path) -> None:
    ended = subprocess.run(
        command(tmp_path, 3), stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=SECONDS, check=False
    )
    assert ended.returncode == 0, ended.stdout
    assert WENT_ON in ended.stdout


@pytest.mark.parametrize(("answer", "goes_on"), [("yes", True), ("no", False)])
def test_a_run_asks_with_kubeadm_ha_confirm(tmp_path: Path, answer: str, *, goes_on: bool) -> None:
    status, screen = at_a_terminal(page(tmp_path, ["certify", "join"], "-e", "kubeadm_ha_confirm=true"), answer)
    assert QUESTION in screen
    assert (status == 0, WENT_ON in screen, REFUSED in screen) == (goes_on, goes_on, not goes_on)


@pytest.mark.parametrize(
    ("entries", "arguments"),
    [
        (["certify"], ()),
        (["certify"], ("-e", "kubeadm_ha_confirm=false")),
        ([], ("-e", "kubeadm_ha_confirm=true")),
        (["certify"], ("-e", "kubeadm_ha_confirm=true", "-e", '{"preflight_stop": false}')),
        (["certify"], ("-e", "kubeadm_ha_confirm=true", "--check")),
    ],
    ids=["not asked for", "refused", "nothing to do", "a report", "check mode"],
)
def test_a_run_asks_nobody_otherwise(tmp_path: Path, entries: list[str], arguments: tuple[str, ...]) -> None:
    status, screen = at_a_terminal(page(tmp_path, entries, *arguments), "")
    assert status == 0, screen
    assert QUESTION not in screen
    assert WENT_ON in screen


def last_task(role: str, name: str) -> dict[str, t.Any]:
    """The last task of a file of a role's tasks."""
    tasks: list[dict[str, t.Any]] = yaml.safe_load((ROOT / "roles" / role / "tasks" / name).read_text(encoding="utf-8"))
    return tasks[-1]


@pytest.mark.parametrize("name", ["main.yml", "rollback.yml"])
def test_a_run_and_a_way_back_ask_as_the_last_thing_before_they_begin(name: str) -> None:
    assert last_task("preflight", name)["ansible.builtin.import_tasks"] == "planned.yml"


def test_the_page_of_a_run_and_that_of_a_way_back_begin_with_the_role() -> None:
    """Nothing has changed when the question comes: the locks are those of later plays."""
    for page_name, tasks_from in (("inspect.yml", "main"), ("rollback.yml", "rollback")):
        plays = yaml.safe_load((ROOT / "playbooks" / page_name).read_text(encoding="utf-8"))
        first = plays[0]["tasks"][0]
        role = first.get("ansible.builtin.import_role") or first.get("ansible.builtin.include_role") or {}
        assert (role.get("name"), role.get("tasks_from", "main")) == ("kubeadm.ha.preflight", tasks_from), page_name
