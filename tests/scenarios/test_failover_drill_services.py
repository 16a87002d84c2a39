# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A failover drill on three masters whose components are services of systemd, which the collection made of one.

Then etcd fails, whose members are on the first master and on both workers, the only load balancer, and a whole master. Only the first
master has kubectl and an administrator's kubeconfig; systemctl and etcdctl say what happened, too.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest

from tests.prober.analysis import CONTROL, summarize_log
from tests.prober.process import Prober
from tests.prober.results import ScenarioResults, Verdict
from tests.scenarios.audited import DNS_ON_ONE_NODE, SINGLE_BALANCER
from tests.scenarios.binary import EXAMPLE, INLINE_FLAGS, MASTERS
from tests.scenarios.cluster import Lab, wait_until
from tests.scenarios.control import control
from tests.scenarios.convert import addresses_of, leave_out_inconclusive
from tests.scenarios.failover_drill import (
    COMPONENTS,
    CONFIRMED,
    JOURNAL,
    SCHEDULER,
    Checks,
    Drill,
    Story,
    performed,
    rto,
)
from tests.scenarios.playbook import Run
from tests.scenarios.services_cluster import ETCD, INLINE, Cluster

pytestmark = pytest.mark.full

KINDS = ("kill", "freeze", "stop")
#: Four election timeouts of a second, and a second.
BOUND_OF_ETCD = 5.0
#: For so long an accepted outage lasts, and then haproxy starts.
BOUND_OF_AN_OUTAGE = 10.0
#: Services, whether they start at boot, and their processes.
_SERVICES = "systemctl show --property=Id,ActiveState,SubState,UnitFileState"


class ServicesDrill(Drill):
    """Three masters of services behind one haproxy, members of etcd on the first of them and on the workers."""

    name = "failover_drill_services"
    topology = "binary_inline"
    hosts = MASTERS
    kubeconfig = INLINE_FLAGS.expected.admin
    examples = (EXAMPLE,)
    state_script = (
        f"ls -d /etc/kubernetes/*drill* 2>/dev/null; {_SERVICES} kube-apiserver {' '.join(COMPONENTS)}; "
        "ps -eo args= | grep -E '^[^ ]*/kube-(scheduler|controller-manager) ' | sort"
    )

    def __init__(self, lab: Lab, results: ScenarioResults) -> None:
        """``lab`` is up."""
        super().__init__(lab, results)
        self.cluster = Cluster(lab, INLINE_FLAGS.expected, addresses_of(lab, INLINE.hosts))
        self.extended: Run | None = None

    def prepare(self) -> None:
        """One master becomes three. The first schedules, so that one event at least is where pods can be started."""
        self.extended = self.play("kubeadm.ha.site", "extended")
        assert self.extended.status == 0, self.extended.output[-8000:]
        self.results.add_step("one to three", self.extended.seconds)
        (self.work / "ca.crt").write_text(self.lab.run("m1", "cat", INLINE_FLAGS.ca), encoding="utf-8")
        unit = f"{SCHEDULER}.service"
        for host in MASTERS[1:]:
            self.lab.run(host, "systemctl", "stop", unit)
        wait_until(lambda: self.leases().holders[SCHEDULER].startswith("m1_"), seconds=60, what="m1 schedules")
        for host in MASTERS[1:]:
            self.lab.run(host, "systemctl", "start", unit)

    def refuse(self) -> Run:
        """One instance is missing and two are to fail."""
        self.lab.run("m3", "systemctl", "stop", f"{SCHEDULER}.service")
        events = [{"component": SCHEDULER, "how": "kill", "count": 2}]
        run = self.run("refused", **CONFIRMED, failover_drill_events=events)
        self.lab.run("m3", "systemctl", "start", f"{SCHEDULER}.service")
        return run

    @contextlib.contextmanager
    def watched(self) -> Iterator[None]:
        """The endpoint, and a control plane that nobody touches."""
        host, _colon, port = self.lab.endpoint.rpartition(":")
        endpoint = f"{self.cluster.addresses.get(host, host)}:{port}"
        with (
            control(self.work / "ca.crt") as untouched,
            Prober(
                targets={"endpoint": f"https://{endpoint}/readyz", CONTROL: untouched.target},
                ca=untouched.ca,
                log=self.work / "drill-probes.jsonl",
            ) as prober,
        ):
            yield
            prober.settle()
            log = prober.stop()
        self.results.add_probes(summarize_log(log))

    def resume(self) -> tuple[str, Run]:
        """A run that was killed has left a service stopped, and its journal; the next one restores it and goes on."""
        unit = f"{SCHEDULER}.service"
        left = {
            "component": SCHEDULER,
            "how": "stop",
            "pid": 1,
            "started": 1,
            "manifest": "",
            "aside": "",
            "unit": unit,
        }
        self.lab.run("m2", "systemctl", "stop", unit)
        self.lab.shell("m2", f"umask 077; printf '%s' '{json.dumps([left])}' > {JOURNAL}")
        events = [{"component": SCHEDULER, "how": "kill"}]
        run = self.run("resumed", **CONFIRMED, failover_drill_events=events, failover_drill_namespace="")
        wait_until(
            lambda: self.lab.run("m2", "systemctl", "is-active", unit, check=False).strip() == "active",
            seconds=30,
            what="the scheduler of m2 runs again",
        )
        return self.lab.shell("m2", "ls /var/lib/kubeadm-ha"), run

    def wait_until_whole(self) -> None:
        """A drill waits for its services, and gives them back as they were."""

    def services_of(self, unit: str, hosts: Sequence[str]) -> Mapping[str, str]:
        """What systemd says of a service on hosts."""
        return {host: self.lab.shell(host, f"{_SERVICES} {unit}; ls {JOURNAL} 2>&1 | cat") for host in hosts}

    def terms(self) -> list[int]:
        """The term that each member of etcd knows, by etcdctl."""
        text = self.cluster.etcdctl(INLINE.members[0], "endpoint", "status", "--write-out=json")
        return [member["Status"]["raftTerm"] for member in json.loads(text)]


