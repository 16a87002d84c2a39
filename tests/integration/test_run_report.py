# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Progress, table and page of a run of ansible-playbook whose plays have the names, groups and tasks of those of kubeadm.ha.site."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import os
import re
import subprocess
import sys
import time
import typing as t
from pathlib import Path

import pytest
import yaml

from tests.integration.modules import COLLECTIONS, Modules
from tests.tools.environment import ROOT

BALANCED, JOINED = "Balance", "Join workers"
ENTRIES = [
    {
        "host": "lb1",
        "step": "balance",
        "object": "haproxy",
        "before": None,
        "after": "balances",
        "reason": "it is missing",
    },
    {
        "host": "w1",
        "step": "join",
        "object": "Node w1",
        "before": None,
        "after": "<b>worker</b>",
        "reason": "it has not joined",
    },
    {
        "host": "w2",
        "step": "join",
        "object": "Node w2",
        "before": None,
        "after": "worker",
        "reason": "it has not joined",
    },
]
GROUPS = {"lb1": ["kubeadm_ha_balance"], "w1": ["kubeadm_ha_join_workers"], "w2": ["kubeadm_ha_join_workers"]}
FINDING = {
    "id": "load-balancer.single",
    "object": "lb1",
    "severity": "critical",
    "summary": "<i>alone</i>",
    "remedy": "add one",
}


def audit(*findings: dict[str, t.Any], verdict: str) -> dict[str, t.Any]:
    """What of an audit the page shows."""
    part = {"name": "lb1", "roles": ["load balancer"], "verdict": verdict, "reasons": ["one"]}
    return {"verdict": verdict, "sentence": f"It is {verdict}.", "parts": [part], "findings": list(findings)}


@dataclasses.dataclass(frozen=True)
class Ended:
    """A run that has ended."""

    status: int
    output: str
    reports: Path

    @property
    def report(self) -> dict[str, t.Any]:
        """Its only report as data."""
        (path,) = self.reports.glob("*.json")
        return t.cast("dict[str, t.Any]", json.loads(path.read_text(encoding="utf-8")))

    @property
    def page(self) -> str:
        """Its only page."""
        (path,) = self.reports.glob("*.html")
        return path.read_text(encoding="utf-8")


def _play(name: str, group: str, tasks: list[dict[str, t.Any]], **more: t.Any) -> dict[str, t.Any]:
    """A play with the first and the last task that the playbooks have."""
    begin, end = (str(ROOT / "playbooks" / "tasks" / f"step_{word}.yml") for word in ("begins", "ends"))
    return {
        "name": name,
        "hosts": f"{{{{ groups.{group} | default([]) }}}}",
        "gather_facts": False,
        "any_errors_fatal": True,
        "pre_tasks": [{"ansible.builtin.import_tasks": begin}],
        "tasks": tasks,
        "post_tasks": [{"ansible.builtin.import_tasks": end}],
        **more,
    }


