# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role apiserver_haproxy writes what it wrote before its values were computed in Python, apart from the digest."""

from __future__ import annotations

import difflib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.haproxy_configurations import CASES, COMMON
from tests.integration.modules import COLLECTIONS
from tests.roles.balancer import NOTHING

PLAYBOOK = """\
- hosts: all
  gather_facts: false
  tasks:
    - ansible.builtin.include_role:
        name: kubeadm.ha.apiserver_haproxy
        tasks_from: inspect
    - ansible.builtin.copy:
        content: "{{ apiserver_haproxy_inspection.content }}"
        dest: "{{ destination }}/{{ inventory_hostname }}.cfg"
        mode: "0600"
    - ansible.builtin.copy:
        content: "{{ apiserver_haproxy_inspection | to_json }}"
        dest: "{{ destination }}/{{ inventory_hostname }}.json"
        mode: "0600"
"""


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with the file and the inspection of a host for each case, made by one run of the role's entry point."""
    directory = tmp_path_factory.mktemp("haproxy")
    hosts = {name: {**COMMON, **case.variables} for name, case in CASES.items()}
    common = {
        "ansible_connection": "local",
        "ansible_python_interpreter": sys.executable,
        "destination": str(directory),
        "apiserver_haproxy_seen": NOTHING,
    }
    (directory / "hosts.yml").write_text(json.dumps({"all": {"hosts": hosts, "vars": common}}))
    (directory / "play.yml").write_text(PLAYBOOK)
    command = [str(Path(sys.executable).with_name("ansible-playbook")), "--inventory", "hosts.yml", "play.yml"]
    environment = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS), "ANSIBLE_NOCOLOR": "true"}
    ended = subprocess.run(
        command, cwd=directory, env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return directory


@pytest.mark.parametrize("name", CASES)
def test_the_file_is_the_same(written: Path, name: str) -> None:
    inspection = json.loads((written / f"{name}.json").read_text())
    assert inspection["decision"]["problems"] == []
    text = (written / f"{name}.cfg").read_text()
    assert text.count(inspection["digest"]) == 1
    lines = text.replace(inspection["digest"], "DIGEST").splitlines(keepends=True)
    assert "".join(difflib.unified_diff(CASES[name].text.splitlines(keepends=True), lines)) == ""


def test_each_has_a_digest_of_its_own(written: Path) -> None:
    digests = {json.loads(path.read_text())["digest"] for path in written.glob("*.json")}
    assert len(digests) == len(CASES)
