# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A failover drill on a cluster that kubeadm made highly available: leaders stopped, killed and frozen, then whole control planes.

The network of these is cut, too, and some of them lead as little as possible.

kube-scheduler has shorter settings of leader election than the defaults, which kube-controller-manager has.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.prober.results import ScenarioResults
from tests.scenarios.audited import DNS_ON_ONE_NODE, EDITED_MANIFESTS, SINGLE_OF_GUIDES
from tests.scenarios.cluster import ADMIN, wait_until
from tests.scenarios.failover_drill import (
    BOUND,
    CONFIRMED,
    MANAGER,
    SCHEDULER,
    Checks,
    Drill,
    Story,
    label,
    performed,
    rto,
)
from tests.scenarios.playbook import Run

pytestmark = pytest.mark.full

MANIFESTS = "/etc/kubernetes/manifests"
SHORTER = ("--leader-elect-lease-duration=6s", "--leader-elect-renew-deadline=4s", "--leader-elect-retry-period=1s")
#: The endpoint's haproxy asks each API server every second and takes it out after two failures.
BOUND_OF_THE_ENDPOINT = 5.0
PLANES = (
    *({"component": "control_plane", "how": how} for how in ("kill", "freeze", "stop", "cut")),
    *({"component": "control_plane", "which": "follower", "how": how} for how in ("freeze", "cut")),
)


class KubeadmDrill(Drill):
    """Three control planes of kubeadm behind one haproxy."""

    name = "failover_drill"
    topology = "native"
    hosts = ("cp1", "cp2", "cp3")
    kubeconfig = ADMIN
    events = (
        {"component": MANAGER, "how": "stop"},
        {"component": SCHEDULER, "how": "stop"},
        {"component": MANAGER, "how": "kill"},
        {"component": SCHEDULER, "how": "kill"},
        {"component": MANAGER, "how": "freeze"},
        {"component": SCHEDULER, "how": "freeze", "count": 2},
    )
    bounds = {MANAGER: BOUND, SCHEDULER: 11.4}  # noqa: RUF012 (nobody changes it)
    state_script = f"sha256sum {MANIFESTS}/*; ls /etc/kubernetes; ps -eo args= | grep -E '^(kube-(apiserver|scheduler|controller-manager)|etcd) ' | sort"

    def prepare(self) -> None:
        """Shorter elections of kube-scheduler."""
        path, first = f"{MANIFESTS}/{SCHEDULER}.yaml", "    - --leader-elect=true"
        flags = "\\n".join([first, *(f"    - {flag}" for flag in SHORTER)])
        for host in self.hosts:
            change = f"sed 's/^{first}$/{flags}/' {path} > /root/new && cat /root/new > {path} && rm /root/new"
            self.lab.shell(host, change)
        wait_until(self.has_shorter, seconds=120, what="every scheduler with shorter settings is ready")

    def has_shorter(self) -> bool:
        """Whether every scheduler is ready with them."""
        pods = self.lab.objects("pods", "--namespace=kube-system", f"--selector=component={SCHEDULER}")["items"]
        running = [
            pod
            for pod in pods
            if SHORTER[0] in pod["spec"]["containers"][0]["command"]
            and any(
                item["type"] == "Ready" and item["status"] == "True" for item in pod["status"].get("conditions") or ()
            )
        ]
        return len(running) == len(self.hosts) and SCHEDULER in self.leases().holders

    def refuse(self) -> Run:
        """One instance is missing and two are to fail."""
        path = f"{MANIFESTS}/{SCHEDULER}.yaml"
        running = f"ps -eo args= | grep -c '^{SCHEDULER} ' || true"
        self.lab.shell("cp3", f"mv {path} /root/")
        wait_until(
            lambda: self.lab.shell("cp3", running).strip() == "0", seconds=60, what="the scheduler of cp3 has ended"
        )
        run = self.run("refused", **CONFIRMED)
        self.lab.shell("cp3", f"mv /root/{SCHEDULER}.yaml {path}")
        wait_until(self.has_shorter, seconds=120, what="the scheduler of cp3 is back")
        return run


class TestKubeadm(Checks):
    """Components are static pods."""

    missing = f"{SCHEDULER} of cp3 has no manifest {MANIFESTS}/{SCHEDULER}.yaml"

    @pytest.fixture(scope="class")
    @classmethod
    def story(cls) -> Iterator[Story]:
        """The story; the endpoint never fails in it."""
        with KubeadmDrill.up() as drill:
            story = performed(drill)
            for event in story.report["events"]:
                name = f"{event['component']}_{event['how']}".replace("-", "_")
                drill.results.at_most(f"{name}_failed_probes", event["endpoint"]["failed"], bound=0)
            yield story

    @pytest.fixture(scope="class")
    @classmethod
    def planes(cls, story: Story) -> list[dict[str, Any]]:
        """Then whole control planes fail."""
        _run, report, _junit = story.drill.measured("planes", failover_drill_events=PLANES)
        found: list[dict[str, Any]] = report["events"]
        for event in found:
            story.drill.results.timing(f"{label(event)}_rto_seconds", rto(event), bound=BOUND_OF_THE_ENDPOINT)
        return found

    def test_pods_are_started_after_every_event(self, story: Story) -> None:
        assert all(event["pods_seconds"] is not None for event in story.report["events"])

    def test_two_fail_at_once(self, story: Story) -> None:
        assert len(story.report["events"][-1]["others"]) == 1
        assert f"leader of {SCHEDULER} and 1 more frozen" in story.drilled.output

    def test_a_whole_control_plane_hands_over_what_it_led(self, story: Story, planes: list[dict[str, Any]]) -> None:
        assert [(event["how"], event["which"]) for event in planes] == [
            (event["how"], event.get("which", "leader")) for event in PLANES
        ]
        for event in planes:
            assert event["passed"], event
            assert event["pods_seconds"] is not None, event
            # One that follows may lead nothing, and never etcd.
            assert event["handovers"] or event["which"] == "follower", event
            if event["which"] == "follower":
                assert "etcd" not in {handover["component"] for handover in event["handovers"]}
            for handover in event["handovers"]:
                assert handover["previous_holder"].startswith(event["host"])
                assert handover["transitions"] >= 1
                assert handover["seconds"] <= event["bound"]
        assert story.drill.state() == story.state_before

    def test_an_audit_finds_the_load_balancer_of_guides_and_the_shorter_elections(
        self, story: Story, planes: list[dict[str, Any]]
    ) -> None:
        assert planes
        found = story.drill.findings()
        # Where the pods of the cluster's DNS are is the lab's.
        assert set(found) - DNS_ON_ONE_NODE == SINGLE_OF_GUIDES | EDITED_MANIFESTS, found

    @pytest.fixture(scope="class")
    @classmethod
    def figures(cls, story: Story, planes: list[dict[str, Any]]) -> ScenarioResults:
        """All that was measured."""
        assert planes
        return story.drill.results
