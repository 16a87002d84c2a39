# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tasks that take secrets never put them into a temporary file of the host."""

from __future__ import annotations

import os
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest
import yaml

from tests.tools.environment import ROOT

_SECRETS = {"token", "certificate_key", "archive"}
_FILES = sorted((ROOT / "roles").glob("*/tasks/**/*.yml"))


def tasks(document: t.Any) -> t.Iterator[dict[str, t.Any]]:
    """Every task, also those in blocks."""
    for task in document or ():
        yield task
        for key in ("block", "rescue", "always"):
            yield from tasks(task.get(key))


def takes_secrets(task: t.Mapping[str, t.Any]) -> bool:
    """Whether an argument of the task's module is a secret."""
    return any(isinstance(value, dict) and _SECRETS & set(value) for key, value in task.items() if "." in key)


def test_every_task_with_a_secret_is_fed_by_pipelining() -> None:
    found = [task for path in _FILES for task in tasks(yaml.safe_load(path.read_text())) if takes_secrets(task)]
    assert {task["name"] for task in found} >= {"Join | This host", "Join | Bring them to this host"}
    assert [task["name"] for task in found if (task.get("vars") or {}).get("ansible_pipelining") is not True] == []


@pytest.mark.parametrize("delegated", ["", "    delegate_to: other\n"], ids=["here", "delegated"])
def test_the_variable_of_a_task_wins_over_the_configuration(tmp_path: Path, delegated: str) -> None:
    playbook = tmp_path / "play.yml"
    task = "  - ansible.builtin.ping:\n"
    play = f"- hosts: this\n  gather_facts: false\n  tasks:\n{task}{task}{delegated}    vars: {{ansible_pipelining: true}}\n"
    playbook.write_text(play, encoding="utf-8")
    command = [str(Path(sys.executable).with_name("ansible-playbook")), "-vvv", "-i", "this,other,", "-c", "local"]
    command += ["-e", f"ansible_python_interpreter={sys.executable}", str(playbook)]
    environment = {**os.environ, "ANSIBLE_PIPELINING": "False", "ANSIBLE_NOCOLOR": "True"}
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=True)
    assert [text for text in ("PUT", "Pipelining is enabled") if text in ended.stdout] == [
        "PUT",
        "Pipelining is enabled",
    ]
    assert ended.stdout.count(" PUT ") == 1
