# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A role by its full name in somebody's own play, with the role's variables and none of the collection's."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import sys
import typing as t

import pytest

from tests.scenarios.playbook import run_playbook

if t.TYPE_CHECKING:
    from pathlib import Path

    from tests.scenarios.playbook import Run

VARIABLES = {
    "apiserver_haproxy_endpoint": "192.0.2.10:6443",
    "apiserver_haproxy_backends": [{"name": "cp1", "address": "192.0.2.11"}],
    "apiserver_haproxy_ca_certificate": "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n",
}

#: ufw with rules in a file: what the modules ask it, in the form of ufw 0.36.2.
UFW = """\
#!/bin/sh
case "$1" in
--version) echo 'ufw 0.36.2' ;;
status) printf 'Status: active\\nDefault: deny (incoming), allow (outgoing), disabled (routed)\\n\\n'; cat '{rules}' ;;
--dry-run) echo "### tuple ### $*" ;;
*)
  while [ $# -gt 0 ]; do
    case "$1" in delete) delete=1 ;; from) from=$2 ;; port) port=$2 ;; proto) protocol=$2 ;; comment) comment="  # $2" ;; esac
    shift
  done
  # As ufw shows a rule: with the protocol behind whom it lets in where there is no port.
  [ "$from" != any ] || from=Anywhere
  to=Anywhere
  if [ -n "$port" ]; then to=$port/$protocol; else [ "$from" != Anywhere ] || to=Anywhere/$protocol; from=$from/$protocol; fi
  row="$to  ALLOW IN  $from"
  if [ -n "$delete" ]; then grep -Ev "^$row(  #|$)" '{rules}' >'{rules}.new'; mv '{rules}.new' '{rules}'
  elif ! grep -Eq "^$row(  #|$)" '{rules}'; then echo "$row$comment" >>'{rules}'; fi
esac
"""


def run_tasks(directory: Path, tasks: list[dict[str, t.Any]], *arguments: str, **variables: t.Any) -> Run:
    """A play of these tasks on this machine, whose programs are those of ``bin`` in the directory first."""
    play = {
        "hosts": "localhost",
        "connection": "local",
        "gather_facts": False,
        "environment": {"PATH": f"{directory}/bin:{os.environ['PATH']}"},
        "tasks": tasks,
    }
    playbook = directory / "own.yml"
    playbook.write_text(json.dumps([play]), encoding="utf-8")
    run = run_playbook(
        str(playbook), inventories=[], record=directory / "run.jsonl", arguments=arguments, variables=variables
    )
    assert run.status == 0, run.output
    return run


def program(directory: Path, name: str, script: str) -> None:
    """A program that the play finds before the machine's own."""
    path = directory / "bin" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(script, encoding="utf-8")
    path.chmod(0o755)


def test_the_role_needs_no_variable_of_the_collection(tmp_path: Path) -> None:
    inspect = {"name": "kubeadm.ha.apiserver_haproxy", "tasks_from": "inspect"}
    run = run_tasks(tmp_path, [{"ansible.builtin.include_role": inspect, "vars": VARIABLES}])
    assert "kubeadm.ha.load_balancer_decision" in {result["action"] for result in run.results}


def test_a_firewall_is_opened_once(tmp_path: Path) -> None:
    """Check, apply, check, apply. Molecule has the real ones."""
    rules = tmp_path / "rules"
    rules.write_text("2379/tcp  ALLOW IN  192.0.2.0/24  # somebody's\n", encoding="utf-8")
    program(tmp_path, "firewall-cmd", "#!/bin/sh\nexit 252\n")
    program(tmp_path, "ufw", UFW.format(rules=rules))
    variables = {
        "host_firewall_ports": [
            {"port": 2379},
            {"port": 2380, "comment": "etcd peers"},
            {"port": 8472, "protocol": "udp"},
        ],
        "host_firewall_protocols": [{"protocol": "vrrp"}],
    }
    tasks = [{"ansible.builtin.include_role": {"name": "kubeadm.ha.host_firewall"}, "vars": variables}]
    before = rules.read_text(encoding="utf-8")
    # Ports are one task, protocols another.
    assert len(run_tasks(tmp_path, tasks, "--check").changed) == 2
    assert rules.read_text(encoding="utf-8") == before
    assert len(run_tasks(tmp_path, tasks).changed) == 2
    assert rules.read_text(encoding="utf-8").removeprefix(before).splitlines() == [
        "2380/tcp  ALLOW IN  Anywhere  # etcd peers",
        "8472/udp  ALLOW IN  Anywhere",
        "Anywhere/vrrp  ALLOW IN  Anywhere/vrrp",
    ]
    after = rules.read_text(encoding="utf-8")
    assert run_tasks(tmp_path, tasks, "--check").changed == []
    assert run_tasks(tmp_path, tasks).changed == []
    assert rules.read_text(encoding="utf-8") == after


