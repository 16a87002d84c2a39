# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which hosts are inspected beyond themselves, and of what."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.plan.further_inspections import KINDS, kinds_by_host
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.plan.groups import Groups
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.plan.request import PlanRequest, RawInputs

TASKS = Path(__file__).parents[6] / "roles" / "preflight" / "tasks" / "further"
HOSTS: t.Any = {name: {} for name in ("cp1", "cp2", "w1", "lb1")}
GROUPS = Groups(("cp1", "cp2"), ("w1",), ("lb1", "unreachable"))


def _kinds(facts: dict[str, t.Any], **inputs: t.Any) -> dict[str, list[str]]:
    return kinds_by_host(PlanRequest(inputs=RawInputs(groups=GROUPS, **inputs), hosts=HOSTS), facts)


@pytest.mark.parametrize(
    ("facts", "inputs", "expected"),
    [
        pytest.param({}, {}, {}, id="nobody is known"),
        pytest.param({"signer": None}, {}, {}, id="nobody has the CA"),
        pytest.param({"signer": "cp1"}, {}, {"lb1": ["haproxy"]}, id="haproxy"),
        pytest.param({"signer": "cp1"}, {"load_balancer": "nginx"}, {"lb1": ["nginx"]}, id="nginx"),
        pytest.param({"signer": "cp1"}, {"load_balancer": "dns"}, {"lb1": ["dns"]}, id="dns"),
        pytest.param({"signer": "cp1"}, {"load_balancer": "external"}, {}, id="a load balancer of somebody else's"),
        pytest.param({"signer": "cp1"}, {"load_balancer": ["haproxy"]}, {}, id="no provider at all"),
        pytest.param(
            {"virtual_ips": {"lb1": {}}, "targets": {"lb1": []}}, {}, {"lb1": ["joins", "virtual_ip"]}, id="VIP"
        ),
        pytest.param({"files": {"cp2": []}}, {}, {"cp2": ["joins"]}, id="a master that becomes like another"),
        pytest.param({"joining": ["lb1"]}, {}, {}, id="a load balancer joins nothing"),
        pytest.param(
            {"joining": ["cp2", "lb1"]}, {}, {name: ["joins", "nodes"] for name in HOSTS}, id="a join asks every host"
        ),
        pytest.param(
            {"creation": "bare", "nodes": {"cp1": {}}, "first_control_plane": {"cp1": {}}},
            {"etcd_hosts": ("e1",)},
            {"cp1": ["nodes", "first_control_plane"], "e1": ["external_etcd"]},
            id="a new cluster",
        ),
        pytest.param({"creation": ""}, {"etcd_hosts": ("e1",)}, {}, id="external etcd of a cluster that is there"),
        pytest.param(
            {"controllers": {"kube_controller_manager": {"cp1": {}}, "kube_scheduler": {"cp1": {}, "cp2": {}}}},
            {},
            {"cp1": ["controllers"], "cp2": ["controllers"]},
            id="controllers that systemd runs",
        ),
    ],
)
def test_a_host_is_asked_what_it_needs(
    facts: dict[str, t.Any], inputs: dict[str, t.Any], expected: dict[str, t.Any]
) -> None:
    assert _kinds(facts, **inputs) == expected


def test_each_kind_is_a_file_of_tasks() -> None:
    assert sorted(path.stem for path in TASKS.iterdir()) == sorted(KINDS)