def run(
    directory: Path,
    *options: str,
    entries: t.Sequence[t.Mapping[str, t.Any]] = tuple(ENTRIES),
    fails: bool = False,
    is_reported: bool = True,
    variables: t.Mapping[str, t.Any] | None = None,
) -> Ended:
    """Play a plan; the second worker may fail in the middle of its step."""
    local = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable, **(variables or {})}
    (directory / "hosts.yml").write_text(
        yaml.safe_dump({"all": {"hosts": {name: {} for name in GROUPS}, "vars": local}}), encoding="utf-8"
    )
    reports = directory / "reports"
    planned = {"ansible.builtin.set_fact": {"preflight_plan": {"plan": {"entries": list(entries), "problems": []}}}}
    grouped = [
        {"ansible.builtin.add_host": {"name": name, "groups": ["kubeadm_ha_changing", *groups]}, "changed_when": False}
        for name, groups in GROUPS.items()
        if entries
    ]
    begin = {
        "kubeadm.ha.run_report": {
            "phase": "begin",
            "directory": str(reports),
            "plan": "{{ preflight_plan.plan }}",
            "audit": audit(FINDING, verdict="lost"),
        },
        "run_once": True,
        "register": "__kubeadm_ha_report",
    }
    named = {"ansible.builtin.add_host": {"name": "lb1", "groups": "kubeadm_ha_report"}, "changed_when": False}
    journal = {
        "ansible.builtin.set_fact": {
            "__kubeadm_ha_journal": {
                "journal": [
                    {
                        "object": "Node w1",
                        "module": "kubeadm_join",
                        "began": "2026-01-31T10:00:00.250+00:00",
                        "ended": "2026-01-31T10:00:01.750+00:00",
                        "is_done": True,
                    }
                ]
            }
        },
        "when": "inventory_hostname == 'w1'",
    }
    failing = {"ansible.builtin.fail": {"msg": "It does not join."}, "when": f"{fails} and inventory_hostname == 'w2'"}
    (unlock,) = yaml.safe_load((ROOT / "playbooks" / "unlock.yml").read_text(encoding="utf-8"))
    audited = {"audit_result": {"report": audit(verdict="survives")}}
    pause = {"ansible.builtin.wait_for": {"timeout": 1}, "run_once": True}
    plays = [
        {
            "name": "Inspect every host and build the plan",
            "hosts": "all",
            "gather_facts": False,
            "tasks": [planned, *grouped, *([named, begin] if is_reported else [])],
        },
        _play("Lock the hosts", "kubeadm_ha_changing", []),
        _play(BALANCED, "kubeadm_ha_balance", [pause], serial=1),
        _play(JOINED, "kubeadm_ha_join_workers", [failing], serial=[2]),
        # What the hosts are asked needs root; the report is the last task of the playbook.
        {**unlock, "become": False, "vars": audited, "tasks": [journal, unlock["tasks"][-1]]},
    ]
    (directory / "play.yml").write_text(yaml.safe_dump(plays, sort_keys=False), encoding="utf-8")
    program = str(Path(sys.executable).parent / "ansible-playbook")
    ended = subprocess.run(
        [program, "-i", str(directory / "hosts.yml"), str(directory / "play.yml"), *options],
        capture_output=True,
        text=True,
        env={**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS), "ANSIBLE_NOCOLOR": "true"},
        timeout=300,
        check=False,
    )
    return Ended(ended.returncode, f"{ended.stdout}\n{ended.stderr}", reports)


@pytest.fixture(scope="module", name="whole")
def _whole(tmp_path_factory: pytest.TempPathFactory) -> Ended:
    """A run that comes to its end, on workers with a limit of their own."""
    ended = run(tmp_path_factory.mktemp("whole"), variables={"worker_join_timeout": "{{ 40 + 2 }}"})
    assert ended.status == 0, ended.output
    return ended


def test_progress_says_which_step_and_how_long_it_waits_at_most(whole: Ended) -> None:
    shown = [line for line in whole.output.splitlines() if re.match(r"(?:\w+|All hosts): (?:step|lock)", line)]
    assert shown[:2] == [
        "All hosts: lock the hosts.",
        "lb1: step 1 of 1: balance (1 change); waits for haproxy to load its configuration at most 10 s.",
    ]
    assert sorted(shown[2:]) == [
        f"{name}: step 1 of 1: join workers (1 change); waits for each of discovery, TLS bootstrap and kubelet of kubeadm join at "
        "most 300 s and for the Node to be Ready at most 42 s."
        for name in ("w1", "w2")
    ]


def test_a_table_at_the_end_has_the_seconds_of_every_change(whole: Ended) -> None:
    lines = whole.output.partition("Report: 3 of 3 changes are done in ")[2].splitlines()
    rows = [line.split() for line in lines[1:5]]
    assert rows[0] == ["host", "step", "object", "seconds"]
    assert [row[:-1] for row in rows[1:]] == [
        ["lb1", "balance", "haproxy"],
        ["w1", "join", "Node", "w1"],
        ["w2", "join", "Node", "w2"],
    ]
    assert rows[2][-1] == "1.5", "by the journal"
    assert float(rows[1][-1].removeprefix("~")) >= 1.0, "by the step"


