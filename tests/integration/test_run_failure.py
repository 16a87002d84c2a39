# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A failure in the middle of the step point reports what was changed, where the backup is, and what to run."""

from __future__ import annotations

import os
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest
import yaml

from tests.integration.modules import COLLECTIONS, Modules

ENDPOINT = "k8s.example.org:6443"
KUBECONFIG = """\
apiVersion: v1
kind: Config
current-context: a
contexts: [{name: a, context: {cluster: k, user: u}}]
clusters:
- name: k
  cluster:
    server: https://192.0.2.11:6443
users: []
"""


@pytest.fixture(name="playbook")
def _playbook(tmp_path: Path) -> Path:
    """Two hosts, one after the other: the kubeconfig of the second is gone."""
    first = tmp_path / "cp1.conf"
    first.write_text(KUBECONFIG, encoding="utf-8")
    hosts = {
        name: {"ansible_connection": "local", "ansible_python_interpreter": sys.executable} for name in ("cp1", "w1")
    }
    inventory = {"all": {"hosts": hosts, "vars": {"kubeadm_ha_endpoint": ENDPOINT}}}
    (tmp_path / "hosts.yml").write_text(yaml.safe_dump(inventory), encoding="utf-8")
    role = {"name": "kubeadm.ha.control_plane_endpoint", "tasks_from": "kubeconfigs"}
    given = [{"path": f"{tmp_path}/{{{{ inventory_hostname }}}}.conf", "server": f"https://{ENDPOINT}"}]
    point = {"control_plane_endpoint_kubeconfigs": given, "control_plane_endpoint_is_node": False}
    backup = {
        "name": "Back up",
        "hosts": "cp1",
        "gather_facts": False,
        "roles": [
            {
                "role": "kubeadm.ha.cluster_backup",
                "cluster_backup_directory": str(tmp_path / "backups"),
                "cluster_backup_extra_paths": [str(first)],
            }
        ],
    }
    pointing: dict[str, t.Any] = {
        "name": "Point",
        "hosts": "all",
        "serial": 1,
        "gather_facts": False,
        "any_errors_fatal": True,
        "tasks": [{"name": "Kubeconfigs", "ansible.builtin.include_role": role, "vars": point}],
    }
    after = {
        "name": "After",
        "hosts": "all",
        "gather_facts": False,
        "tasks": [{"ansible.builtin.debug": {"msg": "went on"}}],
    }
    path = tmp_path / "play.yml"
    path.write_text(yaml.safe_dump([backup, pointing, after], sort_keys=False), encoding="utf-8")
    return path


def run(playbook: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """ansible-playbook."""
    program = str(Path(sys.executable).parent / "ansible-playbook")
    return subprocess.run(
        [program, "-i", str(playbook.parent / "hosts.yml"), str(playbook), *options],
        capture_output=True,
        text=True,
        env={**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS), "ANSIBLE_NOCOLOR": "true"},
        timeout=300,
        check=False,
    )


def test_the_last_message_reports_everything(playbook: Path) -> None:
    ended = run(playbook)
    assert ended.returncode != 0
    assert "went on" not in ended.stdout
    reported = ended.stdout[ended.stdout.rindex("Report what was changed") :]
    (backup,) = (playbook.parent / "backups").iterdir()
    assert f"There is no kubeconfig {playbook.parent}/w1.conf" in reported
    assert f"The run had begun to point the cluster to {ENDPOINT}." in reported
    assert f"Changed so far: kubeconfig {playbook.parent}/cp1.conf on cp1." in reported
    assert f"What was there before is in {backup} on cp1." in reported
    assert "run kubeadm.ha.site again: it asks the serving API server by its own address" in reported
    assert f"server: https://{ENDPOINT}" in (playbook.parent / "cp1.conf").read_text(encoding="utf-8")


def test_check_mode_claims_no_change(playbook: Path) -> None:
    ended = run(playbook, "--check")
    assert ended.returncode != 0
    reported = ended.stdout[ended.stdout.rindex("Report what was changed") :]
    assert f"There is no kubeconfig {playbook.parent}/w1.conf" in reported
    assert "Changed so far" not in reported


def test_a_host_that_stops_because_of_another(tmp_path: Path) -> None:
    result = Modules(os.environ, tmp_path).run_by_ansible(
        "run_failure", purpose="to point the cluster", remedy="Run again.", registered=["made"], backup="kept"
    )
    assert result["failed"] is True
    assert result["msg"] == (
        "Stopped, because this step failed on another host. The run was to point the cluster, and had changed nothing there "
        "yet. Run again."
    )
