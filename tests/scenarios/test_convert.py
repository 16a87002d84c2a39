# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The acceptance of the main job, on a real cluster. One story runs once; each test holds a part of it.

Everything is proved with kubectl, openssl, etcdctl, curl and ss, not with the collection's own modules.
"""

from __future__ import annotations

import base64
import dataclasses
import datetime
import json
import re
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.prober.results import ScenarioResults
from tests.scenarios.audited import SINGLE_BALANCER
from tests.scenarios.by_hand import closed_port
from tests.scenarios.cluster import ADMIN, PROJECT, Lab
from tests.scenarios.convert import (
    Conversion,
    api_server_started,
    changed_hosts,
    etcd_members,
    new_results,
    old_endpoint_traces,
    ready_nodes,
    wait_until,
)
from tests.scenarios.kubeadm_state import State, differences
from tests.scenarios.plan_and_run import changed_objects, different_values, planned_objects
from tests.scenarios.playbook import Run, run_playbook
from tests.scenarios.secret_values import hexadecimal_keys
from tests.scenarios.shape import PLAIN

BAD_INPUTS: list[tuple[str, Mapping[str, Any], str]] = [
    ("no endpoint", {"kubeadm_ha_endpoint": ""}, "kubeadm_ha_endpoint is not set"),
    ("endpoint without a port", {"kubeadm_ha_endpoint": "k8s.example.org"}, "has no port"),
    ("endpoint that is none", {"kubeadm_ha_endpoint": "k8s example:6443"}, "is not an endpoint"),
    ("port out of range", {"kubeadm_ha_endpoint": "k8s.example.org:70000"}, "from 1 to 65535"),
    ("unknown load balancer", {"kubeadm_ha_load_balancer": "f5"}, "kubeadm_ha_load_balancer is 'f5'"),
    ("no such group", {"kubeadm_ha_control_plane_group": "masters"}, "The group masters is empty"),
    ("no balancer host", {"kubeadm_ha_load_balancer_group": "nobody"}, "the group nobody is empty"),
    ("control plane as worker", {"kubeadm_ha_node_group": "kube_control_plane"}, "is in both"),
    ("broken SAN", {"kubeadm_ha_extra_sans": ["not a name"]}, "kubeadm_ha_extra_sans"),
    ("endpoint of a control plane", {"kubeadm_ha_endpoint": "{old}"}, "is the API server of cp1 itself"),
    ("endpoint elsewhere", {"kubeadm_ha_endpoint": "198.51.100.9:6443"}, "is not an address of any load balancer"),
    ("nodes left out", {"kubeadm_ha_node_group": "spare"}, "kubeadm_ha_unmanaged_nodes"),
]


@dataclasses.dataclass
class Story:
    """What was seen, in the order in which it happened."""

    conversion: Conversion
    refusals: dict[str, Run]
    firewalled: Run
    check: Run
    changed_by_check: list[str]
    converted: Run
    reports: Path
    api_server_starts: tuple[str, str]
    again: Run
    others: dict[str, Run]
    traces: list[str]
    worker: Run
    secrets: set[str]
    service_failures: dict[str, int]
    ready_after_loss: set[str]
    all_nodes: set[str]
    observations: dict[str, Any]
    findings: Mapping[str, list[str]]

    @property
    def lab(self) -> Lab:
        """The lab in which it happened."""
        return self.conversion.lab

    @property
    def results(self) -> ScenarioResults:
        """What was measured."""
        return self.conversion.results


@pytest.fixture(scope="module")
def story() -> Iterator[Story]:
    """Run the whole story once."""
    with new_results() as results, Lab("convert", name="convert") as lab:
        results.add_step("before state", lab.up_seconds)
        conversion = Conversion(lab, results)
        refusals = {label: _refused(conversion, label, variables) for label, variables, _expected in BAD_INPUTS}
        with closed_port(lab, "cp2", 2380):
            firewalled = conversion.run("firewalled")
        reports = conversion.work / "reports"
        shutil.rmtree(reports, ignore_errors=True)
        reported = ("-e", f"kubeadm_ha_report_directory={reports}")
        check, changed_by_check = conversion.check(*reported)
        started = api_server_started(lab)
        converted, _log = conversion.convert(*reported)
        assert converted.status == 0, converted.output[-6000:]
        starts = (started, api_server_started(lab))
        again = conversion.again()
        assert conversion.run("again-reported", *reported).status == 0
        others = {name: conversion.run(name, playbook=name) for name in ("verify", "backup")}
        findings = conversion.findings()
        traces = old_endpoint_traces(conversion)
        observations = _collect(conversion)
        worker, secrets = conversion.add_worker()
        assert worker.status == 0, worker.output[-6000:]
        observations["secrets after"] = _leftovers(lab)
        all_nodes = {item["metadata"]["name"] for item in lab.objects("nodes")["items"]}
        failures = conversion.lose_first_control_plane()
        yield Story(
            conversion=conversion,
            refusals=refusals,
            firewalled=firewalled,
            check=check,
            changed_by_check=changed_by_check,
            converted=converted,
            reports=reports,
            api_server_starts=starts,
            again=again,
            others=others,
            traces=traces,
            worker=worker,
            secrets=secrets,
            service_failures=failures,
            ready_after_loss=ready_nodes(lab, node="cp2"),
            all_nodes=all_nodes,
            observations=observations,
            findings=findings,
        )
        print(results.table())


def _refused(conversion: Conversion, label: str, variables: Mapping[str, Any]) -> Run:
    filled = {name: conversion.old if value == "{old}" else value for name, value in variables.items()}
    return run_playbook(
        "kubeadm.ha.site",
        inventories=[conversion.lab.inventory],
        record=conversion.work / f"refused-{label.replace(' ', '-')}.jsonl",
        variables=filled,
    )


def _leftovers(lab: Lab) -> list[str]:
    items = lab.objects("secrets", "--namespace=kube-system")["items"]
    return [
        item["metadata"]["name"]
        for item in items
        if item["metadata"]["name"] == "kubeadm-certs"
        or b"kubeadm.ha" in _decoded(item, "description")
        or b"kubeadm-certs" in _decoded(item, "description")
    ]


def _decoded(secret: Mapping[str, Any], key: str) -> bytes:
    return base64.b64decode((secret.get("data") or {}).get(key, ""))


def _collect(conversion: Conversion) -> dict[str, Any]:
    """Inspect the converted cluster with the field's own tools."""
    lab = conversion.lab
    wait_until(lambda: ready_nodes(lab) >= set(PLAIN.nodes), seconds=60, what="all nodes Ready")
    service = f"http://{conversion.service}/"
    certificate = (
        f"openssl s_client -connect {conversion.endpoint} -CAfile /etc/kubernetes/pki/ca.crt -verify_return_error "
        f"-verify_ip {conversion.endpoint.rpartition(':')[0]} </dev/null"
    )
    return {
        "nodes": lab.objects("nodes")["items"],
        "ready": ready_nodes(lab),
        "members": etcd_members(lab),
        "readyz": lab.kubectl("get", "--raw=/readyz", server=f"https://{conversion.endpoint}"),
        "server in admin.conf": lab.shell("cp2", f"grep server: {ADMIN}").split()[-1],
        "certificate": lab.shell("w1", certificate + " 2>&1"),
        "service": {node: lab.run(node, "curl", "-sf", "-m", "5", service) for node in PLAIN.nodes},
        "dns": lab.objects("pods", "--namespace=kube-system", "--selector=k8s-app=kube-dns")["items"],
        "state": conversion.state(),
        "journals": {
            name: lab.shell(name, "cat /var/lib/kubeadm-ha/journal.jsonl", check=False) for name in PLAIN.hosts
        },
        "backups": lab.shell("cp1", "find /var/backups/kubeadm-ha -printf '%m %u %P\\n'"),
    }