class TestServices(Checks):
    """Components are services of systemd."""

    missing = f"{SCHEDULER} of m3 does not run, {SCHEDULER}.service is inactive"

    @pytest.fixture(scope="class")
    @classmethod
    def drill(cls) -> Iterator[ServicesDrill]:
        """The cluster."""
        with ServicesDrill.up() as drill:
            yield drill

    @pytest.fixture(scope="class")
    @classmethod
    def story(cls, drill: ServicesDrill) -> Story:
        """The story."""
        return performed(drill)

    @pytest.fixture(scope="class")
    @classmethod
    def resumed(cls, drill: ServicesDrill, story: Story) -> tuple[str, Run, Mapping[str, str]]:
        """Then a run goes on after a killed one."""
        assert story.report
        return (*drill.resume(), drill.state())

    @pytest.fixture(scope="class")
    @classmethod
    def etcd(cls, drill: ServicesDrill, resumed: tuple[str, Run, Mapping[str, str]]) -> dict[str, Any]:
        """Then leaders of etcd fail."""
        assert resumed
        before, terms = drill.services_of("etcd.service", INLINE.members), drill.terms()
        events = [{"component": "etcd", "how": how} for how in KINDS]
        _run, report, _junit = drill.measured("etcd", failover_drill_events=events)
        return {
            "events": report["events"],
            "services": (before, drill.services_of("etcd.service", INLINE.members)),
            "terms": (terms, drill.terms()),
        }

    @pytest.fixture(scope="class")
    @classmethod
    def balancer(cls, drill: ServicesDrill, etcd: dict[str, Any]) -> dict[str, Any]:
        """Then the only load balancer fails, which is refused first."""
        assert etcd
        before = drill.services_of("haproxy.service", ["lb1"])
        events = [{"component": "load_balancer", "how": how} for how in KINDS]
        refused = drill.run("one-balancer", **CONFIRMED, failover_drill_events=events)
        accepted: dict[str, Any] = {"failover_drill_accept_outage": True, "failover_drill_namespace": ""}
        _run, report, _junit = drill.measured("balancer", failover_drill_events=events, **accepted)
        for event in report["events"]:
            drill.results.timing(f"load_balancer_{event['how']}_rto_seconds", rto(event), bound=BOUND_OF_AN_OUTAGE)
        return {
            "refused": refused,
            "events": report["events"],
            "services": (before, drill.services_of("haproxy.service", ["lb1"])),
        }

    @pytest.fixture(scope="class")
    @classmethod
    def planes(cls, drill: ServicesDrill, balancer: dict[str, Any]) -> list[dict[str, Any]]:
        """Then a whole master fails, whoever leads etcd."""
        assert balancer
        events = [{"component": "control_plane", "how": how} for how in KINDS]
        _run, report, _junit = drill.measured("planes", failover_drill_events=events)
        found: list[dict[str, Any]] = report["events"]
        return found

    def test_pods_are_started_by_whoever_may(self, story: Story) -> None:
        """An administrator's kubeconfig is on one host only."""
        for event in story.report["events"]:
            assert (event["pods_seconds"] is not None) == (event["host"] == "m1"), event
        assert any(event["host"] == "m1" for event in story.report["events"])

    def test_no_probe_failed(self, story: Story) -> None:
        results = story.drill.results
        assert not [one.name for one in results.probes if one.verdict() is Verdict.FAILED], results.table()

    def test_every_service_runs_as_before(self, story: Story) -> None:
        states = [story.state_after[host] for host in MASTERS]
        assert all(state.count("ActiveState=active") == len(COMPONENTS) + 1 for state in states)

    def test_what_a_killed_run_has_left_is_restored_by_the_next(
        self, story: Story, resumed: tuple[str, Run, Mapping[str, str]]
    ) -> None:
        journal, run, state = resumed
        assert run.status == 0, run.output[-6000:]
        assert "failover_drill.json" not in journal
        assert state == story.state_before

    def test_a_leader_of_etcd_hands_over_wherever_it_is(self, etcd: dict[str, Any]) -> None:
        for event in etcd["events"]:
            assert event["passed"], event
            # A master asks the endpoint itself, a worker has nothing to ask it with.
            assert (event["bound"], event["observer"]) == (BOUND_OF_ETCD, "" if event["host"] == "m1" else "m1")
            assert event["host"] in INLINE.members
            assert event["previous_holder"] == event["host"]
            assert event["endpoint"]["sent"] > 10
        before, after = etcd["services"]
        assert after == before
        terms, later = etcd["terms"]
        assert min(later) >= max(terms) + len(KINDS)

    def test_the_only_load_balancer_fails_where_that_is_accepted(self, balancer: dict[str, Any]) -> None:
        (message,) = [message for message in balancer["refused"].failures if "The drill has not begun" in message]
        assert "lb1 is the only load balancer" in message
        assert "failover_drill_accept_outage=true" in message
        events = {event["how"]: event for event in balancer["events"]}
        assert all(event["passed"] and event["bound"] is None for event in events.values()), events
        # For as long as it is held; systemd starts a killed one at once.
        assert events["stop"]["seconds"] >= 4
        assert events["freeze"]["seconds"] >= 4
        assert events["kill"]["seconds"] < events["stop"]["seconds"]
        before, after = balancer["services"]
        assert after == before

    def test_a_whole_master_hands_over_what_it_led(
        self, drill: ServicesDrill, story: Story, planes: list[dict[str, Any]]
    ) -> None:
        for event in planes:
            assert event["passed"], event
            assert event["handovers"], event
            assert {handover["component"] for handover in event["handovers"]} <= {*COMPONENTS, ETCD}
            for handover in event["handovers"]:
                # Members of etcd are called like their hosts.
                assert handover["previous_holder"].partition("_")[0] == event["host"]
        assert drill.state() == story.state_before

    def test_an_audit_finds_one_load_balancer_and_one_replica_of_the_cluster_dns(
        self, drill: ServicesDrill, planes: list[dict[str, Any]]
    ) -> None:
        assert planes
        found = drill.findings()
        assert set(found) == SINGLE_BALANCER | DNS_ON_ONE_NODE, found

    @pytest.fixture(scope="class")
    @classmethod
    def figures(cls, story: Story, planes: list[dict[str, Any]]) -> ScenarioResults:
        """All that was measured."""
        assert planes
        leave_out_inconclusive(story.drill.results)
        return story.drill.results

    def secrets(self, story: Story) -> Sequence[str]:
        """Of the administrator and of the components."""
        assert story.report
        components = [f"/etc/kubernetes/{component}.kubeconfig" for component in COMPONENTS]
        return [INLINE_FLAGS.administrators[0], *components]