def test_the_page_and_its_data_have_all_of_it(whole: Ended) -> None:
    report = whole.report
    assert (report["state"], report["check_mode"]) == ("done", False)
    assert [item["outcome"] for item in report["entries"]] == ["done"] * 3
    assert [item["is_of_step"] for item in report["entries"]] == [True, False, True]
    for item in (*report["entries"], *report["steps"]):
        began, ended = (dt.datetime.fromisoformat(item[name]) for name in ("began", "ended"))
        assert item["seconds"] == pytest.approx((ended - began).total_seconds(), abs=0.002)
        assert 0 <= item["seconds"] < 120
    assert sorted((item["host"], item["play"]) for item in report["steps"]) == [
        *((name, play) for name, play in (("lb1", BALANCED), ("lb1", "Lock the hosts"))),
        *((name, play) for name in ("w1", "w2") for play in (JOINED, "Lock the hosts")),
    ]
    assert (report["before"]["verdict"], report["after"]["verdict"]) == ("lost", "survives")
    assert (report["before"]["plan"], report["after"]["plan"]) == (None, None)
    assert ([item["id"] for item in report["gone"]], report["new"]) == ([FINDING["id"]], [])
    assert {path.stat().st_mode & 0o777 for path in whole.reports.iterdir()} == {0o600}
    assert whole.reports.stat().st_mode & 0o777 == 0o700
    assert "&lt;b&gt;worker&lt;/b&gt;" in whole.page
    assert "<b>worker" not in whole.page
    assert "<i>alone" not in whole.page
    assert "3 of 3 changes are done" in whole.page


def test_nothing_is_changed_on_any_host(whole: Ended) -> None:
    recap = whole.output.partition("PLAY RECAP")[2]
    assert re.findall(r"changed=(\d+)", recap) == ["0"] * 3


def test_a_run_that_fails_leaves_what_happened_until_then(tmp_path: Path) -> None:
    ended = run(tmp_path, fails=True)
    assert ended.status != 0
    report = ended.report
    assert report["state"] == "begun"
    assert {item["host"]: item["outcome"] for item in report["entries"]} == {
        "lb1": "done",
        "w1": "begun",
        "w2": "begun",
    }
    assert (report["ended"], report["after"]) == (None, None)
    assert "The run has not come to its end: 1 of 3 changes are done." in ended.page
    assert "changes are done in" not in ended.output


def test_check_mode_reports_what_was_found_and_planned(tmp_path: Path) -> None:
    ended = run(tmp_path, "--check")
    assert ended.status == 0, ended.output
    assert (ended.report["state"], ended.report["steps"]) == ("checked", [])
    assert "Check mode: 3 changes would be made, none was." in ended.page
    assert "step 1 of 1" not in ended.output


def test_a_run_without_changes_says_so(tmp_path: Path) -> None:
    ended = run(tmp_path, entries=[])
    assert ended.status == 0, ended.output
    assert (ended.report["state"], ended.report["entries"]) == ("nothing to do", [])
    assert "There was nothing to be done." in ended.page
    assert "Progress" not in ended.output


def test_without_a_directory_there_is_a_table_and_no_file(tmp_path: Path) -> None:
    ended = run(tmp_path, is_reported=False)
    assert ended.status == 0, ended.output
    assert "Report: 3 of 3 changes are done in " in ended.output
    assert not ended.reports.exists()


def test_a_directory_that_cannot_be_made_is_a_warning(tmp_path: Path) -> None:
    (tmp_path / "reports").write_text("a file", encoding="utf-8")
    ended = run(tmp_path)
    assert ended.status == 0, ended.output
    assert "cannot be written" in ended.output
    assert "Report: 3 of 3 changes are done in " in ended.output