def test_what_was_open_to_everybody_is_left_to_some(tmp_path: Path) -> None:
    """Check, apply, check, apply, on rules that an earlier run has written without sources."""
    rules = tmp_path / "rules"
    kept = "22/tcp  ALLOW IN  Anywhere\n2370:2390/udp  ALLOW IN  Anywhere\n"
    before = f"{kept}2380/tcp  ALLOW IN  Anywhere  # etcd peers\nAnywhere/vrrp  ALLOW IN  Anywhere/vrrp\n"
    rules.write_text(before, encoding="utf-8")
    program(tmp_path, "firewall-cmd", "#!/bin/sh\nexit 252\n")
    program(tmp_path, "ufw", UFW.format(rules=rules))
    variables = {
        "host_firewall_ports": [{"port": 2380, "comment": "etcd peers", "sources": ["192.0.2.31", "192.0.2.32"]}],
        "host_firewall_protocols": [{"protocol": "vrrp", "sources": ["192.0.2.12"]}],
    }
    tasks = [{"ansible.builtin.include_role": {"name": "kubeadm.ha.host_firewall"}, "vars": variables}]
    # Opening and closing are tasks of their own, of ports and of protocols.
    assert len(run_tasks(tmp_path, tasks, "--check").changed) == 4
    assert rules.read_text(encoding="utf-8") == before
    assert len(run_tasks(tmp_path, tasks).changed) == 4
    after = rules.read_text(encoding="utf-8")
    assert after.removeprefix(kept).splitlines() == [
        "2380/tcp  ALLOW IN  192.0.2.31  # etcd peers",
        "2380/tcp  ALLOW IN  192.0.2.32  # etcd peers",
        "Anywhere  ALLOW IN  192.0.2.12/vrrp",
    ]
    assert run_tasks(tmp_path, tasks, "--check").changed == []
    assert run_tasks(tmp_path, tasks).changed == []
    assert rules.read_text(encoding="utf-8") == after


def test_nothing_is_opened_where_no_firewall_runs(tmp_path: Path) -> None:
    for name in ("firewall-cmd", "ufw"):
        program(tmp_path, name, "#!/bin/sh\nexit 1\n")
    variables = {"host_firewall_ports": [{"port": 2379}]}
    tasks = [{"ansible.builtin.include_role": {"name": "kubeadm.ha.host_firewall"}, "vars": variables}]
    run = run_tasks(tmp_path, tasks)
    assert run.changed == []
    assert "kubeadm.ha.host_firewall_info" in {result["action"] for result in run.results}


@pytest.mark.parametrize("is_enabled", [True, False])
def test_a_policy_module_comes_from_the_calling_role(tmp_path: Path, *, is_enabled: bool) -> None:
    """In check mode: this machine is left alone, whatever runs on it. tests/roles has an enforcing kernel."""
    for folder, text in (("tasks/main.yml", ""), ("files/own.cil", "; nothing\n"), ("files/known.cil", "; nothing\n")):
        path = tmp_path / "roles" / "own" / folder
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    variables = {"host_selinux_modules": ["own", "known"], "host_selinux_relabel": ["/var/lib/own"]}
    include = {"ansible.builtin.include_role": {"name": "kubeadm.ha.host_selinux"}, "vars": variables}
    (tmp_path / "roles/own/tasks/main.yml").write_text(json.dumps([include]), encoding="utf-8")
    program(tmp_path, "semodule", "#!/bin/sh\nprintf 'known\\t1.0\\n'\n")
    run = run_tasks(
        tmp_path,
        [{"ansible.builtin.include_role": {"name": "own"}}],
        "--check",
        __host_selinux_state_file=str(tmp_path / ("own.yml" if is_enabled else "missing")),
        __host_selinux_program=str(tmp_path / "bin" / "semodule"),
        __host_selinux_directory=str(tmp_path / "selinux"),
    )
    changed = [result["task"].rpartition(" : ")[2] for result in run.changed]
    assert changed[:2] == (["Modules | Make a folder for them", "Modules | Copy them"] if is_enabled else [])
    assert not (tmp_path / "selinux").exists()


def test_a_host_that_cannot_be_asked_is_not_taken_out_of_the_cluster(tmp_path: Path) -> None:
    """It has neither the library cryptography nor openssl: in check mode kubeadm_reset predicts there and inspects nothing."""
    interpreter = tmp_path / "python3"
    # Modules search for programs in the usual places, too, but pass over what nobody may execute.
    user = () if os.geteuid() == 0 else ("--map-root-user",)
    hidden = shlex.join(["mount", "--bind", "/dev/null", shutil.which("openssl") or "/none"])
    script = f'{hidden} 2>/dev/null; exec {shlex.quote(sys.executable)} -I -S "$@"'
    private = shlex.join(["unshare", *user, "--mount", "sh", "-c", script, "sh"])
    interpreter.write_text(f'#!/bin/sh\nexec {private} "$@"\n', encoding="utf-8")
    interpreter.chmod(0o755)
    variables = {
        "control_plane_join_serving": "localhost",
        "control_plane_join_node_name": "cp2",
        "control_plane_join_reset": {
            "node_name": "cp2",
            "addresses": ["192.0.2.12"],
            "member_id": "a1",
            "certificates_dir": "/etc/kubernetes/pki",
            "cri_socket": "",
            "ca_cert_hashes": [f"sha256:{'0' * 64}"],
            "replaceable_files": [],
        },
    }
    role = {"name": "kubeadm.ha.control_plane_join", "tasks_from": "repair"}
    repair = {"ansible.builtin.include_role": role, "vars": variables}
    tasks = [{"block": [repair], "rescue": [{"ansible.builtin.meta": "noop"}]}]
    run = run_tasks(tmp_path, tasks, ansible_python_interpreter=str(interpreter))
    assert [result["action"] for result in run.results if result["action"].startswith("kubeadm.ha.")] == [
        "kubeadm.ha.kubeadm_reset"
    ], run.output
    assert len(run.failures) == 1
    assert "Inspect whether the host itself has an objection" in next(
        result["task"] for result in run.results if result["status"] != "ok"
    )
