# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a report compares was inspected the same way before and after: else a finding is gone because nobody searched for it."""

from __future__ import annotations

import typing as t

import jinja2
import pytest
import yaml

from tests.tools.environment import ROOT

ENVIRONMENT = jinja2.Environment(undefined=jinja2.StrictUndefined)
ENVIRONMENT.filters["bool"] = bool


def expression(name: str) -> str:
    """An option of the task of the role preflight that inspects the cluster."""
    tasks = yaml.safe_load((ROOT / "roles" / "preflight" / "tasks" / "main.yml").read_text(encoding="utf-8"))
    (task,) = (task for task in tasks if task["name"] == "Cluster | Inspect it and its etcd once")
    return t.cast("str", task["kubeadm.ha.kubernetes_cluster_info"][name])


@pytest.mark.parametrize(
    ("is_audited", "stops", "searches"),
    [(True, True, True), (True, False, True), (False, False, True), (False, True, False)],
)
def test_secrets_are_searched_for_every_report(*, is_audited: bool, stops: bool, searches: bool) -> None:
    values = {"preflight_audit": is_audited, "preflight_stop": stops}
    assert ENVIRONMENT.from_string(expression("search_secrets")).render(values) == str(searches)