def test_reports_of_two_runs_do_not_replace_each_other(tmp_path: Path) -> None:
    began = time.time()
    for _number in range(2):
        assert run(tmp_path, entries=[]).status == 0
    names = sorted(path.name for path in (tmp_path / "reports").glob("*.json"))
    assert len(names) == 2, names
    assert all(re.fullmatch(r"run-\d{8}T\d{6}Z(-\d)?\.json", name) for name in names)
    day = dt.datetime.fromtimestamp(began, dt.UTC).strftime("%Y%m%d")
    assert names[0].startswith(f"run-{day}")


def test_in_a_play_that_is_none_of_a_run_nothing_is_kept(tmp_path: Path) -> None:
    modules = Modules(os.environ, tmp_path)
    for state in ("begun", "done"):
        result = modules.run_by_ansible("run_step", state=state)
        assert (result.get("failed", False), result["changed"], result["steps"]) == (False, False, [])


def test_a_report_of_nothing(tmp_path: Path) -> None:
    result = Modules(os.environ, tmp_path).run_by_ansible("run_report")
    assert (result.get("failed", False), result["changed"], result["lines"], result["file"]) == (False, False, [], "")


def test_a_report_that_begins_needs_a_directory(tmp_path: Path) -> None:
    result = Modules(os.environ, tmp_path).run_by_ansible("run_report", phase="begin")
    assert result["failed"] is True
    assert "phase is begin but all of the following are missing: directory" in result["msg"]


def test_an_audit_that_fails_costs_the_run_its_page_and_nothing_else(tmp_path: Path) -> None:
    """A host goes away after its inspection, of which nothing is left that could be judged: the run itself finds out what that means."""
    inspected, proved = (
        yaml.safe_load((ROOT / "playbooks" / f"{name}.yml").read_text("utf-8")) for name in ("inspect", "prove")
    )
    (before,) = (play for play in inspected if play["name"] == "Say what is lost with each part before the run")
    (after,) = (play for play in proved if play["name"] == "Say what is lost with each part after the run")
    (unlock,) = yaml.safe_load((ROOT / "playbooks" / "unlock.yml").read_text(encoding="utf-8"))
    named = {"name": "{{ item }}", "groups": ["kubeadm_ha_changing", "kubeadm_ha_report"]}
    plan = {"preflight_plan": {"plan": {"entries": ENTRIES, "problems": []}}}
    plays = [
        {
            "hosts": "all",
            "gather_facts": False,
            "tasks": [
                {"ansible.builtin.set_fact": plan},
                {"ansible.builtin.add_host": named, "loop": list(GROUPS), "changed_when": False},
            ],
        },
        before,
        {"hosts": "all", "gather_facts": False, "tasks": [{"ansible.builtin.debug": {"msg": "goes on"}}]},
        after,
        {**unlock, "tasks": [unlock["tasks"][-1]]},
    ]
    (tmp_path / "play.yml").write_text(yaml.safe_dump(plays, sort_keys=False), encoding="utf-8")
    away = {"ansible_connection": "ssh", "ansible_host": "127.0.0.9", "ansible_port": 1}
    local = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable, "ansible_become": False}
    hosts = {name: away if name == "lb1" else {} for name in GROUPS}
    groups = {"kube_load_balancer": {"hosts": hosts}, "all": {"vars": local}}
    (tmp_path / "hosts.json").write_text(json.dumps(groups), encoding="utf-8")
    ended = subprocess.run(
        [
            str(Path(sys.executable).parent / "ansible-playbook"),
            "-i",
            str(tmp_path / "hosts.json"),
            str(tmp_path / "play.yml"),
            "-e",
            f"kubeadm_ha_report_directory={tmp_path / 'reports'}",
        ],
        capture_output=True,
        text=True,
        env={**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS), "ANSIBLE_NOCOLOR": "true"},
        timeout=300,
        check=False,
    )
    printed = f"{ended.stdout}\n{ended.stderr}"
    assert ended.returncode == 0, printed
    assert printed.count('"msg": "goes on"') == len(GROUPS), printed
    (path,) = (tmp_path / "reports").glob("*.json")
    report = json.loads(path.read_text(encoding="utf-8"))
    assert (report["before"], report["after"], report["state"]) == (None, None, "done"), printed
    assert "Report: 0 of 3 changes are done" in printed
