# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Static pods of every control plane, and where the Service kubernetes leads."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.errors import NotProved
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.component import control_plane_health
from tests.unit.plugins.memory_api import MemoryApi, MemoryClock
from tests.unit.plugins.module_utils._domain.plan.test_planning import after, plan_of

NOW = 1_790_000_000.0  # 2026-09-21T14:13:20Z
ADDRESSES = {"cp1": "192.0.2.11", "cp2": "192.0.2.12"}
CONTROL_PLANES = [{"name": name, "address": address, "port": 6443} for name, address in ADDRESSES.items()]
COMPONENTS = ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "etcd")


def pod(
    component: str, node: str, *, state: dict[str, t.Any], ready: bool = True, restarts: int = 0
) -> dict[str, t.Any]:
    """A mirror pod as the kubelet writes it."""
    return {
        "kind": "Pod",
        "metadata": {
            "namespace": "kube-system",
            "name": f"{component}-{node}",
            "labels": {"component": component, "tier": "control-plane"},
        },
        "spec": {"nodeName": node},
        "status": {
            "conditions": [{"type": "Ready", "status": str(ready)}],
            "containerStatuses": [{"restartCount": restarts, "state": state}],
        },
    }


def running(since: str = "2026-09-21T13:00:00Z") -> dict[str, t.Any]:
    return {"running": {"startedAt": since}}


def endpoints(*addresses: str) -> dict[str, t.Any]:
    """The Endpoints of the Service kubernetes."""
    listed = [{"ip": address} for address in addresses]
    metadata = {"namespace": "default", "name": "kubernetes"}
    return {"kind": "Endpoints", "metadata": metadata, "subsets": [{"addresses": listed}] if listed else []}


def cluster(*changed: dict[str, t.Any]) -> MemoryApi:
    """A whole control plane of two, with changed objects."""
    pods = [pod(component, node, state=running()) for component in COMPONENTS for node in ADDRESSES]
    api = MemoryApi(*pods, endpoints(*ADDRESSES.values()))
    for document in changed:
        api.put(document)
    return api


CRASHING = pod(
    "kube-controller-manager",
    "cp2",
    state={"waiting": {"reason": "CrashLoopBackOff"}},
    ready=False,
    restarts=5,
)
CASES: list[tuple[list[dict[str, t.Any]], list[str]]] = [
    ([], []),
    ([CRASHING], ["kube-controller-manager of cp2 is not ready (CrashLoopBackOff, restarted 5 times)"]),
    ([pod("etcd", "cp1", state=running(), ready=False)], ["etcd of cp1 is not ready"]),
    # Between two crashes it can seem ready.
    (
        [pod("kube-scheduler", "cp2", state=running("2026-09-21T14:13:15Z"), restarts=3)],
        ["kube-scheduler of cp2 has just been restarted (3 times in all)"],
    ),
    ([pod("kube-scheduler", "cp2", state=running("2026-09-21T14:13:05Z"), restarts=3)], []),
    # The first start is no restart.
    ([pod("kube-scheduler", "cp2", state=running("2026-09-21T14:13:19Z"))], []),
    ([endpoints("192.0.2.11")], ["the Service kubernetes does not lead to cp2 (192.0.2.12)"]),
    (
        [endpoints("192.0.2.11", "192.0.2.12", "198.51.100.9")],
        ["the Service kubernetes leads to 198.51.100.9, which is no API server"],
    ),
    # Somebody else's pod of that tier.
    ([pod("cloud-controller-manager", "cp1", state=running(), ready=False)], []),
]


@pytest.mark.parametrize(("changed", "expected"), CASES)
def test_what_does_not_run(changed: list[dict[str, t.Any]], expected: list[str]) -> None:
    found = control_plane_health.collect(cluster(*changed))
    assert control_plane_health.problems(found, CONTROL_PLANES, now=NOW) == expected


def test_a_pod_that_is_missing() -> None:
    api = cluster()
    api.delete("pod", "kube-scheduler-cp2", namespace="kube-system")
    found = control_plane_health.collect(api)
    assert control_plane_health.problems(found, CONTROL_PLANES, now=NOW) == ["kube-scheduler of cp2 has no pod"]


def test_it_is_waited_for() -> None:
    api, clock = cluster(CRASHING), MemoryClock(NOW)

    def recover() -> None:
        if clock.time >= NOW + 5:
            api.put(pod("kube-controller-manager", "cp2", state=running("2026-09-21T14:13:24Z"), restarts=6))

    clock.after_sleep = recover
    control_plane_health.ensure(api, clock, CONTROL_PLANES, timeout=60)
    # It must have run for a while, too.
    assert NOW + 14 <= clock.time <= NOW + 16


def test_what_does_not_come_is_reported() -> None:
    clock = MemoryClock(NOW)
    with pytest.raises(NotProved) as caught:
        control_plane_health.ensure(cluster(CRASHING, endpoints("192.0.2.11")), clock, CONTROL_PLANES, timeout=30)
    assert caught.value.message.startswith(
        "The control plane is not whole after 30 s: kube-controller-manager of cp2 is not ready (CrashLoopBackOff, restarted 5 "
        "times); the Service kubernetes does not lead to cp2 (192.0.2.12)."
    )
    assert clock.time == NOW + 30


def test_a_plan_reports_it() -> None:
    arguments = after()
    api = cluster(CRASHING, endpoints("192.0.2.11", "192.0.2.12", "192.0.2.13"))
    found = control_plane_health.collect(api).as_dict()
    found["static_pods"] += [{**item, "node": "cp3"} for item in found["static_pods"] if item["node"] == "cp1"]
    arguments["cluster"].update(found)
    points = plan_of(arguments).single_points or ()
    assert [point.message for point in points if point.host == "control plane"] == [
        "kube-controller-manager of cp2 is not ready (CrashLoopBackOff, restarted 5 times)."
    ]
