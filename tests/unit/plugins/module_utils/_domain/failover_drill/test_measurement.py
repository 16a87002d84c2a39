# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is measured, on a cluster in memory whose leader fails."""

from __future__ import annotations

import re
import typing as t

import pytest

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.errors import ApiError, UnsupportedState
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.cluster import smoke
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.failover_drill import drill, measurement
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.failover_drill.leadership import (
    Handover,
    Held,
    LockLeadership,
)
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.failover_drill.measurement import answers
from ansible_collections.kubeadm.ha.plugins.module_utils._ports.endpoint_watch import Probe
from tests.unit.plugins.memory_api import MemoryApi
from tests.unit.plugins.module_utils._domain.component.test_leader_election import NOW, lease
from tests.unit.plugins.module_utils._domain.failover_drill.test_interruption import (
    Host,
    Plane,
)
from tests.unit.plugins.module_utils._domain.failover_drill.values import MANAGER

#: The Lease of these objects is kube-controller-manager's.
HELD = lease(renewed="2026-11-21T08:00:20Z")
NAMESPACE = "drill"
REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"


def probe(began: float, *, ok: bool = True, took: float = 0.02) -> Probe:
    return Probe(began, began + took, ok)


ANSWERS: list[tuple[str, list[Probe], tuple[int, int, int, float | None]]] = [
    ("none fails", [probe(9.9), probe(10.0), probe(10.1)], (3, 0, 0, 0.0)),
    ("before only", [probe(9.0, ok=False), probe(9.9), probe(10.1)], (3, 1, 1, 0.0)),
    ("one fails", [probe(9.9), probe(10.1, ok=False), probe(10.25)], (3, 1, 0, 0.25)),
    ("between failures one succeeds", [probe(10.1, ok=False), probe(10.2), probe(10.3, ok=False), probe(10.5)], (4, 2, 0, 0.5)),
    ("under way at the event", [probe(9.8, ok=False, took=1.0), probe(9.9), probe(10.5)], (3, 1, 0, 0.0)),
    ("it does not answer again", [probe(9.9), probe(10.1, ok=False)], (2, 1, 0, None)),
    ("nothing was sent", [], (0, 0, 0, 0.0)),
]  # fmt: skip


@pytest.mark.parametrize(("probes", "wanted"), [case[1:] for case in ANSWERS], ids=[case[0] for case in ANSWERS])
def test_how_the_endpoint_answered(probes: list[Probe], wanted: tuple[int, int, int, float | None]) -> None:
    found = answers(probes, 10.0)
    assert (found.sent, found.failed, found.failed_before, found.rto) == wanted


