# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A failover drill on a cluster that kubeadm made highly available: leaders stopped, killed and frozen.

kubectl, ps and sha256sum say what happened meanwhile and what is left. kube-scheduler has shorter settings of leader election than
the defaults, which kube-controller-manager has.
"""

from __future__ import annotations

import dataclasses
import json
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.prober.results import ScenarioResults
from tests.scenarios.cluster import ADMIN, PROJECT, Lab, wait_until
from tests.scenarios.convert import new_results
from tests.scenarios.playbook import Run, run_playbook

pytestmark = pytest.mark.full

HOSTS = ("cp1", "cp2", "cp3")
MANAGER, SCHEDULER = "kube-controller-manager", "kube-scheduler"
MANIFESTS = "/etc/kubernetes/manifests"
NAMESPACE = "kubeadm-ha-failover-drill"
EVENTS: Sequence[Mapping[str, Any]] = (
    {"component": MANAGER, "how": "stop"},
    {"component": SCHEDULER, "how": "stop"},
    {"component": MANAGER, "how": "kill"},
    {"component": SCHEDULER, "how": "kill"},
    {"component": MANAGER, "how": "freeze"},
    {"component": SCHEDULER, "how": "freeze", "count": 2},
)
#: Lease duration + 4.4 x retry period + 1 s.
BOUNDS = {MANAGER: 24.8, SCHEDULER: 11.4}
SHORTER = ("--leader-elect-lease-duration=6s", "--leader-elect-renew-deadline=4s", "--leader-elect-retry-period=1s")
#: Seconds between two reads of the locks by kubectl, and what a read may take on a busy machine.
READ_EVERY, READ_TAKES = 0.5, 2.5
CONFIRMED = {"failover_drill_confirm": True}


@dataclasses.dataclass(frozen=True)
class Locks:
    """What kubectl has read of both locks."""

    time: float
    holders: Mapping[str, str]
    transitions: Mapping[str, int]


@dataclasses.dataclass
class Story:
    """What was seen, in the order in which it happened."""

    lab: Lab
    results: ScenarioResults
    checked: Run
    locks_before: Locks
    locks_after_check: Locks
    without_consent: Run
    refused: Run
    drilled: Run
    report: dict[str, Any]
    junit: ET.Element
    locks: list[Locks]
    state_before: dict[str, str]
    state_after: dict[str, str]


@pytest.fixture(scope="module")
def story() -> Iterator[Story]:
    """Run the whole story once."""
    with new_results("failover_drill") as results, Lab("native", name="drill") as lab:
        results.add_step("before state", lab.up_seconds)
        work = PROJECT / "build" / "scenarios" / lab.name
        work.mkdir(parents=True, exist_ok=True)
        _shorten_elections(lab)
        state_before, locks_before = _state(lab), _locks(lab)
        checked = _run(lab, work / "check.jsonl", arguments=["--check"])
        locks_after_check = _locks(lab)
        without_consent = _run(lab, work / "no-consent.jsonl")
        refused = _refused(lab, work / "refused.jsonl")
        directory = work / "report"
        reader = lab.start_process("cp1", "sh", "-c", _READER)
        try:
            variables = {**CONFIRMED, "failover_drill_report_directory": str(directory)}
            drilled = _run(lab, work / "drill.jsonl", variables=variables)
        finally:
            lab.shell("cp1", "touch /run/reader-ends")
            read, _nothing = reader.communicate(timeout=30)
        assert drilled.status == 0, drilled.output[-6000:]
        results.add_step("drill", drilled.seconds)
        report = json.loads((directory / "failover_drill.json").read_text(encoding="utf-8"))
        for event in report["events"]:
            name = f"{event['component']}_{event['how']}".replace("-", "_")
            results.timing(f"{name}_handover_seconds", event["seconds"], bound=event["bound"])
            results.at_most(f"{name}_failed_probes", event["endpoint"]["failed"], bound=0)
        state_after = _state(lab)
        yield Story(
            lab=lab,
            results=results,
            checked=checked,
            locks_before=locks_before,
            locks_after_check=locks_after_check,
            without_consent=without_consent,
            refused=refused,
            drilled=drilled,
            report=report,
            junit=ET.fromstring((directory / "failover_drill.xml").read_bytes()),
            locks=[_parsed(line) for line in read.splitlines() if line.count("|") == 4],
            state_before=state_before,
            state_after=state_after,
        )
        print(results.table())


_COLUMNS = r"{range .items[*]}|{.spec.holderIdentity}|{.spec.leaseTransitions}{end}"
_READ = f"kubectl --kubeconfig={ADMIN} -n kube-system get lease {MANAGER} {SCHEDULER} -o jsonpath='{_COLUMNS}'"
#: Ends at the latest with the lab.
_READER = (
    f'while ! test -e /run/reader-ends; do printf "%s%s\\n" "$(date +%s.%N)" "$({_READ})"; sleep {READ_EVERY}; done'
)


def _locks(lab: Lab) -> Locks:
    return _parsed(lab.shell("cp1", f'printf "%s%s" "$(date +%s.%N)" "$({_READ})"'))


def _parsed(line: str) -> Locks:
    when, manager, manager_count, scheduler, scheduler_count = line.split("|")
    return Locks(
        float(when),
        {MANAGER: manager, SCHEDULER: scheduler},
        {MANAGER: int(manager_count), SCHEDULER: int(scheduler_count)},
    )


def _run(lab: Lab, record: Path, *, arguments: Sequence[str] = (), variables: Mapping[str, Any] | None = None) -> Run:
    return run_playbook(
        "kubeadm.ha.failover_drill",
        inventories=[lab.inventory],
        record=record,
        arguments=arguments,
        variables={"failover_drill_events": EVENTS, **(variables or {})},
    )


def _shorten_elections(lab: Lab) -> None:
    path, first = f"{MANIFESTS}/{SCHEDULER}.yaml", "    - --leader-elect=true"
    flags = "\\n".join([first, *(f"    - {flag}" for flag in SHORTER)])
    for host in HOSTS:
        lab.shell(host, f"sed 's/^{first}$/{flags}/' {path} > /root/new && cat /root/new > {path} && rm /root/new")
    wait_until(lambda: _has_shorter(lab), seconds=120, what="every scheduler with shorter settings is ready")


def _has_shorter(lab: Lab) -> bool:
    pods = lab.objects("pods", "--namespace=kube-system", f"--selector=component={SCHEDULER}")["items"]
    running = [
        pod
        for pod in pods
        if SHORTER[0] in pod["spec"]["containers"][0]["command"]
        and any(item["type"] == "Ready" and item["status"] == "True" for item in pod["status"].get("conditions") or ())
    ]
    return len(running) == len(HOSTS) and SCHEDULER in _locks(lab).holders


def _state(lab: Lab) -> dict[str, str]:
    """What a drill must leave as it was: manifests, which components run and none of them stopped, namespaces."""
    script = (
        f"sha256sum {MANIFESTS}/*; ls /etc/kubernetes; ls /var/lib/kubeadm-ha 2>/dev/null | grep failover; "
        "ps -eo args= | grep -E '^kube-(scheduler|controller-manager) ' | sort; ps -eo stat=,args= | grep '^T'; true"
    )
    found = {host: lab.shell(host, script) for host in HOSTS}
    found["namespaces"] = "\n".join(sorted(item["metadata"]["name"] for item in lab.objects("namespaces")["items"]))
    return found


def _refused(lab: Lab, record: Path) -> Run:
    """One instance is missing and two are to fail."""
    path = f"{MANIFESTS}/{SCHEDULER}.yaml"
    running = f"ps -eo args= | grep -c '^{SCHEDULER} ' || true"
    lab.shell("cp3", f"mv {path} /root/")
    wait_until(lambda: lab.shell("cp3", running).strip() == "0", seconds=60, what="the scheduler of cp3 has ended")
    run = _run(lab, record, variables=CONFIRMED)
    lab.shell("cp3", f"mv /root/{SCHEDULER}.yaml {path}")
    wait_until(lambda: _has_shorter(lab), seconds=120, what="the scheduler of cp3 is back")
    return run


def test_check_mode_says_what_would_happen_and_does_nothing(story: Story) -> None:
    assert story.checked.status == 0, story.checked.output[-3000:]
    assert [result["task"] for result in story.checked.changed] == [
        "kubeadm.ha.failover_drill : Drill | Determine the hosts of the events, or every reason not to begin"
    ]
    leader = story.locks_before.holders[MANAGER].partition("_")[0]
    assert f"1. leader of {MANAGER} stopped, on {leader}: another one leads within 24.8 s." in story.checked.output
    assert f"3. leader of {MANAGER} killed, on known after apply" in story.checked.output
    assert story.locks_after_check.holders == story.locks_before.holders


def test_nothing_happens_without_consent(story: Story) -> None:
    assert story.without_consent.status != 0
    assert not story.without_consent.changed
    assert any("nobody has agreed to it" in message for message in story.without_consent.failures)


def test_it_is_refused_where_an_instance_is_missing(story: Story) -> None:
    assert story.refused.status != 0
    assert not story.refused.changed
    (message,) = [message for message in story.refused.failures if "Nothing was touched" in message]
    assert f"{SCHEDULER} runs on 2 of 3 control planes and an event takes 2 of them" in message
    assert f"{SCHEDULER} of cp3 has no manifest {MANIFESTS}/{SCHEDULER}.yaml" in message


def test_every_event_has_passed_its_own_bound(story: Story) -> None:
    events = story.report["events"]
    assert story.report["passed"] is True
    assert [(event["component"], event["how"]) for event in events] == [
        (event["component"], event["how"]) for event in EVENTS
    ]
    for event in events:
        assert event["bound"] == BOUNDS[event["component"]]
        assert event["seconds"] <= event["bound"], event
        assert event["transitions"] >= 1
        assert event["pods_seconds"] is not None
        assert event["endpoint"]["sent"] > 10
    assert len(events[-1]["others"]) == 1


def test_kubectl_saw_the_same(story: Story) -> None:
    """Each holder took over within the seconds of the report, as far as a read of kubectl is exact."""
    slack = READ_EVERY + READ_TAKES
    for event in story.report["events"]:
        component, taken = event["component"], event["began"] + event["seconds"]
        held = [read for read in story.locks if read.holders[component] == event["new_holder"]]
        assert held, event
        assert taken - slack <= held[0].time <= taken + slack, (event, held[0])
        before = [read for read in story.locks if read.time < event["began"]]
        assert before[-1].holders[component] == event["previous_holder"]
    for component in BOUNDS:
        grown = story.locks[-1].transitions[component] - story.locks_before.transitions[component]
        assert grown >= sum(event["transitions"] for event in story.report["events"] if event["component"] == component)


def test_the_report_for_a_build_server(story: Story) -> None:
    assert story.junit.tag == "testsuite"
    assert (story.junit.attrib["tests"], story.junit.attrib["failures"], story.junit.attrib["errors"]) == (
        "6",
        "0",
        "0",
    )
    assert f"leader of {SCHEDULER} and 1 more frozen" in story.drilled.output


def test_everything_is_as_it_was(story: Story) -> None:
    assert story.state_after == story.state_before
    assert NAMESPACE not in story.state_after["namespaces"]


def test_no_secret_is_in_an_output(story: Story) -> None:
    keys = story.lab.shell("cp1", f"sed -n 's/^ *client-key-data: //p' {ADMIN}").split()
    assert keys
    assert not [key for key in keys if key[:40] in story.drilled.output]
    assert "PRIVATE KEY" not in story.drilled.output


def test_the_figures_hold(story: Story) -> None:
    story.results.write()
    assert story.results.failures() == [], story.results.table()
