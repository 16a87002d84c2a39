# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A report that cannot be read is one sentence, whoever on the controller reads it."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.errors import MalformedReport
from tests.unit.plugins.module_utils._domain.plan.test_planning import (
    Arguments,
    before,
    plan_of,
    requests_of,
    targets_of,
)

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
    (
        "attempts",
        lambda arguments: arguments.update(reachability={"cp1": [{"address": "192.0.2.12", "port": "2380"}]}),
        r"What cp1 reported of others cannot be understood, because attempts\[0\].port is a text and not a whole number",
    ),
    (
        "kubeadm",
        lambda arguments: arguments.update(kubeadm={"cp2": {"failed_checks": [{"name": "Swap"}]}}),
        r"What the kubeadm of cp2 objects to cannot be understood, because failed_checks\[0\].text is missing",
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
    broken = {**arguments["cluster"], "nodes": None}
    expected = "^The report of the cluster cannot be understood, because nodes is empty and not a list: "
    with pytest.raises(MalformedReport, match=expected):
        targets_of(arguments, cluster=broken)
    with pytest.raises(MalformedReport, match=expected):
        requests_of(arguments, cluster=broken)
    with pytest.raises(MalformedReport, match="^The report of etcd cannot be understood, because healthy is 3 and "):
        targets_of(arguments, etcd={"healthy": 3})
