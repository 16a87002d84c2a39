# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whom a pod reached is read from what was printed, and what it did not reach is named."""

from __future__ import annotations

import pytest

from tests.scenarios.pod_network import Reached

NODES = ("cp1", "w1")
PODS = "pod pod-network-x2 cp1\npod pod-network-y5 w1\n"
SERVICE = "service pod-network-x2 cp1\n" * 5 + "service pod-network-y5 w1\n" * 7
API = "api ok\n" * 12


def test_a_pod_that_reaches_everybody_lacks_nothing() -> None:
    found = Reached.parse(PODS + SERVICE + API)
    assert found.pods == NODES
    assert found.lacks("cp1", NODES) == []


@pytest.mark.parametrize(
    ("printed", "lacked"),
    [
        ("pod pod-network-x2 cp1\npod no answer\n" + SERVICE + API, "pod of w1"),
        # The answer of another pod than the one that was asked.
        ("pod pod-network-x2 cp1\npod pod-network-x2 cp1\n" + SERVICE + API, "pod of w1"),
        (PODS + SERVICE.replace("pod-network-y5 w1", "no answer", 1) + API, "Service: "),
        (PODS + SERVICE.replace("w1", "cp1") + API, "Service: "),
        (PODS + SERVICE.partition("\n")[2] + API, "Service: "),
        (PODS + SERVICE + API.replace("ok", "no answer", 1), "API: "),
        (PODS + SERVICE + "api ok\n", "API: "),
    ],
)
def test_what_it_does_not_reach_is_named(printed: str, lacked: str) -> None:
    (found,) = Reached.parse(printed).lacks("cp1", NODES)
    assert found.startswith(lacked)
