# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A failover drill of etcd: its leader is killed, frozen and stopped on a cluster that kubeadm made highly available.

etcdctl, ps and sha256sum say what happened meanwhile and what is left.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.prober.results import ScenarioResults
from tests.scenarios.cluster import PROJECT, CommandError, Lab, etcdctl, wait_until
from tests.scenarios.convert import new_results
from tests.scenarios.playbook import Run, run_playbook

pytestmark = pytest.mark.full

HOSTS = ("cp1", "cp2", "cp3")
MANIFEST = "/etc/kubernetes/manifests/etcd.yaml"
EVENTS = tuple({"component": "etcd", "how": how} for how in ("kill", "freeze", "stop"))
#: Four election timeouts of a second, and a second.
BOUND = 5.0
#: The endpoint's haproxy asks each API server every second and takes it out after two failures.
BOUND_OF_THE_ENDPOINT = 5.0


@dataclasses.dataclass
class Story:
    """What was seen, in the order in which it happened."""

    results: ScenarioResults
    refused: Run
    drilled: Run
    report: dict[str, Any]
    members_before: list[dict[str, Any]]
    members_after: list[dict[str, Any]]
    state_before: dict[str, str]
    state_after: dict[str, str]


@pytest.fixture(scope="module")
def story() -> Iterator[Story]:
    """Run the whole story once."""
    with new_results("failover_drill_etcd") as results, Lab("native", name="drill") as lab:
        results.add_step("before state", lab.up_seconds)
        work = PROJECT / "build" / "scenarios" / "drill-etcd"
        work.mkdir(parents=True, exist_ok=True)
        state_before, members_before = _state(lab), _members(lab)
        refused = _refused(lab, work / "refused.jsonl")
        directory = work / "report"
        drilled = _run(lab, work / "drill.jsonl", failover_drill_report_directory=str(directory))
        assert drilled.status == 0, drilled.output[-6000:]
        results.add_step("drill", drilled.seconds)
        report = json.loads((directory / "failover_drill.json").read_text(encoding="utf-8"))
        for event in report["events"]:
            results.timing(f"etcd_{event['how']}_handover_seconds", event["seconds"], bound=BOUND)
            results.timing(f"etcd_{event['how']}_rto_seconds", _rto(event), bound=BOUND_OF_THE_ENDPOINT)
        yield Story(
            results=results,
            refused=refused,
            drilled=drilled,
            report=report,
            members_before=members_before,
            members_after=_members(lab),
            state_before=state_before,
            state_after=_state(lab),
        )
        print(results.table())


def _run(lab: Lab, record: Path, **variables: Any) -> Run:
    return run_playbook(
        "kubeadm.ha.failover_drill",
        inventories=[lab.inventory],
        record=record,
        variables={"failover_drill_events": EVENTS, "failover_drill_confirm": True, **variables},
    )


def _members(lab: Lab) -> list[dict[str, Any]]:
    """Each member's own status by etcdctl, which fails where one does not answer."""
    text = etcdctl(lab, "endpoint", "status", "--cluster", "--write-out=json", node="cp1")
    return [member["Status"] for member in json.loads(text)]


def _has_members(lab: Lab) -> bool:
    try:
        return len(_members(lab)) == len(HOSTS)
    except CommandError:
        return False


def _state(lab: Lab) -> dict[str, str]:
    """What a drill must leave as it was: manifests, which members run and none of them stopped, namespaces."""
    script = (
        "sha256sum /etc/kubernetes/manifests/*; ls /etc/kubernetes; ls /var/lib/kubeadm-ha 2>/dev/null | grep failover; "
        "ps -eo args= | grep -E '^(etcd|kube-scheduler|kube-controller-manager) ' | sort; ps -eo stat=,args= | grep '^T'; true"
    )
    found = {host: lab.shell(host, script) for host in HOSTS}
    found["namespaces"] = "\n".join(sorted(item["metadata"]["name"] for item in lab.objects("namespaces")["items"]))
    return found


def _refused(lab: Lab, record: Path) -> Run:
    """One member is missing."""
    lab.shell("cp3", f"mv {MANIFEST} /root/")
    wait_until(
        lambda: lab.shell("cp3", "ps -eo args= | grep -c '^etcd ' || true").strip() == "0",
        seconds=60,
        what="the member of cp3 has ended",
    )
    run = _run(lab, record)
    lab.shell("cp3", f"mv /root/etcd.yaml {MANIFEST}")
    wait_until(lambda: _has_members(lab), seconds=120, what="the member of cp3 is back")
    wait_until(
        lambda: (
            lab.shell("cp3", "kubectl --kubeconfig=/etc/kubernetes/admin.conf get --raw=/readyz", check=False) == "ok"
        ),
        seconds=60,
        what="the API answers on cp3",
    )
    return run


def _rto(event: Mapping[str, Any]) -> float:
    found = event["endpoint"]["rto"]
    return 1e6 if found is None else float(found)


def test_it_is_refused_where_a_member_is_missing(story: Story) -> None:
    assert story.refused.status != 0
    assert not story.refused.changed
    (message,) = [message for message in story.refused.failures if "Nothing was touched" in message]
    assert "The etcd cluster has 2 healthy voters of 3 and an event takes one of them" in message


def test_every_event_has_passed_its_bound(story: Story) -> None:
    events = story.report["events"]
    assert story.report["passed"] is True
    assert [event["how"] for event in events] == [event["how"] for event in EVENTS]
    for event in events:
        assert event["bound"] == BOUND
        assert event["seconds"] <= BOUND, event
        assert event["transitions"] >= 1
        assert event["pods_seconds"] is not None
        assert event["previous_holder"] == event["host"]


def test_etcdctl_saw_later_terms(story: Story) -> None:
    before, after = (
        {member["raftTerm"] for member in members} for members in (story.members_before, story.members_after)
    )
    assert len(story.members_after) == len(HOSTS)
    assert len(before) == len(after) == 1
    assert min(after) >= min(before) + sum(event["transitions"] for event in story.report["events"])
    assert len({member["leader"] for member in story.members_after}) == 1


def test_everything_is_as_it_was(story: Story) -> None:
    assert story.state_after == story.state_before


def test_the_figures_hold(story: Story) -> None:
    story.results.write()
    assert story.results.failures() == [], story.results.table()
