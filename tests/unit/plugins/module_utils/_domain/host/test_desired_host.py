# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the inventory wants of a host is read on the controller, as strictly as a module reads its options."""

from __future__ import annotations

import dataclasses
import datetime as dt
import typing as t

import pytest
import yaml

from ansible_collections.kubeadm.ha.plugins.module_utils._action import validated
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.errors import InvalidInput
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.host.desired_host import (
    INSPECTED_BY,
    OPTIONS,
    DesiredHost,
)
from ansible_collections.kubeadm.ha.plugins.modules import kubernetes_host_info
from tests.tools.environment import ROOT
from tests.tools.payload import files_of

ESSENCE = ("type", "elements", "default")


def parsed(**arguments: t.Any) -> DesiredHost:
    """What a task with these arguments wants of its host."""
    return DesiredHost.from_options("cp2", validated(arguments, OPTIONS))


def test_it_has_a_field_for_each_option() -> None:
    assert [field.name for field in dataclasses.fields(DesiredHost)] == list(OPTIONS)
    assert set(OPTIONS) >= INSPECTED_BY


def test_the_options_are_documented_as_they_are() -> None:
    documented = yaml.safe_load(kubernetes_host_info.DOCUMENTATION)["options"]
    found = {name: {key: documented[name][key] for key in ESSENCE if key in documented[name]} for name in OPTIONS}
    assert found == OPTIONS


def test_nothing_is_wanted_without_options() -> None:
    assert parsed(users=["root"]) == DesiredHost()
    assert parsed(node_name=None, api_port=None) == DesiredHost()


def test_values_come_in_the_type_of_their_option() -> None:
    host = parsed(
        node_name=2,
        api_port="7443",
        kubelet_extra_args='{"v": 4}',
        node_labels={"since": dt.date(2026, 1, 2), 5: "five"},
        node_taints=[{"key": "dedicated", "effect": "NoSchedule"}],
    )
    assert host == DesiredHost(
        node_name="2",
        api_port=7443,
        kubelet_extra_args={"v": 4},
        node_labels={"since": "2026-01-02", "5": "five"},
        node_taints=({"key": "dedicated", "effect": "NoSchedule"},),
    )


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("api_port", "many"),
        ("kubelet_extra_args", ["v"]),
        ("kubelet_extra_args", None),
        ("node_labels", 5),
        ("node_taints", {"key": "a"}),
        ("node_taints", [5]),
    ],
)
def test_a_wrong_value_is_reported_with_its_option(option: str, value: t.Any) -> None:
    with pytest.raises(InvalidInput) as caught:
        parsed(**{option: value})
    assert option in caught.value.message


def test_it_does_not_travel_to_hosts() -> None:
    assert {"report.py"} == {"report.py", "desired_host.py", "inspected_host.py"} & {
        path.name for path in files_of(ROOT / "plugins", "kubernetes_host_info")
    }
