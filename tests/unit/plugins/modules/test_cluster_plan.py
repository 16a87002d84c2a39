# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What cluster_plan documents is what the plan returns, and what roles and playbooks read of it is documented."""

from __future__ import annotations

import dataclasses
import re
import typing as t

import pytest
import yaml

from ansible_collections.kubeadm.ha.plugins.modules import cluster_plan
from tests.tools.environment import ROOT
from tests.unit.plugins.module_utils._domain.plan.test_half_joined import power_lost
from tests.unit.plugins.module_utils._domain.plan.test_planning import Arguments, after, before, plan_of, record_of
from tests.unit.plugins.module_utils._domain.test_growing import LEARNER, grown

CONTAINED: dict[str, t.Any] = yaml.safe_load(cluster_plan.RETURN)["plan"]["contains"]
_TYPES: dict[str, type | tuple[type, ...]] = {
    "str": str,
    "bool": bool,
    "dict": dict,
    "list": (list, tuple),
    "int": int,
    "raw": object,
}


def half_joined() -> Arguments:
    """A cluster with a host that the plan resets."""
    return {**grown(power_lost(LEARNER)), "reset_half_joined": True}


@pytest.mark.parametrize("arguments", [before(), after(), half_joined()], ids=["before", "after", "half joined"])
def test_the_plan_returns_what_is_documented(arguments: Arguments) -> None:
    returned = plan_of(arguments).as_dict()
    assert set(returned) == set(CONTAINED)
    wrong = [name for name, value in returned.items() if not isinstance(value, _TYPES[CONTAINED[name]["type"]])]
    assert wrong == []


def test_an_entry_is_what_is_documented() -> None:
    for entry in plan_of(before()).as_dict()["entries"]:
        assert set(entry) == set(CONTAINED["entries"]["contains"])


def test_what_a_reset_is_given_is_documented() -> None:
    specification = yaml.safe_load((ROOT / "roles/control_plane_join/meta/argument_specs.yml").read_text("utf-8"))
    options = specification["argument_specs"]["repair"]["options"]
    (words,) = options["control_plane_join_reset"]["description"]
    assert re.findall(r"V\((\w+)\)", words) == list(dataclasses.asdict(record_of(half_joined(), "cp2", "repair").reset))


def test_plans_without_a_situation_return_the_same_keys() -> None:
    for arguments in (before() | {"endpoint": ""}, before() | {"cluster": None}):
        plan = plan_of(arguments)
        assert set(plan.as_dict()) == set(CONTAINED)
        assert (plan.as_dict()["serving"], plan.as_dict()["server"], plan.as_dict()["endpoint_unproved"]) == (
            None,
            None,
            [],
        )


def test_roles_and_playbooks_read_what_is_documented() -> None:
    files = [*ROOT.glob("playbooks/**/*.yml"), *ROOT.glob("roles/*/*/*.yml")]
    found = {name for path in files for name in re.findall(r"preflight_plan\.plan\.(\w+)", path.read_text("utf-8"))}
    assert "entries" in found
    assert found <= set(CONTAINED)
