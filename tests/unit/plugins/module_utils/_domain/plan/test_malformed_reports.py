# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A report that cannot be read is one sentence, whoever on the controller reads it."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.text.pyyaml import PyYaml
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.address import Endpoint
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.errors import MalformedReport
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.plan import planning
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.plan.checks.reachability import Groups
from tests.unit.plugins.module_utils._domain.plan.test_planning import Arguments, NamedCertificates, before, plan_of

MALFORMED: list[tuple[str, t.Callable[[Arguments], t.Any], str]] = [
    (
        "cluster",
        lambda arguments: arguments["cluster"].pop("consumers"),
        "The report of the cluster cannot be understood, because consumers is missing",
    ),
    (
        "etcd",
        lambda arguments: arguments["etcd"].update(members="none"),
        "The report of etcd cannot be understood, because members is a text and not a list",
    ),
    (
        "load balancer",
        lambda arguments: arguments["balancers"]["lb1"].pop("differs"),
        "The decision for the load balancer on lb1 cannot be understood, because differs is missing",
    ),
]


@pytest.mark.parametrize(("change", "expected"), [row[1:] for row in MALFORMED], ids=[row[0] for row in MALFORMED])
def test_no_plan_is_made_of_it(change: t.Callable[[Arguments], t.Any], expected: str) -> None:
    arguments = before()
    change(arguments)
    with pytest.raises(MalformedReport, match=f"^{expected}: "):
        plan_of(arguments)


def test_nobody_is_asked_because_of_it() -> None:
    arguments = before()
    hosts, groups = arguments["hosts"], Groups(["cp1", "cp2"], [], [])
    broken = {**arguments["cluster"], "nodes": None}
    expected = "^The report of the cluster cannot be understood, because nodes is empty and not a list: "
    with pytest.raises(MalformedReport, match=expected):
        planning.reachability_targets(hosts, broken, groups, yaml=PyYaml(), x509=NamedCertificates())
    with pytest.raises(MalformedReport, match=expected):
        planning.kubeadm_requests(
            hosts, broken, groups, Endpoint("192.0.2.10"), "", yaml=PyYaml(), x509=NamedCertificates()
        )
    with pytest.raises(MalformedReport, match="^The report of etcd cannot be understood, because healthy is 3 and "):
        planning.reachability_targets(
            hosts, arguments["cluster"], groups, {"healthy": 3}, yaml=PyYaml(), x509=NamedCertificates()
        )
