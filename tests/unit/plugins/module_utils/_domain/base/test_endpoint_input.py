# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The endpoint as an operator writes it."""

from __future__ import annotations

import pytest

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.endpoint_input import parse_endpoint_option
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.errors import InvalidInput


@pytest.mark.parametrize(
    "text", ["https://k8s.example.org:6443", "k8s.example.org:6443/", "k8s.example.org.:6443", "a_b:1"]
)
def test_modules_take_an_endpoint_by_the_rules_of_the_plan(text: str) -> None:
    """So that a role that is used alone refuses what the plan refuses."""
    with pytest.raises(InvalidInput, match="The option endpoint cannot be used: "):
        parse_endpoint_option("endpoint", text)
    assert str(parse_endpoint_option("endpoint", "127.0.0.1:6443")) == "127.0.0.1:6443"
