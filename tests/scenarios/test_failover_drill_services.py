# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A failover drill on three masters whose components are services of systemd, which the collection made of one.

kubectl, systemctl and ps say what happened meanwhile and what is left. Only the first master has kubectl and an administrator's kubeconfig.
"""

from __future__ import annotations

import dataclasses
import json
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.prober.analysis import CONTROL, summarize_log
from tests.prober.process import Prober
from tests.prober.results import ScenarioResults, Verdict
from tests.scenarios.binary import EXAMPLE, INLINE_FLAGS, MASTERS
from tests.scenarios.cluster import PROJECT, Lab, wait_until
from tests.scenarios.control import control
from tests.scenarios.convert import addresses_of, leave_out_inconclusive, new_results
from tests.scenarios.playbook import Run, run_playbook
from tests.scenarios.services_cluster import HOSTS, Cluster

pytestmark = pytest.mark.full

MANAGER, SCHEDULER = "kube-controller-manager", "kube-scheduler"
COMPONENTS = (MANAGER, SCHEDULER)
NAMESPACE = "kubeadm-ha-failover-drill"
#: What the role lets happen by default.
EVENTS = [(component, how) for how in ("stop", "kill", "freeze") for component in COMPONENTS]
#: Lease duration + 4.4 x retry period + 1 s, with the defaults of Kubernetes.
BOUND = 24.8
#: Seconds between two reads of the Leases by kubectl, and what a read may take on a busy machine.
READ_EVERY, READ_TAKES = 0.5, 2.5
CONFIRMED: Mapping[str, Any] = {"failover_drill_confirm": True}
_COLUMNS = r"{range .items[*]}|{.spec.holderIdentity}|{.spec.leaseTransitions}{end}"
#: What a drill must leave as it was: files of the drill, services, their processes, none of them stopped.
_STATE = (
    "ls /var/lib/kubeadm-ha 2>/dev/null | grep failover; ls -d /etc/kubernetes/*drill* 2>/dev/null; "
    f"systemctl show --property=Id,ActiveState,SubState,UnitFileState {' '.join(COMPONENTS)}; "
    "ps -eo args= | grep -E '^[^ ]*/kube-(scheduler|controller-manager) ' | sort; ps -eo stat=,args= | grep '^T'; true"
)


@dataclasses.dataclass(frozen=True)
class Leases:
    """What kubectl has read of both Leases."""

    time: float
    holders: Mapping[str, str]
    transitions: Mapping[str, int]


@dataclasses.dataclass
class Story:
    """What was seen, in the order in which it happened."""

    cluster: Cluster
    results: ScenarioResults
    extended: Run
    checked: Run
    before: Leases
    after_check: Leases
    refused: Run
    drilled: Run
    report: dict[str, Any]
    junit: ET.Element
    leases: list[Leases]
    state_before: Mapping[str, str]
    state_after: Mapping[str, str]
    resumed: Run
    journal: str
    state_at_last: Mapping[str, str]


@pytest.fixture(scope="module")
def story() -> Iterator[Story]:
    """Run the whole story once."""
    with new_results("failover_drill_services") as results, Lab("binary_inline", name="drillservices") as lab:
        results.add_step("before state", lab.up_seconds)
        work = PROJECT / "build" / "scenarios" / lab.name
        work.mkdir(parents=True, exist_ok=True)
        cluster = Cluster(lab, INLINE_FLAGS.expected, addresses_of(lab, HOSTS))
        extended = _run(lab, "kubeadm.ha.site", work / "extended.jsonl")
        assert extended.status == 0, extended.output[-8000:]
        results.add_step("one to three", extended.seconds)
        (work / "ca.crt").write_text(lab.run("m1", "cat", INLINE_FLAGS.ca), encoding="utf-8")
        _let_first_schedule(cluster)
        state_before, before = _state(cluster), _leases(cluster)
        checked = _drill(lab, work / "check.jsonl", arguments=["--check"])
        after_check = _leases(cluster)
        refused = _refused(cluster, work / "refused.jsonl")
        directory = work / "report"
        host, _colon, port = lab.endpoint.rpartition(":")
        endpoint = f"{cluster.addresses.get(host, host)}:{port}"
        reader = lab.start_process("m1", "sh", "-c", _reader(cluster))
        with (
            control(work / "ca.crt") as untouched,
            Prober(
                targets={"endpoint": f"https://{endpoint}/readyz", CONTROL: untouched.target},
                ca=untouched.ca,
                log=work / "drill-probes.jsonl",
            ) as prober,
        ):
            try:
                variables: dict[str, Any] = {**CONFIRMED, "failover_drill_report_directory": str(directory)}
                drilled = _drill(lab, work / "drill.jsonl", **variables)
                prober.settle()
            finally:
                lab.shell("m1", "touch /run/reader-ends")
                read, _nothing = reader.communicate(timeout=30)
                log = prober.stop()
        assert drilled.status == 0, drilled.output[-8000:]
        results.add_step("drill", drilled.seconds)
        results.add_probes(summarize_log(log))
        report = json.loads((directory / "failover_drill.json").read_text(encoding="utf-8"))
        for event in report["events"]:
            name = f"{event['component']}_{event['how']}".replace("-", "_")
            results.timing(f"{name}_handover_seconds", event["seconds"], bound=event["bound"])
        state_after = _state(cluster)
        journal, resumed = _interrupted(cluster, work / "resumed.jsonl")
        yield Story(
            cluster=cluster,
            results=results,
            extended=extended,
            checked=checked,
            before=before,
            after_check=after_check,
            refused=refused,
            drilled=drilled,
            report=report,
            junit=ET.fromstring((directory / "failover_drill.xml").read_bytes()),
            leases=[_parsed(line) for line in read.splitlines() if line.count("|") == 4],
            state_before=state_before,
            state_after=state_after,
            resumed=resumed,
            journal=journal,
            state_at_last=_state(cluster),
        )
        print(results.table())


def _run(lab: Lab, playbook: str, record: Path, *, arguments: Sequence[str] = (), **variables: Any) -> Run:
    return run_playbook(
        playbook, inventories=[EXAMPLE, lab.inventory], record=record, arguments=arguments, variables=variables
    )


def _drill(lab: Lab, record: Path, *, arguments: Sequence[str] = (), **variables: Any) -> Run:
    return _run(lab, "kubeadm.ha.failover_drill", record, arguments=arguments, **variables)


def _read(cluster: Cluster) -> str:
    options = f"--kubeconfig={cluster.expected.admin} -n kube-system --request-timeout=2s"
    return f"kubectl {options} get lease {MANAGER} {SCHEDULER} -o jsonpath='{_COLUMNS}'"


def _reader(cluster: Cluster) -> str:
    """Ends at the latest with the lab."""
    line = f'printf "%s%s\\n" "$(date +%s.%N)" "$({_read(cluster)})"'
    return f"while ! test -e /run/reader-ends; do {line}; sleep {READ_EVERY}; done"


def _leases(cluster: Cluster) -> Leases:
    return _parsed(cluster.lab.shell("m1", f'printf "%s%s" "$(date +%s.%N)" "$({_read(cluster)})"'))


def _parsed(line: str) -> Leases:
    when, manager, manager_count, scheduler, scheduler_count = line.split("|")
    return Leases(
        float(when),
        {MANAGER: manager, SCHEDULER: scheduler},
        {MANAGER: int(manager_count), SCHEDULER: int(scheduler_count)},
    )


def _let_first_schedule(cluster: Cluster) -> None:
    """The first master leads kube-scheduler, so that one event at least is where pods can be started."""
    others, unit = MASTERS[1:], f"{SCHEDULER}.service"
    for host in others:
        cluster.lab.run(host, "systemctl", "stop", unit)
    wait_until(lambda: _leases(cluster).holders[SCHEDULER].startswith("m1_"), seconds=60, what="m1 schedules")
    for host in others:
        cluster.lab.run(host, "systemctl", "start", unit)


def _state(cluster: Cluster) -> dict[str, str]:
    found = {host: cluster.lab.shell(host, _STATE) for host in MASTERS}
    found["namespaces"] = "\n".join(sorted(item["metadata"]["name"] for item in cluster.objects("namespaces")))
    return found


def _refused(cluster: Cluster, record: Path) -> Run:
    """One instance is missing and two are to fail."""
    cluster.lab.run("m3", "systemctl", "stop", f"{SCHEDULER}.service")
    events = [{"component": SCHEDULER, "how": "kill", "count": 2}]
    run = _drill(cluster.lab, record, **CONFIRMED, failover_drill_events=events)
    cluster.lab.run("m3", "systemctl", "start", f"{SCHEDULER}.service")
    return run


def _interrupted(cluster: Cluster, record: Path) -> tuple[str, Run]:
    """A run that was killed has left a service stopped, and its journal; the next one restores it and goes on."""
    lab, unit = cluster.lab, f"{SCHEDULER}.service"
    left = [{"component": SCHEDULER, "how": "stop", "pid": 1, "started": 1, "manifest": "", "aside": "", "unit": unit}]
    lab.run("m2", "systemctl", "stop", unit)
    lab.shell("m2", f"umask 077; printf '%s' '{json.dumps(left)}' > /var/lib/kubeadm-ha/failover_drill.json")
    events = [{"component": SCHEDULER, "how": "kill"}]
    run = _drill(lab, record, **CONFIRMED, failover_drill_events=events, failover_drill_namespace="")
    wait_until(
        lambda: lab.run("m2", "systemctl", "is-active", unit, check=False).strip() == "active",
        seconds=30,
        what="the scheduler of m2 runs again",
    )
    return lab.shell("m2", "ls /var/lib/kubeadm-ha"), run


def test_check_mode_says_what_would_happen_and_does_nothing(story: Story) -> None:
    assert story.checked.status == 0, story.checked.output[-3000:]
    leader = story.before.holders[MANAGER].partition("_")[0]
    assert f"1. leader of {MANAGER} stopped, on {leader}: another one leads within {BOUND} s." in story.checked.output
    assert story.after_check.holders == story.before.holders


def test_it_is_refused_where_an_instance_is_missing(story: Story) -> None:
    assert story.refused.status != 0
    (message,) = [message for message in story.refused.failures if "Nothing was touched" in message]
    assert f"{SCHEDULER} runs on 2 of 3 control planes and an event takes 2 of them" in message
    assert f"{SCHEDULER} of m3 does not run, {SCHEDULER}.service is inactive" in message


def test_every_event_has_passed_its_bound(story: Story) -> None:
    events = story.report["events"]
    assert story.report["passed"] is True
    assert [(event["component"], event["how"]) for event in events] == EVENTS
    for event in events:
        assert event["bound"] == BOUND
        assert event["seconds"] <= event["bound"], event
        assert event["transitions"] >= 1
        assert event["host"] in MASTERS
        assert event["endpoint"]["sent"] > 10
        # Pods are started by whoever may: an administrator's kubeconfig is on one host only.
        assert (event["pods_seconds"] is not None) == (event["host"] == "m1"), event
    assert any(event["host"] == "m1" for event in events)


def test_kubectl_saw_the_same(story: Story) -> None:
    """Each holder took over within the seconds of the report, as far as a read of kubectl is exact."""
    slack = READ_EVERY + READ_TAKES
    for event in story.report["events"]:
        component, taken = event["component"], event["began"] + event["seconds"]
        held = [read for read in story.leases if read.holders[component] == event["new_holder"]]
        assert held, event
        assert taken - slack <= held[0].time <= taken + slack, (event, held[0])
        earlier = [read for read in story.leases if read.time < event["began"]]
        assert earlier[-1].holders[component] == event["previous_holder"]
    for component in COMPONENTS:
        grown = story.leases[-1].transitions[component] - story.before.transitions[component]
        assert grown >= sum(event["transitions"] for event in story.report["events"] if event["component"] == component)


def test_no_probe_failed(story: Story) -> None:
    assert not [one.name for one in story.results.probes if one.verdict() is Verdict.FAILED], story.results.table()
    leave_out_inconclusive(story.results)


def test_the_report_for_a_build_server(story: Story) -> None:
    assert story.junit.tag == "testsuite"
    assert [story.junit.attrib[key] for key in ("tests", "failures", "errors")] == ["6", "0", "0"]
    assert f"leader of {SCHEDULER} frozen" in story.drilled.output


def test_everything_is_as_it_was(story: Story) -> None:
    assert story.state_after == story.state_before
    assert all(state.count("ActiveState=active") == len(COMPONENTS) for state in _hosts(story.state_after))
    assert NAMESPACE not in story.state_after["namespaces"]


def test_what_a_killed_run_has_left_is_restored_by_the_next(story: Story) -> None:
    assert story.resumed.status == 0, story.resumed.output[-6000:]
    assert "failover_drill.json" not in story.journal
    assert story.state_at_last == story.state_before


def test_no_secret_is_in_an_output(story: Story) -> None:
    paths = (INLINE_FLAGS.administrators[0], *(f"/etc/kubernetes/{component}.kubeconfig" for component in COMPONENTS))
    keys = story.cluster.lab.shell("m1", f"sed -n 's/^ *client-key-data: //p' {' '.join(paths)}").split()
    assert keys
    assert not [key for key in keys if key[:40] in story.drilled.output]
    assert "PRIVATE KEY" not in story.drilled.output


def test_the_figures_hold(story: Story) -> None:
    story.results.write()
    assert story.results.failures() == [], story.results.table()


def _hosts(state: Mapping[str, str]) -> list[str]:
    return [state[host] for host in MASTERS]