@pytest.mark.parametrize(
    ("label", "expected"), [(row[0], row[2]) for row in BAD_INPUTS], ids=[row[0] for row in BAD_INPUTS]
)
def test_bad_input_is_refused_before_any_change(story: Story, label: str, expected: str) -> None:
    run = story.refusals[label]
    assert run.status != 0
    assert not run.changed
    assert any(expected in message for message in run.failures), run.failures


def test_a_firewall_between_control_planes_is_seen_before_any_change(story: Story) -> None:
    assert story.firewalled.status != 0
    assert not story.firewalled.changed
    (expected,) = story.firewalled.failures
    assert "cp1 and cp3 cannot reach cp2" in expected
    assert "on TCP 2380 (etcd's members: no answer): open TCP 2380 on cp2 for cp1 and cp3" in expected
    assert expected.count("cannot reach") == 1


def test_refusals_and_check_mode_change_nothing(story: Story) -> None:
    assert story.check.status == 0, story.check.output[-6000:]
    assert story.changed_by_check == []


def test_check_mode_would_change_the_hosts_of_its_plan(story: Story) -> None:
    # The modules of these hosts cannot determine what they would change before the run has brought their libraries;
    # test_killed_joins compares what they report.
    assert {record["host"] for record in story.check.changed} == {entry["host"] for entry in story.check.plan}


