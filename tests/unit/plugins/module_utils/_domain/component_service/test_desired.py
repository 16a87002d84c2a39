# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Inputs of the roles: what they mean, and what cannot be meant."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.errors import InvalidInput
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.component_service import desired
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.component_service.profile import MANAGER, PROFILES
from tests.unit.plugins.module_utils._domain.component_service.values import INPUTS

PROFILE = PROFILES[MANAGER]

WRONG: dict[str, tuple[dict[str, t.Any], str]] = {
    "lease as short as the deadline": ({"lease_duration": "10s"}, "the first must be longer than the second"),
    "deadline as short as the jitter": ({"renew_deadline": "2400ms"}, "1.2 times the third"),
    "no retry": ({"retry_period": "0"}, "would not work"),
    "no duration": ({"lease_duration": "15"}, "give a duration such as 15s"),
    "renewed by each run": ({"certificate_renew_days": 365}, "give a smaller number"),
    "days that are none": ({"certificate_valid_days": "long"}, "not a number"),
    "half a pair": ({"certificate": "/a.pem"}, "belong together"),
    "a relative path": ({"ca_key": "ca.key"}, "give an absolute path"),
    "a server without TLS": ({"server": "http://192.0.2.1:8080"}, "with https://"),
    "no address": ({"bind_address": "eth0"}, "which is no IP address"),
    "no port": ({"secure_port": 70000}, "which is no port"),
    "no SAN": ({"extra_sans": ["a b"]}, "neither an IP address nor a DNS name"),
    "no list": ({"extra_sans": "m1"}, "is no list"),
    "a path with a blank": ({"writable_paths": ["/a b"]}, "without blanks"),
    "no map": ({"arguments": ["v=2"]}, "is no map"),
    "a flag of the role": ({"arguments": {"kubeconfig": "/a"}}, "has kubeconfig, which the role sets itself"),
    "no flag": ({"arguments": {"v=2": "x"}}, "is no name of a flag"),
    "no service": ({"unit": "a/b"}, "no name of a service"),
    "no boolean": ({"harden": "maybe"}, "neither true nor false"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_named_with_its_variable(name: str) -> None:
    inputs, words = WRONG[name]
    _found, problems = desired.parse(PROFILE, "m1", {**INPUTS, **inputs})
    (problem,) = problems
    assert words in problem.message
    assert "kube_controller_manager_" in problem.message
    assert "m1" in problem.message


def test_all_of_it_is_named_together() -> None:
    inputs = {**INPUTS, "retry_period": "x", "secure_port": "y", "server": "z"}
    _found, problems = desired.parse(PROFILE, "m1", inputs)
    assert len(problems) == 3


def test_nothing_is_wrong_with_the_defaults() -> None:
    found, problems = desired.parse(PROFILE, "m1", INPUTS)
    assert problems == ()
    assert (found.unit, found.secure_port) == ("kube-controller-manager.service", 10257)
    assert found.election == {"lease-duration": "15s", "renew-deadline": "10s", "retry-period": "2s"}


def test_other_names_are_refused() -> None:
    with pytest.raises(InvalidInput, match="lack unit and must not have units"):
        desired.parse(PROFILE, "m1", {**{name: value for name, value in INPUTS.items() if name != "unit"}, "units": ""})
