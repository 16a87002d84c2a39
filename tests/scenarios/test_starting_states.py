# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever state a run begins with, it ends with the cluster that kubeadm itself would have made.

Somebody followed a recipe half-way; a control plane is missing; a run was killed. The end of each is compared with a
cluster that plain kubeadm made highly available from the start.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.scenarios.audited import SINGLE_BALANCER
from tests.scenarios.by_hand import follow_a_recipe_half_way, lose_control_plane
from tests.scenarios.cluster import Lab, ready_nodes, wait_until
from tests.scenarios.convert import Conversion, changed_hosts, new_results, old_endpoint_traces
from tests.scenarios.kubeadm_state import REASONS_AFTER_MENDING, State, differences
from tests.scenarios.plan_and_run import changed_objects, planned_objects
from tests.scenarios.playbook import Run, kill_playbook
from tests.scenarios.shape import PLAIN

_SWITCH = "apiserver_haproxy_replace_configuration"


@dataclasses.dataclass
class Story:
    """What was seen, in the order in which it happened."""

    conversion: Conversion
    refused: Run
    check: Run
    changed_by_check: list[str]
    converted: Run
    again: Run
    traces: list[str]
    half_way_end: State
    tools: Mapping[str, str]
    missing_check: Run
    missing: Run
    missing_end: State
    killed: Run
    while_kubeadm_runs: Run | None
    resumed: Run
    resumed_again: Run
    resumed_end: State
    leftovers: list[str]
    findings: Mapping[str, list[str]]


@pytest.fixture(scope="module")
def story() -> Iterator[Story]:
    """Run the whole story once."""
    with new_results("starting_states") as results, Lab("convert", name="states") as lab:
        results.add_step("before state", lab.up_seconds)
        conversion = Conversion(lab, results)
        addresses = conversion.addresses
        follow_a_recipe_half_way(lab, address=addresses["cp1"], balancer=addresses["lb1"])
        refused = conversion.run("refused")
        switch = _host_variable(conversion, "lb1", _SWITCH)
        check, changed_by_check = conversion.check(inventories=[switch])
        converted, _log = conversion.convert(inventories=[switch])
        assert converted.status == 0, converted.output[-6000:]
        again = conversion.again()
        traces = old_endpoint_traces(conversion)
        half_way_end = conversion.state()
        tools = _tools_of_kubeadm(lab)

        lose_control_plane(lab, "cp3")
        missing_check = conversion.run("missing-check", "--check", "--diff")
        missing = conversion.run("missing")
        missing_end = conversion.state()

        lose_control_plane(lab, "cp2")
        killed = _killed_while_joining(conversion)
        busy = conversion.run("busy") if _kubeadm_runs(lab, "cp2") else None
        wait_until(lambda: not _kubeadm_runs(lab, "cp2"), seconds=180, what="the end of the kubeadm left over")
        resumed = conversion.run("resumed")
        assert resumed.status == 0, resumed.output[-6000:]
        resumed_again = conversion.run("resumed-again")
        wait_until(lambda: ready_nodes(lab) >= set(PLAIN.nodes), seconds=60, what="all nodes Ready")
        yield Story(
            conversion=conversion,
            refused=refused,
            check=check,
            changed_by_check=changed_by_check,
            converted=converted,
            again=again,
            traces=traces,
            half_way_end=half_way_end,
            tools=tools,
            missing_check=missing_check,
            missing=missing,
            missing_end=missing_end,
            killed=killed,
            while_kubeadm_runs=busy,
            resumed=resumed,
            resumed_again=resumed_again,
            resumed_end=conversion.state(),
            leftovers=_leftovers(lab),
            findings=conversion.findings(),
        )
        print(results.table())


def _host_variable(conversion: Conversion, host: str, name: str) -> Path:
    path = conversion.work / f"{name}.yml"
    path.write_text(f"all:\n  hosts:\n    {host}:\n      {name}: true\n", encoding="utf-8")
    return path


def _tools_of_kubeadm(lab: Lab) -> dict[str, str]:
    return {
        "upgrade plan": lab.shell("cp1", "kubeadm upgrade plan v1.34.4 --allow-experimental-upgrades 2>&1; true"),
        **{
            f"check-expiration {node}": lab.shell(node, "kubeadm certs check-expiration 2>&1; true")
            for node in ("cp1", "cp2", "cp3")
        },
    }


def _killed_while_joining(conversion: Conversion) -> Run:
    """SIGKILL of the whole run while kubeadm joins the control plane."""

    def has_token(line: Mapping[str, Any]) -> bool:
        return str(line.get("task")).endswith("Make a token and upload the certificates")

    return kill_playbook(
        "kubeadm.ha.site",
        inventories=PLAIN.inventories(conversion.lab.inventory),
        record=conversion.work / "killed.jsonl",
        when=has_token,
        after=5.0,
    )


def _kubeadm_runs(lab: Lab, node: str) -> bool:
    return bool(lab.shell(node, "pgrep -x kubeadm; true").strip())