def test_the_plan_of_check_mode_is_that_of_the_run(story: Story) -> None:
    assert story.check.plan
    assert story.check.plan == story.converted.plan


def test_plan_and_run_agree(story: Story) -> None:
    assert changed_objects(story.converted) == planned_objects(story.converted)
    assert different_values(story.converted) == []


def test_three_control_planes_and_two_workers_are_ready(story: Story) -> None:
    assert story.observations["ready"] == set(PLAIN.nodes)
    label = "node-role.kubernetes.io/control-plane"
    found = {node["metadata"]["name"] for node in story.observations["nodes"] if label in node["metadata"]["labels"]}
    assert found == set(PLAIN.control_planes)


def test_three_started_voters_have_one_leader(story: Story) -> None:
    statuses = [member["Status"] for member in story.observations["members"]]
    assert len(statuses) == 3
    assert not any(status.get("isLearner") for status in statuses)
    assert len({status["leader"] for status in statuses}) == 1


def test_kubectl_works_through_the_load_balancer(story: Story) -> None:
    assert story.observations["readyz"] == "ok"
    assert story.observations["server in admin.conf"] == f"https://{story.conversion.endpoint}"
    assert "Verify return code: 0 (ok)" in story.observations["certificate"]


def test_the_smoke_service_answers_from_every_node(story: Story) -> None:
    assert all(story.observations["service"].values())


def test_the_cluster_dns_bears_the_loss_of_a_node(story: Story) -> None:
    assert len({pod["spec"]["nodeName"] for pod in story.observations["dns"]}) > 1


def test_nothing_names_the_old_endpoint(story: Story) -> None:
    assert story.traces == []


def test_no_api_server_was_restarted(story: Story) -> None:
    assert story.api_server_starts[0] == story.api_server_starts[1]


def test_no_probe_failed(story: Story) -> None:
    story.conversion.assert_no_probe_failed()


def test_nobody_noticed(story: Story) -> None:
    story.conversion.assert_nobody_noticed()


def test_the_end_is_what_kubeadm_itself_would_have_made(story: Story, native: State) -> None:
    assert differences(story.observations["state"], native) == {}


def test_the_backup_is_private(story: Story) -> None:
    lines = story.observations["backups"].splitlines()
    assert any(line.endswith("/pki/ca.key") for line in lines)
    assert all(line.split()[:2] in (["700", "root"], ["600", "root"], ["777", "root"]) for line in lines), lines


def test_the_second_run_changes_nothing(story: Story) -> None:
    assert story.again.status == 0
    assert changed_hosts(story.again) == set()


def test_ansible_warns_of_nothing(story: Story) -> None:
    runs = (story.check, story.converted, story.again, *story.others.values())
    assert [line for run in runs for line in run.output.splitlines() if "WARNING" in line] == []