class Watch:
    """The endpoint answers always."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def start(self) -> None:
        """Begin."""
        self.calls.append("start")

    def probes(self) -> list[Probe]:
        """One."""
        return [probe(NOW)]

    def stop(self) -> None:
        """End."""
        self.calls.append("stop")


class Cluster:
    """After some seconds another instance leads, and pods of a Deployment become ready a second later."""

    def __init__(self, *, seconds: float = 12.0, unreachable: tuple[float, float] = (0.0, 0.0)) -> None:
        self.host = Host()
        self.host.clock.time = NOW
        self.watch = Watch()
        (application,) = [
            item for item in smoke.documents(namespace=NAMESPACE, image="x", replicas=2) if item["kind"] == "Deployment"
        ]
        self.api = MemoryApi(HELD, dict(application))
        self.seconds, self.unreachable = seconds, unreachable
        self.began: float | None = None
        self.get = self.api.get
        self.api.get = self.answer  # type: ignore[method-assign]
        self.kubelet, self.host.clock.after_sleep = self.host.sync, self.pass_time

    def answer(self, kind: str, name: str, *, namespace: str | None = None) -> dict[str, t.Any] | None:
        """An object, where the API answers."""
        begin, end = self.unreachable
        if begin <= self.host.clock.time - NOW < end:
            raise ApiError("no answer")
        return self.get(kind, name, namespace=namespace)

    def pass_time(self) -> None:
        """What happens meanwhile."""
        self.kubelet()
        # A second before the event the endpoint is watched.
        passed = self.host.clock.time - NOW - 1.0
        current = self.get("lease", MANAGER, namespace="kube-system") or {}
        if passed >= self.seconds and current["spec"]["leaseTransitions"] == 3:
            self.api.put(lease("cp2_77", leaseTransitions=4))
        name = f"drill-{MANAGER}-freeze"
        deployment = self.get("deployment", name, namespace=NAMESPACE)
        if deployment is not None and passed >= self.seconds + 1:
            self.api.put({**deployment, "status": {"readyReplicas": 2}})

    def measured(self, *, namespace: str = NAMESPACE, timeout: float = 60.0) -> dict[str, t.Any]:
        """The result of the decision."""
        decision = drill.measured(
            self.api,
            self.host.clock,
            self.watch,
            self.host.interruptions,
            LockLeadership(self.api, self.host.clock, MANAGER),
            component=MANAGER,
            how="freeze",
            namespace=namespace,
            timeout=timeout,
            restore_timeout=60.0,
        )
        assert self.watch.calls == []
        assert decision.values == {"measured": None}
        return t.cast("dict[str, t.Any]", decision.act()["measured"])


def test_the_handover_and_the_pods() -> None:
    cluster = Cluster()
    found = cluster.measured()
    assert found["previous_holder"] == "cp1_6b0d"
    assert found["new_holder"] == "cp2_77"
    assert found["transitions"] == 1
    assert found["seconds"] == pytest.approx(12, abs=0.11)
    assert found["pods_seconds"] == pytest.approx(13, abs=0.11)
    assert found["began"] == NOW + 1
    assert found["endpoint"] == {"sent": 1, "failed": 0, "failed_before": 0, "rto": 0.0}
    assert cluster.watch.calls == ["start", "stop"]
    assert cluster.get("deployment", f"drill-{MANAGER}-freeze", namespace=NAMESPACE) is None
    cluster.host.assert_whole()


class PlaneLeads:
    """Another one leads all that a control plane led two seconds after the event."""

    carries_api = False
    has_parts = True

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster

    def before(self) -> Held:
        """All of it."""
        return Held("etcd: cp1", 3)

    def after(self) -> Held | None:
        """All of it."""
        return Held("etcd: cp2", 4) if self.cluster.host.clock.time >= NOW + 3.0 else None

    def handovers(self, _at: float) -> tuple[Handover, ...]:
        """Of one."""
        return (Handover("etcd", "cp1", "cp2", 1, 2.0),)


def test_pods_after_a_whole_control_plane_have_a_name_that_the_api_takes() -> None:
    cluster = Cluster()
    created: list[str] = []
    create = cluster.api.create

    def take(document: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
        name = document["metadata"]["name"]
        assert re.fullmatch("[a-z0-9]([-a-z0-9]*[a-z0-9])?", name)
        created.append(name)
        (term,) = document["spec"]["template"]["spec"]["affinity"]["nodeAffinity"][REQUIRED]["nodeSelectorTerms"]
        assert term["matchFields"] == [{"key": "metadata.name", "operator": "NotIn", "values": ["cp1"]}]
        return create({**document, "status": {"readyReplicas": 2}})

    cluster.api.create = take  # type: ignore[method-assign]
    host = Plane()
    host.clock.time = NOW
    cluster.host = host
    decision = drill.measured(
        cluster.api,
        host.clock,
        cluster.watch,
        host.interruptions,
        PlaneLeads(cluster),
        component="control_plane",
        how="kill",
        namespace=NAMESPACE,
        timeout=30.0,
        restore_timeout=60.0,
        addresses=["192.0.2.11", "10.0.0.1"],
    )
    for number, node in enumerate(("cp1", "w1")):
        cluster.api.put(
            {
                "kind": "Node",
                "metadata": {"name": node},
                "spec": {},
                "status": {
                    "addresses": [{"type": "InternalIP", "address": f"192.0.2.1{number + 1}"}],
                    "nodeInfo": {"kubeletVersion": "v1.34.4"},
                },
            }
        )
    measured = decision.act()["measured"]
    assert created == ["drill-control-plane-kill"]
    assert measured["pods_seconds"] is not None
    assert measured["seconds"] == pytest.approx(2, abs=0.11)
    assert measured["handovers"] == [
        {"component": "etcd", "previous_holder": "cp1", "new_holder": "cp2", "transitions": 1, "seconds": 2.0}
    ]
    host.assert_whole()


def test_an_api_that_does_not_answer_for_a_while_is_asked_again() -> None:
    found = Cluster(unreachable=(3.0, 8.0)).measured()
    assert found["seconds"] == pytest.approx(12, abs=0.11)


def test_nobody_takes_over() -> None:
    cluster = Cluster(seconds=1000)
    found = cluster.measured(timeout=30)
    assert (found["new_holder"], found["seconds"], found["pods_seconds"], found["transitions"]) == (None, None, None, 0)
    cluster.host.assert_whole()


def test_without_pods() -> None:
    cluster = Cluster()
    assert cluster.measured(namespace="")["pods_seconds"] is None
    cluster.host.assert_whole()


def test_without_an_application_nothing_happens() -> None:
    cluster = Cluster()
    with pytest.raises(UnsupportedState, match="has no smoke application"):
        cluster.measured(namespace="another")
    assert cluster.host.processes.signals == []


def test_without_a_leader_nothing_happens() -> None:
    cluster = Cluster()
    cluster.api.put(lease(holder=""))
    with pytest.raises(UnsupportedState, match="so nothing was done"):
        cluster.measured()
    assert cluster.host.processes.signals == []


class EtcdLeads:
    """Another member leads two seconds after the event."""

    carries_api = True
    has_parts = False

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster

    def handovers(self, _at: float) -> tuple[Handover, ...]:
        """Of nothing else."""
        return ()

    def before(self) -> Held:
        """The member of this host."""
        return Held("cp1", 3)

    def after(self) -> Held | None:
        """Another one."""
        return Held("cp2", 4) if self.cluster.host.clock.time >= NOW + 3.0 else None


def test_an_event_of_etcd_lasts_five_seconds_and_asks_for_no_pods() -> None:
    cluster = Cluster(unreachable=(0.0, 1000.0))
    at: list[float] = []

    def interrupt() -> float:
        at.append(cluster.host.clock.time)
        return at[0]

    deployment = {"metadata": {"name": "x", "namespace": "y"}, "spec": {"replicas": 2}}
    found = measurement.measure(
        cluster.api,
        cluster.host.clock,
        cluster.watch,
        interrupt,
        EtcdLeads(cluster),
        deployment=deployment,
        timeout=60.0,
    )
    assert (found.new_holder, found.transitions, found.pods_seconds) == ("cp2", 1, None)
    assert found.seconds == pytest.approx(2, abs=0.11)
    assert cluster.host.clock.time == pytest.approx(at[0] + 5 + 1.2, abs=0.11)


class PlaneLeadsNothing(PlaneLeads):
    """Nobody has anything to take over."""

    def before(self) -> Held:
        """Nothing."""
        return Held("", 0)

    def after(self) -> Held | None:
        """Nothing."""
        return Held("", 0)

    def handovers(self, _at: float) -> tuple[Handover, ...]:
        """None."""
        return ()


def test_a_control_plane_that_leads_nothing_is_away_for_long_enough_to_be_noticed() -> None:
    cluster = Cluster()
    clock = cluster.host.clock
    leadership = PlaneLeadsNothing(cluster)
    found = measurement.measure(
        cluster.api, clock, cluster.watch, clock.monotonic, leadership, deployment=None, timeout=60.0
    )
    assert (found.seconds, found.transitions, found.handovers) == (0.0, 0, ())
    assert clock.time == pytest.approx(NOW + 1 + 5 + 1.2, abs=0.11)


def test_whatever_ends_the_measurement_it_is_restored() -> None:
    cluster = Cluster()

    def leave() -> None:
        if cluster.host.clock.time > NOW + 5 and not cluster.began:
            cluster.began = NOW
            raise SystemExit(1)
        cluster.pass_time()

    cluster.host.clock.after_sleep = leave
    with pytest.raises(SystemExit):
        cluster.measured()
    assert cluster.watch.calls == ["start", "stop"]
    cluster.host.assert_whole()


def test_the_deployment_is_like_the_application() -> None:
    cluster = Cluster()
    found = measurement.deployment_of(cluster.api, namespace=NAMESPACE, name="drill-x")
    assert found["spec"]["selector"]["matchLabels"] == found["spec"]["template"]["metadata"]["labels"]
    assert found["spec"]["template"]["spec"]["containers"][0]["image"] == "x"
    assert "status" not in found