def _leftovers(lab: Lab) -> list[str]:
    secrets = lab.objects("secrets", "--namespace=kube-system")["items"]
    return [
        item["metadata"]["name"]
        for item in secrets
        if item["metadata"]["name"] == "kubeadm-certs" or item["type"] == "bootstrap.kubernetes.io/token"
    ]


def test_a_load_balancer_of_somebody_else_stops_the_plan(story: Story) -> None:
    assert story.refused.status != 0
    assert not story.refused.changed
    assert any(_SWITCH in message and "lb1" in message for message in story.refused.failures), story.refused.failures


def test_the_plan_names_exactly_what_the_recipe_left_out(story: Story) -> None:
    assert story.check.status == 0, story.check.output[-6000:]
    found = {(entry["step"], entry["host"], entry["object"]) for entry in story.check.plan}
    changes = {item for item in found if item[0] in ("balance", "certify", "point")}
    assert changes == {
        ("balance", "lb1", "load balancer haproxy"),
        ("point", "cp1", "ConfigMap kube-public/cluster-info"),
        ("point", "cp1", "ConfigMap kube-system/kube-proxy"),
        ("point", "cp1", "DaemonSet kube-system/kube-proxy"),
        ("point", "cp1", "kubeconfig /etc/kubernetes/admin.conf"),
        ("point", "cp1", "kubeconfig /etc/kubernetes/super-admin.conf"),
        *(("point", node, "kubeconfig /etc/kubernetes/kubelet.conf") for node in ("w1", "w2")),
        *(("point", node, "service kubelet") for node in ("w1", "w2")),
    }
    assert {item[1:] for item in found if item[0] == "join" and "node" in item[2]} == {
        ("cp2", "node cp2"),
        ("cp3", "node cp3"),
    }


def test_half_way_plan_and_run_agree(story: Story) -> None:
    assert story.changed_by_check == []
    assert story.check.plan == story.converted.plan
    assert changed_objects(story.converted) == planned_objects(story.converted)


def test_half_way_nobody_noticed(story: Story) -> None:
    story.conversion.assert_nobody_noticed()


def test_half_way_no_probe_failed(story: Story) -> None:
    story.conversion.assert_no_probe_failed()


def test_half_way_ends_as_kubeadm_would_have_made_it(story: Story, native: State) -> None:
    assert story.traces == []
    assert story.again.status == 0
    assert changed_hosts(story.again) == set()
    assert differences(story.half_way_end, native) == {}


def test_the_tools_of_kubeadm_work_on_it(story: Story) -> None:
    upgrade = story.tools["upgrade plan"]
    assert "Running cluster health checks" in upgrade
    assert "FATAL" not in upgrade, upgrade
    for node in ("cp1", "cp2", "cp3"):
        listed = story.tools[f"check-expiration {node}"]
        rows = [line.split()[0] for line in listed.splitlines() if " UTC " in line]
        assert {"apiserver", "etcd-server", "etcd-peer", "admin.conf", "ca"} <= set(rows), listed
        # kubeadm makes super-admin.conf on the first control plane only.
        missing = {line.split()[1] for line in listed.splitlines() if line.startswith("!MISSING!")}
        assert missing <= ({"super-admin.conf"} if node != "cp1" else set())


def test_a_missing_control_plane_is_all_that_the_plan_names(story: Story) -> None:
    assert story.missing_check.status == 0, story.missing_check.output[-6000:]
    steps = {(entry["host"], entry["step"]) for entry in story.missing_check.plan}
    assert {host for host, step in steps if step in ("join", "revoke")} == {"cp3"}
    assert not {step for _host, step in steps} & {"balance", "certify", "point"}


def test_with_a_missing_control_plane_plan_and_run_agree(story: Story, native: State) -> None:
    assert story.missing.status == 0, story.missing.output[-6000:]
    assert story.missing_check.plan == story.missing.plan
    assert changed_objects(story.missing) == planned_objects(story.missing)
    assert differences(story.missing_end, native, REASONS_AFTER_MENDING) == {}


def test_a_killed_run_is_completed_by_the_next(story: Story, native: State) -> None:
    assert story.killed.status == -9
    if story.while_kubeadm_runs is not None:
        assert story.while_kubeadm_runs.status != 0
        assert not story.while_kubeadm_runs.changed
        assert any("kubeadm is running on cp2" in message for message in story.while_kubeadm_runs.failures)
    assert changed_objects(story.resumed) == planned_objects(story.resumed)
    assert story.resumed_again.status == 0
    assert changed_hosts(story.resumed_again) == set()
    assert differences(story.resumed_end, native, REASONS_AFTER_MENDING) == {}


def test_a_killed_run_leaves_no_token_for_good(story: Story) -> None:
    assert story.leftovers == []


def test_an_audit_finds_only_that_there_is_one_load_balancer(story: Story) -> None:
    assert set(story.findings) == SINGLE_BALANCER, story.findings


def test_the_figures_hold(story: Story) -> None:
    path = story.conversion.results.write()
    assert json.loads(path.read_text(encoding="utf-8"))["figures"]["noop_changed"]["value"] == 0
    assert story.conversion.results.failures() == [], story.conversion.results.table()