def test_the_other_playbooks_work_on_the_converted_cluster(story: Story) -> None:
    assert {name: run.status for name, run in story.others.items()} == {"verify": 0, "backup": 0}
    assert changed_hosts(story.others["verify"]) == set()
    assert changed_hosts(story.others["backup"]) == set(PLAIN.nodes)


def test_an_audit_finds_only_that_there_is_one_load_balancer(story: Story) -> None:
    assert set(story.findings) == SINGLE_BALANCER, story.findings


def _report(story: Story, number: int) -> dict[str, Any]:
    """The report of the run in check mode, of the conversion, or of the run after it."""
    paths = sorted(story.reports.glob("run-*.json"))
    assert len(paths) == 3, paths
    report: dict[str, Any] = json.loads(paths[number].read_text(encoding="utf-8"))
    assert paths[number].with_suffix(".html").stat().st_mode & 0o777 == paths[number].stat().st_mode & 0o777 == 0o600
    return report


def _seconds(text: str) -> float:
    return datetime.datetime.fromisoformat(text).timestamp()


def _verdicts(audit: Mapping[str, Any]) -> dict[str, str]:
    return {part["name"]: part["verdict"] for part in audit["parts"]}


def test_the_report_has_the_plan_and_all_of_it_is_done(story: Story) -> None:
    report = _report(story, 1)
    planned = [(entry["host"], entry["step"], entry["object"]) for entry in story.converted.plan]
    assert [(item["host"], item["step"], item["object"]) for item in report["entries"]] == planned
    assert {item["outcome"] for item in report["entries"]} == {"done"}
    assert (report["state"], report["check_mode"]) == ("done", False)


def test_the_report_says_when_as_cluster_journals_and_ansible_say_it(story: Story) -> None:
    report = _report(story, 1)
    entries = {(item["host"], item["object"]): item for item in report["entries"]}
    created = {
        node["metadata"]["name"]: _seconds(node["metadata"]["creationTimestamp"])
        for node in story.observations["nodes"]
    }
    for name in ("cp2", "cp3"):
        joined = entries[name, f"node {name}"]
        assert joined["is_of_step"] is False
        assert _seconds(joined["began"]) - 1 <= created[name] <= _seconds(joined["ended"]) + 1
    # The journal of a worker, read by hand.
    lines = [json.loads(line) for line in story.observations["journals"]["w1"].splitlines()]
    pointed = entries["w1", "kubeconfig /etc/kubernetes/kubelet.conf"]
    ours = [line for line in lines if line["object"] == pointed["object"]]
    assert [line["state"] for line in ours] == ["begun", "done"]
    assert [_seconds(line["at"]) for line in ours] == [_seconds(pointed[name]) for name in ("began", "ended")]
    assert pointed["seconds"] == pytest.approx(_seconds(ours[1]["at"]) - _seconds(ours[0]["at"]), abs=0.002)
    # The recorder's clock is that of the controller.
    assert report["steps"]
    for step in report["steps"]:
        times = [
            record["time"]
            for record in story.converted.results
            if (record["host"], record["play"]) == (step["host"], step["play"])
        ]
        assert times[0] - 15 <= _seconds(step["began"]) <= times[0] + 1, step
        assert times[-1] - 15 <= _seconds(step["ended"]) <= times[-1] + 1, step
    assert report["seconds"] <= story.converted.seconds


def test_the_report_has_the_cluster_before_and_after(story: Story) -> None:
    report = _report(story, 1)
    before, after = _verdicts(report["before"]), _verdicts(report["after"])
    assert before["cp1"] == "lost"
    # test_the_rest_stands_after_the_loss_of_the_first_control_plane lets it happen.
    assert "lost" not in {after[name] for name in PLAIN.control_planes}, report["after"]["parts"]
    assert after["lb1"] == "lost", "there is one load balancer only"
    assert "control-plane.single" in {item["id"] for item in report["gone"]}
    gone = {(item["id"], item["object"]) for item in report["gone"]}
    assert gone.isdisjoint((item["id"], item["object"]) for item in report["after"]["findings"])


def test_the_page_fetches_and_runs_nothing(story: Story) -> None:
    (_check, path, _again) = sorted(story.reports.glob("run-*.html"))
    page = path.read_text(encoding="utf-8")
    assert re.findall(r'<section id="(\w+)"', page) == ["before", "plan", "happened", "after", "changed"]
    assert "<script" not in page
    assert not re.search(r"\s(?:src|srcset|action)=", page)
    assert f"{len(story.converted.plan)} of {len(story.converted.plan)} changes are done in" in page


def test_check_mode_and_a_run_without_changes_say_so_in_their_reports(story: Story) -> None:
    check, again = _report(story, 0), _report(story, 2)
    assert (check["state"], check["steps"], check["after"]) == ("checked", [], None)
    assert len(check["entries"]) == len(story.check.plan)
    assert (again["state"], again["entries"], again["steps"]) == ("nothing to do", [], [])
    assert set(_verdicts(again["before"])) == set(_verdicts(_report(story, 1)["after"]))


def test_progress_counts_the_steps_of_each_host_and_has_the_limits_of_the_roles(story: Story) -> None:
    shown = re.findall(r"^(\w+): step (\d+) of (\d+): (.+)\.$", story.converted.output, re.MULTILINE)
    hosts = {host for host, *_others in shown}
    assert hosts == set(PLAIN.hosts)
    for host in hosts:
        numbers = [(int(number), int(count)) for name, number, count, _text in shown if name == host]
        assert numbers == [(number, len(numbers)) for number in range(1, len(numbers) + 1)], shown
    defaults = PROJECT / "roles" / "control_plane_join" / "defaults" / "main.yml"
    limit = yaml.safe_load(defaults.read_text(encoding="utf-8"))["control_plane_join_timeout"]
    joins = {host: text for host, _number, _count, text in shown if text.startswith("join control planes")}
    assert set(joins) == {"cp2", "cp3"}
    assert all(text.endswith(f"API server, etcd and Node at most {limit} s") for text in joins.values())
    # In check mode nothing is waited for.
    assert not re.search(r": step \d+ of \d+: ", story.check.output)


def test_the_run_ends_with_a_table_of_what_it_has_done(story: Story) -> None:
    count = len(story.converted.plan)
    table = story.converted.output.partition(f"Report: {count} of {count} changes are done in ")[2]
    for entry in story.converted.plan:
        pattern = rf"^{re.escape(entry['host'])} +{re.escape(entry['step'])} +{re.escape(entry['object'][:30])}"
        assert re.search(pattern, table, re.MULTILINE), entry
    assert "Report: " not in story.again.output
    assert "Progress" not in story.again.output


def test_one_more_worker_changes_only_that_worker(story: Story) -> None:
    assert changed_hosts(story.worker) == {"w3"}
    assert "w3" in story.all_nodes


def test_tokens_and_keys_are_gone_and_were_never_shown(story: Story) -> None:
    assert story.observations["secrets after"] == []
    assert story.secrets, "the watch saw no token"
    shown = [secret for secret in story.secrets if secret in story.worker.output]
    assert shown == []
    ours = story.converted.output + story.worker.output
    assert hexadecimal_keys(ours) == set()
    assert "PRIVATE KEY" not in ours


def test_the_rest_stands_after_the_loss_of_the_first_control_plane(story: Story) -> None:
    assert story.ready_after_loss == story.all_nodes - {"cp1"}
    assert story.service_failures == dict.fromkeys(story.service_failures, 0)
    assert set(story.service_failures) >= set(PLAIN.nodes) - {"cp1"}


def test_the_figures_hold(story: Story) -> None:
    path = story.results.write()
    assert json.loads(path.read_text(encoding="utf-8"))["figures"]["rto_kill_seconds"]["value"] is not None
    assert story.results.failures() == [], story.results.table()
